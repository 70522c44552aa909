/** Agents that are remembered; beyond it all are forgotten. */
const AGENTS_MAX = 1000
/** A window is counted in so many parts: what is forgotten goes by a part at a time. */
const PARTS = 10

export interface EndedCalls {
  readonly ended: number
  readonly failed: number
}

/** How many calls of agents ended, and failed, within a time. */
export class FailureWindow {
  readonly #byAgent = new Map<string, { readonly until: number; ended: number; failed: number }[]>()

  /** Counts more, and returns the sums of the time before `now`, in milliseconds. */
  add(agent: string, { ended, failed }: EndedCalls, now: number, withinMs: number): EndedCalls {
    if (!this.#byAgent.has(agent) && this.#byAgent.size >= AGENTS_MAX) this.#byAgent.clear()
    const parts = (this.#byAgent.get(agent) ?? []).filter(({ until }) => until > now - withinMs)
    const newest = parts.at(-1)
    const part =
      newest !== undefined && newest.until > now ? newest : { until: now + withinMs / PARTS, ended: 0, failed: 0 }
    if (part !== newest) parts.push(part)
    part.ended += ended
    part.failed += failed
    this.#byAgent.set(agent, parts)
    return parts.reduce((sum, one) => ({ ended: sum.ended + one.ended, failed: sum.failed + one.failed }), NONE)
  }

  forget(agent: string): void {
    this.#byAgent.delete(agent)
  }
}

const NONE: EndedCalls = { ended: 0, failed: 0 }
