import type { Alert } from './alert-book.ts'
import { stateOf } from './alert-book.ts'

/** The body that Alertmanager sends to a webhook, version 4: whoever takes that takes this. */
export interface AlertMessage {
  readonly version: '4'
  readonly groupKey: string
  readonly truncatedAlerts: number
  readonly status: 'firing' | 'resolved'
  readonly receiver: string
  readonly groupLabels: Readonly<Record<string, string>>
  readonly commonLabels: Readonly<Record<string, string>>
  readonly commonAnnotations: Readonly<Record<string, string>>
  readonly externalURL: string
  readonly alerts: readonly MessageAlert[]
}
export interface MessageAlert {
  readonly status: 'firing' | 'resolved'
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** RFC 3339. */
  readonly startsAt: string
  /** Year 1 while it is raised. */
  readonly endsAt: string
  readonly generatorURL: string
  readonly fingerprint: string
}

export interface MessageFrame {
  readonly receiver: string
  /** Host of this sidecar, as in the rules for Prometheus. */
  readonly sidecar: string
  /** URL of the page. */
  readonly url: string
}

/** One message for the alerts of one rule. */
export function alertMessage(alerts: readonly Alert[], { receiver, sidecar, url }: MessageFrame): AlertMessage {
  const alertname = alerts[0]?.rule ?? ''
  const told = alerts.map((alert): MessageAlert => ({
    status: stateOf(alert),
    labels: { alertname: alert.rule, ...alert.labels, severity: 'page', sidecar },
    annotations: { ...alert.texts },
    startsAt: new Date(alert.startsAtMs).toISOString(),
    endsAt: alert.endsAtMs === undefined ? NEVER : new Date(alert.endsAtMs).toISOString(),
    generatorURL: url,
    fingerprint: alert.id,
  }))
  return {
    version: '4',
    groupKey: `{}:{alertname=${JSON.stringify(alertname)}}`,
    truncatedAlerts: 0,
    status: told.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    receiver,
    groupLabels: { alertname },
    commonLabels: common(told.map(({ labels }) => labels)),
    commonAnnotations: common(told.map(({ annotations }) => annotations)),
    externalURL: url,
    alerts: told,
  }
}

/** Go's zero time. */
const NEVER = '0001-01-01T00:00:00Z'

const common = ([first = {}, ...others]: readonly Readonly<Record<string, string>>[]): Record<string, string> =>
  Object.fromEntries(Object.entries(first).filter(([key, value]) => others.every((one) => one[key] === value)))
