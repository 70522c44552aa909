import type { Metrics, RunDetail, RunPage, SpanDetail, Summary, TriedRedaction } from '../store/records.ts'

/** The sidecar's API, which this page was served from. */

export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number

  constructor(status: number) {
    super(status === 404 ? 'not found' : `the sidecar answered ${status}`)
    this.status = status
  }
}

export interface RunFilter {
  /** '' = all. */
  readonly status: string
  readonly agent: string
}

export const fetchSummary = (): Promise<Summary> => get('/api/summary')

export const fetchMetrics = (fromMs: number, toMs: number): Promise<Metrics> =>
  get(`/api/metrics?from=${Math.floor(fromMs)}&to=${Math.floor(toMs)}`)

export function fetchRuns(filter: RunFilter, before: string | null): Promise<RunPage> {
  const query = new URLSearchParams({ limit: '50' })
  if (filter.status !== '') query.set('status', filter.status)
  if (filter.agent !== '') query.set('agent', filter.agent)
  if (before !== null) query.set('before', before)
  return get(`/api/runs?${query}`)
}

export const fetchRun = (traceId: string): Promise<RunDetail> => get(`/api/runs/${traceId}`)

export const fetchSpan = (traceId: string, spanId: string): Promise<SpanDetail> =>
  get(`/api/runs/${traceId}/spans/${spanId}`)

export const tryRedaction = (text: string): Promise<TriedRedaction> =>
  answer('/api/redaction', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
  })

/** The parts of /health and /api/log that are shown. */
export interface SidecarHealth {
  readonly reasons: readonly { readonly component?: string; readonly message: string; readonly since?: string }[]
}
export interface LogEntry {
  readonly time: string
  readonly level: string
  readonly component?: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export const fetchHealth = (): Promise<SidecarHealth> => get('/health')

export const fetchLog = (): Promise<{ readonly entries: readonly LogEntry[] }> => get('/api/log')

const get = <T>(path: string): Promise<T> => answer(path, { headers: { accept: 'application/json' } })

async function answer<T>(path: string, request: RequestInit): Promise<T> {
  const response = await fetch(path, request)
  if (!response.ok) throw new ApiError(response.status)
  return response.json()
}
