import { ProtobufWriter } from '../../src/otlp/protobuf-writer.ts'
import type { BenchBatch } from './load.ts'

/** Spans as a web service sends them: eleven short attributes, nothing in them that is anybody's. */
export const smallBatches = (count: number, spans: number): BenchBatch[] =>
  batches(count, spans, (w, n) => {
    w.keyValue(9, 'http.request.method', 'GET')
      .keyValue(9, 'url.path', `/orders/${n % 100}`)
      .keyValue(9, 'url.scheme', 'https')
    w.keyValue(9, 'server.address', 'shop.internal')
      .keyValue(9, 'server.port', 8443)
      .keyValue(9, 'http.response.status_code', 200)
    w.keyValue(9, 'network.protocol.version', '1.1')
      .keyValue(9, 'user_agent.original', 'node')
      .keyValue(9, 'http.route', '/orders/:id')
    w.keyValue(9, 'thread.id', n % 16).keyValue(9, 'app.retries', 0)
  })

/** Spans with many attributes. */
export const wideBatches = (count: number, spans: number, attributes: number): BenchBatch[] =>
  batches(count, spans, (w) => {
    for (let i = 0; i < attributes; i++) w.keyValue(9, `app.attribute_${i}`, `a value of some length, number ${i}`)
  })

const START_NS = 1_790_000_000_000_000_000n

function batches(count: number, spans: number, attributes: (w: ProtobufWriter, n: number) => void): BenchBatch[] {
  return Array.from({ length: count }, (_, batch) => {
    const writer = new ProtobufWriter().message(1, (w) => {
      w.message(1, () => w.keyValue(1, 'service.name', 'shop'))
      w.message(2, () => {
        w.message(1, () => w.string(1, 'http'))
        for (let i = 0; i < spans; i++) w.message(2, () => writeSpan(w, batch * spans + i, attributes))
      })
    })
    return { bytes: writer.finish(), spans }
  })
}

function writeSpan(w: ProtobufWriter, n: number, attributes: (w: ProtobufWriter, n: number) => void): void {
  const ids = Buffer.alloc(24, 0x5a)
  ids.writeUInt32BE(1 + (n >> 3), 0)
  ids.writeUInt32BE(n + 1, 20)
  w.bytes(1, ids.subarray(0, 16)).bytes(2, ids.subarray(16)).string(5, 'GET /orders/:id').varint(6, 2)
  w.fixed64(7, START_NS + BigInt(n) * 1_000_000n).fixed64(8, START_NS + BigInt(n) * 1_000_000n + 3_000_000n)
  attributes(w, n)
}
