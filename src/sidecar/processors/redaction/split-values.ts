import { fieldId } from '../../../otlp/schema.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import type { Redaction, Redactor } from '../../../redaction/redactor.ts'
import { isKeyValue } from './node-kinds.ts'

/** A part of a number has so many digits. */
const PART_DIGITS_MIN = 3
const PART_DIGITS_MAX = 6
const PARTS_MAX = 6
/** Digits of a number that is worth a look: a card has at least so many. */
const DIGITS_MIN = 13

export interface SplitNumber {
  readonly nodes: readonly number[]
  readonly found: Redaction
}

/**
 * Numbers that stand in pieces in neighbouring values: `card1` to `card4`, or the elements of a list. Told of all short values in the order of the nodes; pieces belong
 * together when they are neighbours and their keys differ in nothing but a number.
 */
export class SplitValues {
  readonly #redactor: () => Redactor
  #parts: number[] = []
  #texts: string[] = []

  /** The redactor is made when the first number comes, and used for nothing else: each number is a batch to it. */
  constructor(redactor: () => Redactor) {
    this.#redactor = redactor
  }

  begin(): void {
    this.#parts = []
    this.#texts = []
  }

  /** Whether a value of so many bytes may be a part. */
  static isPart(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < PART_DIGITS_MIN || end - start > PART_DIGITS_MAX) return false
    for (let at = start; at < end; at++) if (!isDigit(bytes[at] as number)) return false
    return true
  }

  /** Node n holds a part. What the parts up to it make, if that is something to take out. */
  add(view: OtlpView, n: number): SplitNumber | undefined {
    const last = this.#parts.at(-1)
    if (last === undefined || !areNeighbours(view, last, n)) this.begin()
    this.#parts.push(n)
    this.#texts.push(view.bytes.toString('latin1', view.body(n), view.end(n)))
    if (this.#parts.length > PARTS_MAX) {
      this.#parts.shift()
      this.#texts.shift()
    }
    for (let first = 0; first < this.#parts.length - 1; first++) {
      const texts = this.#texts.slice(first)
      if (texts.reduce((sum, text) => sum + text.length, 0) < DIGITS_MIN) return undefined
      const found = this.#whole(texts.join('')) ?? this.#whole(texts.join(' '))
      if (found === undefined) continue
      const nodes = this.#parts.slice(first)
      this.begin()
      return { nodes, found }
    }
    return undefined
  }

  #whole(text: string): Redaction | undefined {
    const bytes = Buffer.from(text)
    const redactor = this.#redactor()
    redactor.scan(bytes)
    const [found] = redactor.redactions(0, bytes.length)
    return found !== undefined && found.start === 0 && found.end === bytes.length ? found : undefined
  }
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39
const KEY = fieldId('KeyValue', 'key')

/** Values of neighbouring attributes with keys that are the same but for digits, or neighbouring elements of one list. */
function areNeighbours(view: OtlpView, a: number, b: number): boolean {
  const one = view.parent(view.parent(a))
  const other = view.parent(view.parent(b))
  if (isKeyValue[view.field(other)] !== 1) return one === other && view.next(view.parent(a)) === view.parent(b)
  if (view.parent(one) !== view.parent(other) || view.next(one) !== other) return false
  return stemOf(view, one) === stemOf(view, other)
}

function stemOf(view: OtlpView, keyValue: number): string {
  const key = view.child(keyValue, KEY)
  return key < 0 ? '' : view.text(key).replaceAll(/\d+/g, '#')
}
