import type { Clock, ComponentContext, ServiceName } from '../sidecar/component.ts'
import type { AgentPulse } from './agent-pulse.ts'
import { AlertBook } from './alert-book.ts'
import type { Alert } from './alert-book.ts'
import { readAlerts, writeAlerts } from './alert-file.ts'
import { ALERT_NAMES, findings } from './alert-rules.ts'
import type { AlertName, AlertThresholds } from './alert-rules.ts'
import type { BudgetView } from './budget-view.ts'
import { NotifierQueue } from './notifier-queue.ts'
import type { NotifierState } from './notifier-queue.ts'
import type { Notifier } from './notifier.ts'
import { testAlert } from './test-alert.ts'

/** What the configuration says. Times in ms. */
export interface AlertSettings {
  readonly intervalMs: number
  readonly repeatMs: number
  readonly errorsWindowMs: number
  readonly spendWindowMs: number
  /** An agent that is silent for so long is not missed any more. */
  readonly forgetMs: number
  readonly thresholds: AlertThresholds
  readonly notifiers: readonly Notifier[]
  readonly sidecar: string
  /** URL of the page. */
  readonly url: string
}

/** What the desk looks at. */
export interface Watched {
  readonly pulse: AgentPulse
  readonly budgets: BudgetView
}

/** One for a sidecar: what is raised outlives a reload of the configuration. */
export const alertDesk: ServiceName<AlertDesk> = {
  name: 'alerts',
  create: (context) => new AlertDesk(context),
}

/** Looks at the rules again and again, keeps what is raised, and has it told. */
export class AlertDesk {
  readonly #context: ComponentContext
  readonly #clock: Clock
  readonly #book: AlertBook
  /** Whoever has alerts configured; the last one counts. */
  #users: { readonly owner: object; readonly settings: AlertSettings; readonly watched: Watched }[] = []
  #queues: readonly NotifierQueue[] = []
  #cancelLook = (): void => {}

  constructor(context: ComponentContext) {
    this.#context = context
    this.#clock = context.clock
    this.#book = new AlertBook(readAlerts(context))
    for (const rule of ALERT_NAMES)
      context.metrics.gauge(
        'spanwarden_alerts_firing',
        'Alerts that are raised, by rule.',
        { rule },
        () => this.firing.filter((alert) => alert.rule === rule).length,
      )
    context.metrics.gauge(
      'spanwarden_alerts_refused',
      'Alerts that were not raised since there were too many.',
      {},
      () => this.#book.refused,
    )
  }

  get settings(): AlertSettings | undefined {
    return this.#users.at(-1)?.settings
  }

  get firing(): readonly Alert[] {
    return this.#book.all.filter(({ endsAtMs }) => endsAtMs === undefined)
  }

  get all(): readonly Alert[] {
    return this.#book.all
  }

  get notifiers(): readonly NotifierState[] {
    return this.#queues.map(({ state }) => state)
  }

  use(owner: object, settings: AlertSettings, watched: Watched): void {
    this.#users.push({ owner, settings, watched })
    void this.#begin()
  }

  /** Resolves when nothing that it had told is under way. */
  async leave(owner: object): Promise<void> {
    const wasLast = this.#users.at(-1)?.owner === owner
    this.#users = this.#users.filter((user) => user.owner !== owner)
    if (wasLast) await this.#begin()
  }

  /** Tells everybody of an alert that is none, raised and over, and says what became of it. */
  async test(rule: AlertName): Promise<readonly { readonly notifier: string; readonly error?: string }[]> {
    const nowMs = this.#clock.now()
    return Promise.all(this.#queues.map((queue) => queue.test(testAlert(rule, nowMs))))
  }

  close(): void {
    this.#users = []
    void this.#begin()
  }

  /** With the settings that count now, when what is under way of those before has ended. */
  async #begin(): Promise<void> {
    this.#cancelLook()
    const closing = Promise.all(this.#queues.map((queue) => queue.close()))
    const { settings, watched } = this.#users.at(-1) ?? {}
    this.#queues = settings === undefined || watched === undefined ? [] : this.#queuesFor(settings, watched)
    const queues = this.#queues
    await closing
    if (settings !== undefined && queues === this.#queues) this.#schedule(settings.intervalMs)
  }

  #queuesFor(settings: AlertSettings, watched: Watched): readonly NotifierQueue[] {
    const { errorsWindowMs, spendWindowMs, forgetMs } = settings
    watched.pulse.setWindows({ errorsMs: errorsWindowMs, spendMs: spendWindowMs, forgetMs })
    return settings.notifiers.map(
      (notifier) =>
        new NotifierQueue({
          notifier,
          context: this.#context,
          frame: { receiver: 'spanwarden', sidecar: settings.sidecar, url: settings.url },
          due: () => this.#book.dueFor(notifier.name, this.#clock.now(), settings.repeatMs),
          told: (alerts) => this.#told(alerts, notifier.name),
        }),
    )
  }

  #schedule(intervalMs: number): void {
    this.#cancelLook = this.#clock.after(intervalMs, () => {
      this.#look()
      this.#schedule(intervalMs)
    })
  }

  #look(): void {
    const { settings, watched } = this.#users.at(-1) ?? {}
    if (settings === undefined || watched === undefined) return
    const nowMs = this.#clock.now()
    const observed = {
      agents: watched.pulse.agents(nowMs),
      budgets: watched.budgets.read?.(),
      spendWindowMs: settings.spendWindowMs,
    }
    const changed = this.#book.update(findings(observed, settings.thresholds), nowMs)
    for (const alert of changed) this.#log(alert)
    // Without anybody to tell it is for the log, the page and the metrics.
    this.#book.endTold(settings.notifiers.map(({ name }) => name))
    if (changed.length > 0) writeAlerts(this.#context, this.#book.all)
    for (const queue of this.#queues) queue.pump()
  }

  #log({ rule, endsAtMs, texts: { summary, action } }: Alert): void {
    const { logger } = this.#context
    if (endsAtMs === undefined) logger.warn({ alert: rule, summary, action }, 'an alert is raised')
    else logger.info({ alert: rule, summary }, 'an alert is over')
  }

  #told(alerts: readonly Alert[], notifier: string): void {
    this.#book.told(alerts, notifier, this.#clock.now())
    this.#book.endTold(this.settings?.notifiers.map(({ name }) => name) ?? [])
    writeAlerts(this.#context, this.#book.all)
  }
}
