interface Waiting {
  readonly record: Buffer
  readonly done: PromiseWithResolvers<void>
}

/** Writes what waits in one go, and begins the next when that has ended: many share one sync. As much waits as there are callers. */
export class GroupCommit {
  readonly #write: (records: readonly Buffer[]) => Promise<void>
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined

  constructor(write: (records: readonly Buffer[]) => Promise<void>) {
    this.#write = write
  }

  /** Resolves when the record is written; rejects with what `write` rejected with. */
  add(record: Buffer): Promise<void> {
    const done = Promise.withResolvers<void>()
    this.#waiting.push({ record, done })
    this.#running ??= this.#run()
    return done.promise
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    // Those that come in the same turn go together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        await this.#write(batch.map(({ record }) => record))
        for (const { done } of batch) done.resolve()
      } catch (error) {
        for (const { done } of batch) done.reject(error)
      }
    }
    this.#running = undefined
  }
}
