import { array, constantFrom, integer, nat, oneof, record } from 'fast-check'
import type { Arbitrary } from 'fast-check'
import { Edits } from '../../src/otlp/edits.ts'
import type { AppendedAttribute, AttributeValue } from '../../src/otlp/edits.ts'
import { ProtobufWriter } from '../../src/otlp/protobuf-writer.ts'
import { fieldById, REMOVED_FIELD } from '../../src/otlp/schema.ts'
import type { Signal } from '../../src/otlp/schema.ts'
import { OtlpView } from '../../src/otlp/view.ts'
import { hostileText } from './otlp-arbitrary.ts'
import { placeOf, setAt, valueAt, withoutGaps } from './otlp-place.ts'
import { decodeIndependently } from './otlp-reflection.ts'
import type { OtlpMessage, OtlpValue } from './otlp-reflection.ts'

/** One thing that a processor may do; the numbers choose the node and the place in it. */
export interface Step {
  readonly what: 'replace' | 'range' | 'remove' | 'attribute' | 'append'
  readonly node: number
  readonly from: number
  readonly size: number
  readonly text: string
  readonly value: AttributeValue
}

export const editStep: Arbitrary<Step> = record({
  what: constantFrom<Step['what']>('replace', 'range', 'range', 'remove', 'attribute', 'append'),
  node: nat(),
  from: nat({ max: 12 }),
  size: nat({ max: 6 }),
  text: hostileText,
  value: oneof<Arbitrary<AttributeValue>[]>(
    hostileText,
    integer(),
    constantFrom(0.5, true, 2n ** 62n, -1),
    array(hostileText, { maxLength: 2 }),
  ),
})

/** A request that is edited in two ways: its bytes by Edits, its objects (as protobufjs decodes them) here. */
export class EditedTwice {
  readonly view: OtlpView
  readonly edits: Edits
  readonly #objects: OtlpMessage
  /** By node, from before the first edit. */
  readonly #places: readonly (readonly (string | number)[] | undefined)[]
  /** What of a text was replaced by what, in characters. */
  readonly #replaced = new Map<number, { from: number; to: number; text: string }[]>()
  readonly #appended = new Map<number, AppendedAttribute[]>()

  constructor(signal: Signal, bytes: Buffer) {
    const view = new OtlpView(signal, bytes)
    this.view = view
    this.edits = new Edits(view)
    this.#objects = decodeIndependently(signal, bytes)
    this.#places = Array.from({ length: view.count }, (_, n) =>
      n > 0 && fieldById(view.field(n)) !== undefined ? placeOf(view, n) : undefined,
    )
  }

  get intended(): OtlpMessage {
    return withoutGaps(this.#objects)
  }

  /** Every text that is still there, as it should read, by node. */
  *texts(): Iterable<[node: number, text: string]> {
    for (const [n, place] of this.#places.entries()) {
      const value = place === undefined ? undefined : valueAt(this.#objects, place)
      if (typeof value === 'string' && fieldById(this.view.field(n))?.type === 'string') yield [n, value]
    }
  }

  appended(node: number): readonly AppendedAttribute[] {
    return this.#appended.get(node) ?? []
  }

  make({ what, node, from, size, text, value }: Step): void {
    const { view, edits } = this
    const n = view.count > 1 ? 1 + (node % (view.count - 1)) : 0
    const place = this.#places[n]
    const field = fieldById(view.field(n))
    if (place === undefined || field === undefined || view.field(n) === REMOVED_FIELD) return
    if (what === 'remove') {
      edits.remove(n)
      setAt(this.#objects, place, undefined)
    } else if (what === 'replace' || what === 'range') {
      if (field.type === 'string') this.#replace(n, place, from, what === 'replace' ? Infinity : size, text)
    } else if (field.message === undefined) return
    else if (what === 'attribute') {
      if (attributed.has(field.name)) this.#appendAttribute(n, place, text, value)
    } else if (field.name === 'spans') {
      edits.append(n, new ProtobufWriter().message(11, (w) => w.string(2, text)).finish())
      this.#push(place, 'events', { name: text })
    } else edits.append(n, new ProtobufWriter().string(1000, text).finish())
  }

  #replace(n: number, place: readonly (string | number)[], at: number, size: number, text: string): void {
    const { view, edits } = this
    const original = Array.from(view.bytes.toString('utf8', view.body(n), view.end(n)))
    const from = size === Infinity ? 0 : Math.min(at, original.length)
    const to = Math.min(original.length, from + size)
    const replaced = this.#replaced.get(n) ?? []
    // Edits must not overlap; two that touch would have an order of their own.
    if (replaced.some((other) => from <= other.to && to >= other.from)) return
    replaced.push({ from, to, text })
    this.#replaced.set(n, replaced)
    const offset = (characters: number): number =>
      view.body(n) + Buffer.byteLength(original.slice(0, characters).join(''))
    if (size === Infinity) edits.replace(n, text)
    else edits.replaceRange(n, offset(from), offset(to), text)
    let result = ''
    let done = 0
    for (const part of replaced.toSorted((a, b) => a.from - b.from)) {
      result += original.slice(done, part.from).join('') + part.text
      done = part.to
    }
    setAt(this.#objects, place, result + original.slice(done).join(''))
  }

  #appendAttribute(n: number, place: readonly (string | number)[], key: string, value: AttributeValue): void {
    this.edits.appendAttribute(n, key, value)
    this.#appended.set(n, [...this.appended(n), { key, value }])
    this.#push(place, 'attributes', { key, value: anyValue(value) })
  }

  #push(place: readonly (string | number)[], name: string, value: OtlpValue): void {
    const known = valueAt(this.#objects, [...place, name])
    setAt(this.#objects, [...place, name], [...(Array.isArray(known) ? known : []), value])
  }
}

/** Fields whose messages take attributes. */
const attributed = new Set(['resource', 'scope', 'spans', 'events', 'links', 'logRecords'])

function anyValue(value: AttributeValue): OtlpMessage {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'bigint') return { intValue: String(value) }
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  return { arrayValue: value.length === 0 ? {} : { values: value.map((item) => ({ stringValue: item })) } }
}
