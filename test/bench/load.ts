import { Agent, request } from 'node:http'
import { fieldId } from '../../src/otlp/schema.ts'
import { OtlpView } from '../../src/otlp/view.ts'
import type { Backend } from './backend.ts'

export interface BenchBatch {
  /** Protobuf of an ExportTraceServiceRequest. */
  readonly bytes: Buffer
  readonly spans: number
}

const CONNECTIONS = 4
const TRACE_ID_BYTES = 16
const TRACE_ID = fieldId('Span', 'traceId')

/** Each connection sends its next batch when the last one is answered. Returns the spans that were answered 200. */
export async function closedLoad(url: string, batches: readonly BenchBatch[], ms: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const end = performance.now() + ms
  let next = 0
  let spans = 0
  const connection = async (): Promise<void> => {
    while (performance.now() < end) {
      const batch = batches[next++ % batches.length]
      if (batch === undefined) return
      const status = await post(url, agent, batch.bytes)
      if (status === 200) spans += batch.spans
      else if (status === 503 || status === 429) await new Promise((resolve) => setTimeout(resolve, 50))
      else throw new Error(`HTTP ${status}`)
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, connection))
  agent.destroy()
  return spans
}

export interface Latencies {
  /** From the first byte sent to the answer. */
  readonly answeredMs: readonly number[]
  /** From the first byte sent to the backend having the batch. */
  readonly arrivedMs: readonly number[]
  readonly spans: number
  /** Answers by status. */
  readonly statuses: ReadonlyMap<number, number>
}

/** Sends at a rate, whether or not the last one is answered. Every batch gets a trace id of its own in its first span. */
export async function openLoad(
  url: string,
  batches: readonly BenchBatch[],
  spansPerSecond: number,
  ms: number,
  backend: Backend,
): Promise<Latencies> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const answeredMs: number[] = []
  const sentAt = new Map<string, number>()
  const statuses = new Map<number, number>()
  const open = new Set<Promise<void>>()
  const startMs = performance.now()
  let due = startMs
  let spans = 0
  for (let i = 0; performance.now() - startMs < ms; i++) {
    const batch = batches[i % batches.length]
    if (batch === undefined) break
    const { bytes, traceId } = renamed(batch)
    const before = performance.now()
    sentAt.set(traceId, performance.timeOrigin + before)
    const send = async (): Promise<void> => {
      const status = await post(url, agent, bytes)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status !== 200) return void sentAt.delete(traceId)
      spans += batch.spans
      answeredMs.push(performance.now() - before)
    }
    const sent = send()
    open.add(sent)
    void sent.finally(() => open.delete(sent))
    due += (batch.spans / spansPerSecond) * 1000
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
  }
  await Promise.all(open)
  await backend.until(() => [...sentAt.keys()].every((traceId) => backend.arrivals.has(traceId)))
  agent.destroy()
  const arrivedMs = [...sentAt].map(([traceId, atMs]) => (backend.arrivals.get(traceId) ?? Number.NaN) - atMs)
  return { answeredMs, arrivedMs, spans, statuses }
}

let renames = 0

const places = new WeakMap<BenchBatch, number>()

/** A copy in which the first span's trace is a new one. */
function renamed(batch: BenchBatch): { readonly bytes: Buffer; readonly traceId: string } {
  const copy = Buffer.from(batch.bytes)
  const at = places.get(batch) ?? placeOfTraceId(batch.bytes)
  places.set(batch, at)
  copy.writeUInt32BE(process.pid, at)
  copy.writeDoubleBE(performance.timeOrigin + ++renames, at + 4)
  copy.writeUInt32BE(renames, at + 12)
  return { bytes: copy, traceId: copy.toString('hex', at, at + TRACE_ID_BYTES) }
}

function placeOfTraceId(bytes: Buffer): number {
  const view = new OtlpView('traces', bytes)
  let n = 1
  while (n < view.count && view.field(n) !== TRACE_ID) n++
  const place = view.body(n)
  view.release()
  return place
}

function post(url: string, agent: Agent, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
    const outgoing = request(`${url}/v1/traces`, { method: 'POST', agent, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0))
    })
    outgoing.on('error', reject).end(body)
  })
}
