const HOUR_MS = 3_600_000
/** Agents that are remembered; beyond it all are forgotten. */
const AGENTS_MAX = 1000

/** How often agents were in a loop. */
export class LoopStops {
  readonly #byAgent = new Map<string, number[]>()

  /** Counts one more, and returns how many there were within the hour before `now`, in milliseconds. */
  add(agent: string, now: number): number {
    const recent = [...(this.#byAgent.get(agent) ?? []).filter((at) => at > now - HOUR_MS), now]
    if (this.#byAgent.size >= AGENTS_MAX) this.#byAgent.clear()
    this.#byAgent.set(agent, recent)
    return recent.length
  }
}
