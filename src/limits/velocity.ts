/*
 * Modern models fail by time and money, not by repeating themselves: these rules look at how much a run costs, how fast, for how long, how deep and with how
 * many calls. A run is measured against the agent's own past, once there is enough of it, and against figures that hold for every run.
 */

export type VelocityRuleName = 'cost' | 'cost_per_minute' | 'wall_clock' | 'depth' | 'tool_calls'
export type VelocityLevel = 'warn' | 'stop'

/** At which figure a run is warned of, and at which it is stopped. Absent = never. */
export interface VelocityFigures {
  readonly warn?: number
  readonly stop?: number
}

export interface VelocityRules {
  /** Times what 95 % of the agent's runs cost at most. */
  readonly costTimesP95: VelocityFigures
  /** Nano-USD of a run. */
  readonly cost: VelocityFigures
  /** Times what a run of the agent spends in a minute in which it works, on average. */
  readonly costPerMinuteTimesMean: VelocityFigures
  /** Nano-USD a minute, over `rateMinutes`. */
  readonly costPerMinute: VelocityFigures
  /** Times what 99 % of the agent's runs take at most. */
  readonly wallClockTimesP99: VelocityFigures
  /** Ms of a run. */
  readonly wallClock: VelocityFigures
  /** Agents within agents; the first is at depth 0. */
  readonly depth: VelocityFigures
  readonly toolCalls: VelocityFigures
  /** Runs of an agent before its past counts. */
  readonly runsMin: number
  /** Minutes over which spending is averaged: one dear call is no trend. */
  readonly rateMinutes: number
  /** Below it no speed is too fast. Nano-USD a minute. */
  readonly costPerMinuteMin: number
  /** Below it no run is too dear for its agent, nor below the other one too long. Nano-USD, ms. */
  readonly costMin: number
  readonly wallClockMin: number
}

/** A warning at the figure, a stop at twice it. Time alone stops nothing by itself: a run may wait for a person. */
export const VELOCITY_RULES_DEFAULT: VelocityRules = {
  costTimesP95: { warn: 5, stop: 10 },
  cost: {},
  costPerMinuteTimesMean: { warn: 5, stop: 10 },
  costPerMinute: {},
  wallClockTimesP99: { warn: 3 },
  wallClock: {},
  depth: { warn: 8, stop: 16 },
  toolCalls: { warn: 200, stop: 400 },
  runsMin: 50,
  rateMinutes: 5,
  costPerMinuteMin: 100_000_000,
  costMin: 100_000_000,
  wallClockMin: 300_000,
}

/** What an agent's runs were like so far. */
export interface VelocityBaseline {
  readonly runs: number
  /** Nano-USD. */
  readonly costP95: number
  readonly wallClockP99Ms: number
  /** Nano-USD of a run, over the minutes in which it spent something. */
  readonly costPerMinuteMean: number
}

export interface PastRun {
  readonly nanoUsd: number
  readonly wallClockMs: number
}

/** Of the runs that are known (the last thousand are enough), and what they spent a minute. */
export const velocityBaseline = (runs: readonly PastRun[], costPerMinuteMean: number): VelocityBaseline => ({
  runs: runs.length,
  costP95: quantile(
    runs.map(({ nanoUsd }) => nanoUsd),
    0.95,
  ),
  wallClockP99Ms: quantile(
    runs.map(({ wallClockMs }) => wallClockMs),
    0.99,
  ),
  costPerMinuteMean,
})

export interface VelocityMark {
  readonly level: VelocityLevel
  readonly rule: VelocityRuleName
  /** What was reached, and the figure that it is beyond: nano-USD, nano-USD a minute, ms, levels, calls. */
  readonly value: number
  readonly figure: number
}

/** What happened in a run; all of it is added to what was before. */
export interface VelocityStep {
  /** Unix ms. */
  readonly atMs: number
  readonly nanoUsd?: number
  readonly toolCalls?: number
  /** Of the agent that acts. */
  readonly depth?: number
  /** Nobody knows when it was: it counts for the run, and for no minute. */
  readonly isPast?: boolean
}

/** Measures one run. It warns once for each rule; a stop is for good, until `reset` (a person spoke). */
export class VelocityMeter {
  readonly #rules: VelocityRules
  readonly #baseline: VelocityBaseline | undefined
  readonly #startedMs: number
  readonly #warned = new Set<VelocityRuleName>()
  /** Spending by minute of the run, those of the last `rateMinutes`. */
  readonly #minutes = new Map<number, number>()
  #totals = { nanoUsd: 0, toolCalls: 0, depth: 0, atMs: 0 }
  /** What was there when a person spoke: it does not count again. */
  #pardoned = { nanoUsd: 0, toolCalls: 0, atMs: 0 }
  #stop: VelocityMark | undefined

  constructor(startedMs: number, rules: VelocityRules = VELOCITY_RULES_DEFAULT, baseline?: VelocityBaseline) {
    this.#rules = rules
    this.#baseline = baseline !== undefined && baseline.runs >= rules.runsMin ? baseline : undefined
    this.#startedMs = startedMs
    this.#totals.atMs = this.#pardoned.atMs = startedMs
  }

  /** The mark that stopped the run: no further call may be made. */
  get stopped(): VelocityMark | undefined {
    return this.#stop
  }

  /** The mark that a step leads to; a clock that goes back stands still. */
  observe({ atMs, nanoUsd = 0, toolCalls = 0, depth = 0, isPast = false }: VelocityStep): VelocityMark | undefined {
    const totals = this.#totals
    totals.atMs = Math.max(totals.atMs, atMs)
    totals.nanoUsd += nanoUsd
    totals.toolCalls += toolCalls
    totals.depth = depth
    this.#spend(isPast ? 0 : nanoUsd)
    if (this.#stop !== undefined) return undefined
    const measures = this.#measures()
    for (const { rule, value, figures } of measures)
      if (figures.stop !== undefined && value > figures.stop)
        return (this.#stop = { level: 'stop', rule, value, figure: figures.stop })
    for (const { rule, value, figures } of measures) {
      if (figures.warn === undefined || value <= figures.warn || this.#warned.has(rule)) continue
      this.#warned.add(rule)
      return { level: 'warn', rule, value, figure: figures.warn }
    }
    return undefined
  }

  /** A person said that the run may go on: it is measured from here. */
  reset(): void {
    const { nanoUsd, toolCalls, atMs } = this.#totals
    this.#pardoned = { nanoUsd, toolCalls, atMs }
    this.#warned.clear()
    this.#minutes.clear()
    this.#stop = undefined
  }

  #measures(): Measure[] {
    const { nanoUsd, toolCalls, depth, atMs } = this.#totals
    const rules = this.#rules
    const { costP95, wallClockP99Ms, costPerMinuteMean } = this.#baseline ?? NO_BASELINE
    return [
      {
        rule: 'cost',
        value: nanoUsd - this.#pardoned.nanoUsd,
        figures: strictest(rules.cost, atLeast(timesOf(rules.costTimesP95, costP95), rules.costMin)),
      },
      {
        rule: 'cost_per_minute',
        value: this.#perMinute(),
        figures: strictest(
          rules.costPerMinute,
          atLeast(timesOf(rules.costPerMinuteTimesMean, costPerMinuteMean), rules.costPerMinuteMin),
        ),
      },
      {
        rule: 'wall_clock',
        value: atMs - this.#pardoned.atMs,
        figures: strictest(
          rules.wallClock,
          atLeast(timesOf(rules.wallClockTimesP99, wallClockP99Ms), rules.wallClockMin),
        ),
      },
      { rule: 'depth', value: depth, figures: rules.depth },
      { rule: 'tool_calls', value: toolCalls - this.#pardoned.toolCalls, figures: rules.toolCalls },
    ]
  }

  #minute(): number {
    return Math.floor((this.#totals.atMs - this.#startedMs) / 60_000)
  }

  #spend(nanoUsd: number): void {
    const minute = this.#minute()
    if (nanoUsd > 0) this.#minutes.set(minute, (this.#minutes.get(minute) ?? 0) + nanoUsd)
    for (const known of this.#minutes.keys()) if (known <= minute - this.#rules.rateMinutes) this.#minutes.delete(known)
  }

  #perMinute(): number {
    let sum = 0
    for (const spent of this.#minutes.values()) sum += spent
    return sum / this.#rules.rateMinutes
  }
}

interface Measure {
  readonly rule: VelocityRuleName
  readonly value: number
  readonly figures: VelocityFigures
}

/** Where nothing is known of an agent's runs, nothing is too much for it. An agent that never cost anything is not known either. */
const NO_BASELINE = { costP95: 0, wallClockP99Ms: 0, costPerMinuteMean: 0 }

const timesOf = ({ warn, stop }: VelocityFigures, base: number): VelocityFigures => ({
  ...(warn !== undefined && base > 0 && { warn: warn * base }),
  ...(stop !== undefined && base > 0 && { stop: stop * base }),
})

function strictest(one: VelocityFigures, other: VelocityFigures): VelocityFigures {
  const warn = Math.min(one.warn ?? Infinity, other.warn ?? Infinity)
  const stop = Math.min(one.stop ?? Infinity, other.stop ?? Infinity)
  return { ...(warn < Infinity && { warn }), ...(stop < Infinity && { stop }) }
}

const atLeast = ({ warn, stop }: VelocityFigures, least: number): VelocityFigures => ({
  ...(warn !== undefined && { warn: Math.max(warn, least) }),
  ...(stop !== undefined && { stop: Math.max(stop, least) }),
})

/** The smallest value that so large a share of all does not exceed; 0 of none. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
}
