import { createHash } from 'node:crypto'
import type { AlertName, AlertTexts, Finding } from './alert-rules.ts'

/** Alerts that are kept at the same time, raised or not yet told to be over; further ones are counted. */
const ALERTS_MAX = 500
/** One that is over is kept to be seen for so long; whoever could not be told by then is not told. */
const RESOLVED_MS_MAX = 6 * 3_600_000

export interface Alert {
  readonly id: string
  readonly rule: AlertName
  readonly labels: Readonly<Record<string, string>>
  readonly startsAtMs: number
  /** When it was over; undefined while it is raised. */
  readonly endsAtMs?: number | undefined
  /** It is over and everybody knows: it is kept to be seen. */
  readonly isDone?: boolean | undefined
  readonly value: number
  readonly threshold: number
  readonly texts: AlertTexts
  /** By notifier: what it was told last, and when. */
  readonly told: Readonly<Record<string, { readonly state: AlertState; readonly atMs: number }>>
}
export type AlertState = 'firing' | 'resolved'

export const stateOf = ({ endsAtMs }: Alert): AlertState => (endsAtMs === undefined ? 'firing' : 'resolved')

/** What is raised, and who was told of it: the whole of an alert's life, so that a restart neither tells it twice nor forgets to. */
export class AlertBook {
  readonly #alerts = new Map<string, Alert>()
  #refused = 0

  constructor(alerts: readonly Alert[] = []) {
    for (const alert of alerts) this.#alerts.set(alert.id, alert)
  }

  get all(): readonly Alert[] {
    return [...this.#alerts.values()]
  }

  /** Since the start. */
  get refused(): number {
    return this.#refused
  }

  /** Takes in what the rules see now; what they see no more at all is over. Returns the alerts that were raised or are over. */
  update(found: readonly Finding[], nowMs: number): Alert[] {
    const changed: (Alert | undefined)[] = []
    const seen = new Set<string>()
    for (const finding of found) {
      const id = idOf(finding)
      seen.add(id)
      const known = this.#alerts.get(id)
      const isRaised = known !== undefined && known.endsAtMs === undefined
      if (finding.state === 'bad') {
        this.#raise(id, finding, isRaised ? known : undefined, nowMs)
        if (!isRaised) changed.push(this.#alerts.get(id))
      } else if (isRaised && finding.state === 'good') {
        changed.push(this.#end(known, nowMs))
      }
    }
    for (const alert of this.all) {
      if (alert.endsAtMs === undefined && !seen.has(alert.id)) {
        changed.push(this.#end(alert, nowMs))
      } else if (alert.endsAtMs !== undefined && nowMs - alert.endsAtMs > RESOLVED_MS_MAX) this.#alerts.delete(alert.id)
    }
    return changed.filter((alert) => alert !== undefined)
  }

  /** What a notifier does not know yet, or has to be reminded of. */
  dueFor(notifier: string, nowMs: number, repeatMs: number): Alert[] {
    return this.all.filter((alert) => {
      if (alert.isDone === true) return false
      const told = alert.told[notifier]
      if (told === undefined || told.state !== stateOf(alert)) return true
      return told.state === 'firing' && nowMs - told.atMs >= repeatMs
    })
  }

  /** It took these. */
  told(alerts: readonly Alert[], notifier: string, nowMs: number): void {
    for (const alert of alerts) {
      const known = this.#alerts.get(alert.id)
      // Raised anew meanwhile: that is another one.
      if (known === undefined || known.startsAtMs !== alert.startsAtMs) continue
      this.#alerts.set(alert.id, {
        ...known,
        told: { ...known.told, [notifier]: { state: stateOf(alert), atMs: nowMs } },
      })
    }
  }

  /** What is over and known to all of them is told no more. */
  endTold(notifiers: readonly string[]): void {
    for (const alert of this.all)
      if (alert.endsAtMs !== undefined && notifiers.every((name) => alert.told[name]?.state === 'resolved'))
        this.#alerts.set(alert.id, { ...alert, isDone: true })
  }

  #end(alert: Alert, nowMs: number): Alert {
    const over = { ...alert, endsAtMs: nowMs }
    this.#alerts.set(alert.id, over)
    return over
  }

  #raise(
    id: string,
    { rule, labels, value, threshold, texts }: Finding,
    known: Alert | undefined,
    nowMs: number,
  ): void {
    if (known === undefined && !this.#alerts.has(id) && !this.#hasRoom()) {
      this.#refused++
      return
    }
    const { startsAtMs, told } = known ?? { startsAtMs: nowMs, told: {} }
    this.#alerts.set(id, { id, rule, labels, startsAtMs, value, threshold, texts, told })
  }

  /** What is only kept to be seen gives way. */
  #hasRoom(): boolean {
    if (this.#alerts.size < ALERTS_MAX) return true
    const done = this.all.find(({ isDone }) => isDone)
    return done !== undefined && this.#alerts.delete(done.id)
  }
}

/** The same for the same rule and labels, in every process. */
export const idOf = ({ rule, labels }: Pick<Finding, 'rule' | 'labels'>): string =>
  createHash('sha256')
    .update(JSON.stringify([rule, Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))]))
    .digest('hex')
    .slice(0, 16)
