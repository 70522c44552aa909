import { useEffect, useState } from 'preact/hooks'
import { exactTime, ago } from './format.ts'
import { fetchAlerts } from './alerts-api.ts'
import { useNow } from './live.ts'
import type { AlertList, ShownAlert } from './alerts-api.ts'

const POLL_MS = 2000
const OVER_MAX = 10

/** What the sidecar's own alerts say now, and what was over in the last hours. One line while nothing is raised. */
export function Alerts() {
  const nowMs = useNow(POLL_MS)
  const [list, setList] = useState<AlertList>()
  useEffect(() => {
    let isCurrent = true
    // A sidecar that does not answer shows in the header; what is known stays.
    fetchAlerts().then((read) => void (isCurrent && setList(read)), ignore)
    return () => void (isCurrent = false)
  }, [nowMs])
  if (list === undefined) return null
  const raised = list.alerts.filter(({ state }) => state === 'firing')
  const over = list.alerts
    .filter(({ ends_at }) => ends_at !== null)
    .toSorted((a, b) => (b.ends_at ?? '').localeCompare(a.ends_at ?? ''))
  return (
    <section class="alerts" aria-label="Alerts">
      <div class="bar">
        <h2>Alerts</h2>
        <p class="muted" role="status">
          {raised.length === 0 ? 'None is raised.' : `${raised.length} raised.`}{' '}
          {list.notifiers.length === 0 && 'They are told here and in the log only.'}
        </p>
      </div>
      {raised.map((alert) => (
        <Raised key={keyOf(alert)} alert={alert} nowMs={nowMs} />
      ))}
      {over.length > 0 && (
        <details>
          <summary>Over in the last hours: {over.length}</summary>
          <ul>
            {over.slice(0, OVER_MAX).map((alert) => (
              <li key={keyOf(alert)}>
                {alert.summary}{' '}
                <span class="muted">
                  ({alert.alert}, from <Time at={alert.starts_at} nowMs={nowMs} /> to{' '}
                  <Time at={alert.ends_at ?? ''} nowMs={nowMs} />)
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  )
}

const ignore = (): void => {}

const keyOf = ({ alert, starts_at, labels }: ShownAlert): string => `${alert} ${starts_at} ${JSON.stringify(labels)}`

function Raised({ alert, nowMs }: { readonly alert: ShownAlert; readonly nowMs: number }) {
  return (
    <div class="notice" role="alert">
      <strong class="red">{alert.summary}</strong>{' '}
      <span class="muted">
        ({alert.alert}, since <Time at={alert.starts_at} nowMs={nowMs} />)
      </span>
      <div>{alert.action}</div>
    </div>
  )
}

function Time({ at, nowMs }: { readonly at: string; readonly nowMs: number }) {
  const ms = Date.parse(at)
  return (
    <time dateTime={at} title={exactTime(ms)}>
      {ago(ms, nowMs)}
    </time>
  )
}
