import { fieldById } from '../../src/otlp/schema.ts'
import type { OtlpView } from '../../src/otlp/view.ts'
import type { OtlpMessage, OtlpValue } from './otlp-reflection.ts'

/** Where a node of a view stands in the same request decoded to objects: field names and, in arrays, indexes. */
export function placeOf(view: OtlpView, node: number): (string | number)[] {
  const place: (string | number)[] = []
  for (let n = node; n !== 0; n = view.parent(n)) {
    const field = fieldById(view.field(n))
    if (field === undefined) throw new Error('the node is of no known field')
    if (field.repeated && (field.type === 'message' || field.type === 'string')) place.unshift(indexAmongEqual(view, n))
    place.unshift(field.name)
  }
  return place
}

function indexAmongEqual(view: OtlpView, node: number): number {
  let index = 0
  const parent = view.parent(node)
  for (let n = parent + 1; n < node; n = view.next(n)) if (view.field(n) === view.field(node)) index++
  return index
}

export const valueAt = (request: OtlpMessage, place: readonly (string | number)[]): OtlpValue | undefined =>
  place.reduce<OtlpValue | undefined>((value, step) => Reflect.get(Object(value), step), request)

/** Sets or, with undefined, takes out what stands there; an array element leaves a gap that `withoutGaps` closes. */
export function setAt(request: OtlpMessage, place: readonly (string | number)[], value: OtlpValue | undefined): void {
  const holder = Object(valueAt(request, place.slice(0, -1)))
  const last = place.at(-1) ?? ''
  if (value !== undefined || typeof last === 'number') Reflect.set(holder, last, value)
  else Reflect.deleteProperty(holder, last)
}

/** Arrays without the elements that were taken out; an array without elements is not on the wire. */
export function withoutGaps(message: OtlpMessage): OtlpMessage {
  const entries = Object.entries(message).map(([name, value]): [string, OtlpValue] => [name, closed(value)])
  return Object.fromEntries(entries.filter(([, value]) => !Array.isArray(value) || value.length > 0))
}

function closed(value: OtlpValue): OtlpValue {
  if (Array.isArray(value)) return value.filter((element) => element !== undefined).map(closed)
  return typeof value === 'object' && !Buffer.isBuffer(value) ? withoutGaps(value) : value
}
