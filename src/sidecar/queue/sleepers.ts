/** Promises that wait until somebody wakes them. */
export class Sleepers {
  readonly #sleeping = new Set<() => void>()

  get size(): number {
    return this.#sleeping.size
  }

  /** Resolves when it is woken, or when the timer that `start` sets calls back; `start` returns what cancels it. */
  sleep(start?: (wake: () => void) => () => void): Promise<void> {
    return new Promise((resolve) => {
      let cancel: (() => void) | undefined
      const wake = (): void => {
        this.#sleeping.delete(wake)
        cancel?.()
        resolve()
      }
      this.#sleeping.add(wake)
      cancel = start?.(wake)
    })
  }

  wakeAll(): void {
    for (const wake of this.#sleeping) wake()
  }
}
