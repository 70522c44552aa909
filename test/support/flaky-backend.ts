import type { IncomingMessage, ServerResponse } from 'node:http'
import { ProtobufWriter } from '../../src/otlp/protobuf-writer.ts'
import { decodeOtlpProtobuf } from './otlp-proto.ts'
import { spansOf, startOtlpSink } from './otlp-sink.ts'
import type { OtlpSink } from './otlp-sink.ts'

/** A backend for traces that does everything a backend can do wrong, by chance. What it has taken, it has. */
export interface FlakyBackend extends AsyncDisposable {
  readonly sink: OtlpSink
  /** Names of spans that it has refused for good, in a partial success. */
  readonly rejected: Set<string>
  /** False: takes everything from now on. */
  isFlaky: boolean
}

/** Longer than the exporter's timeout in the test. */
const HANGS_MS = 1500

export async function startFlakyBackend(): Promise<FlakyBackend> {
  const rejected = new Set<string>()
  const backend = { rejected, isFlaky: true }
  const sink = await startOtlpSink({
    refuse: (request, response) => backend.isFlaky && misbehaves(request, response, take),
  })
  const take = async (request: IncomingMessage, share = 1): Promise<number> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(Buffer.from(chunk))
    const spans = spansOf(decodeOtlpProtobuf('traces', Buffer.concat(chunks)))
    const count = Math.floor(spans.length * share)
    sink.spans.push(...spans.slice(0, count))
    for (const { name } of spans.slice(count)) rejected.add(name)
    return spans.length - count
  }
  return Object.assign(backend, { sink, [Symbol.asyncDispose]: () => sink.close() })
}

type Take = (request: IncomingMessage, share?: number) => Promise<number>

/** True when it has answered in its own way, or will, or never. */
function misbehaves(request: IncomingMessage, response: ServerResponse, take: Take): boolean {
  const gone = (): void => {}
  request.on('error', gone)
  response.on('error', gone)
  const answer = (status: number, headers = {}): void => {
    request.resume()
    response.writeHead(status, headers).end()
  }
  const chance = Math.random()
  if (chance < 0.5) return false
  if (chance < 0.58) request.destroy()
  else if (chance < 0.66) answer(503)
  else if (chance < 0.7) answer(503, { 'retry-after': '1' })
  else if (chance < 0.76) answer(429, { 'retry-after': '0' })
  else if (chance < 0.8) answer(429, { 'retry-after': new Date(Date.now() + 500).toUTCString() })
  else if (chance < 0.86 && isLarge(request)) answer(413)
  else if (chance < 0.92) setTimeout(() => answer(502), 50)
  // Taken, but the sender never hears of it: the answer is cut off, or comes too late.
  else if (chance < 0.95) void take(request).then(() => request.destroy(), gone)
  else if (chance < 0.96) void take(request).then(() => setTimeout(() => response.end(), HANGS_MS), gone)
  else if (chance < 0.97) void take(request, 0.5).then((count) => partialSuccess(response, count), gone)
  else answer(504)
  return true
}

/** More than one span: a small one that is refused for its size is lost, and that is right so. */
const isLarge = ({ headers }: IncomingMessage): boolean => Number(headers['content-length'] ?? 0) > 250

function partialSuccess(response: ServerResponse, rejected: number): void {
  const body = new ProtobufWriter().message(1, (w) => w.varint(1, rejected).string(2, 'too old')).finish()
  response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(body)
}
