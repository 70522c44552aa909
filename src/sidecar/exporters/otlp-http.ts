import * as z from 'zod'
import { readExportResponse, readExportResponseJson } from '../../otlp/export-response.ts'
import type { ExportResponse } from '../../otlp/export-response.ts'
import { protobufToJson } from '../../otlp/protobuf-to-json.ts'
import { defineExporter } from '../component.ts'
import type { Exporter, ExporterContext, Payload, Sent, Signal } from '../component.ts'
import { duration } from '../config-types.ts'
import { isLoopback } from '../loopback.ts'
import { proxyEnvOf } from '../proxy-env.ts'
import { clientAuthConfig, NO_CREDENTIALS, requestCredentials } from './otlp/client-auth.ts'
import type { RequestCredentials } from './otlp/client-auth.ts'
import { clientTlsConfig, readClientTls } from './otlp/client-tls.ts'
import { compress, compressionParamsConfig, httpCompressionConfig } from './otlp/compression.ts'
import { HttpClient } from './otlp/http-client.ts'
import type { HttpAnswer } from './otlp/http-client.ts'
import { headersConfig } from './otlp/request-headers.ts'
import { taken } from './otlp/taken.ts'

/** Requests are not larger, before compression: what the specification of OTLP recommends receivers to take. */
export const REQUEST_BYTES_MAX = 64 * 1024 * 1024

const url = z.url({ protocol: /^https?$/, error: 'write it as http://host:port or https://host' })

const config = z
  .strictObject({
    endpoint: url.optional().describe('Base URL of the backend; `/v1/traces`, `/v1/metrics`, `/v1/logs` are appended.'),
    traces_endpoint: url.optional().describe('URL for traces, used as it is.'),
    metrics_endpoint: url.optional().describe('URL for metrics, used as it is.'),
    logs_endpoint: url.optional().describe('URL for logs, used as it is.'),
    encoding: z
      .enum(['proto', 'json'])
      .default('proto')
      .describe('Encoding of the requests; `json` costs several times as much.'),
    headers: headersConfig,
    compression: httpCompressionConfig,
    compression_params: compressionParamsConfig,
    timeout: duration.prefault('30s').describe('A request that is not answered by then is tried again.'),
    tls: clientTlsConfig,
    auth: clientAuthConfig,
    max_conns_per_host: z.int().min(0).default(0).describe('Connections to the backend at the same time; 0: no limit.'),
    idle_conn_timeout: duration.prefault('90s').describe('A connection that was not used for so long is closed.'),
  })
  .refine((c) => [c.endpoint, c.traces_endpoint, c.metrics_endpoint, c.logs_endpoint].some((u) => u !== undefined), {
    error: 'give an endpoint',
    path: ['endpoint'],
  })
type Config = z.output<typeof config>

/** Sends batches to an OTLP/HTTP backend, as protobuf over connections that are kept open. */
export const otlpHttp = defineExporter({
  type: 'otlp_http',
  aliases: ['otlphttp'],
  summary: 'Sends traces, metrics and logs to an OTLP/HTTP backend.',
  signals: ['traces', 'metrics', 'logs'],
  delivery: 'remote',
  config,
  create: (options, context) => new OtlpHttpExporter(options, context),
})

class OtlpHttpExporter implements Exporter {
  readonly #config: Config
  readonly #context: ExporterContext
  readonly #credentials: RequestCredentials
  readonly #urls: Readonly<Record<Signal, URL | undefined>>
  #client: HttpClient | undefined

  constructor(options: Config, context: ExporterContext) {
    this.#config = options
    this.#context = context
    this.#credentials = requestCredentials(options.auth, context)
    this.#urls = {
      traces: urlOf(options.traces_endpoint, options.endpoint, 'traces'),
      metrics: urlOf(options.metrics_endpoint, options.endpoint, 'metrics'),
      logs: urlOf(options.logs_endpoint, options.endpoint, 'logs'),
    }
  }

  async start(): Promise<void> {
    const { tls, max_conns_per_host, idle_conn_timeout, timeout } = this.#config
    this.#client = new HttpClient({
      clock: this.#context.clock,
      tls: await readClientTls(tls),
      connectionsMax: max_conns_per_host === 0 ? Infinity : max_conns_per_host,
      idleMs: idle_conn_timeout,
      timeoutMs: timeout,
      proxyEnv: proxyEnvOf(this.#context.env),
    })
  }

  async send({ signal, bytes }: Payload, abort: AbortSignal): Promise<Sent> {
    const url = this.#urls[signal]
    if (url === undefined || this.#client === undefined) {
      return { outcome: 'rejected', reason: `no endpoint for ${signal} is configured` }
    }
    if (bytes.length > REQUEST_BYTES_MAX) {
      return { outcome: 'split', reason: `request of more than ${REQUEST_BYTES_MAX} bytes` }
    }
    const credentials = this.#credentials()
    if (credentials === undefined) return { outcome: 'retry', reason: NO_CREDENTIALS }
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const { encoding, compression = isLoopback(host) ? 'none' : 'gzip', compression_params } = this.#config
    const encoded = encoding === 'json' ? Buffer.from(protobufToJson(signal, bytes)) : bytes
    const body = await compress(encoded, compression, compression_params.level)
    const { program } = this.#context
    const headers = {
      'user-agent': `${program.name}/${program.version}`,
      ...this.#config.headers,
      ...credentials,
      'content-type': encoding === 'json' ? 'application/json' : 'application/x-protobuf',
      'content-length': String(body.length),
      ...(compression === 'none' ? {} : { 'content-encoding': compression }),
    }
    return outcomeOf(await this.#client.post(url, headers, body, abort), () => this.#context.clock.now())
  }

  stop(): Promise<void> {
    this.#client?.close()
    return Promise.resolve()
  }
}

function urlOf(own: string | undefined, base: string | undefined, signal: Signal): URL | undefined {
  if (own !== undefined) return new URL(own)
  if (base === undefined) return undefined
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/${signal}`
  return url
}

/** OTLP specification, "Failures": all others are for good. */
const RETRYABLE = new Set([429, 502, 503, 504])

/** What a backend says that can't read something in a request, or fails on it. */
const ABOUT_CONTENT = new Set([400, 422, 500])

/** What a person has to do. Redirects are not followed: they would carry the headers, and what is in the batch, to somewhere else. */
const HINTS: ReadonlyMap<number, string> = new Map([
  ...[301, 302, 303, 307, 308].map((status) => [status, ', a redirect: configure the place that it leads to'] as const),
  [401, ': check the credentials in headers'],
  [403, ': check the credentials in headers'],
  [404, ': check the path of the endpoint'],
])

function outcomeOf(answer: HttpAnswer, now: () => number): Sent {
  if ('failure' in answer) return { outcome: 'retry', reason: answer.failure }
  const { status } = answer
  const reason = `HTTP ${status}${HINTS.get(status) ?? ''}`
  if (status >= 200 && status < 300) return takenOutcome(answer)
  if (status === 413) return { outcome: 'split', reason }
  if (ABOUT_CONTENT.has(status)) return { outcome: 'rejected', reason, isAboutContent: true }
  if (!RETRYABLE.has(status)) return { outcome: 'rejected', reason }
  const afterMs = retryAfterMs(answer.headers['retry-after'], now)
  return afterMs === undefined ? { outcome: 'retry', reason } : { outcome: 'retry', reason, afterMs }
}

/** Success, unless a web page answers where no backend is. A response that is cut off or in no format of OTLP is a success without details. */
function takenOutcome({ status, headers, body }: Extract<HttpAnswer, { status: number }>): Sent {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (type === 'text/html') return { outcome: 'rejected', reason: `HTTP ${status} with a web page: no OTLP endpoint` }
  if (body === undefined || body.length === 0) return { outcome: 'sent' }
  let response: ExportResponse | undefined
  if (type === 'application/x-protobuf') response = readExportResponse(body)
  else if (type === 'application/json') response = readExportResponseJson(body.toString('utf8'))
  return taken(response)
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function retryAfterMs(value: string | undefined, now: () => number): number | undefined {
  if (value === undefined) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now()
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0)
}
