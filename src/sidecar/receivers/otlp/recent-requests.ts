import type { Counter, ServiceName } from '../../component.ts'

/** Ids that are remembered: the newest. About 1 MB. */
const IDS_MAX = 10_000

/**
 * Takes each request in once. An agent repeats a request whose answer it did not get, and leaves in the spool what was under way when it ended: both
 * may have been taken in already. A request that was refused may come again.
 */
export class RecentRequests {
  readonly #settled = Promise.resolve()
  readonly #requests = new Map<string, Promise<void>>()
  readonly #duplicates: Pick<Counter, 'add'>
  readonly #idsMax: number

  constructor(duplicates: Pick<Counter, 'add'>, idsMax = IDS_MAX) {
    this.#duplicates = duplicates
    this.#idsMax = idsMax
  }

  /** Calls `take` unless a request of this id was taken in, or is about to be; settles as the first one does. */
  once(id: string, take: () => Promise<void>): Promise<void> {
    const known = this.#requests.get(id)
    if (known !== undefined) {
      this.#duplicates.add(1)
      return known
    }
    const taking = this.#settle(id, take)
    this.#requests.set(id, taking)
    if (this.#requests.size > this.#idsMax) this.#forgetOldest()
    return taking
  }

  async #settle(id: string, take: () => Promise<void>): Promise<void> {
    try {
      await take()
      if (this.#requests.has(id)) this.#requests.set(id, this.#settled)
    } catch (error) {
      this.#requests.delete(id)
      throw error
    }
  }

  #forgetOldest(): void {
    const [oldest] = this.#requests.keys()
    if (oldest !== undefined) this.#requests.delete(oldest)
  }

  close(): void {
    this.#requests.clear()
  }
}

export const recentRequests: ServiceName<RecentRequests> = {
  name: 'recent_requests',
  create: ({ metrics }) =>
    new RecentRequests(
      metrics.counter(
        'otelcol_receiver_duplicate_requests',
        'Requests that had been taken in before, by their id: answered and dropped.',
      ),
    ),
}
