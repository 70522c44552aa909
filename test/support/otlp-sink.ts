import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { decodeOtlpProtobuf } from './otlp-proto.ts'

type Signal = 'traces' | 'metrics' | 'logs'

export interface SinkSpan {
  readonly name: string
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  /** Empty for a root span. */
  readonly parentSpanId: string
  readonly startNs: bigint
  readonly endNs: bigint
  readonly attributes: Record<string, unknown>
  readonly events: readonly { readonly name: string; readonly attributes: Record<string, unknown> }[]
  /** code: 0 unset, 1 ok, 2 error. */
  readonly status: { readonly code: number; readonly message: string }
  readonly scope: string
  readonly resource: Record<string, unknown>
}

export interface SinkPoint {
  readonly metric: string
  readonly unit: string
  readonly kind: 'gauge' | 'sum' | 'histogram'
  /** The number, or the sum of a histogram. */
  readonly value: number
  readonly attributes: Record<string, unknown>
  readonly resource: Record<string, unknown>
}

export interface SinkLog {
  readonly eventName: string
  readonly severity: number
  readonly body: unknown
  readonly traceId: string
  readonly spanId: string
  readonly attributes: Record<string, unknown>
  readonly resource: Record<string, unknown>
}

export interface SinkRequest {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** After decompression. */
  readonly body: Buffer
}

export interface OtlpSink extends AsyncDisposable {
  readonly url: string
  readonly spans: SinkSpan[]
  readonly points: SinkPoint[]
  readonly logs: SinkLog[]
  readonly requests: SinkRequest[]
  /** Resolves once `condition` holds; it is tried after every request. Rejects after `timeoutMs` (default 10 s). */
  until(condition: (sink: OtlpSink) => boolean, timeoutMs?: number): Promise<void>
  close(): Promise<void>
}

export interface OtlpSinkOptions {
  /** Called before a request is read; return true to answer it yourself (or never). Such a request is not recorded. */
  readonly refuse?: (request: IncomingMessage, response: ServerResponse) => boolean
  readonly port?: number
}

/** A real OTLP/HTTP backend for tests: JSON and protobuf, gzip or not, on a free port of the loopback interface. */
export async function startOtlpSink(options: OtlpSinkOptions = {}): Promise<OtlpSink> {
  const waiting = new Set<() => void>()
  const server = createServer((request, response) => {
    if (options.refuse?.(request, response)) return
    record(request, response).catch((error: unknown) => response.writeHead(400).end(String(error)))
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the sink has no port')

  const sink: OtlpSink = {
    url: `http://127.0.0.1:${address.port}`,
    spans: [],
    points: [],
    logs: [],
    requests: [],
    until: (condition, timeoutMs = 10_000) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (!condition(sink)) return
          done()
          resolve()
        }
        const late = setTimeout(() => {
          done()
          const seen = `spans: ${sink.spans.map((span) => span.name).join(', ')}; points: ${sink.points.length}; logs: ${sink.logs.length}`
          reject(new Error(`the sink waited ${timeoutMs} ms in vain, it has ${seen}`))
        }, timeoutMs)
        const done = (): void => {
          clearTimeout(late)
          waiting.delete(check)
        }
        waiting.add(check)
        check()
      }),
    async close() {
      server.closeAllConnections()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
    [Symbol.asyncDispose]: () => sink.close(),
  }
  return sink

  async function record(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(Buffer.from(chunk))
    const raw = Buffer.concat(chunks)
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw
    const path = request.url ?? ''
    const signal = signalOf(path)
    if (signal === undefined) return void response.writeHead(404).end()
    const json = request.headers['content-type']?.includes('json') ?? false
    const message: unknown = json ? JSON.parse(body.toString('utf8')) : decodeOtlpProtobuf(signal, body)
    sink.requests.push({ path, headers: request.headers, body })
    if (signal === 'traces') sink.spans.push(...spansOf(message))
    if (signal === 'metrics') sink.points.push(...pointsOf(message))
    if (signal === 'logs') sink.logs.push(...logsOf(message))
    if (json) response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    else response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    for (const check of waiting) check()
  }
}

const signalOf = (path: string): Signal | undefined =>
  path === '/v1/traces' ? 'traces' : path === '/v1/metrics' ? 'metrics' : path === '/v1/logs' ? 'logs' : undefined

/** The spans of a decoded ExportTraceServiceRequest (shape of OTLP/JSON). */
export const spansOf = (message: unknown): SinkSpan[] =>
  list(message, 'resourceSpans').flatMap((resourceSpans) =>
    list(resourceSpans, 'scopeSpans').flatMap((scopeSpans) =>
      list(scopeSpans, 'spans').map((span) => ({
        name: text(span, 'name'),
        kind: number(span, 'kind'),
        traceId: text(span, 'traceId'),
        spanId: text(span, 'spanId'),
        parentSpanId: text(span, 'parentSpanId'),
        startNs: BigInt(text(span, 'startTimeUnixNano') || '0'),
        endNs: BigInt(text(span, 'endTimeUnixNano') || '0'),
        attributes: attributesOf(span),
        events: list(span, 'events').map((event) => ({ name: text(event, 'name'), attributes: attributesOf(event) })),
        status: { code: number(get(span, 'status'), 'code'), message: text(get(span, 'status'), 'message') },
        scope: text(get(scopeSpans, 'scope'), 'name'),
        resource: attributesOf(get(resourceSpans, 'resource')),
      })),
    ),
  )

/** The data points of a decoded ExportMetricsServiceRequest. */
export const pointsOf = (message: unknown): SinkPoint[] =>
  list(message, 'resourceMetrics').flatMap((resourceMetrics) =>
    list(resourceMetrics, 'scopeMetrics').flatMap((scopeMetrics) =>
      list(scopeMetrics, 'metrics').flatMap((metric) =>
        (['gauge', 'sum', 'histogram'] as const).flatMap((kind) =>
          list(get(metric, kind), 'dataPoints').map((point) => ({
            metric: text(metric, 'name'),
            unit: text(metric, 'unit'),
            kind,
            value: Number(get(point, 'asDouble') ?? get(point, 'asInt') ?? get(point, 'sum') ?? 0),
            attributes: attributesOf(point),
            resource: attributesOf(get(resourceMetrics, 'resource')),
          })),
        ),
      ),
    ),
  )

/** The log records of a decoded ExportLogsServiceRequest. */
export const logsOf = (message: unknown): SinkLog[] =>
  list(message, 'resourceLogs').flatMap((resourceLogs) =>
    list(resourceLogs, 'scopeLogs').flatMap((scopeLogs) =>
      list(scopeLogs, 'logRecords').map((log) => ({
        eventName: text(log, 'eventName'),
        severity: number(log, 'severityNumber'),
        body: plain(get(log, 'body')),
        traceId: text(log, 'traceId'),
        spanId: text(log, 'spanId'),
        attributes: attributesOf(log),
        resource: attributesOf(get(resourceLogs, 'resource')),
      })),
    ),
  )

const get = (holder: unknown, key: string): unknown =>
  typeof holder === 'object' && holder !== null ? Reflect.get(holder, key) : undefined
const list = (holder: unknown, key: string): unknown[] => {
  const value = get(holder, key)
  return Array.isArray(value) ? value : []
}
const text = (holder: unknown, key: string): string => {
  const value = get(holder, key)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
const number = (holder: unknown, key: string): number => Number(get(holder, key) ?? 0)

const attributesOf = (holder: unknown): Record<string, unknown> =>
  Object.fromEntries(list(holder, 'attributes').map((pair) => [text(pair, 'key'), plain(get(pair, 'value'))]))

/** An AnyValue as the JavaScript value that it stands for. */
function plain(value: unknown): unknown {
  const integer = get(value, 'intValue')
  if (integer !== undefined) return Number(integer)
  const array = get(value, 'arrayValue')
  if (array !== undefined) return list(array, 'values').map(plain)
  const pairs = get(value, 'kvlistValue')
  if (pairs !== undefined)
    return Object.fromEntries(list(pairs, 'values').map((pair) => [text(pair, 'key'), plain(get(pair, 'value'))]))
  return get(value, 'stringValue') ?? get(value, 'boolValue') ?? get(value, 'doubleValue') ?? get(value, 'bytesValue')
}
