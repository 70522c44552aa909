import { unlink } from 'node:fs/promises'
import { codeOf } from '../code-of.ts'
import { acknowledgedPath } from './read-segment.ts'

/** Gives segments back to the disk, one after the other and beside everything else: the system takes 10 ms for one of 16 MiB. */
export class SegmentRemoval {
  readonly #onFailure: (file: string, code: string) => void
  #settled: Promise<void> = Promise.resolve()

  constructor(onFailure: (file: string, code: string) => void) {
    this.#onFailure = onFailure
  }

  /** Resolves when all that was asked for so far is gone, or told. */
  get settled(): Promise<void> {
    return this.#settled
  }

  remove(segment: string): void {
    this.#settled = this.#settled.then(() => this.#remove(segment))
  }

  /** The segment before its acknowledgements: alone, they are nothing; without them, its batches would come again. */
  async #remove(segment: string): Promise<void> {
    for (const file of [segment, acknowledgedPath(segment)]) {
      try {
        await unlink(file)
      } catch (error) {
        if (codeOf(error) === 'ENOENT') continue
        this.#onFailure(file, codeOf(error))
        return
      }
    }
  }
}
