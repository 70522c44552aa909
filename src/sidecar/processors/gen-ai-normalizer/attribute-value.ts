import { fieldId } from '../../../otlp/schema.ts'
import type { OtlpView } from '../../../otlp/view.ts'

/** What an attribute holds: integers are bigints, doubles numbers, lists and maps as they are; undefined for bytes and for nothing. */
export type AttributeContent =
  | string
  | number
  | bigint
  | boolean
  | undefined
  | readonly AttributeContent[]
  | { readonly [key: string]: AttributeContent }

/** The value of a KeyValue node, of which the last field counts. */
export const readContent = (view: OtlpView, keyValue: number): AttributeContent =>
  contentOf(view, view.valueNode(keyValue))

const STRING = fieldId('AnyValue', 'stringValue')
const BOOL = fieldId('AnyValue', 'boolValue')
const INT = fieldId('AnyValue', 'intValue')
const DOUBLE = fieldId('AnyValue', 'doubleValue')
const ARRAY = fieldId('AnyValue', 'arrayValue')
const KVLIST = fieldId('AnyValue', 'kvlistValue')
const ARRAY_ITEM = fieldId('ArrayValue', 'values')
const LIST_ITEM = fieldId('KeyValueList', 'values')

function contentOf(view: OtlpView, value: number): AttributeContent {
  if (value < 0) return undefined
  switch (view.field(value)) {
    case STRING:
      return view.text(value)
    case BOOL:
      return view.varint(value) !== 0
    case INT:
      return BigInt.asIntN(64, view.varint64(value))
    case DOUBLE:
      return view.double(value)
    case ARRAY:
      return children(view, value, ARRAY_ITEM).map((item) => contentOf(view, lastChild(view, item)))
    case KVLIST:
      return Object.fromEntries(
        children(view, value, LIST_ITEM).map((pair) => {
          const key = view.keyNode(pair)
          return [key < 0 ? '' : view.text(key), contentOf(view, view.valueNode(pair))]
        }),
      )
    default:
      return undefined
  }
}

function children(view: OtlpView, n: number, field: number): number[] {
  const found: number[] = []
  for (let c = view.first(n); c < view.next(n); c = view.next(c)) if (view.field(c) === field) found.push(c)
  return found
}

function lastChild(view: OtlpView, n: number): number {
  let last = -1
  for (let c = view.first(n); c < view.next(n); c = view.next(c)) last = c
  return last
}
