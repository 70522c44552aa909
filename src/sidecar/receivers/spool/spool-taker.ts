import { RefusedError } from '../../component.ts'
import type { Counter, ReceiverContext } from '../../component.ts'
import type { Intake } from '../otlp/intake.ts'
import type { AsideReason, ClaimedFile, SpoolFolder } from './spool-folder.ts'

const RETRY_MS = 1_000

/** Takes the files of a spool into the pipelines, one after the other. */
export class SpoolTaker {
  readonly #folder: SpoolFolder
  readonly #intake: Intake
  readonly #fileBytesMax: number
  readonly #context: ReceiverContext
  readonly #aside: Readonly<Record<AsideReason, Counter>>
  readonly #deleted: Counter
  readonly #unwanted: Counter
  #isBroken = false

  constructor(folder: SpoolFolder, intake: Intake, fileBytesMax: number, context: ReceiverContext) {
    this.#folder = folder
    this.#intake = intake
    this.#fileBytesMax = fileBytesMax
    this.#context = context
    const receiver = context.id
    const counter = (reason: AsideReason): Counter =>
      context.metrics.counter('otelcol_receiver_spool_aside_files', 'Files that were put aside.', { receiver, reason })
    this.#aside = {
      foreign: counter('foreign'),
      too_large: counter('too_large'),
      invalid: counter('invalid'),
      failed: counter('failed'),
    }
    this.#deleted = context.metrics.counter(
      'otelcol_receiver_spool_aside_deleted_files',
      'Files that were put aside and had to make room for others.',
      { receiver },
    )
    this.#unwanted = context.metrics.counter(
      'otelcol_receiver_spool_unwanted_files',
      'Files that were deleted since no pipeline takes their signal from this receiver.',
      { receiver },
    )
  }

  /** Takes all that waits. Returns when to try again, in ms, since the pipelines are busy; undefined: nothing is left. */
  async takeAll(): Promise<number | undefined> {
    try {
      for (const name of this.#folder.names()) {
        const claimed = this.#folder.claim(name)
        if (claimed === undefined) continue
        if (claimed === 'foreign') this.#putAside(name, false, 'foreign')
        else {
          const retryMs = await this.#take(claimed)
          if (retryMs !== undefined) return retryMs
        }
      }
      this.#isBroken = false
      return undefined
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
      if (!this.#isBroken) this.#context.logger.warn({ code }, 'the spool can not be read; it is tried again')
      this.#isBroken = true
      return RETRY_MS
    }
  }

  async #take(file: ClaimedFile): Promise<number | undefined> {
    if (!this.#context.signals.has(file.signal)) {
      this.#unwanted.add(1)
      return void this.#folder.remove(file)
    }
    const { memory } = this.#intake
    let taken: Buffer | undefined
    try {
      const bytes = await this.#folder.read(file, (size) => (taken = memory.take(size)))
      if (typeof bytes === 'string') return void this.#putAside(file.name, true, bytes)
      const { id: requestId, signal, encoding } = file
      await this.#intake.take({ signal, encoding, bytes, compression: '', bytesMax: this.#fileBytesMax, requestId })
      this.#folder.remove(file)
      return undefined
    } catch (error) {
      return this.#refused(file, error)
    } finally {
      if (taken !== undefined) memory.give(taken)
    }
  }

  #refused(file: ClaimedFile, error: unknown): number | undefined {
    this.#intake.refusal(error)
    const reason = error instanceof RefusedError ? error.reason : 'failed'
    if (reason !== 'busy') return void this.#putAside(file.name, true, reason)
    this.#folder.putBack(file)
    return (error instanceof RefusedError ? error.retryAfterMs : undefined) ?? RETRY_MS
  }

  #putAside(name: string, isClaimed: boolean, reason: AsideReason): void {
    this.#aside[reason].add(1)
    this.#deleted.add(this.#folder.putAside(name, isClaimed))
    this.#context.logger.error({ reason }, 'a file of the spool can not be taken in and was put aside')
  }
}
