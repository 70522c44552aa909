import type { Signature } from './call-signature.ts'

/** How often the same may happen. A call is the same when its tool, its arguments and its result are: another result is progress. */
export interface LoopRules {
  /** So many identical calls in a row. */
  readonly consecutive: number
  /** Sequences of up to `period` calls, so many times in a row. */
  readonly cycle: { readonly period: number; readonly times: number }
  /** One call so many times among the last `among`. */
  readonly frequent: { readonly times: number; readonly among: number }
  /** At most `fresh` calls that are new among the last `among`. */
  readonly stale: { readonly fresh: number; readonly among: number }
}

export type LoopLevel = 'warn' | 'stop'
export type LoopRuleName = 'consecutive' | 'cycle' | 'frequent' | 'stale'

/** What a run of calls has become. */
export interface LoopMark {
  readonly level: LoopLevel
  readonly rule: LoopRuleName
  /** Calls that count for it. */
  readonly calls: number
}

/** The figures of each level, measured on public runs of agents (`spanwarden replay loops`). */
export const loopRules: Readonly<Record<LoopLevel, LoopRules>> = {
  warn: {
    consecutive: 3,
    cycle: { period: 4, times: 3 },
    frequent: { times: 4, among: 12 },
    stale: { fresh: 1, among: 8 },
  },
  stop: {
    consecutive: 4,
    cycle: { period: 6, times: 4 },
    frequent: { times: 6, among: 20 },
    stale: { fresh: 1, among: 12 },
  },
}

export interface LoopStep {
  readonly call: Signature
  readonly result: Signature
  /** What it does cannot be taken back: repeating it stops where reading would only be warned of. */
  readonly hasSideEffect?: boolean
}

/** Calls that a detector remembers. */
export const LOOP_HISTORY_MAX = 64

/**
 * Watches the tool calls of one run, or of one agent in it. Both levels look at results: tests that run again after an edit are no loop, asking for the same
 * thing with the same answer is. A stop is for good: only `reset` (a person spoke) ends it.
 */
export class LoopDetector {
  readonly #rules: Readonly<Record<LoopLevel, LoopRules>>
  /** Identity of each call and its result, newest last. */
  readonly #steps: string[] = []
  /** Whether the call was new to the run, newest last. */
  readonly #fresh: boolean[] = []
  readonly #seen = new Set<string>()
  #warned: string | undefined
  #stop: LoopMark | undefined

  constructor(rules: Readonly<Record<LoopLevel, LoopRules>> = loopRules) {
    this.#rules = rules
  }

  /** The mark that stopped the run: no further call may be made. */
  get stopped(): LoopMark | undefined {
    return this.#stop
  }

  /** A call has ended. The mark that it led to: a warning once for each streak, a stop once. */
  observe({ call, result, hasSideEffect = false }: LoopStep): LoopMark | undefined {
    if (this.#stop !== undefined) return undefined
    const step = `${call.toString(36)}:${result.toString(36)}`
    this.#remember(step)
    const stop = this.#check('stop', step) ?? (hasSideEffect ? this.#check('warn', step) : undefined)
    if (stop !== undefined) return (this.#stop = { ...stop, level: 'stop' })
    const warning = this.#check('warn', step)
    if (warning === undefined) {
      this.#warned = undefined
      return undefined
    }
    if (this.#warned === warning.rule) return undefined
    this.#warned = warning.rule
    return warning
  }

  /** A person spoke, or approved to go on: what was before does not count. */
  reset(): void {
    this.#steps.length = this.#fresh.length = 0
    this.#seen.clear()
    this.#warned = this.#stop = undefined
  }

  #remember(step: string): void {
    if (this.#steps.push(step) > LOOP_HISTORY_MAX) this.#steps.shift()
    if (this.#fresh.push(!this.#seen.has(step)) > LOOP_HISTORY_MAX) this.#fresh.shift()
    if (this.#seen.size >= SEEN_MAX) this.#seen.clear()
    this.#seen.add(step)
  }

  #check(level: LoopLevel, step: string): LoopMark | undefined {
    const { consecutive, cycle, frequent, stale } = this.#rules[level]
    const steps = this.#steps
    const mark = (rule: LoopRuleName, calls: number): LoopMark => ({ level, rule, calls })
    if (isCycle(steps, 1, consecutive)) return mark('consecutive', consecutive)
    for (let period = 2; period <= cycle.period; period++)
      if (isCycle(steps, period, cycle.times)) return mark('cycle', period * cycle.times)
    const same = steps.slice(-frequent.among).filter((one) => one === step).length
    if (same >= frequent.times) return mark('frequent', same)
    const last = this.#fresh.slice(-stale.among)
    if (last.length === stale.among && last.filter(Boolean).length <= stale.fresh) return mark('stale', stale.among)
    return undefined
  }
}

/** Different calls of a run that are remembered; beyond, all count as new once more. */
const SEEN_MAX = 10_000

/** Whether the last steps are one sequence of `period`, `times` times over. */
function isCycle(steps: readonly string[], period: number, times: number): boolean {
  const from = steps.length - period * times
  if (from < 0) return false
  for (let i = from + period; i < steps.length; i++) if (steps[i] !== steps[i - period]) return false
  return true
}
