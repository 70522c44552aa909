import { useEffect, useState } from 'preact/hooks'
import { fetchHealth, fetchLog } from './api.ts'
import type { LogEntry, SidecarHealth } from './api.ts'

const SHOWN_MAX = 20

/** What is wrong with the sidecar itself, and its last warnings and errors; nothing while there is neither. */
export function SidecarState({ nowMs }: { readonly nowMs: number }) {
  const [health, setHealth] = useState<SidecarHealth>()
  const [entries, setEntries] = useState<readonly LogEntry[]>([])
  useEffect(() => {
    fetchHealth().then(setHealth, ignore)
    fetchLog().then(({ entries: all }) => setEntries(all.slice(-SHOWN_MAX).reverse()), ignore)
  }, [nowMs])
  const reasons = health?.reasons ?? []
  if (reasons.length === 0 && entries.length === 0) return null
  return (
    <section class="sidecar-state" aria-label="The sidecar itself">
      {reasons.map(({ component, message, since }) => (
        <p class="sidecar-reason" key={`${component} ${message}`} role="status">
          {component !== undefined && <code>{component}</code>} {message}
          {since !== undefined && <> (since {new Date(since).toLocaleString()})</>}
        </p>
      ))}
      {entries.length > 0 && (
        <details>
          <summary>Last warnings and errors of the sidecar</summary>
          <ol>
            {entries.map(({ time, level, component, message, fields }) => (
              <li key={`${time} ${message}`}>
                <time dateTime={time}>{new Date(time).toLocaleTimeString()}</time> <strong>{level}</strong>{' '}
                {component !== undefined && <code>{component}</code>} {message}
                {Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`)}
              </li>
            ))}
          </ol>
        </details>
      )}
    </section>
  )
}

const ignore = (): void => {}
