import { LIMIT_TYPE } from './placeholders.ts'
import type { RedactedText, Redactor } from './redactor.ts'

/** Characters (UTF-16 code units) at the end of what has come that are held back: no rule looks further ahead over a blank. */
export const HOLD_CHARS = 512
/** What has gone out already and is looked at again, for rules that look back. */
const CONTEXT_CHARS = 2_048
/** New text is looked at when so much has come: a stream of single characters costs no more than one of lines. */
const STEP_CHARS = 256
/** A text without a blank, or a JSON document, is held up to here; then it is masked as a whole. */
export const STREAM_CHARS_MAX = 1_048_576

/**
 * Redacts a text that comes in pieces: the parts that go out are together what `redactText` makes of the whole, however it is cut. A JSON document is
 * handed on at its end, other text as far as nothing that comes can change it (about `HOLD_CHARS` behind). The redactor may serve others between calls.
 */
export class TextStream {
  readonly #redactor: Redactor
  #text = ''
  /** Up to where the text has gone out. */
  #done = 0
  #looked = 0
  #isDocument: boolean | undefined
  #isMasked = false

  constructor(redactor: Redactor) {
    this.#redactor = redactor
  }

  /** Takes the next piece; returns what may go out now, often nothing. */
  push(piece: string): string {
    if (this.#isMasked) return ''
    this.#text += piece
    this.#isDocument ??= isDocumentStart(this.#text)
    if (this.#text.length - this.#done > STREAM_CHARS_MAX) return this.#mask()
    if (this.#isDocument !== false || this.#text.length - this.#looked < STEP_CHARS) return ''
    this.#looked = this.#text.length
    const last = this.#text.length - HOLD_CHARS
    if (last <= this.#done) return ''
    return this.#emit(last)
  }

  /** The rest. */
  end(): string {
    if (this.#isMasked) return ''
    const rest = this.#replaced(this.#redactor.redactText(this.#text).hits, this.#text.length)
    this.#text = ''
    this.#done = 0
    return rest
  }

  #emit(last: number): string {
    const { hits } = this.#redactor.redactText(this.#text)
    let cut = blankBefore(this.#text, last, this.#done)
    for (const { start, end } of hits.toReversed()) if (start < cut && end > cut) cut = start
    if (cut <= this.#done) return ''
    const out = this.#replaced(hits, cut)
    const from = blankBefore(this.#text, Math.max(0, cut - CONTEXT_CHARS), 0)
    this.#text = this.#text.slice(from)
    this.#done = cut - from
    this.#looked -= from
    return out
  }

  /** From what is done up to `end`, with the hits replaced. */
  #replaced(hits: RedactedText['hits'], end: number): string {
    let out = ''
    let at = this.#done
    for (const { start, end: hitEnd, replacement } of hits) {
      if (start < this.#done || hitEnd > end) continue
      out += this.#text.slice(at, start) + replacement
      at = hitEnd
    }
    return out + this.#text.slice(at, end)
  }

  #mask(): string {
    this.#isMasked = true
    this.#text = ''
    return `[REDACTED:${LIMIT_TYPE}]`
  }
}

/** Undefined while only blanks have come. */
function isDocumentStart(text: string): boolean | undefined {
  const first = /\S/.exec(text)?.[0]
  return first === undefined ? undefined : first === '{' || first === '['
}

/** Offset behind the last blank in text[from, to], or `from`. */
function blankBefore(text: string, to: number, from: number): number {
  let at = to
  while (at > from && !/\s/.test(text.charAt(at - 1))) at--
  return at
}
