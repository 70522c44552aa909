import { makeGoodbyeFolder, takeGoodbyes } from '../control/goodbye-file.ts'
import type { ComponentContext, ServiceName } from '../sidecar/component.ts'
import { readPulseFile, writePulseFile } from './pulse-file.ts'
import type { SavedAgent } from './pulse-file.ts'
import { SlidingSums } from './sliding-sums.ts'

/** Agents that are told apart; what comes of further ones is not looked at, and counted. */
const AGENTS_MAX = 100
/** Newest runs of an agent that are kept one by one, at least; twice as many at most. */
const RUNS_MAX = 500
/** How often what is known is written, when something has come. */
const WRITE_MS = 10_000
const HOUR_MS = 3_600_000
/** What an agent left unsent at its end comes after its goodbye. */
const LATE_MS = 15_000

export interface FinishedRun {
  readonly atMs: number
  /** Undefined when its span has no usable times. */
  readonly seconds: number | undefined
  readonly failed: boolean
}

/** What is known of one agent, by its service's name as Prometheus has it in `job`. Times are Unix ms; 0: never. */
export interface AgentLife {
  readonly job: string
  readonly heartbeatMs: number
  /** When a process of it said that it ends; what comes afterwards is another one. */
  readonly endedMs: number
  /** The newest, oldest first. */
  readonly runs: readonly FinishedRun[]
  /** Of the window for errors (1 h). */
  readonly finished: number
  readonly failed: number
  /** Of the window for spend (24 h), in US dollars. */
  readonly spentUsd: number
}

/** It said that it ends, and nothing but what it had left came since. */
export const hasSaidGoodbye = ({ endedMs, heartbeatMs }: Pick<AgentLife, 'endedMs' | 'heartbeatMs'>): boolean =>
  endedMs > 0 && heartbeatMs <= endedMs + LATE_MS

/** Where a connector puts what it derives from spans. */
export interface PulseFeed {
  alive(job: string, nowMs: number): void
  finished(job: string, run: FinishedRun): void
  spent(job: string, nowMs: number, usd: number): void
}

/** How the agents of this sidecar do: told by a connector, looked at by health and alerts. One for a sidecar; it outlives reloads and, but for single runs, restarts. */
export const agentPulse: ServiceName<AgentPulse> = {
  name: 'agent_pulse',
  create: (context) => new AgentPulse(context),
}

export class AgentPulse {
  readonly #context: ComponentContext
  readonly #agents = new Map<string, Agent>()
  readonly #refused: { add(n: number): void }
  #windows = { errorsMs: HOUR_MS, spendMs: 24 * HOUR_MS }
  #feeder: string | undefined
  #cancelWrite: (() => void) | undefined

  constructor(context: ComponentContext) {
    this.#context = context
    this.#refused = context.metrics.counter(
      'spanwarden_agent_pulse_refused',
      'What came of agents beyond those that health and alerts can tell apart.',
    )
    for (const saved of readPulseFile(context)) this.#restore(saved)
    makeGoodbyeFolder(context.stateFolder)
  }

  /** Whether a connector tells it of agents. */
  get isFed(): boolean {
    return this.#feeder !== undefined
  }

  /** The first connector that asks tells; where there are several, each sees every span. Undefined for the others. */
  feed(connectorId: string): PulseFeed | undefined {
    this.#feeder ??= connectorId
    return this.#feeder === connectorId ? this : undefined
  }

  leave(connectorId: string): void {
    if (this.#feeder === connectorId) this.#feeder = undefined
  }

  /** Other windows from now on. */
  setWindows(windows: { readonly errorsMs: number; readonly spendMs: number }): void {
    this.#windows = { ...windows }
    for (const agent of this.#agents.values()) agent.setWindows(windows)
  }

  agents(nowMs: number): AgentLife[] {
    return [...this.#agents.values()].map((agent) => agent.life(nowMs))
  }

  /** Agents that have not been seen since then. */
  forgetBefore(ms: number): void {
    for (const [job, { heartbeatMs }] of this.#agents) if (heartbeatMs < ms) this.#agents.delete(job)
  }

  alive(job: string, nowMs: number): void {
    const agent = this.#agent(job)
    if (agent !== undefined) agent.heartbeatMs = Math.max(agent.heartbeatMs, nowMs)
  }

  /** What agents that have ended left in the state folder. One that was never heard of is none of ours. */
  readGoodbyes(): void {
    for (const { job, atMs } of takeGoodbyes(this.#context.stateFolder)) {
      const agent = this.#agents.has(job) ? this.#agent(job) : undefined
      if (agent !== undefined) agent.endedMs = Math.max(agent.endedMs, atMs)
    }
  }

  finished(job: string, run: FinishedRun): void {
    this.#agent(job)?.finish(run)
  }

  spent(job: string, nowMs: number, usd: number): void {
    this.#agent(job)?.spend.add(nowMs, usd)
  }

  close(): void {
    if (this.#cancelWrite !== undefined) this.#write()
  }

  #agent(job: string): Agent | undefined {
    this.#cancelWrite ??= this.#context.clock.after(WRITE_MS, () => this.#write())
    const known = this.#agents.get(job)
    if (known !== undefined) return known
    if (this.#agents.size >= AGENTS_MAX) return void this.#refused.add(1)
    const agent = new Agent(job, this.#windows)
    this.#agents.set(job, agent)
    return agent
  }

  #restore(saved: SavedAgent): void {
    if (this.#agents.size >= AGENTS_MAX) return
    const agent = new Agent(saved.job, this.#windows)
    agent.restore(saved)
    this.#agents.set(saved.job, agent)
  }

  #write(): void {
    this.#cancelWrite?.()
    this.#cancelWrite = undefined
    writePulseFile(
      this.#context,
      [...this.#agents.values()].map((agent) => agent.saved),
    )
  }
}

class Agent {
  readonly job: string
  heartbeatMs = 0
  endedMs = 0
  spend: SlidingSums
  #finished: SlidingSums
  #failed: SlidingSums
  #runs: FinishedRun[] = []

  constructor(job: string, { errorsMs, spendMs }: { readonly errorsMs: number; readonly spendMs: number }) {
    this.job = job
    this.spend = new SlidingSums(spendMs)
    this.#finished = new SlidingSums(errorsMs)
    this.#failed = new SlidingSums(errorsMs)
  }

  finish(run: FinishedRun): void {
    this.#finished.add(run.atMs, 1)
    if (run.failed) this.#failed.add(run.atMs, 1)
    this.#runs.push(run)
    if (this.#runs.length >= 2 * RUNS_MAX) this.#runs = this.#runs.slice(-RUNS_MAX)
  }

  setWindows({ errorsMs, spendMs }: { readonly errorsMs: number; readonly spendMs: number }): void {
    this.spend = moved(this.spend, spendMs)
    this.#finished = moved(this.#finished, errorsMs)
    this.#failed = moved(this.#failed, errorsMs)
  }

  life(nowMs: number): AgentLife {
    return {
      job: this.job,
      heartbeatMs: this.heartbeatMs,
      endedMs: this.endedMs,
      runs: this.#runs,
      finished: this.#finished.total(nowMs),
      failed: this.#failed.total(nowMs),
      spentUsd: this.spend.total(nowMs),
    }
  }

  get saved(): SavedAgent {
    const { job, heartbeatMs, endedMs } = this
    return {
      job,
      heartbeatMs,
      endedMs,
      finished: this.#finished.state,
      failed: this.#failed.state,
      spend: this.spend.state,
    }
  }

  restore({ heartbeatMs, endedMs, finished, failed, spend }: SavedAgent): void {
    this.heartbeatMs = heartbeatMs
    this.endedMs = endedMs
    this.#finished.restore(finished)
    this.#failed.restore(failed)
    this.spend.restore(spend)
  }
}

function moved(sums: SlidingSums, windowMs: number): SlidingSums {
  if (sums.windowMs === windowMs) return sums
  const other = new SlidingSums(windowMs)
  other.restore(sums.state)
  return other
}
