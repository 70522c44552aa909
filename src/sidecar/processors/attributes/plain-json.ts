import { scalarOf, VALUE_ARRAY, VALUE_MAP, VALUE_NONE } from '../../../otlp/wire-value.ts'
import type { WireValue } from '../../../otlp/wire-value.ts'

const WIRE_LENGTH = 2
/** Wire types of the fields of AnyValue, by their numbers. */
const ANY_VALUE_WIRES = [-1, 2, 0, 0, 1, 2, 2, 2]

/** An array or map as JSON, with the keys of maps in order. What is nested is bounded by the walk that found the value. */
export function plainJson(value: WireValue): string {
  if (value.kind === VALUE_ARRAY) {
    const items = fieldsOf(value.bytes, value.start, value.end).filter(isMessage(1))
    return `[${items.map((item) => plainJson(anyValue(value.bytes, item))).join(',')}]`
  }
  if (value.kind === VALUE_MAP) return mapJson(value)
  const scalar = scalarOf(value)
  if (scalar instanceof Buffer) return JSON.stringify(scalar.toString('base64'))
  if (typeof scalar === 'bigint') return String(scalar)
  return scalar === undefined ? 'null' : JSON.stringify(scalar)
}

function mapJson({ bytes, start, end }: WireValue): string {
  const entries = new Map<string, string>()
  for (const entry of fieldsOf(bytes, start, end)) {
    if (!isMessage(1)(entry)) continue
    const fields = fieldsOf(bytes, entry.start, entry.end)
    const key = fields.findLast(isMessage(1))
    const held = fields.findLast(isMessage(2))
    const json = held === undefined ? 'null' : plainJson(anyValue(bytes, held))
    entries.set(JSON.stringify(key === undefined ? '' : bytes.toString('utf8', key.start, key.end)), json)
  }
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([key, json]) => `${key}:${json}`).join(',')}}`
}

interface WireField {
  readonly number: number
  readonly wire: number
  readonly start: number
  readonly end: number
}

const isMessage =
  (wanted: number) =>
  ({ number, wire }: WireField): boolean =>
    number === wanted && wire === WIRE_LENGTH

function anyValue(bytes: Buffer, { start, end }: WireField): WireValue {
  const held = fieldsOf(bytes, start, end).findLast(({ number, wire }) => ANY_VALUE_WIRES[number] === wire)
  if (held === undefined) return { kind: VALUE_NONE, bytes, start, end: start }
  return { kind: held.number, bytes, start: held.start, end: held.end }
}

/** Fields of a message that a walk has found well-formed; those of fixed 32 bits, which no value has, are not told. */
function fieldsOf(bytes: Buffer, from: number, until: number): WireField[] {
  const fields: WireField[] = []
  for (let at = from; at < until;) {
    const tag = varintAt(bytes, at)
    const wire = tag.value & 7
    let start = tag.end
    let end = start
    if (wire === WIRE_LENGTH) {
      const length = varintAt(bytes, start)
      start = length.end
      end = start + length.value
    } else end = wire === 0 ? varintAt(bytes, start).end : start + (wire === 1 ? 8 : 4)
    if (wire !== 5) fields.push({ number: tag.value >>> 3, wire, start, end })
    at = end
  }
  return fields
}

function varintAt(bytes: Buffer, from: number): { value: number; end: number } {
  let value = 0
  let at = from
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[at++] ?? 0
    value += (byte & 0x7f) * factor
    if (byte < 0x80) return { value, end: at }
  }
}
