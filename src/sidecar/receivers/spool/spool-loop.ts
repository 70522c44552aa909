import { watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import { isHidden } from '../../../control/spool-format.ts'
import type { Clock } from '../../component.ts'

export interface SpoolLoopOptions {
  readonly folder: string
  readonly pollMs: number
  readonly clock: Clock
}

/** Runs `take` at the start, when the folder changes, every `pollMs`, and once more at the stop; never twice at the same time. */
export class SpoolLoop {
  readonly #take: () => Promise<number | undefined>
  readonly #options: SpoolLoopOptions
  #watcher: FSWatcher | undefined
  #running: Promise<void> | undefined
  #isWanted = false
  #isBusy = false
  #isStopped = false
  #cancelTimer = (): void => {}

  /** `take` never rejects; it returns when to come back, in ms, when something had to be left. */
  constructor(take: () => Promise<number | undefined>, options: SpoolLoopOptions) {
    this.#take = take
    this.#options = options
  }

  start(): void {
    this.#wake()
  }

  /** Resolves when all that was there has been taken, or can't be now. */
  async stop(): Promise<void> {
    this.#watcher?.close()
    await this.#running
    this.#isStopped = true
    this.#cancelTimer()
    await this.#take()
  }

  #wake(): void {
    this.#isWanted = true
    this.#isBusy = false
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
  }

  async #run(): Promise<void> {
    const { pollMs, clock } = this.#options
    let retryMs: number | undefined
    this.#cancelTimer()
    while (this.#isWanted) {
      this.#isWanted = false
      this.#watch()
      retryMs = await this.#take()
      if (retryMs !== undefined) break
    }
    this.#isBusy = retryMs !== undefined
    if (!this.#isStopped) this.#cancelTimer = clock.after(Math.min(retryMs ?? pollMs, pollMs), () => this.#wake())
  }

  /** Before each look, for the folder may have been made anew. */
  #watch(): void {
    if (this.#watcher !== undefined || this.#isStopped) return
    const forget = (): void => {
      this.#watcher?.close()
      this.#watcher = undefined
    }
    try {
      this.#watcher = watch(this.#options.folder, { persistent: false }, (_, name) => {
        // While the pipelines are busy the timer decides.
        if (!this.#isBusy && (name === null || !isHidden(name))) this.#wake()
      })
      this.#watcher.on('error', forget)
    } catch {
      forget()
    }
  }
}
