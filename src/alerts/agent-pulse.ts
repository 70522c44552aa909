import { makeGoodbyeFolder, takeGoodbyes } from '../control/goodbye-file.ts'
import type { ComponentContext, Counter, ServiceName } from '../sidecar/component.ts'
import { ListeningClock } from './listening-clock.ts'
import { readPulseFile, writePulseFile } from './pulse-file.ts'
import type { SavedAgent } from './pulse-file.ts'
import { WatchedAgent } from './watched-agent.ts'

/** Agents that are told apart. A further one takes the place of one that has ended or gone silent; what comes of it where there is none is not looked at, and counted. */
const AGENTS_MAX = 100
/** How long it is remembered that there was no room for an agent: it is heard more often while it runs. */
const REFUSED_MS = 60_000
/** How often what is known is written, when something has come. */
const WRITE_MS = 10_000
const HOUR_MS = 3_600_000

export interface FinishedRun {
  readonly atMs: number
  /** Undefined when its span has no usable times. */
  readonly seconds: number | undefined
  readonly failed: boolean
}

/** What is known of one agent, by its service's name as Prometheus has it in `job`. */
export interface AgentLife {
  readonly job: string
  /** Unix ms; 0: never. */
  readonly heartbeatMs: number
  /** How long this sidecar has listened since it heard from it. */
  readonly silentMs: number
  /** Since this process started. */
  readonly isHeard: boolean
  /** A process of it said that it ends, and nothing but what it had left came since. */
  readonly hasEnded: boolean
  /** The newest, oldest first. */
  readonly runs: readonly FinishedRun[]
  /** Of the window for errors (1 h). */
  readonly finished: number
  readonly failed: number
  /** Of the window for spend (24 h), in US dollars. */
  readonly spentUsd: number
}

/** Whether an agent that was there has gone silent without a word. */
export const isSilent = ({ heartbeatMs, hasEnded, silentMs }: AgentLife, silentMsMax: number): boolean =>
  heartbeatMs > 0 && !hasEnded && silentMs > silentMsMax

export interface PulseWindows {
  readonly errorsMs: number
  readonly spendMs: number
  /** An agent that is silent for so long is not missed any more. */
  readonly forgetMs: number
}

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
  readonly #listening: ListeningClock
  readonly #agents = new Map<string, WatchedAgent>()
  readonly #refusals: Counter
  readonly #replaced: Counter
  #refused: { readonly job: string; readonly heardMs: number } | undefined
  #windows: PulseWindows = { errorsMs: HOUR_MS, spendMs: 24 * HOUR_MS, forgetMs: 24 * HOUR_MS }
  #feeder: string | undefined
  #cancelWrite: (() => void) | undefined

  constructor(context: ComponentContext) {
    this.#context = context
    this.#listening = new ListeningClock(context.clock)
    this.#refusals = context.metrics.counter(
      'spanwarden_agent_pulse_refused',
      'What came of agents beyond those that health and alerts can tell apart.',
    )
    this.#replaced = context.metrics.counter(
      'spanwarden_agent_pulse_replaced',
      'Agents that had ended or gone silent, and were forgotten to make room for others.',
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
  setWindows(windows: PulseWindows): void {
    this.#windows = { ...windows }
    for (const agent of this.#agents.values()) agent.setWindows(windows)
  }

  /** To be looked at each second or so: silence is counted by that. */
  agents(nowMs: number): AgentLife[] {
    const heardMs = this.#listening.look()
    for (const [job, agent] of this.#agents)
      if (agent.silentMs(heardMs) > this.#windows.forgetMs) this.#agents.delete(job)
    return [...this.#agents.values()].map((agent) => agent.life(nowMs, heardMs))
  }

  /** One for which there was no room, as long as there was none a moment ago. */
  get refused(): { readonly job: string; readonly agentsMax: number } | undefined {
    if (this.#refused === undefined || this.#listening.look() - this.#refused.heardMs > REFUSED_MS) return undefined
    return { job: this.#refused.job, agentsMax: AGENTS_MAX }
  }

  /** As if it had never been heard; false when it is not known. */
  forget(job: string): boolean {
    const wasKnown = this.#agents.delete(job)
    if (wasKnown) this.#write()
    return wasKnown
  }

  alive(job: string, nowMs: number): void {
    this.#agent(job)?.alive(nowMs, this.#listening.look())
  }

  /** What agents that have ended left in the state folder. One that was never heard of is none of ours. */
  readGoodbyes(): void {
    for (const { job, atMs } of takeGoodbyes(this.#context.stateFolder))
      if (this.#agents.has(job)) this.#agent(job)?.end(atMs, this.#listening.look())
  }

  finished(job: string, run: FinishedRun): void {
    this.#agent(job)?.finish(run)
  }

  spent(job: string, nowMs: number, usd: number): void {
    this.#agent(job)?.spend.add(nowMs, usd)
  }

  close(): void {
    if (this.#agents.size > 0 || this.#cancelWrite !== undefined) this.#write()
  }

  #agent(job: string): WatchedAgent | undefined {
    this.#cancelWrite ??= this.#context.clock.after(WRITE_MS, () => this.#write())
    const known = this.#agents.get(job)
    if (known !== undefined) return known
    const heardMs = this.#listening.look()
    if (!this.#hasRoom(heardMs)) {
      this.#refused = { job, heardMs }
      return void this.#refusals.add(1)
    }
    const agent = new WatchedAgent(job, this.#windows, heardMs)
    this.#agents.set(job, agent)
    return agent
  }

  /** Agents that run keep their places: if each new one took the place of another, none would be watched long enough. */
  #hasRoom(heardMs: number): boolean {
    if (this.#agents.size < AGENTS_MAX) return true
    let expendable: WatchedAgent | undefined
    for (const agent of this.#agents.values()) {
      const more = agent.expendability(heardMs) - (expendable?.expendability(heardMs) ?? 0)
      if (
        more > 0 ||
        (more === 0 && expendable !== undefined && agent.silentMs(heardMs) > expendable.silentMs(heardMs))
      )
        expendable = agent
    }
    if (expendable === undefined) return false
    this.#agents.delete(expendable.job)
    this.#replaced.add(1)
    return true
  }

  #restore(saved: SavedAgent): void {
    if (this.#agents.size >= AGENTS_MAX) return
    const heardMs = this.#listening.look()
    const agent = new WatchedAgent(saved.job, this.#windows, heardMs)
    agent.restore(saved, heardMs)
    this.#agents.set(saved.job, agent)
  }

  #write(): void {
    this.#cancelWrite?.()
    this.#cancelWrite = undefined
    const heardMs = this.#listening.look()
    writePulseFile(
      this.#context,
      [...this.#agents.values()].map((agent) => agent.saved(heardMs)),
    )
  }
}
