/* By hand: `node test/bench/walk.ts`. Walk, edits and JSON on agent spans of about 3.8 kB, side by side with a copy of the same bytes. */
import { ATTR_GEN_AI_REQUEST_MODEL, WIRE_KEYS } from '../../src/conventions.ts'
import { Edits } from '../../src/otlp/edits.ts'
import { jsonToProtobuf } from '../../src/otlp/json-to-protobuf.ts'
import { protobufToJson } from '../../src/otlp/protobuf-to-json.ts'
import { ProtobufWriter } from '../../src/otlp/protobuf-writer.ts'
import { fieldId } from '../../src/otlp/schema.ts'
import { OtlpView } from '../../src/otlp/view.ts'
import { otlpTypes } from '../support/otlp-reflection.ts'

const SPANS = 200
const ROUNDS = 200
const SPAN = fieldId('ScopeSpans', 'spans')
const STRING = fieldId('AnyValue', 'stringValue')

const talk = JSON.stringify([
  { role: 'user', parts: [{ type: 'text', content: 'My parcel has not come, please look it up. '.repeat(12) }] },
  { role: 'assistant', parts: [{ type: 'tool_call', name: 'find_order', arguments: { order: 'A-1029384756' } }] },
])

function agentSpans(): Buffer {
  return new ProtobufWriter()
    .message(1, (w) =>
      w
        .message(1, () => w.keyValue(1, 'service.name', 'support').keyValue(1, 'telemetry.sdk.language', 'nodejs'))
        .message(2, () => {
          w.message(1, () => w.string(1, 'spanwarden').string(2, '0.1.0'))
          for (let i = 0; i < SPANS; i++) w.message(2, () => writeSpan(w, i))
        }),
    )
    .finish()
}

function writeSpan(w: ProtobufWriter, i: number): void {
  w.bytes(1, Buffer.alloc(16, i + 1))
    .bytes(2, Buffer.alloc(8, i + 1))
    .bytes(4, Buffer.alloc(8, i))
    .string(5, 'chat gpt-5')
  w.varint(6, 3)
    .fixed64(7, 1_790_000_000_000_000_000n + BigInt(i))
    .fixed64(8, 1_790_000_001_000_000_000n + BigInt(i))
  for (const [k, key] of WIRE_KEYS.slice(0, 14).entries())
    w.keyValue(9, key, k % 3 === 0 ? k * 100 : `value-${k}-of-${i}`)
  w.keyValue(9, ATTR_GEN_AI_REQUEST_MODEL, 'gpt-5').keyValue(9, 'gen_ai.request.temperature', 0.7)
  w.keyValue(9, 'gen_ai.input.messages', talk).keyValue(9, 'gen_ai.output.messages', talk + talk)
  w.keyValue(9, 'customer.note', 'plain '.repeat(90))
  w.message(15, () => w.varint(3, 1))
}

/** The best of the rounds, in microseconds a span: what others do on the machine only ever adds. */
function measure(work: () => unknown): number {
  const times: number[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const start = process.hrtime.bigint()
    work()
    times.push(Number(process.hrtime.bigint() - start) / 1000 / SPANS)
  }
  return Math.min(...times)
}

const batch = agentSpans()
const json = Buffer.from(protobufToJson('traces', batch))
const target = Buffer.alloc(batch.length * 2)
const pool = (size: number): Buffer => (size <= target.length ? target : Buffer.allocUnsafe(size))
const spanBytes = batch.length / SPANS
const copy = measure(() => batch.copy(target))

function editSpans(view: OtlpView): Edits {
  const edits = new Edits(view)
  const { count } = view
  for (let n = 0; n < count; n++) {
    if (view.field(n) !== SPAN) continue
    let edited = 0
    for (let m = n + 1, end = view.next(n); m < end && edited < 2; m++) {
      if (view.field(m) !== STRING || view.end(m) - view.body(m) < 200) continue
      edits.replaceRange(m, view.body(m) + 40, view.body(m) + 60, '[REDACTED:EMAIL]')
      edited++
    }
    edits.appendAttribute(n, 'spanwarden.redaction.count', 2)
    edits.appendAttribute(n, 'spanwarden.redaction.rules', ['EMAIL'])
    edits.appendAttribute(n, 'spanwarden.cost.amount', 0.00123)
    edits.appendAttribute(n, 'spanwarden.cost.currency', 'USD')
    edits.appendAttribute(n, 'spanwarden.cost.source', 'table')
    edits.appendAttribute(n, 'gen_ai.provider.name', 'openai')
  }
  return edits
}

function report(name: string, us: number, bytes = spanBytes): void {
  const rate = `${us.toFixed(2)} µs/span`.padStart(16)
  console.log(
    `${name.padEnd(44)}${rate}${`${(bytes / us).toFixed(0)} MB/s`.padStart(14)}${`${(us / copy).toFixed(1)} × copy`.padStart(16)}`,
  )
}

console.log(`${SPANS} spans of ${spanBytes.toFixed(0)} bytes; JSON ${(json.length / SPANS).toFixed(0)} bytes a span`)
report('copy', copy)
report(
  'walk',
  measure(() => new OtlpView('traces', batch).release()),
)
report(
  'walk + make 8 edits',
  measure(() => {
    const view = new OtlpView('traces', batch)
    editSpans(view)
    view.release()
  }),
)
report(
  'walk + make 8 edits + apply, pooled memory',
  measure(() => {
    const view = new OtlpView('traces', batch)
    editSpans(view).apply(pool)
    view.release()
  }),
)
report(
  'walk + make 8 edits + apply, fresh memory',
  measure(() => {
    const view = new OtlpView('traces', batch)
    editSpans(view).apply()
    view.release()
  }),
)
report(
  'JSON to protobuf, pooled memory',
  measure(() => jsonToProtobuf('traces', json, pool)),
  json.length / SPANS,
)
report(
  'JSON to protobuf, fresh memory',
  measure(() => jsonToProtobuf('traces', json)),
  json.length / SPANS,
)
report(
  'JSON.parse alone',
  measure(() => JSON.parse(json.toString())),
  json.length / SPANS,
)
report(
  'JSON.parse + protobufjs',
  measure(() => otlpTypes.traces.encode(otlpTypes.traces.fromObject(JSON.parse(json.toString()))).finish()),
  json.length / SPANS,
)
report(
  'protobuf to JSON',
  measure(() => protobufToJson('traces', batch)),
  json.length / SPANS,
)
if (!jsonToProtobuf('traces', json).equals(batch)) throw new Error('JSON and back is another batch')
