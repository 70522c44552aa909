import type { Edits } from '../../../otlp/edits.ts'
import { ProtobufWriter } from '../../../otlp/protobuf-writer.ts'
import { fieldById, fieldId, fieldIdMax, messageSchema } from '../../../otlp/schema.ts'
import { TextCache } from '../../../otlp/text-cache.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import type { Redactor } from '../../../redaction/redactor.ts'
import { DatabaseSanitizer } from './database-sanitizer.ts'
import type { RedactionConfig } from './redaction-config.ts'
import type { Settled } from './redact-batch.ts'
import type { StockKeys } from './stock-keys.ts'
import { StockSummary } from './stock-summary.ts'
import type { StockDetail } from './stock-summary.ts'
import { UrlSanitizer } from './url-sanitizer.ts'
import { textMatcher } from './user-pattern.ts'

/** The part of the stock collector's redaction that goes by the keys of attributes: what is left of them is looked at afterwards, as everything else. */
export class StockBatch {
  readonly #keys: StockKeys
  readonly #keyTexts = new TextCache()
  readonly #allowedValues: readonly ((text: string) => boolean)[]
  readonly #allTypes: boolean
  readonly #detail: StockDetail
  readonly #urls: UrlSanitizer | undefined
  readonly #databases: DatabaseSanitizer | undefined
  /** For texts that are made here. */
  readonly #texts: Redactor

  constructor(config: RedactionConfig, keys: StockKeys, texts: Redactor) {
    this.#keys = keys
    this.#texts = texts
    this.#allowedValues = (config.allowed_values ?? []).map(textMatcher)
    this.#allTypes = config.redact_all_types === true
    this.#detail = config.summary === undefined || config.summary === '' ? 'silent' : config.summary
    if (config.url_sanitizer?.enabled === true) this.#urls = new UrlSanitizer(config.url_sanitizer)
    if (config.db_sanitizer !== undefined) this.#databases = new DatabaseSanitizer(config.db_sanitizer)
  }

  /** Whether anything depends on what the values are. */
  get #needsTexts(): boolean {
    return this.#allowedValues.length > 0 || this.#urls !== undefined || this.#databases !== undefined
  }

  /** In a dry run nothing is edited here either. */
  settle(view: OtlpView, edits: Edits, isDryRun: boolean): Settled {
    const summary = new StockSummary(view, edits, this.#detail, (key) => this.#texts.redactText(key).text)
    const done = new Uint8Array(view.count)
    const walk: Walk = { view, edits, summary, done, isDryRun }
    for (let n = 1; n < view.count; n++) {
      const kind = kindOf[view.field(n)]
      if (kind === SPAN) this.#span(walk, n)
      if (kind !== ATTRIBUTE && !(kind === MEMBER && done[n] === 0)) continue
      if (this.#attribute(walk, n, kind === ATTRIBUTE || isInBody(view, n))) {
        done.fill(1, n, view.next(n))
        n = view.next(n) - 1
      }
    }
    return { isDone: (n) => done[n] === 1, summary }
  }

  /** Returns whether nothing more is to be done with the attribute. Members of maps are deleted in bodies only, as in the stock collector. */
  #attribute(walk: Walk, n: number, mayDelete: boolean): boolean {
    const { view, edits, summary, isDryRun } = walk
    const keyNode = view.keyNode(n)
    const key = keyNode < 0 ? '' : this.#keyText(view, keyNode)
    const verdict = this.#keys.verdict(key, mayDelete)
    if (verdict === 'ignore') {
      summary.note(n, 'ignored')
      return true
    }
    if (verdict === 'delete') {
      summary.note(n, 'redacted')
      if (!isDryRun) edits.remove(n)
      return true
    }
    if (verdict === 'look' && !this.#needsTexts) return false
    const value = view.valueNode(n)
    const text = value < 0 ? undefined : textOf(view, value, verdict === 'mask' || this.#allTypes)
    const allowed = text === undefined ? false : this.#allowedValues.some((matches) => matches(text))
    if (allowed) summary.note(n, 'allowed')
    if (verdict === 'mask' && value >= 0 && !(allowed && text !== undefined && this.#isAllowedWhole(text))) {
      if (isMasked(text)) return true
      summary.note(n, 'masked')
      if (!isDryRun) setText(view, edits, value, text === undefined ? MASK : this.#keys.masked(text))
      return true
    }
    return text !== undefined && !allowed && keyNode >= 0 && this.#sanitize(walk, n, key, text)
  }

  #keyText(view: OtlpView, node: number): string {
    return view.isEdited(node) ? view.text(node) : this.#keyTexts.text(view.bytes, view.body(node), view.end(node))
  }

  /** A value below a blocked key stays when it is nothing but what is allowed: no blank, so that nothing stands beside it. */
  #isAllowedWhole(text: string): boolean {
    return !/\s/.test(text.trim())
  }

  /** URLs and queries of attributes that were named for it. What is left of them is looked at here: nothing of the old text remains. */
  #sanitize({ view, edits, summary, isDryRun }: Walk, n: number, key: string, text: string): boolean {
    const url = this.#urls?.attribute(key, text) ?? text
    const sanitized = this.#databases?.attribute(key, url, () => databaseOf(view, view.parent(n))) ?? url
    if (sanitized === text) return false
    summary.note(n, 'masked')
    if (!isDryRun) setText(view, edits, view.valueNode(n), this.#texts.redactText(sanitized).text)
    return true
  }

  #span({ view, edits, done, isDryRun }: Walk, span: number): void {
    const nameNode = view.child(span, SPAN_NAME)
    if (nameNode < 0 || (this.#urls === undefined && this.#databases === undefined)) return
    const kindNode = view.child(span, SPAN_KIND)
    const kind = kindNode < 0 ? 0 : view.varint(kindNode)
    const name = view.text(nameNode)
    const url = this.#urls?.spanName(name, kind) ?? name
    // A path with stars in it is no query.
    const sanitized = url === name ? (this.#databases?.spanName(name, kind, () => databaseOf(view, span)) ?? name) : url
    if (sanitized === name || isDryRun) return
    edits.replace(nameNode, this.#texts.redactText(sanitized).text)
    done[nameNode] = 1
  }
}

interface Walk {
  readonly view: OtlpView
  readonly edits: Edits
  readonly summary: StockSummary
  /** By node: 1 when nothing more is to be done with it. */
  readonly done: Uint8Array
  readonly isDryRun: boolean
}

const MASK = '****'
/** What was masked before stays as it is. */
const isMasked = (text: string | undefined): boolean => text === MASK

const ATTRIBUTE = 1
const MEMBER = 2
const SPAN = 3
const kindOf = new Uint8Array(fieldIdMax + 3)
for (let id = 1; id <= fieldIdMax; id++) {
  const field = fieldById(id)
  if (field?.message?.name === 'KeyValue') kindOf[id] = field.name === 'values' ? MEMBER : ATTRIBUTE
}
kindOf[fieldId('ScopeSpans', 'spans')] = SPAN

const STRING = fieldId('AnyValue', 'stringValue')
const INT = fieldId('AnyValue', 'intValue')
const DOUBLE = fieldId('AnyValue', 'doubleValue')
const BOOL = fieldId('AnyValue', 'boolValue')
const BODY = fieldId('LogRecord', 'body')
const SPAN_NAME = fieldId('Span', 'name')
const SPAN_KIND = fieldId('Span', 'kind')
const STRING_NUMBER = messageSchema('AnyValue').byJsonName.get('stringValue')?.number ?? 0

/** The value as the stock collector writes it out; undefined for lists and maps, and for what is no string unless all types count. */
function textOf(view: OtlpView, value: number, allTypes: boolean): string | undefined {
  const field = view.field(value)
  if (field === STRING) return view.text(value)
  if (!allTypes) return undefined
  if (field === INT) return String(BigInt.asIntN(64, view.varint64(value)))
  if (field === DOUBLE) return String(view.double(value))
  return field === BOOL ? String(view.varint(value) !== 0) : undefined
}

function setText(view: OtlpView, edits: Edits, value: number, text: string): void {
  if (view.field(value) === STRING) return edits.replace(value, text)
  const parent = view.parent(value)
  edits.remove(value)
  edits.append(parent, new ProtobufWriter().string(STRING_NUMBER, text).finish())
}

function isInBody(view: OtlpView, n: number): boolean {
  for (let above = view.parent(n); above > 0; above = view.parent(above)) {
    if (view.field(above) === BODY) return true
    if (kindOf[view.field(above)] === ATTRIBUTE) return false
  }
  return false
}

/** The database that a span calls: `db.system.name`, or what that was called before. */
function databaseOf(view: OtlpView, holder: number): string {
  let system = ''
  for (let c = view.first(holder); c < view.next(holder); c = view.next(c)) {
    if (kindOf[view.field(c)] !== ATTRIBUTE) continue
    const keyNode = view.keyNode(c)
    const key = keyNode < 0 ? '' : view.text(keyNode)
    if (key === 'db.system.name') return (view.stringValue(c) ?? '').toLowerCase()
    if (key === 'db.system') system = (view.stringValue(c) ?? '').toLowerCase()
  }
  return system
}
