import type { Agent, ClientRequest, IncomingMessage } from 'node:http'
import type { AgentOptions } from 'node:https'
import { context } from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import { REQUEST_ID_HEADER, SPOOL_ID_HEADER } from '../control/spool-format.ts'
import type { Endpoint } from './settings.ts'

export type Signal = 'traces' | 'metrics' | 'logs'

/** One OTLP/HTTP request, in the encoding that its signal's endpoint asks for. `items` are its spans, points or records. */
export interface OtlpRequest {
  /** Stays with the request when it is repeated. */
  readonly id: string
  readonly signal: Signal
  readonly body: Uint8Array
  readonly items: number
}

export type SendResult =
  | { readonly kind: 'sent' }
  | { readonly kind: 'retry'; readonly reason: string; readonly afterMs?: number }
  | { readonly kind: 'rejected'; readonly reason: string }

/**
 * Posts OTLP/HTTP, in place of @opentelemetry/exporter-trace-otlp-http: that package's sockets, retry timers and time-outs hold the process
 * alive while the receiver is away (up to 10 s), it cannot send once `process.exit()` was called, and it keeps nothing that a last
 * synchronous send could take over.
 * Sockets and timers of ours never keep the process alive: an agent that has nothing left to do ends, whatever the sidecar does.
 * node:http is loaded at the first request: it costs 27 ms and 14 MB, which an agent that sends nothing should not pay.
 */
export class OtlpSender {
  readonly #endpoints: Readonly<Partial<Record<Signal, Endpoint>>>
  readonly #agents = new Map<Endpoint, Agent>()
  readonly #spoolIds = new Map<Endpoint, string>()

  constructor(endpoints: Readonly<Partial<Record<Signal, Endpoint>>>) {
    this.#endpoints = endpoints
  }

  has(signal: Signal): boolean {
    return this.#endpoints[signal] !== undefined
  }

  endpoint(signal: Signal): Endpoint | undefined {
    return this.#endpoints[signal]
  }

  /** The spool that the receiver reads, as its last answer said: empty when it said nothing of one. Undefined: it has not answered yet. */
  spoolId(signal: Signal): string | undefined {
    const endpoint = this.#endpoints[signal]
    return endpoint === undefined ? undefined : this.#spoolIds.get(endpoint)
  }

  /** Never rejects. Retryable: network errors, time-outs, 429, 502, 503, 504 (OTLP specification, "Retryable Response Codes"). */
  async send(request: OtlpRequest): Promise<SendResult> {
    const endpoint = this.#endpoints[request.signal]
    if (endpoint === undefined) return { kind: 'rejected', reason: 'signal switched off' }
    try {
      const payload = endpoint.gzip ? await gzip(request.body) : request.body
      // Other instrumentation (http, undici) must not make spans of our own requests.
      return await context.with(suppressTracing(context.active()), () => this.#post(endpoint, payload, request.id))
    } catch (error) {
      return { kind: 'rejected', reason: error instanceof Error ? error.name : 'request failed' }
    }
  }

  #post(endpoint: Endpoint, payload: Uint8Array, id: string): Promise<SendResult> {
    return new Promise((resolve, reject) => {
      try {
        const secure = endpoint.url.startsWith('https:')
        const { request } = secure ? process.getBuiltinModule('node:https') : process.getBuiltinModule('node:http')
        const outgoing = request(endpoint.url, {
          method: 'POST',
          agent: this.#agent(endpoint, secure),
          headers: requestHeaders(endpoint, payload, id),
        })
        outgoing.on('socket', (socket) => socket.unref())
        outgoing.on('response', (response) => {
          const spoolId = response.headers[SPOOL_ID_HEADER]
          this.#spoolIds.set(endpoint, typeof spoolId === 'string' ? spoolId : '')
          readResult(response, resolve)
        })
        outgoing.on('error', (error: NodeJS.ErrnoException) =>
          resolve({ kind: 'retry', reason: error.code ?? 'network error' }),
        )
        expire(outgoing, endpoint.timeoutMs)
        outgoing.end(payload)
      } catch (error) {
        reject(error)
      }
    })
  }

  #agent(endpoint: Endpoint, secure: boolean): Agent {
    const known = this.#agents.get(endpoint)
    if (known !== undefined) return known
    const options = { keepAlive: true, maxSockets: socketsMax }
    const agent = secure
      ? new (process.getBuiltinModule('node:https').Agent)({ ...options, ...readTls(endpoint) })
      : new (process.getBuiltinModule('node:http').Agent)(options)
    this.#agents.set(endpoint, agent)
    return agent
  }
}

/** Headers of a request, also for the last one at exit. */
export const requestHeaders = (
  endpoint: Endpoint,
  payload: Uint8Array,
  id: string,
): Record<string, string | number> => ({
  ...endpoint.headers,
  [REQUEST_ID_HEADER]: id,
  'content-type': CONTENT_TYPES[endpoint.protocol],
  'content-length': payload.byteLength,
  ...(endpoint.gzip ? { 'content-encoding': 'gzip' } : {}),
})

const CONTENT_TYPES: Readonly<Record<Endpoint['protocol'], string>> = {
  'http/protobuf': 'application/x-protobuf',
  'http/json': 'application/json',
}

/** The PEM files that the endpoint names. Throws when one cannot be read. */
export function readTls(endpoint: Endpoint): Pick<AgentOptions, 'ca' | 'cert' | 'key'> {
  const { readFileSync } = process.getBuiltinModule('node:fs')
  return Object.fromEntries(
    Object.entries(endpoint.tls).flatMap(([name, path]) => (path === undefined ? [] : [[name, readFileSync(path)]])),
  )
}

const socketsMax = 2

const gzip = (body: Uint8Array): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const { gzip: compress } = process.getBuiltinModule('node:zlib')
    compress(body, { level: 1 }, (error, result) => (error === null ? resolve(result) : reject(error)))
  })

function expire(outgoing: ClientRequest, timeoutMs: number): void {
  const timer = setTimeout(
    () => outgoing.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' })),
    timeoutMs,
  )
  timer.unref()
  outgoing.on('close', () => clearTimeout(timer))
}

const retryable = new Set([429, 502, 503, 504])

function readResult(response: IncomingMessage, resolve: (result: SendResult) => void): void {
  const status = response.statusCode ?? 0
  response.on('error', () => undefined)
  response.resume()
  if (status >= 200 && status < 300) return resolve({ kind: 'sent' })
  const reason = `HTTP ${status}`
  if (!retryable.has(status)) return resolve({ kind: 'rejected', reason })
  const afterMs = retryAfterMs(response.headers['retry-after'])
  resolve(afterMs === undefined ? { kind: 'retry', reason } : { kind: 'retry', reason, afterMs })
}

/** Seconds or an HTTP date (RFC 9110, section 10.2.3). */
function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,6}$/.test(header)) return Number(header) * 1_000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}
