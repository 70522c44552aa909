import type { ComponentContext } from '../../component.ts'
import { type State, StateFile } from './state-file.ts'

/** A connector's state over restarts: told and counted when it can't be read or written, and never a reason not to start. */
export class PersistentState {
  readonly #file: StateFile
  readonly #isEnabled: boolean
  readonly #context: ComponentContext
  readonly #consequence: string
  readonly #failures: { add(n: number): void }
  #hasFailed = false

  /** `consequence` says what it means when the state is lost. */
  constructor(context: ComponentContext, version: number, isEnabled: boolean, consequence: string) {
    this.#file = new StateFile(context.stateFolder, context.id, version)
    this.#isEnabled = isEnabled
    this.#context = context
    this.#consequence = consequence
    this.#failures = context.metrics.counter(
      'spanwarden_state_snapshot_failures',
      'Snapshots of counters that could not be read or written.',
      { connector: context.id },
    )
  }

  /** Hands what an earlier process left to `take`; a snapshot that can't be read, or that `take` throws on, is put aside. */
  restore(take: (state: State) => void): void {
    if (!this.#isEnabled) return
    try {
      const state = this.#file.read()
      if (state !== undefined) take(state)
    } catch (error) {
      this.#failures.add(1)
      const { logger } = this.#context
      logger.error(
        { file: this.#file.path, reason: reasonOf(error), moved_to: this.#putAside() },
        `the snapshot of the metrics cannot be used: ${this.#consequence}`,
      )
    }
  }

  /** Said once, until it works again. */
  write(state: () => State, isSynced: boolean): void {
    if (!this.#isEnabled) return
    try {
      this.#file.write(state(), isSynced)
      this.#hasFailed = false
    } catch (error) {
      this.#failures.add(1)
      if (this.#hasFailed) return
      this.#hasFailed = true
      this.#context.logger.warn(
        { file: this.#file.path, reason: reasonOf(error) },
        'the snapshot of the metrics cannot be written: they go on, but a restart would take the counters back',
      )
    }
  }

  #putAside(): string | undefined {
    try {
      return this.#file.putAside()
    } catch {
      return undefined
    }
  }
}

/** No more than the kind of an error that is not ours: it could quote what stands in the file. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.name === 'Error' ? error.message : error.name
}
