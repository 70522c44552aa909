import { ACTIVITY_RUNS_MAX, ACTIVITY_TELL_MS } from './guard-limits.ts'
import { randomId } from './random-id.ts'
import type { CallScopes } from '../../control/guard-messages.ts'
import type { RunActivity, RunMark } from '../../control/run-messages.ts'

/**
 * What the runs of this process have done so far: the sidecar adds up what all processes of a run say. Sums are told, not steps: said twice they count once,
 * and a sidecar that has forgotten them learns them again.
 */
export class RunActivities {
  readonly #tell: (message: RunActivity) => void
  /** The one that was used last is the last. */
  readonly #runs = new Map<string, Sums>()
  readonly #untold = new Set<Sums>()
  #timer: NodeJS.Timeout | undefined

  constructor(tell: (message: RunActivity) => void) {
    this.#tell = tell
  }

  /** A call begins. Returns what the sidecar has said of its run and no span has told yet. */
  called(scopes: CallScopes, { tools = 0, depth = 0 }: BegunCall): RunMark | undefined {
    const sums = this.#of(scopes)
    if (sums === undefined) return undefined
    sums.toolCalls += tools
    sums.depth = Math.max(sums.depth, depth)
    const { mark } = sums
    sums.mark = undefined
    return mark
  }

  marked(mark: RunMark): void {
    const sums = this.#runs.get(mark.run)
    if (sums !== undefined) sums.mark = mark
  }

  /** A model call has ended. */
  spent(scopes: CallScopes, nanoUsd: number): void {
    const sums = this.#of(scopes)
    if (sums !== undefined) sums.nanoUsd += nanoUsd
  }

  /** The run is stopped: when a person lets it go on, it is measured from there. */
  forget(run: string): void {
    const sums = this.#runs.get(run)
    if (sums !== undefined) this.#untold.delete(sums)
    this.#runs.delete(run)
  }

  /** Tells what was not told yet. */
  tell(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const { id, scopes, startedMs, nanoUsd, toolCalls, depth } of this.#untold)
      this.#tell({
        type: 'activity',
        id,
        scopes,
        ageMs: Math.round(performance.now() - startedMs),
        nanoUsd,
        toolCalls,
        depth,
      })
    this.#untold.clear()
  }

  #of(scopes: CallScopes): Sums | undefined {
    const { run } = scopes
    if (run === undefined) return undefined
    const sums = this.#runs.get(run) ?? {
      id: randomId(),
      scopes,
      startedMs: performance.now(),
      nanoUsd: 0,
      toolCalls: 0,
      depth: 0,
      mark: undefined,
    }
    this.#runs.delete(run)
    this.#runs.set(run, sums)
    if (this.#runs.size > ACTIVITY_RUNS_MAX) for (const oldest of this.#runs.keys()) return this.#drop(oldest, sums)
    return this.#changed(sums)
  }

  /** Its sums are told before: only what it does from now on counts from nothing. */
  #drop(run: string, kept: Sums): Sums {
    this.tell()
    this.#runs.delete(run)
    return this.#changed(kept)
  }

  #changed(sums: Sums): Sums {
    this.#untold.add(sums)
    this.#timer ??= setTimeout(() => this.tell(), ACTIVITY_TELL_MS).unref()
    return sums
  }
}

export interface BegunCall {
  readonly tools?: number
  /** Of the agent that makes it, 0 for the first. */
  readonly depth?: number | undefined
}

interface Sums {
  /** Of these sums: another process has its own for the same run. */
  readonly id: string
  readonly scopes: CallScopes
  readonly startedMs: number
  nanoUsd: number
  toolCalls: number
  depth: number
  mark: RunMark | undefined
}
