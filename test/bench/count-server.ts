import { createServer } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { fieldId } from '../../src/otlp/schema.ts'
import { OtlpView } from '../../src/otlp/view.ts'

/** A backend that counts the spans it is sent and tells its parent when each trace came: { port }, then { spans, traceId, atMs }. The message `pause` makes it answer 503, `resume` ends that. */
const SPANS = fieldId('ScopeSpans', 'spans')
const TRACE_ID = fieldId('Span', 'traceId')
let isPaused = false

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    if (isPaused) return void response.writeHead(503).end()
    const raw = Buffer.concat(chunks)
    if (request.url === '/v1/traces') tell(request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw)
    response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': '0' }).end()
  })
})

function tell(bytes: Buffer): void {
  const view = new OtlpView('traces', bytes)
  let spans = 0
  const traceIds = new Set<string>()
  for (let n = 1; n < view.count; n++) {
    if (view.field(n) === SPANS) spans++
    else if (view.field(n) === TRACE_ID && spans > 0) traceIds.add(view.hex(n))
  }
  view.release()
  process.send?.({ spans, traceIds: [...traceIds], atMs: performance.timeOrigin + performance.now() })
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 })
})
process.on('message', (message) => (isPaused = message === 'pause'))
process.on('disconnect', () => process.exit())
