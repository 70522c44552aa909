import type { ComponentContext } from '../sidecar/component.ts'
import { stateOf } from './alert-book.ts'
import type { Alert } from './alert-book.ts'
import { alertMessage } from './alert-message.ts'
import type { MessageFrame } from './alert-message.ts'
import type { Notifier } from './notifier.ts'
import { RefusedMessageError } from './refused-message-error.ts'

const RETRY_MS_MIN = 1000
const RETRY_MS_MAX = 60_000
/** In one message; what is more goes into further ones. */
const MESSAGE_ALERTS_MAX = 50
/** An alert that is refused for what it says is tried so often by itself, some five minutes. */
const REFUSALS_MAX = 10

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
  /** Of the last attempt that failed, while something waits for the next or nothing was taken since. */
  readonly problem?: string | undefined
}

/** Of one alert that was not taken. */
interface Setback {
  readonly failures: number
  /** Of these, with it alone in the message and for what it says. */
  readonly refusals: number
  /** By the monotonic clock. */
  readonly notBeforeMs: number
  /** A message with it was refused for what is in it, so the others go without. */
  readonly isAlone: boolean
}

/**
 * Tells one notifier what it does not know, alerts of one rule together; what it does not take again, later and later, while all else goes on. What it is to be told is in
 * the book, so nothing queues up here.
 */
export class NotifierQueue {
  readonly #options: NotifierQueueOptions
  /** By alert; as many as are due at most. */
  #setbacks: ReadonlyMap<string, Setback> = new Map()
  #telling: Promise<void> | undefined
  #isClosed = false
  #sent = 0
  #failed = 0
  #problem: string | undefined
  #cancelRetry = (): void => {}

  constructor(options: NotifierQueueOptions) {
    this.#options = options
  }

  get state(): NotifierState {
    const { name } = this.#options.notifier
    return { name, sent: this.#sent, failed: this.#failed, problem: this.#problem }
  }

  /** Unless it is at it. */
  pump(): void {
    if (this.#telling !== undefined || this.#isClosed) return
    this.#cancelRetry()
    this.#telling = this.#tellAll().finally(() => {
      this.#telling = undefined
      this.#pumpLater()
    })
  }

  /** At once, once, and over again: outside of what is raised. */
  async test(alert: Alert): Promise<{ readonly notifier: string; readonly error?: string }> {
    const { name } = this.#options.notifier
    try {
      await this.#send([alert])
      await this.#send([{ ...alert, endsAtMs: alert.startsAtMs }])
      return { notifier: name }
    } catch (error) {
      return { notifier: name, error: messageOf(error) }
    }
  }

  /** Resolves when what is under way was taken, or has failed: it would else be told twice. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelRetry()
    await this.#telling
  }

  async #tellAll(): Promise<void> {
    const due = this.#options.due()
    const keys = new Set(due.map(keyOf))
    this.#setbacks = new Map([...this.#setbacks].filter(([key]) => keys.has(key)))
    const nowMs = this.#options.context.clock.monotonic()
    const ready = due.filter((alert) => (this.#setbacks.get(keyOf(alert))?.notBeforeMs ?? 0) <= nowMs)
    for (const alerts of this.#messagesOf(ready)) {
      if (this.#isClosed) return
      await this.#tell(alerts)
    }
  }

  #messagesOf(ready: readonly Alert[]): (readonly Alert[])[] {
    const isAlone = (alert: Alert): boolean => this.#setbacks.get(keyOf(alert))?.isAlone === true
    const together = Map.groupBy(
      ready.filter((alert) => !isAlone(alert)),
      ({ rule }) => rule,
    )
    return [
      ...[...together.values()].flatMap((alerts) => chunks(alerts, MESSAGE_ALERTS_MAX)),
      ...ready.filter(isAlone).map((alert) => [alert]),
    ]
  }

  async #tell(alerts: readonly Alert[]): Promise<void> {
    try {
      await this.#send(alerts)
      this.#settle(alerts)
      if (this.#setbacks.size === 0) this.#problem = undefined
    } catch (error) {
      // Counted and told in #send.
      this.#setBack(alerts, error instanceof RefusedMessageError)
    }
  }

  /** Nothing is told of these any more, until they change or are to be told again. */
  #settle(alerts: readonly Alert[]): void {
    const settled = new Set(alerts.map(keyOf))
    this.#setbacks = new Map([...this.#setbacks].filter(([key]) => !settled.has(key)))
    this.#options.told(alerts)
  }

  #setBack(alerts: readonly Alert[], isRefused: boolean): void {
    const { clock, random } = this.#options.context
    const jitter = 0.5 + random() / 2
    const nowMs = clock.monotonic()
    const setbacks = new Map(this.#setbacks)
    const givenUp: Alert[] = []
    for (const alert of alerts) {
      const before = setbacks.get(keyOf(alert)) ?? { failures: 0, refusals: 0, isAlone: false }
      const refusals = before.refusals + (isRefused && alerts.length === 1 ? 1 : 0)
      if (refusals >= REFUSALS_MAX) givenUp.push(alert)
      // Those that were refused together are asked about one by one, at once.
      const isDivided = isRefused && alerts.length > 1
      const waitMs = isDivided ? 0 : Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** before.failures) * jitter
      setbacks.set(keyOf(alert), {
        failures: isDivided ? before.failures : before.failures + 1,
        refusals,
        notBeforeMs: nowMs + waitMs,
        isAlone: before.isAlone || isRefused,
      })
    }
    this.#setbacks = setbacks
    if (givenUp.length > 0) this.#giveUp(givenUp)
  }

  #giveUp(alerts: readonly Alert[]): void {
    const { notifier, context } = this.#options
    this.#count('given_up', 'Alerts that were refused for what they say, too often to be tried again.', alerts.length)
    for (const { rule } of alerts)
      context.logger.error(
        { notifier: notifier.name, alert: rule, tries: REFUSALS_MAX, reason: this.#problem },
        'an alert is refused each time and not tried again before it changes or repeat_interval is over: see what the receiver says to it',
      )
    this.#settle(alerts)
  }

  async #send(alerts: readonly Alert[]): Promise<void> {
    const { notifier, frame, context } = this.#options
    try {
      await notifier.notify(alertMessage(alerts, frame))
      this.#sent++
      this.#count('sent', 'Messages on alerts that were taken.')
    } catch (error) {
      this.#failed++
      this.#count('failed', 'Attempts to tell alerts that failed; they are repeated.')
      if (this.#problem === undefined)
        context.logger.error(
          { notifier: notifier.name, reason: messageOf(error) },
          'alerts can not be told; it is tried again',
        )
      this.#problem = messageOf(error)
      throw error
    }
  }

  #count(what: string, description: string, value = 1): void {
    const labels = { notifier: this.#options.notifier.name }
    this.#options.context.metrics.counter(`spanwarden_alerts_notifications_${what}`, description, labels).add(value)
  }

  #pumpLater(): void {
    if (this.#isClosed || this.#setbacks.size === 0) return
    const { clock } = this.#options.context
    const nextMs = Math.min(...[...this.#setbacks.values()].map(({ notBeforeMs }) => notBeforeMs))
    this.#cancelRetry = clock.after(Math.max(0, nextMs - clock.monotonic()), () => this.pump())
  }
}

/** What is to be told: the same alert over again, or raised anew, is another. */
const keyOf = (alert: Alert): string => `${alert.id} ${alert.startsAtMs} ${stateOf(alert)}`

const chunks = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'it failed')
