import { useCallback, useEffect, useRef } from 'preact/hooks'
import type { StoreChange } from '../store/records.ts'
import { useLive } from './live.ts'
import type { Connection } from './live.ts'
import { Overview } from './overview.tsx'
import { RedactionTrial } from './redaction-trial.tsx'
import { useRoute } from './route.ts'
import { RunView } from './run-view.tsx'

export type Subscribe = (listener: (change: StoreChange | undefined) => void) => () => void

export function App() {
  const route = useRoute()
  const listeners = useRef(new Set<(change: StoreChange | undefined) => void>())
  const connection = useLive((change) => {
    for (const listener of listeners.current) listener(change)
  })
  const subscribe = useCallback<Subscribe>((listener) => {
    listeners.current.add(listener)
    return () => listeners.current.delete(listener)
  }, [])
  useEffect(() => scrollTo(0, 0), [route.view])
  return (
    <>
      <a class="skip" href="#main" onClick={skipToMain}>
        Skip to content
      </a>
      <header class="top">
        <a class="brand" href="#/">
          <svg width="22" height="22" viewBox="0 0 16 16" aria-hidden="true">
            <rect width="16" height="16" rx="4" />
            <path d="M3.5 4.5h9M5.5 8h7M7.5 11.5h5" />
          </svg>
          spanwarden
        </a>
        <nav class="views">
          <a href="#/" aria-current={route.view === 'redaction' ? undefined : 'page'}>
            Runs
          </a>
          <a href="#/redaction" aria-current={route.view === 'redaction' ? 'page' : undefined}>
            Redaction
          </a>
        </nav>
        <ConnectionState connection={connection} />
      </header>
      <main id="main" tabIndex={-1}>
        {route.view === 'overview' && <Overview route={route} subscribe={subscribe} />}
        {route.view === 'redaction' && <RedactionTrial />}
        {route.view === 'run' && (
          <RunView key={route.traceId} traceId={route.traceId} spanId={route.spanId} subscribe={subscribe} />
        )}
      </main>
    </>
  )
}

function skipToMain(event: Event): void {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

const words: Readonly<Record<Connection, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  lost: 'The sidecar does not answer, trying again',
}

function ConnectionState({ connection }: { readonly connection: Connection }) {
  return (
    <span class={`connection connection-${connection}`} role="status">
      <span class="dot" aria-hidden="true" />
      {words[connection]}
    </span>
  )
}
