import type { HealthReason } from './health.ts'

export interface HysteresisTimes {
  readonly badAfterMs: number
  readonly goodAfterMs: number
}

interface Known {
  readonly reason: HealthReason
  readonly badSinceMs: number
  /** When it was seen last. */
  readonly seenMs: number
  readonly isBad: boolean
}

/** What was so for long enough: one look is no news, and neither is one look at which all is well. Times never run backwards. */
export class Hysteresis {
  #known = new Map<string, Known>()

  /** `seen`: all that is not well at this moment. */
  look(seen: readonly HealthReason[], nowMs: number, { badAfterMs, goodAfterMs }: HysteresisTimes): void {
    const now = new Map<string, Known>()
    for (const reason of seen) {
      const key = keyOf(reason)
      const before = this.#known.get(key)
      const badSinceMs = before?.badSinceMs ?? nowMs
      now.set(key, {
        reason,
        badSinceMs,
        seenMs: nowMs,
        isBad: before?.isBad === true || nowMs - badSinceMs >= badAfterMs,
      })
    }
    for (const [key, known] of this.#known)
      if (!now.has(key) && known.isBad && nowMs - known.seenMs < goodAfterMs) now.set(key, known)
    this.#known = now
  }

  /** What is taken for bad. */
  get bad(): HealthReason[] {
    return [...this.#known.values()].filter(({ isBad }) => isBad).map(({ reason }) => reason)
  }
}

export const keyOf = ({ code, component = '', agent = '' }: HealthReason): string => `${code} ${component} ${agent}`
