import { ATTR_SPANWARDEN_REDACTION_COUNT, ATTR_SPANWARDEN_REDACTION_RULES } from '../../../conventions.ts'
import type { Edits } from '../../../otlp/edits.ts'
import { ProtobufWriter } from '../../../otlp/protobuf-writer.ts'
import { fieldById, fieldId, fieldIdMax, messageSchema, UNKNOWN_FIELD } from '../../../otlp/schema.ts'
import { wireId } from '../../../otlp/span-reader.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import { NODE_BODY, NODE_END, NODE_FIELD, NODE_SIZE } from '../../../otlp/walk.ts'
import { isGlued } from '../../../redaction/redactor.ts'
import type { Redaction, Redactor } from '../../../redaction/redactor.ts'

/** What is told in the attributes of a span or log record: the count and the rules, the count, nothing. */
export type RedactionSummary = 'debug' | 'info' | 'silent'

/** Says what to change so that no string of the batch holds what the redactor finds; `count` is told of each thing taken out. */
export function redactBatch(
  redactor: Redactor,
  view: OtlpView,
  edits: Edits,
  summary: RedactionSummary,
  count: (type: Redaction['type']) => void,
): void {
  const { bytes } = view
  redactor.scan(bytes)
  const item = new ItemSummary(view, edits, summary)
  const { nodes, count: nodeCount } = view
  let quietUntil = redactor.nextCandidate(0)
  for (let n = 1, at = NODE_SIZE; n < nodeCount; n++, at += NODE_SIZE) {
    const field = nodes[at + NODE_FIELD] as number
    const kind = kindOf[field]
    if (kind === NO_TEXT) continue
    if (kind === ITEM) {
      item.begin(n)
      continue
    }
    const start = nodes[at + NODE_BODY] as number
    const end = nodes[at + NODE_END] as number
    if (end <= quietUntil && !isGlued(bytes, start, end)) continue
    const found = redactor.redactions(start, end, labelOf(view, n))
    quietUntil = redactor.nextCandidate(end)
    if (found.length === 0 || (kind === OPAQUE && isId(view, n))) continue
    for (const one of found) {
      edits.replaceRange(n, one.start, one.end, kind === OPAQUE ? asterisks(one) : one.replacement)
      count(one.type)
    }
    item.add(n, found)
  }
  item.end()
}

const NO_TEXT = 0
const TEXT = 1
/** Of unknown structure, so that its length must not change: unknown fields, and ids, which could be misused to hold text. */
const OPAQUE = 2
/** A span or log record: what a summary is about. */
const ITEM = 3

/** By field id. */
const kindOf = new Uint8Array(Math.max(fieldIdMax, UNKNOWN_FIELD) + 2)
kindOf[fieldId('ScopeSpans', 'spans')] = ITEM
kindOf[fieldId('ScopeLogs', 'logRecords')] = ITEM
for (let id = 1; id <= fieldIdMax; id++) {
  const type = fieldById(id)?.type
  if (type === 'string' || type === 'bytes') kindOf[id] = TEXT
  if (type === 'id') kindOf[id] = OPAQUE
}
kindOf[UNKNOWN_FIELD] = OPAQUE

/** A trace or span id of the length that it must have: random bytes. */
const isId = (view: OtlpView, n: number): boolean => {
  const length = view.end(n) - view.body(n)
  return view.field(n) !== UNKNOWN_FIELD && (length === 8 || length === 16)
}

/** The key of the attribute that holds the value: `customer.phone` tells what `0151 23456789` is. */
function labelOf(view: OtlpView, n: number): Uint8Array | undefined {
  if (view.field(n) === KEY) return undefined
  for (let above = view.parent(n); above > 0; above = view.parent(above)) {
    const key = view.first(above)
    if (view.field(key) === KEY && key < n) return view.bytes.subarray(view.body(key), view.end(key))
  }
  return undefined
}

const KEY = fieldId('KeyValue', 'key')

const asterisks = ({ start, end }: Redaction): Uint8Array => new Uint8Array(end - start).fill(0x2a)

/** Counts what was taken out of the span or log record at hand, and says so in its attributes. */
class ItemSummary {
  readonly #view: OtlpView
  readonly #edits: Edits
  readonly #detail: RedactionSummary
  /** Of the rules that found something, and what an earlier sidecar wrote. */
  readonly #rules = new Set<string>()
  #item = -1
  #itemEnd = -1
  #count = 0

  constructor(view: OtlpView, edits: Edits, detail: RedactionSummary) {
    this.#view = view
    this.#edits = edits
    this.#detail = detail
  }

  begin(item: number): void {
    this.end()
    this.#item = item
    this.#itemEnd = this.#view.next(item)
  }

  /** Counts what was found in node n, if it stands in the item: a resource that comes behind it does not. */
  add(n: number, found: readonly Redaction[]): void {
    if (this.#detail === 'silent' || n >= this.#itemEnd) return
    this.#count += found.length
    if (this.#detail === 'debug') for (const { type } of found) this.#rules.add(type)
  }

  end(): void {
    if (this.#count === 0) return
    this.#takeUpEarlier()
    this.#edits.append(this.#item, this.#attributes())
    this.#count = 0
    this.#rules.clear()
  }

  /** The summary of a sidecar before this one becomes part of the new one. */
  #takeUpEarlier(): void {
    const view = this.#view
    for (let c = view.first(this.#item); c < this.#itemEnd; c = view.next(c)) {
      const key = view.keyId(c)
      if (key !== COUNT && key !== RULES) continue
      if (key === COUNT) this.#count += Math.max(0, view.numberValue(c) ?? 0)
      else if (this.#detail === 'debug')
        for (let v = c; v < view.next(c); v++) if (view.field(v) === STRING) this.#rules.add(view.text(v))
      this.#edits.remove(c)
    }
  }

  /** The attributes on the wire. Nearly all summaries are among a few: those are encoded once. No rules = only the count is told. */
  #attributes(): Uint8Array {
    const isSpan = this.#view.field(this.#item) === SPAN
    const names = [...this.#rules].sort()
    const key = `${isSpan} ${this.#count} ${names.join(' ')}`
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

/** Summaries kept on the wire, of about a hundred bytes; when there are so many, all are forgotten. */
const SUMMARIES_MAX = 1_000
const summaries = new Map<string, Uint8Array>()
