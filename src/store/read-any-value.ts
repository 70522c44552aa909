import { fieldId } from '../otlp/schema.ts'
import type { OtlpView } from '../otlp/view.ts'
import type { Attributes, Json } from './records.ts'

const KEY_VALUE_IN_LIST = fieldId('KeyValueList', 'values')
const ARRAY_ITEM = fieldId('ArrayValue', 'values')
const STRING = fieldId('AnyValue', 'stringValue')
const BOOL = fieldId('AnyValue', 'boolValue')
const INT = fieldId('AnyValue', 'intValue')
const DOUBLE = fieldId('AnyValue', 'doubleValue')
const BYTES = fieldId('AnyValue', 'bytesValue')
const ARRAY = fieldId('AnyValue', 'arrayValue')
const KVLIST = fieldId('AnyValue', 'kvlistValue')

/** Text of one value that is shown; the rest is cut and said so. */
const TEXT_CHARS_MAX = 200_000

/** Attributes of the message of a node, `field` being that of its KeyValues. Integers beyond 2^53 and non-finite doubles become strings. */
export function readAttributeMap(view: OtlpView, n: number, field: number): Attributes {
  const attributes: Record<string, Json> = {}
  for (let c = view.first(n); c < view.next(n); c = view.next(c)) {
    if (view.field(c) === field) addPair(view, c, attributes)
  }
  return attributes
}

/** The value of an AnyValue node, of which the last field counts. */
export function readAnyValue(view: OtlpView, n: number): Json {
  let value = -1
  for (let v = view.first(n); v < view.next(n); v = view.next(v)) value = v
  return valueOf(view, value)
}

function addPair(view: OtlpView, pair: number, into: Record<string, Json>): void {
  const key = view.keyNode(pair)
  Object.defineProperty(into, key < 0 ? '' : view.text(key), {
    value: valueOf(view, view.valueNode(pair)),
    configurable: true,
    enumerable: true,
    writable: true,
  })
}

function valueOf(view: OtlpView, value: number): Json {
  if (value < 0) return null
  switch (view.field(value)) {
    case STRING:
      return cut(view.text(value))
    case BOOL:
      return view.varint(value) !== 0
    case INT:
      return integer(BigInt.asIntN(64, view.varint64(value)))
    case DOUBLE: {
      const number = view.double(value)
      return Number.isFinite(number) ? number : String(number)
    }
    case BYTES:
      return cut(view.content(value).toString('base64'))
    case ARRAY:
      return children(view, value, ARRAY_ITEM).map((item) => readAnyValue(view, item))
    case KVLIST: {
      const pairs: Record<string, Json> = {}
      for (const pair of children(view, value, KEY_VALUE_IN_LIST)) addPair(view, pair, pairs)
      return pairs
    }
    default:
      return null
  }
}

function children(view: OtlpView, n: number, field: number): number[] {
  const found: number[] = []
  for (let c = view.first(n); c < view.next(n); c = view.next(c)) if (view.field(c) === field) found.push(c)
  return found
}

const integer = (value: bigint): number | string =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()

const cut = (text: string): string =>
  text.length <= TEXT_CHARS_MAX
    ? text
    : `${text.slice(0, TEXT_CHARS_MAX)}… [${text.length - TEXT_CHARS_MAX} more characters]`
