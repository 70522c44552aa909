import { useEffect, useRef, useState } from 'preact/hooks'
import type { StoreChange } from '../store/records.ts'

export type Connection = 'connecting' | 'live' | 'lost'

/**
 * Listens to the sidecar's event stream; the browser reconnects by itself. `onChange` gets undefined after a gap in which anything may have
 * happened.
 */
export function useLive(onChange: (change: StoreChange | undefined) => void): Connection {
  const [connection, setConnection] = useState<Connection>('connecting')
  const listener = useRef(onChange)
  listener.current = onChange
  useEffect(() => {
    let source: EventSource | undefined
    let again: ReturnType<typeof setTimeout> | undefined
    let wasLost = false
    const connect = (): void => {
      source = new EventSource('/api/events')
      source.addEventListener('open', () => {
        setConnection('live')
        if (wasLost) listener.current(undefined)
        wasLost = false
      })
      source.addEventListener('change', (event) => listener.current(JSON.parse(event.data)))
      source.addEventListener('error', () => {
        wasLost = true
        setConnection('lost')
        // After an answer such as 503 the browser gives up, so we try.
        if (source?.readyState === EventSource.CLOSED) again = setTimeout(connect, 5000)
      })
    }
    connect()
    return () => {
      clearTimeout(again)
      source?.close()
    }
  }, [])
  return connection
}

/** The time, moving on every `everyMs` while the page is visible. */
export function useNow(everyMs: number): number {
  const [nowMs, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return nowMs
}
