import { useEffect, useState } from 'preact/hooks'

/** Where the page is; it stands in the address after the #, so that a link leads to the same place. */
export type Route =
  | { readonly view: 'overview'; readonly range: RangeName; readonly status: string; readonly agent: string }
  | { readonly view: 'run'; readonly traceId: string; readonly spanId: string }
  | { readonly view: 'redaction' }

export const ranges = { '15m': 900_000, '1h': 3_600_000, '6h': 21_600_000, '24h': 86_400_000 } as const
export type RangeName = keyof typeof ranges

export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#/, '').split('?')
  const run = /^\/runs\/([0-9a-f]{32})(?:\/([0-9a-f]{16}))?$/.exec(path)
  if (run !== null) return { view: 'run', traceId: run[1] ?? '', spanId: run[2] ?? '' }
  if (path === '/redaction') return { view: 'redaction' }
  const query = new URLSearchParams(search)
  const range = query.get('range') ?? ''
  return {
    view: 'overview',
    range: isRange(range) ? range : '1h',
    status: query.get('status') ?? '',
    agent: query.get('agent') ?? '',
  }
}

export function hrefOf(route: Route): string {
  if (route.view === 'run') return `#/runs/${route.traceId}${route.spanId === '' ? '' : `/${route.spanId}`}`
  if (route.view === 'redaction') return '#/redaction'
  const query = new URLSearchParams()
  if (route.range !== '1h') query.set('range', route.range)
  if (route.status !== '') query.set('status', route.status)
  if (route.agent !== '') query.set('agent', route.agent)
  return query.size === 0 ? '#/' : `#/?${query}`
}

/** Goes there without a new entry in the browser's history: for filters, not for pages. */
export function replaceRoute(route: Route): void {
  history.replaceState(null, '', hrefOf(route))
  dispatchEvent(new HashChangeEvent('hashchange'))
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash))
  useEffect(() => {
    const read = (): void => setRoute(parseRoute(location.hash))
    addEventListener('hashchange', read)
    return () => removeEventListener('hashchange', read)
  }, [])
  return route
}

const isRange = (text: string): text is RangeName => Object.hasOwn(ranges, text)
