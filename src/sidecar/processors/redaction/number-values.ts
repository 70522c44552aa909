import type { Edits } from '../../../otlp/edits.ts'
import { ProtobufWriter } from '../../../otlp/protobuf-writer.ts'
import { fieldId, messageSchema } from '../../../otlp/schema.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import type { Redaction, Redactor } from '../../../redaction/redactor.ts'

/** Below it no number is an identity of its own, though it may be one under its key. Bytes of a varint: more than 20 bits. */
const VARINT_BYTES_MIN = 3
const DOUBLE_MIN = 1e6

/** Whether a number of an attribute is so large that rules may know it: a card, a phone number. */
export function isLargeNumber(view: OtlpView, n: number): boolean {
  if (view.field(n) === INT) return view.end(n) - view.body(n) >= VARINT_BYTES_MIN
  const value = Math.abs(view.double(n))
  return value >= DOUBLE_MIN && Number.isFinite(value)
}

/** What is found in numbers, which stand in attributes as bits: they are written out and looked at as texts of their own. */
export class NumberTexts {
  readonly #redactor: () => Redactor
  readonly #text = new Uint8Array(NUMBER_CHARS_MAX)

  /** The redactor is made when the first number comes, and used for nothing else: each number is a batch to it. */
  constructor(redactor: () => Redactor) {
    this.#redactor = redactor
  }

  /** Ranges of the findings are those of the number's text; `text` is what the number becomes. */
  redact(view: OtlpView, n: number, label: Uint8Array | undefined): { found: readonly Redaction[]; text: string } {
    const number = view.field(n) === INT ? String(BigInt.asIntN(64, view.varint64(n))) : String(view.double(n))
    const { written } = encoder.encodeInto(number, this.#text)
    const text = this.#text.subarray(0, written)
    const redactor = this.#redactor()
    redactor.scan(text)
    const found = redactor.redactions(0, written, label)
    if (found.length === 0) return { found, text: number }
    let redacted = ''
    let at = 0
    for (const { start, end, replacement } of found) {
      redacted += number.slice(at, start) + decoder.decode(replacement)
      at = end
    }
    return { found, text: redacted + number.slice(at) }
  }
}

/** The longest number that JavaScript writes, and more. */
const NUMBER_CHARS_MAX = 32
const encoder = new TextEncoder()
const decoder = new TextDecoder()
const INT = fieldId('AnyValue', 'intValue')
const STRING_NUMBER = messageSchema('AnyValue').byJsonName.get('stringValue')?.number ?? 0

/** Makes the number a string. */
export function replaceNumber(view: OtlpView, edits: Edits, n: number, text: string): void {
  edits.remove(n)
  edits.append(view.parent(n), new ProtobufWriter().string(STRING_NUMBER, text).finish())
}
