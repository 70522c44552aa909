import type { RunActivity } from '../../../control/run-messages.ts'
import type { EndedRun } from '../../../ledger/past-runs.ts'
import { VelocityMeter } from '../../../limits/velocity.ts'
import type { VelocityBaseline, VelocityMark, VelocityRules } from '../../../limits/velocity.ts'

/** Runs that are measured at the same time; of more, those that did nothing for longest are forgotten. */
export const RUNS_MAX = 10_000
/** Sums of one run: each process has its own. */
export const SUMS_MAX = 1_000
/** A run in which nothing happened for so long has ended, and is part of its agent's past. */
export const RUN_ENDED_MS = 600_000
/** How long what is known of an agent's past is used before it is read again. */
const BASELINE_MS = 60_000
const AGENTS_MAX = 1_000
/** Sums that are told for the first time and are older were known before: the sidecar has started anew. */
const PAST_MS = 60_000

export interface RunWatchOptions {
  readonly rules: VelocityRules
  baseline(agent: string): VelocityBaseline
}

/** Measures runs by what all of their processes say. Pure: the time is handed in. */
export class RunWatch {
  readonly #options: RunWatchOptions
  rules: VelocityRules
  /** The one that was used last is the last. */
  readonly #runs = new Map<string, MeasuredRun>()
  readonly #baselines = new Map<string, { readonly atMs: number; readonly baseline: VelocityBaseline }>()

  constructor(options: RunWatchOptions) {
    this.#options = options
    this.rules = options.rules
  }

  get size(): number {
    return this.#runs.size
  }

  /** What the run has come to, the first time that it does. `nowMs`: Unix ms. */
  observe({ id, scopes, ageMs, ...sums }: RunActivity, process: string, nowMs: number): VelocityMark | undefined {
    const { agent, run: name } = scopes
    if (name === undefined) return undefined
    const run = this.#runs.get(name) ?? this.#begin(agent, nowMs - ageMs, nowMs)
    this.#runs.delete(name)
    this.#runs.set(name, run)
    for (const oldest of this.#runs.keys()) if (this.#runs.size > RUNS_MAX) this.#runs.delete(oldest)
    const known = run.sums.get(id)
    const before = known ?? NOTHING
    const nanoUsd = Math.max(0, sums.nanoUsd - before.nanoUsd)
    const toolCalls = Math.max(0, sums.toolCalls - before.toolCalls)
    run.sums.set(id, {
      nanoUsd: Math.max(sums.nanoUsd, before.nanoUsd),
      toolCalls: Math.max(sums.toolCalls, before.toolCalls),
    })
    for (const oldest of run.sums.keys()) if (run.sums.size > SUMS_MAX) run.sums.delete(oldest)
    run.processes.add(process)
    run.lastMs = Math.max(run.lastMs, nowMs)
    run.nanoUsd += nanoUsd
    run.depth = Math.max(run.depth, sums.depth)
    if (nanoUsd > 0) run.minutes.add(Math.floor(nowMs / 60_000))
    const isPast = known === undefined && ageMs > PAST_MS
    return run.meter.observe({ atMs: nowMs, nanoUsd, toolCalls, depth: run.depth, isPast })
  }

  /** Those that have told of the run. */
  processesOf(run: string): ReadonlySet<string> {
    return this.#runs.get(run)?.processes ?? new Set()
  }

  /** It is stopped: when a person has resumed it, it is measured from there. */
  forget(run: string): void {
    this.#runs.delete(run)
  }

  /** Runs that have ended since the last time. */
  ended(nowMs: number): EndedRun[] {
    const over: EndedRun[] = []
    for (const [name, run] of this.#runs) {
      if (run.lastMs > nowMs - RUN_ENDED_MS) break
      this.#runs.delete(name)
      const { agent, startedMs, lastMs, nanoUsd, minutes, meter } = run
      if (meter.stopped !== undefined) continue
      over.push({ agent, endedAt: Math.floor(lastMs), nanoUsd, wallClockMs: lastMs - startedMs, minutes: minutes.size })
    }
    return over
  }

  #begin(agent: string, startedMs: number, nowMs: number): MeasuredRun {
    return {
      agent,
      startedMs,
      meter: new VelocityMeter(startedMs, this.rules, this.#baselineOf(agent, nowMs)),
      sums: new Map(),
      processes: new Set(),
      minutes: new Set(),
      lastMs: nowMs,
      nanoUsd: 0,
      depth: 0,
    }
  }

  #baselineOf(agent: string, nowMs: number): VelocityBaseline {
    const known = this.#baselines.get(agent)
    if (known !== undefined && Math.abs(nowMs - known.atMs) < BASELINE_MS) return known.baseline
    if (this.#baselines.size >= AGENTS_MAX) this.#baselines.clear()
    const baseline = this.#options.baseline(agent)
    this.#baselines.set(agent, { atMs: nowMs, baseline })
    return baseline
  }
}

interface MeasuredRun {
  readonly agent: string
  readonly startedMs: number
  readonly meter: VelocityMeter
  /** By their id. */
  readonly sums: Map<string, Sums>
  readonly processes: Set<string>
  /** In which something was spent. */
  readonly minutes: Set<number>
  lastMs: number
  nanoUsd: number
  depth: number
}

interface Sums {
  readonly nanoUsd: number
  readonly toolCalls: number
}

const NOTHING: Sums = { nanoUsd: 0, toolCalls: 0 }
