import { RefusedError } from '../../component.ts'
import type { Clock, Counter, Logger } from '../../component.ts'

/** What the gate knows of the process. */
export interface ProcessMemory {
  usedBytes(): number
  /** Frees what nobody uses any more, as far as it can. */
  collect(): void
}

export interface MemoryLimits {
  readonly hardBytes: number
  /** Below `hardBytes`: from here on nothing is taken in. */
  readonly softBytes: number
}

export interface GateOptions {
  readonly limits: MemoryLimits
  readonly checkIntervalMs: number
  /** Time between two collections that are asked for, by what is reached. Grows to the longest one while they help nothing. */
  readonly collectMs: Readonly<Record<'soft' | 'hard', { readonly shortest: number; readonly longest: number }>>
  readonly memory: ProcessMemory
  readonly clock: Clock
  readonly logger: Logger
  readonly refused: Counter
  readonly collections: Counter
}

const MIB = 1024 * 1024

/**
 * Lets nothing in while the process takes too much memory. Looks at it when something comes, at most once in `checkIntervalMs`: no timer, so nothing is left
 * running when a pipeline ends.
 */
export class MemoryGate {
  readonly #options: GateOptions
  #checkedMs = -Infinity
  #collectedMs = -Infinity
  #uselessCollections = 0
  #isClosed = false

  constructor(options: GateOptions) {
    this.#options = options
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Throws RefusedError `busy` above the soft limit. */
  admit(): void {
    const { clock, checkIntervalMs, refused } = this.#options
    const nowMs = clock.monotonic()
    if (nowMs - this.#checkedMs >= checkIntervalMs) {
      this.#checkedMs = nowMs
      this.#check(nowMs)
    }
    if (!this.#isClosed) return
    refused.add(1)
    throw new RefusedError('busy', 'the sidecar is short of memory (memory_limiter); send it again later', {
      retryAfterMs: checkIntervalMs,
    })
  }

  #check(nowMs: number): void {
    const { limits, memory, logger } = this.#options
    let used = memory.usedBytes()
    if (used >= limits.softBytes && this.#collect(nowMs, used >= limits.hardBytes ? 'hard' : 'soft')) {
      const before = used
      used = memory.usedBytes()
      this.#uselessCollections = used >= limits.softBytes ? this.#uselessCollections + 1 : 0
      logger.info({ before_mib: inMib(before), after_mib: inMib(used) }, 'memory was collected')
    }
    const isAbove = used >= limits.softBytes
    if (isAbove === this.#isClosed) return
    this.#isClosed = isAbove
    const fields = {
      used_mib: inMib(used),
      soft_limit_mib: inMib(limits.softBytes),
      limit_mib: inMib(limits.hardBytes),
    }
    if (isAbove) return logger.warn(fields, 'memory is above the soft limit: senders are told to retry')
    this.#uselessCollections = 0
    logger.info(fields, 'memory is below the soft limit again')
  }

  /** Whether it was time for it. */
  #collect(nowMs: number, reached: 'soft' | 'hard'): boolean {
    const { memory, collectMs, checkIntervalMs, collections } = this.#options
    const { shortest, longest } = collectMs[reached]
    const grown =
      this.#uselessCollections === 0 ? shortest : Math.max(shortest, checkIntervalMs) * 2 ** this.#uselessCollections
    if (nowMs - this.#collectedMs < Math.min(grown, Math.max(shortest, longest))) return false
    this.#collectedMs = nowMs
    memory.collect()
    collections.add(1)
    return true
  }
}

const inMib = (bytes: number): number => Math.round(bytes / MIB)
