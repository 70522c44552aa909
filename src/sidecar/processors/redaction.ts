import { z } from 'zod'
import { ATTR_SPANWARDEN_REDACTION_COUNT, ATTR_SPANWARDEN_REDACTION_RULES } from '../../conventions.ts'
import type { Edits } from '../../otlp/edits.ts'
import { fieldById, fieldId, fieldIdMax, UNKNOWN_FIELD } from '../../otlp/schema.ts'
import { wireId } from '../../otlp/span-reader.ts'
import type { OtlpView } from '../../otlp/view.ts'
import { createRedactor, LIMIT_TYPE, redactionLimits } from '../../redaction/redactor.ts'
import type { Redaction } from '../../redaction/redactor.ts'
import { ruleTypes } from '../../redaction/rules.ts'
import { defineProcessor } from '../component.ts'

const config = z.strictObject({
  rules: z.array(z.enum(ruleTypes)).min(1).optional().describe('The rules to apply; all of them when absent.'),
  summary: z
    .enum(['debug', 'info', 'silent'])
    .default('debug')
    .describe(
      'What is added to a span or log record of which something was taken out: debug the count and the names of the rules, info the count, silent nothing.',
    ),
  work_per_byte_max: z
    .int()
    .positive()
    .default(redactionLimits.stepsPerByteMax)
    .describe(
      'Bytes that rules may look at for each byte of a batch. A value that would take more is masked as a whole.',
    ),
})

/**
 * Takes personal data and secrets out of every string of a batch: names, keys, values of all kinds and depths, JSON in strings, descriptions, bodies.
 * Numbers stay. Put it before everything that reads or keeps what passes.
 */
export const redaction = defineProcessor({
  type: 'redaction',
  summary:
    'Replaces personal data and secrets by placeholders such as [REDACTED:EMAIL], in every string of traces, metrics and logs.',
  signals: ['traces', 'metrics', 'logs'],
  config,
  create({ rules, summary, work_per_byte_max: stepsPerByteMax }, { id, metrics }) {
    const redactor = createRedactor({ ...(rules === undefined ? {} : { rules }), limits: { stepsPerByteMax } })
    const counters = new Map(
      [...ruleTypes, LIMIT_TYPE].map((rule) => {
        const help = 'What was taken out, by rule; LIMIT: values masked as a whole because they took too much work.'
        return [rule, metrics.counter('spanwarden_redactions', help, { processor: id, rule })]
      }),
    )
    return {
      process(view, edits) {
        redactor.scan(view.bytes)
        const item = new ItemSummary(view, edits, summary)
        for (let n = 1; n < view.count; n++) {
          const field = view.field(n)
          if (isItem[field] === 1) item.begin(n)
          else if (textKind[field] !== NO_TEXT) {
            const found = redactor.redactions(view.body(n), view.end(n))
            if (found.length === 0) continue
            const isOpaque = textKind[field] === OPAQUE
            if (isOpaque && isId(view, n)) continue
            for (const one of found) {
              edits.replaceRange(n, one.start, one.end, isOpaque ? asterisks(one) : one.replacement)
              counters.get(one.type)?.add(1)
            }
            item.add(n, found)
          }
        }
        item.end()
      },
    }
  },
})

const NO_TEXT = 0
const TEXT = 1
/** Of unknown structure, so that its length must not change: unknown fields, and ids, which could be misused to hold text. */
const OPAQUE = 2

/** By field id. */
const textKind = new Uint8Array(Math.max(fieldIdMax, UNKNOWN_FIELD) + 2)
/** By field id: what a summary is about. */
const isItem = new Uint8Array(textKind.length)
isItem[fieldId('ScopeSpans', 'spans')] = 1
isItem[fieldId('ScopeLogs', 'logRecords')] = 1
for (let id = 1; id <= fieldIdMax; id++) {
  const type = fieldById(id)?.type
  if (type === 'string' || type === 'bytes') textKind[id] = TEXT
  if (type === 'id') textKind[id] = OPAQUE
}
textKind[UNKNOWN_FIELD] = OPAQUE

/** A trace or span id of the length that it must have: random bytes. */
const isId = (view: OtlpView, n: number): boolean => {
  const length = view.end(n) - view.body(n)
  return view.field(n) !== UNKNOWN_FIELD && (length === 8 || length === 16)
}

const asterisks = ({ start, end }: Redaction): Uint8Array => new Uint8Array(end - start).fill(0x2a)

const COUNT = wireId(ATTR_SPANWARDEN_REDACTION_COUNT)
const RULES = wireId(ATTR_SPANWARDEN_REDACTION_RULES)

/** Counts what was taken out of the span or log record at hand, and says so in its attributes. */
class ItemSummary {
  readonly #view: OtlpView
  readonly #edits: Edits
  readonly #detail: 'debug' | 'info' | 'silent'
  readonly #rules = new Set<string>()
  #item = -1
  #itemEnd = -1
  #count = 0

  constructor(view: OtlpView, edits: Edits, detail: 'debug' | 'info' | 'silent') {
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
    for (const { type } of found) this.#rules.add(type)
  }

  end(): void {
    if (this.#count === 0) return
    this.#takeUpEarlier()
    this.#edits.appendAttribute(this.#item, ATTR_SPANWARDEN_REDACTION_COUNT, this.#count)
    if (this.#detail === 'debug')
      this.#edits.appendAttribute(this.#item, ATTR_SPANWARDEN_REDACTION_RULES, [...this.#rules].sort())
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
      else for (let v = c; v < view.next(c); v++) if (view.field(v) === STRING) this.#rules.add(view.text(v))
      this.#edits.remove(c)
    }
  }
}

const STRING = fieldId('AnyValue', 'stringValue')
