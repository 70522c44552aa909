import type { ComponentContext } from '../sidecar/component.ts'
import type { Alert } from './alert-book.ts'
import { alertMessage } from './alert-message.ts'
import type { MessageFrame } from './alert-message.ts'
import type { Notifier } from './notifier.ts'

const RETRY_MS_MIN = 1000
const RETRY_MS_MAX = 60_000

export interface NotifierQueueOptions {
  readonly notifier: Notifier
  readonly context: Pick<ComponentContext, 'clock' | 'logger' | 'metrics' | 'random'>
  readonly frame: MessageFrame
  /** What it has to be told now. */
  due(): readonly Alert[]
  told(alerts: readonly Alert[]): void
}
export interface NotifierState {
  readonly name: string
  readonly sent: number
  readonly failed: number
  /** Of the last attempt, when it failed. */
  readonly problem?: string | undefined
}

/** Tells one notifier what it does not know, one message per rule, one after the other; after a failure again, later and later. What it is to be told is in the book, so nothing queues up here. */
export class NotifierQueue {
  readonly #options: NotifierQueueOptions
  #telling: Promise<void> | undefined
  #isClosed = false
  #failures = 0
  #sent = 0
  #failed = 0
  #problem: string | undefined
  #cancelRetry: (() => void) | undefined

  constructor(options: NotifierQueueOptions) {
    this.#options = options
  }

  get state(): NotifierState {
    const { name } = this.#options.notifier
    return { name, sent: this.#sent, failed: this.#failed, problem: this.#problem }
  }

  /** Unless it is at it, or waits after a failure. */
  pump(): void {
    if (this.#telling !== undefined || this.#isClosed || this.#cancelRetry !== undefined) return
    this.#telling = this.#tellAll().finally(() => {
      this.#telling = undefined
    })
  }

  /** At once, once, and over again: outside of what is raised. */
  async test(alert: Alert): Promise<{ readonly notifier: string; readonly error?: string }> {
    const { name } = this.#options.notifier
    try {
      await this.#tell([alert])
      await this.#tell([{ ...alert, endsAtMs: alert.startsAtMs }])
      return { notifier: name }
    } catch (error) {
      return { notifier: name, error: messageOf(error) }
    }
  }

  /** Resolves when what is under way was taken, or has failed: it would else be told twice. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelRetry?.()
    await this.#telling
  }

  async #tellAll(): Promise<void> {
    try {
      for (const [, alerts] of Map.groupBy(this.#options.due(), ({ rule }) => rule)) {
        await this.#tell(alerts)
        this.#options.told(alerts)
        if (this.#isClosed) return
      }
      this.#failures = 0
    } catch {
      // Counted and told in #tell.
      this.#retryLater()
    }
  }

  async #tell(alerts: readonly Alert[]): Promise<void> {
    const { notifier, frame } = this.#options
    const labels = { notifier: notifier.name }
    try {
      await notifier.notify(alertMessage(alerts, frame))
      this.#sent++
      this.#problem = undefined
      this.#count('sent', 'Messages on alerts that were taken.', labels)
    } catch (error) {
      this.#failed++
      this.#count('failed', 'Attempts to tell alerts that failed; they are repeated.', labels)
      const { logger } = this.#options.context
      if (this.#problem === undefined)
        logger.error({ notifier: notifier.name, reason: messageOf(error) }, 'alerts can not be told; it is tried again')
      this.#problem = messageOf(error)
      throw error
    }
  }

  #count(what: string, description: string, labels: { readonly notifier: string }): void {
    this.#options.context.metrics.counter(`spanwarden_alerts_notifications_${what}`, description, labels).add(1)
  }

  #retryLater(): void {
    if (this.#isClosed) return
    const { clock, random } = this.#options.context
    const ms = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** this.#failures++) * (0.5 + random() / 2)
    this.#cancelRetry = clock.after(ms, () => {
      this.#cancelRetry = undefined
      this.pump()
    })
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'it failed')
