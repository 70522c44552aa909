import { DENIAL_CODES } from '../denial-code.ts'

/** What is known of a failed call, as far as it says whether calling again helps. No message, no body. */
export interface Failure {
  /** HTTP status of the answer; absent when there was none. */
  readonly status?: number
  /** `ECONNREFUSED`, `rate_limit_exceeded`, `BUDGET_EXHAUSTED`, …. */
  readonly codes: readonly string[]
  readonly isAborted: boolean
  /** How long the server asks to wait. */
  readonly retryAfterMs?: number
  /** What the server says itself, where it does. */
  readonly shouldRetry?: boolean
}

/** Reads an error of any client library: `status`, `code` and headers stand in different places, and often in the cause. */
export function failureOf(error: unknown, nowMs: number): Failure {
  const codes: string[] = []
  let status: number | undefined
  let isAborted = false
  let headers: unknown
  let each: unknown = error
  for (let depth = 0; depth < CAUSES_MAX && isFields(each); depth++) {
    const { name, code, type, cause, error: body } = each
    status ??= statusIn(each)
    headers ??= each['headers'] ?? each['responseHeaders'] ?? fieldsOf(each['response'])['headers']
    const inner = fieldsOf(body)
    for (const text of [
      code,
      type,
      inner['code'],
      inner['type'],
      fieldsOf(inner['error'])['code'],
      fieldsOf(inner['error'])['type'],
    ])
      if (typeof text === 'string') codes.push(text)
    isAborted ||= ABORTS.has(String(name)) || code === 'ABORT_ERR'
    if (typeof name === 'string' && CONNECTION_ERRORS.has(name)) codes.push('CONNECTION')
    each = cause
  }
  const header = headerReader(headers)
  const shouldRetry = { true: true, false: false }[header('x-should-retry') ?? '']
  const retryAfterMs = retryAfterOf(header, nowMs)
  return {
    codes,
    isAborted,
    ...(status !== undefined && { status }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(shouldRetry !== undefined && { shouldRetry }),
  }
}

/** How deep causes are followed. */
const CAUSES_MAX = 5
const ABORTS: ReadonlySet<string> = new Set(['AbortError', 'APIUserAbortError', 'ResponseAborted'])
const CONNECTION_ERRORS: ReadonlySet<string> = new Set([
  'APIConnectionError',
  'APIConnectionTimeoutError',
  'TimeoutError',
])

/**
 * Whether the same call may succeed later: 408, 425, 429, 5xx, a lock (409), and connections that failed. Never: what a limit of ours denied, what the
 * caller ended, a quota that is used up at the provider, everything else that an answer says.
 */
export function isTransient({ status, codes, isAborted, shouldRetry }: Failure): boolean {
  if (isAborted || codes.some((code) => FINAL.has(code))) return false
  if (shouldRetry !== undefined) return shouldRetry
  if (status === undefined) return codes.some((code) => CONNECTION_CODES.has(code) || code.startsWith('UND_ERR_'))
  // The clients of OpenAI and Anthropic take every 409 for a lock; other APIs say it.
  if (status === 409) return codes.some((code) => /lock|conflict_error|ConflictException/i.test(code))
  return status === 408 || status === 425 || status === 429 || (status >= 500 && status < 600)
}

const FINAL: ReadonlySet<string> = new Set([
  ...DENIAL_CODES,
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_error',
])

const CONNECTION_CODES: ReadonlySet<string> = new Set([
  'CONNECTION',
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
])

type Header = (name: string) => string | undefined

/** `retry-after-ms`, `retry-after` (seconds or a date), `x-ratelimit-reset`, else the reset of the limit of which nothing remains. */
function retryAfterOf(header: Header, nowMs: number): number | undefined {
  const ms = header('retry-after-ms')
  if (ms !== undefined && /^\d+(\.\d+)?$/.test(ms)) return Number(ms)
  const said = waitIn(header('retry-after'), nowMs) ?? waitIn(header('x-ratelimit-reset'), nowMs)
  if (said !== undefined) return said
  const waits = RESETS.flatMap(([remaining, reset]) =>
    header(remaining) === '0' ? [waitIn(header(reset), nowMs) ?? 0] : [],
  )
  return waits.length === 0 ? undefined : Math.max(...waits)
}

const RESETS: readonly (readonly [string, string])[] = [
  ['x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
  ['x-ratelimit-remaining-tokens', 'x-ratelimit-reset-tokens'],
  ['anthropic-ratelimit-requests-remaining', 'anthropic-ratelimit-requests-reset'],
  ['anthropic-ratelimit-tokens-remaining', 'anthropic-ratelimit-tokens-reset'],
]

/** Seconds, a moment as a date or in seconds or milliseconds since 1970, or a duration such as `6m0.5s`. */
function waitIn(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined || text === '') return undefined
  if (/^\d+(\.\d+)?$/.test(text)) {
    const value = Number(text)
    if (value >= 1e12) return Math.max(0, value - nowMs)
    return value >= 1e9 ? Math.max(0, value * 1_000 - nowMs) : value * 1_000
  }
  const parts = /^(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?$/.exec(text)
  if (parts !== null) {
    const [hours = 0, minutes = 0, seconds = 0, ms = 0] = parts.slice(1).map((part) => Number(part ?? 0))
    return hours * 3_600_000 + minutes * 60_000 + seconds * 1_000 + ms
  }
  const at = /^([A-Z][a-z]{2},|\d{4}-)/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}

type Fields = Readonly<Record<string, unknown>>
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null
const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {})

function statusIn(error: Fields): number | undefined {
  const found = [
    error['status'],
    error['statusCode'],
    fieldsOf(error['response'])['status'],
    fieldsOf(error['$metadata'])['httpStatusCode'],
  ].find((value) => typeof value === 'number' && value >= 100 && value < 600)
  return typeof found === 'number' ? found : undefined
}

/** Headers as the Fetch API has them, or as a plain object. */
function headerReader(headers: unknown): Header {
  const { get } = fieldsOf(headers)
  return (name) => {
    const value: unknown = typeof get === 'function' ? Reflect.apply(get, headers, [name]) : fieldsOf(headers)[name]
    return typeof value === 'string' ? value.trim() : undefined
  }
}
