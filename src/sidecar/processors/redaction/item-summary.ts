import {
  ATTR_SPANWARDEN_REDACTION_COUNT,
  ATTR_SPANWARDEN_REDACTION_DRY_RUN,
  ATTR_SPANWARDEN_REDACTION_RULES,
} from '../../../conventions.ts'
import type { Edits } from '../../../otlp/edits.ts'
import { ProtobufWriter } from '../../../otlp/protobuf-writer.ts'
import { fieldId, messageSchema } from '../../../otlp/schema.ts'
import { wireId } from '../../../otlp/span-reader.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import type { Redaction } from '../../../redaction/redactor.ts'

/** What is told in the attributes of a span or log record: the count and the rules, the count, nothing. */
export type RedactionSummary = 'debug' | 'info' | 'silent'

/** Told of all that is found in a batch, in the order of its nodes. */
export interface Summary {
  /** A span or log record begins. */
  begin(item: number): void
  /** Something was found in node n. */
  add(n: number, found: readonly Redaction[]): void
  /** The span or log record at hand was taken out. */
  forget(): void
  /** The batch is over. */
  end(): void
}

/** Rules that a summary names at most: a sidecar before this one may have written anything. */
export const SUMMARY_RULES_MAX = 64
/** So that what counts is bounded, too. */
const COUNT_MAX = 1_000_000_000

/** Counts what was taken out of the span or log record at hand, and says so in its attributes. */
export class ItemSummary implements Summary {
  readonly #view: OtlpView
  readonly #edits: Edits
  readonly #detail: RedactionSummary
  readonly #isDryRun: boolean
  /** Of the rules that found something, and what an earlier sidecar wrote. */
  readonly #rules = new Set<string>()
  #item = -1
  #itemEnd = -1
  #count = 0

  constructor(view: OtlpView, edits: Edits, detail: RedactionSummary, isDryRun = false) {
    this.#isDryRun = isDryRun
    this.#view = view
    this.#edits = edits
    this.#detail = detail
  }

  begin(item: number): void {
    this.end()
    this.#item = item
    this.#itemEnd = this.#view.next(item)
  }

  /** What stands in a resource that comes behind the item does not count for it. */
  add(n: number, found: readonly Redaction[]): void {
    if (this.#detail === 'silent' || n >= this.#itemEnd) return
    this.#count += found.length
    if (this.#detail === 'debug') for (const { type } of found) this.#rules.add(type)
  }

  forget(): void {
    this.#count = 0
    this.#rules.clear()
  }

  end(): void {
    if (this.#count === 0) return
    this.#takeUpEarlier()
    this.#edits.append(this.#item, this.#attributes())
    if (this.#isDryRun) this.#edits.appendAttribute(this.#item, ATTR_SPANWARDEN_REDACTION_DRY_RUN, true)
    this.forget()
  }

  /** The summary of a sidecar before this one becomes part of the new one, as far as it is one. */
  #takeUpEarlier(): void {
    const view = this.#view
    for (let c = view.first(this.#item); c < this.#itemEnd; c = view.next(c)) {
      const key = view.keyId(c)
      if (key === DRY_RUN) this.#edits.remove(c)
      if (key !== COUNT && key !== RULES) continue
      if (key === COUNT) this.#count += Math.min(COUNT_MAX, Math.max(0, Math.trunc(view.numberValue(c) ?? 0) || 0))
      else if (this.#detail === 'debug') this.#takeUpRules(c)
      this.#edits.remove(c)
    }
  }

  #takeUpRules(attribute: number): void {
    const view = this.#view
    for (let v = attribute; v < view.next(attribute) && this.#rules.size < SUMMARY_RULES_MAX; v++) {
      if (view.field(v) !== STRING || view.end(v) - view.body(v) > RULE_NAME_BYTES_MAX) continue
      const name = view.text(v)
      if (RULE_NAME.test(name)) this.#rules.add(name)
    }
  }

  /** The attributes on the wire. Nearly all summaries are among a few: those are encoded once. No rules = only the count is told. */
  #attributes(): Uint8Array {
    const isSpan = this.#view.field(this.#item) === SPAN
    const names = [...this.#rules].sort()
    const key = `${isSpan} ${this.#count} ${names.join(' ')}`
    if (key.length > SUMMARY_KEY_CHARS_MAX) return this.#encoded(isSpan, names)
    const known = summaries.get(key)
    if (known !== undefined) return known
    if (summaries.size >= SUMMARIES_MAX) summaries.clear()
    const encoded = this.#encoded(isSpan, names)
    summaries.set(key, encoded)
    return encoded
  }

  #encoded(isSpan: boolean, names: readonly string[]): Uint8Array {
    const field = isSpan ? SPAN_ATTRIBUTES : RECORD_ATTRIBUTES
    const writer = new ProtobufWriter().keyValue(field, ATTR_SPANWARDEN_REDACTION_COUNT, this.#count)
    if (this.#detail !== 'debug') return writer.finish()
    return writer.keyValue(field, ATTR_SPANWARDEN_REDACTION_RULES, names).finish()
  }
}

const STRING = fieldId('AnyValue', 'stringValue')
const SPAN = fieldId('ScopeSpans', 'spans')
const SPAN_ATTRIBUTES = messageSchema('Span').byJsonName.get('attributes')?.number ?? 0
const RECORD_ATTRIBUTES = messageSchema('LogRecord').byJsonName.get('attributes')?.number ?? 0
const COUNT = wireId(ATTR_SPANWARDEN_REDACTION_COUNT)
const RULES = wireId(ATTR_SPANWARDEN_REDACTION_RULES)
const DRY_RUN = wireId(ATTR_SPANWARDEN_REDACTION_DRY_RUN)

const RULE_NAME_BYTES_MAX = 40
const RULE_NAME = /^[A-Z][A-Z0-9_]*$/

/** Summaries kept on the wire, of about a hundred bytes; when there are so many, all are forgotten. */
const SUMMARIES_MAX = 1_000
/** Longer ones are made anew every time. */
const SUMMARY_KEY_CHARS_MAX = 200
const summaries = new Map<string, Uint8Array>()
