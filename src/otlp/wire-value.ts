import { ProtobufWriter } from './protobuf-writer.ts'
import { fieldId } from './schema.ts'
import type { OtlpView } from './view.ts'

/** An AnyValue on the wire, without tag and length: where it is copied to, it stays the same bytes. */
export interface WireValue {
  readonly kind: number
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

/** Kinds are the field numbers of AnyValue; a value of none has no field. */
export const VALUE_NONE = 0
export const VALUE_STRING = 1
export const VALUE_BOOL = 2
export const VALUE_INT = 3
export const VALUE_DOUBLE = 4
export const VALUE_ARRAY = 5
export const VALUE_MAP = 6
export const VALUE_BYTES = 7

const EMPTY = Buffer.alloc(0)
const NO_VALUE: WireValue = { kind: VALUE_NONE, bytes: EMPTY, start: 0, end: 0 }
const VALUE = fieldId('KeyValue', 'value')
/** The fields of AnyValue have the ids behind this number, in order of their numbers. */
const BEFORE_KINDS = fieldId('AnyValue', 'stringValue') - VALUE_STRING

/** The kind of value that a node inside an AnyValue holds, 0 when it is none of them. */
export function valueKind(field: number): number {
  const kind = field - BEFORE_KINDS
  return kind >= VALUE_STRING && kind <= VALUE_BYTES ? kind : VALUE_NONE
}

/** Node of what an AnyValue node holds, -1 = nothing. The last one counts. */
export function heldBy(view: OtlpView, anyValue: number): number {
  let held = -1
  for (let c = view.first(anyValue), end = view.next(anyValue); c < end; c = view.next(c))
    if (valueKind(view.field(c)) !== VALUE_NONE) held = c
  return held
}

/** Node of the value of a KeyValue, -1 = none. */
export function valueNodeOf(view: OtlpView, keyValue: number): number {
  let held = -1
  for (let c = view.first(keyValue), end = view.next(keyValue); c < end; c = view.next(c))
    if (view.field(c) === VALUE) held = Math.max(held, heldBy(view, c))
  return held
}

/** Value of a KeyValue node, as its bytes came. */
export function wireValueOf(view: OtlpView, keyValue: number): WireValue {
  const node = valueNodeOf(view, keyValue)
  if (node < 0) return NO_VALUE
  return { kind: valueKind(view.field(node)), bytes: view.bytes, start: view.body(node), end: view.end(node) }
}

/** Writes the value as the AnyValue in field `field`. */
export function writeWireValue(writer: ProtobufWriter, field: number, { kind, bytes, start, end }: WireValue): void {
  const content = bytes.subarray(start, end)
  writer.message(field, () => {
    if (kind === VALUE_NONE) return
    if (kind === VALUE_BOOL || kind === VALUE_INT) writer.varint(kind, varintOf(content))
    else if (kind === VALUE_DOUBLE) writer.double(kind, content.readDoubleLE())
    else writer.bytes(kind, content)
  })
}

export const wireString = (text: string): WireValue => wireContent(VALUE_STRING, Buffer.from(text))
export const wireInt = (value: bigint): WireValue => wireContent(VALUE_INT, varintBytes(value))

export function wireDouble(value: number): WireValue {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return wireContent(VALUE_DOUBLE, bytes)
}

/** A value of a configuration: integers become int, other numbers double, lists and maps what they hold. */
export function wireValueFrom(value: unknown): WireValue {
  if (typeof value === 'string') return wireString(value)
  if (typeof value === 'boolean') return wireContent(VALUE_BOOL, Buffer.from([value ? 1 : 0]))
  if (typeof value === 'bigint') return wireInt(value)
  if (typeof value === 'number') return Number.isSafeInteger(value) ? wireInt(BigInt(value)) : wireDouble(value)
  const writer = new ProtobufWriter()
  if (Array.isArray(value)) {
    for (const item of value) writeWireValue(writer, 1, wireValueFrom(item))
    return wireContent(VALUE_ARRAY, writer.finish())
  }
  if (typeof value !== 'object' || value === null) return NO_VALUE
  for (const [key, item] of Object.entries(value)) {
    writer.message(1, () => writeWireValue(writer.string(1, key), 2, wireValueFrom(item)))
  }
  return wireContent(VALUE_MAP, writer.finish())
}

/** A string, boolean, int (bigint), double (number) or bytes (Buffer); undefined for what is none of them. */
export function scalarOf({
  kind,
  bytes,
  start,
  end,
}: WireValue): string | boolean | bigint | number | Buffer | undefined {
  if (kind === VALUE_STRING) return bytes.toString('utf8', start, end)
  if (kind === VALUE_BOOL) return varintOf(bytes.subarray(start, end)) !== 0n
  if (kind === VALUE_INT) return BigInt.asIntN(64, varintOf(bytes.subarray(start, end)))
  if (kind === VALUE_DOUBLE) return bytes.readDoubleLE(start)
  return kind === VALUE_BYTES ? bytes.subarray(start, end) : undefined
}

const wireContent = (kind: number, bytes: Buffer): WireValue => ({ kind, bytes, start: 0, end: bytes.length })

function varintOf(bytes: Buffer): bigint {
  let value = 0n
  for (const [i, byte] of bytes.entries()) value |= BigInt(byte & 0x7f) << BigInt(7 * i)
  return BigInt.asUintN(64, value)
}

function varintBytes(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return Buffer.from([...bytes, Number(rest)])
}
