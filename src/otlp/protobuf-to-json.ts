import { fieldById, messageSchema } from './schema.ts'
import type { FieldSchema, Signal } from './schema.ts'
import { OtlpView } from './view.ts'
import { walkLimits } from './walk.ts'
import type { WalkLimits } from './walk.ts'

/**
 * An Export<Signal>ServiceRequest as OTLP/JSON text: 64-bit integers as decimal strings, ids in hex, other bytes in base64, enums as numbers, fields
 * that OTLP does not know left out. What is on the wire twice is one in JSON, by the rules of Protocol Buffers: the last value counts, messages merge.
 * Throws OtlpError when the bytes are not such a request.
 */
export function protobufToJson(signal: Signal, bytes: Uint8Array, limits: WalkLimits = walkLimits): string {
  const view = new OtlpView(signal, bytes, limits)
  try {
    return messageJson(view, [0])
  } finally {
    view.release()
  }
}

/** Ids of the fields of which one message has at most one: the last on the wire. */
const oneofOf = new Map<number, string>()
for (const [message, ...names] of [
  ['AnyValue', ...messageSchema('AnyValue').fields.map(({ name }) => name)],
  ['Metric', 'gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'],
  ['NumberDataPoint', 'asDouble', 'asInt'],
  ['Exemplar', 'asDouble', 'asInt'],
] as const) {
  for (const name of names) {
    const field = messageSchema(message).byJsonName.get(name)
    if (field !== undefined) oneofOf.set(field.id, message)
  }
}

/** The nodes are occurrences of one message; its fields are the fields of them all. */
function messageJson(view: OtlpView, messages: readonly number[]): string {
  const fields: number[] = []
  let grouped = true
  let last = 0
  for (const message of messages) {
    for (let n = message + 1, end = view.next(message); n < end; n = view.next(n)) {
      const field = view.field(n)
      if (fieldById(field) === undefined) continue
      // In order of their ids the fields of one name stand together.
      if (field < last) grouped = false
      last = field
      fields.push(n)
    }
  }
  if (!grouped) fields.sort((a, b) => view.field(a) - view.field(b) || a - b)
  const oneof = fields.length > 1 ? lastOfOneof(view, fields) : 0
  let json = '{'
  for (let i = 0; i < fields.length;) {
    const id = view.field(fields[i] as number)
    let end = i + 1
    while (end < fields.length && view.field(fields[end] as number) === id) end++
    if (oneof === 0 || id === oneof || !oneofOf.has(id)) {
      json += `${json === '{' ? '' : ','}${fieldJson(view, fieldById(id) as FieldSchema, fields.slice(i, end))}`
    }
    i = end
  }
  return `${json}}`
}

/** Field id of the member that is set, 0 when there is no oneof. */
function lastOfOneof(view: OtlpView, fields: readonly number[]): number {
  let last = -1
  for (const n of fields) if (n > last && oneofOf.has(view.field(n))) last = n
  return last < 0 ? 0 : view.field(last)
}

function fieldJson(view: OtlpView, field: FieldSchema, nodes: readonly number[]): string {
  const { name, type, repeated } = field
  const last = nodes.at(-1) as number
  if (!repeated) return `"${name}":${type === 'message' ? messageJson(view, nodes) : scalarJson(view, field, last)}`
  if (type === 'message') return `"${name}":[${nodes.map((n) => messageJson(view, [n])).join(',')}]`
  // Numbers that share one length may be none.
  const elements = nodes.map((n) => elementsJson(view, field, n)).filter((json) => json !== '')
  return `"${name}":[${elements.join(',')}]`
}

const isPacked = (view: OtlpView, n: number): boolean => ((view.bytes[view.start(n)] as number) & 7) === 2

/** One element of a repeated scalar, or those that share one length. */
function elementsJson(view: OtlpView, field: FieldSchema, n: number): string {
  const { type } = field
  if (type === 'string' || type === 'bytes' || type === 'id' || !isPacked(view, n)) return scalarJson(view, field, n)
  const elements: string[] = []
  const end = view.end(n)
  const size = type === 'fixed32' ? 4 : type === 'double' || type === 'fixed64' || type === 'sfixed64' ? 8 : 0
  for (let at = view.body(n); at < end;) {
    elements.push(numberJson(view.bytes, type, at))
    if (size > 0) at += size
    else {
      while ((view.bytes[at] as number) >= 0x80) at++
      at++
    }
  }
  return elements.join(',')
}

function scalarJson(view: OtlpView, { type }: FieldSchema, n: number): string {
  if (type === 'string') return JSON.stringify(view.text(n))
  if (type === 'id') return `"${view.hex(n)}"`
  if (type === 'bytes') return `"${view.content(n).toString('base64')}"`
  return numberJson(view.bytes, type, view.body(n))
}

function numberJson(bytes: Buffer, type: FieldSchema['type'], at: number): string {
  switch (type) {
    case 'double':
      return doubleJson(bytes.readDoubleLE(at))
    case 'fixed64':
      return `"${bytes.readBigUInt64LE(at)}"`
    case 'sfixed64':
      return `"${bytes.readBigInt64LE(at)}"`
    case 'fixed32':
      return String(bytes.readUInt32LE(at))
    default:
      return varintJson(type, varintAt(bytes, at))
  }
}

function varintJson(type: FieldSchema['type'], value: bigint): string {
  if (type === 'bool') return value === 0n ? 'false' : 'true'
  if (type === 'int64') return `"${BigInt.asIntN(64, value)}"`
  if (type === 'uint64') return `"${value}"`
  if (type === 'uint32') return String(BigInt.asUintN(32, value))
  if (type !== 'sint32') return String(BigInt.asIntN(32, value))
  const zigzag = Number(BigInt.asUintN(32, value))
  return String((zigzag >>> 1) ^ -(zigzag & 1))
}

function varintAt(bytes: Buffer, from: number): bigint {
  let value = 0n
  let shift = 0n
  let at = from
  do value |= BigInt((bytes[at] as number) & 0x7f) << (7n * shift++)
  while ((bytes[at++] as number) >= 0x80)
  return BigInt.asUintN(64, value)
}

/** JSON has no word for the values that are no numbers; OTLP/JSON writes them as strings. */
function doubleJson(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value)
  return `"${value}"`
}
