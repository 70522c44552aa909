import * as z from 'zod'
import { readExportResponse } from '../../otlp/export-response.ts'
import { defineExporter } from '../component.ts'
import type { Exporter, ExporterContext, Payload, Sent, Signal } from '../component.ts'
import { duration } from '../config-types.ts'
import { isLoopback } from '../loopback.ts'
import { clientAuthConfig, NO_CREDENTIALS, requestCredentials } from './otlp/client-auth.ts'
import type { RequestCredentials } from './otlp/client-auth.ts'
import { clientTlsConfig, readClientTls } from './otlp/client-tls.ts'
import { compress, compressionParamsConfig, grpcCompressionConfig } from './otlp/compression.ts'
import { GrpcClient } from './otlp/grpc-client.ts'
import type { GrpcAnswer } from './otlp/grpc-client.ts'
import { headersConfig } from './otlp/request-headers.ts'
import { taken } from './otlp/taken.ts'

/** `host:port`, with a scheme or without. */
const target = /^(?:(https?):\/\/)?((?:\[[0-9a-fA-F:]+\]|[^:/[\]]+):\d{1,5})\/?$/

const config = z
  .strictObject({
    endpoint: z
      .string()
      .regex(target, 'write it as host:port')
      .describe('host:port of the backend. `http://` in front means plain text, `https://` TLS, whatever `tls` says.'),
    headers: headersConfig,
    authority: z.string().optional().describe('Name of the backend in requests, instead of the endpoint.'),
    compression: grpcCompressionConfig,
    compression_params: compressionParamsConfig,
    timeout: duration.prefault('5s').describe('A request that is not answered by then is tried again.'),
    request_bytes_max: z
      .int()
      .positive()
      .default(4 * 1024 * 1024)
      .describe(
        'Requests of several spans (data points, log records) are not larger, before compression: what gRPC servers take unless told otherwise.',
      ),
    retry_resource_exhausted: z
      .boolean()
      .default(false)
      .describe(
        'RESOURCE_EXHAUSTED without a time to come back: true tries again, false drops as the specification of OTLP has it. A stock collector with the extension memory_limiter answers so when it has no memory left.',
      ),
    tls: clientTlsConfig,
    auth: clientAuthConfig,
  })
  .describe('TLS is used unless `tls.insecure` is true.')
type Config = z.output<typeof config>

/** Sends batches to an OTLP/gRPC backend over one HTTP/2 connection. */
export const otlpGrpc = defineExporter({
  type: 'otlp_grpc',
  aliases: ['otlp'],
  summary: 'Sends traces, metrics and logs to an OTLP/gRPC backend.',
  signals: ['traces', 'metrics', 'logs'],
  delivery: 'remote',
  config,
  create: (options, context) => new OtlpGrpcExporter(options, context),
})

const METHODS: Readonly<Record<Signal, string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
}

class OtlpGrpcExporter implements Exporter {
  readonly #config: Config
  readonly #context: ExporterContext
  readonly #credentials: RequestCredentials
  readonly #origin: URL
  #client: GrpcClient | undefined

  constructor(options: Config, context: ExporterContext) {
    this.#config = options
    this.#context = context
    this.#credentials = requestCredentials(options.auth, context)
    const [, scheme, hostAndPort = ''] = target.exec(options.endpoint) ?? []
    this.#origin = new URL(`${scheme ?? (options.tls.insecure ? 'http' : 'https')}://${hostAndPort}`)
  }

  async start(): Promise<void> {
    const { headers, authority, timeout, tls } = this.#config
    const { clock, program } = this.#context
    this.#client = new GrpcClient({
      clock,
      origin: this.#origin,
      tls: await readClientTls(tls),
      timeoutMs: timeout,
      headers: {
        'user-agent': `${program.name}/${program.version}`,
        ...headers,
        ...(authority === undefined ? {} : { ':authority': authority }),
      },
    })
  }

  async send({ signal, bytes, items }: Payload, abort: AbortSignal): Promise<Sent> {
    if (this.#client === undefined) return { outcome: 'retry', reason: 'not started' }
    const { request_bytes_max, retry_resource_exhausted } = this.#config
    if (bytes.length > request_bytes_max && items > 1) {
      return { outcome: 'split', reason: `request of more than ${request_bytes_max} bytes` }
    }
    const credentials = this.#credentials()
    if (credentials === undefined) return { outcome: 'retry', reason: NO_CREDENTIALS }
    const host = this.#origin.hostname.replace(/^\[|\]$/g, '')
    const { compression = isLoopback(host) ? 'none' : 'gzip', compression_params } = this.#config
    const message = await compress(bytes, compression, compression_params.level)
    const answer = await this.#client.call(METHODS[signal], message, compression, abort, credentials)
    return outcomeOf(answer, bytes.length, retry_resource_exhausted)
  }

  stop(): Promise<void> {
    return this.#client?.close() ?? Promise.resolve()
  }
}

const RESOURCE_EXHAUSTED = 8
const OUT_OF_RANGE = 11
const CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
]
/** Codes after which the same request may succeed (OTLP specification, "Failures"); RESOURCE_EXHAUSTED only with RetryInfo. */
const RETRYABLE = new Set(['CANCELLED', 'DEADLINE_EXCEEDED', 'ABORTED', 'OUT_OF_RANGE', 'UNAVAILABLE', 'DATA_LOSS'])

/** What a backend says that can't read something in a request, or fails on it. */
const ABOUT_CONTENT = new Set(['UNKNOWN', 'INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'INTERNAL'])

/** How servers say that a message is beyond their limit: grpc-go and grpc-js "larger than max", Java "exceeds maximum size", tonic "too large". */
const TOO_LARGE = /larger than max|exceeds max|too large/i

/** Nobody's limit is lower. */
const LIMIT_BYTES_MIN = 64 * 1024
/** What servers take unless they are told otherwise. */
const LIMIT_BYTES_USUAL = 4 * 1024 * 1024

function outcomeOf(answer: GrpcAnswer, sentBytes: number, retriesExhausted: boolean): Sent {
  if ('failure' in answer) return { outcome: 'retry', reason: answer.failure }
  const { code, message, retryDelayMs, response } = answer
  if (code === 0) return taken(response && readExportResponse(response))
  const reason = CODES[code] ?? `gRPC status ${code}`
  const isExhausted = code === RESOURCE_EXHAUSTED
  if ((isExhausted || code === OUT_OF_RANGE) && TOO_LARGE.test(message)) {
    const bytesMax = limitIn(message, sentBytes)
    return bytesMax === undefined ? { outcome: 'split', reason } : { outcome: 'split', reason, bytesMax }
  }
  if (RETRYABLE.has(reason) || (isExhausted && retryDelayMs !== undefined)) {
    return retryDelayMs === undefined
      ? { outcome: 'retry', reason }
      : { outcome: 'retry', reason, afterMs: retryDelayMs }
  }
  // A server in another language may say it in other words.
  if (isExhausted && sentBytes > LIMIT_BYTES_USUAL) return { outcome: 'split', reason }
  if (ABOUT_CONTENT.has(reason)) return { outcome: 'rejected', reason, isAboutContent: true }
  return { outcome: isExhausted && retriesExhausted ? 'retry' : 'rejected', reason }
}

/** The limit that a server names in its message, beside the size of the request. */
function limitIn(message: string, sentBytes: number): number | undefined {
  const numbers = [...message.matchAll(/\d+/g)].map(([text]) => Number(text))
  return numbers.find((number) => number >= LIMIT_BYTES_MIN && number < sentBytes)
}
