import type { Edits } from '../../../otlp/edits.ts'
import { fieldById, fieldId, fieldIdMax, UNKNOWN_FIELD } from '../../../otlp/schema.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import { NODE_BODY, NODE_END, NODE_FIELD, NODE_SIZE } from '../../../otlp/walk.ts'
import { REPLACE } from '../../../redaction/actions.ts'
import type { Action } from '../../../redaction/actions.ts'
import type { Redaction, Redactor } from '../../../redaction/redactor.ts'
import { isGlued } from '../../../redaction/rule-search.ts'
import { RefusedError } from '../../component.ts'
import { ItemSummary } from './item-summary.ts'
import type { RedactionSummary, Summary } from './item-summary.ts'
import { isLargeNumber, replaceNumber } from './number-values.ts'
import type { NumberTexts } from './number-values.ts'

/** How a batch is redacted, beyond what the redactor finds. */
export interface BatchOptions {
  /** What is done with what a rule finds; default is its replacement. */
  readonly actionOf?: (type: Redaction['type']) => Action
  /** Finds what numbers hold: a redactor of its own with the same rules. Without it numbers stay. */
  readonly numbers?: NumberTexts
  /** Only count and summarise. */
  readonly isDryRun?: boolean
  /** Told where a resource and all that belongs to it begins. */
  readonly onResource?: (view: OtlpView, group: number) => void
  /** Decides about attributes by their keys before anything is looked for. */
  readonly settle?: (view: OtlpView, edits: Edits) => Settled
}

export interface Settled {
  /** Whether nothing more is to be done with node n. */
  isDone(n: number): boolean
  readonly summary: Summary
}

/** Says what to change so that no string of the batch holds what the redactor finds; `count` is told of each thing taken out. */
export function redactBatch(
  redactor: Redactor,
  view: OtlpView,
  edits: Edits,
  summary: RedactionSummary,
  count: (type: Redaction['type']) => void,
  options: BatchOptions = {},
): void {
  new BatchRedaction(redactor, view, edits, summary, count, options).run()
}

class BatchRedaction {
  readonly #redactor: Redactor
  readonly #view: OtlpView
  readonly #edits: Edits
  readonly #count: (type: Redaction['type']) => void
  readonly #options: BatchOptions
  readonly #settled: Settled | undefined
  readonly #summary: Summary

  constructor(
    redactor: Redactor,
    view: OtlpView,
    edits: Edits,
    summary: RedactionSummary,
    count: (type: Redaction['type']) => void,
    options: BatchOptions,
  ) {
    this.#redactor = redactor
    this.#view = view
    this.#edits = edits
    this.#count = count
    this.#options = options
    this.#settled = options.settle?.(view, edits)
    this.#summary = this.#settled?.summary ?? new ItemSummary(view, edits, summary)
  }

  run(): void {
    const view = this.#view
    const redactor = this.#redactor
    const settled = this.#settled
    const { bytes, nodes, count: nodeCount } = view
    const { onResource } = this.#options
    const hasNumbers = this.#options.numbers !== undefined
    redactor.scan(bytes)
    let quietUntil = redactor.nextCandidate(0)
    /** Up to this node the values belong to a key in which there was a candidate. */
    let labelledUntil = 0
    for (let n = 1; n < nodeCount; n++) {
      const at = n * NODE_SIZE
      const kind = kindOf[nodes[at + NODE_FIELD] as number] as number
      if (kind === NO_TEXT) continue
      if (kind === ITEM) this.#summary.begin(n)
      if (kind === RESOURCE_GROUP) onResource?.(view, n)
      if (kind >= ITEM || settled?.isDone(n) === true) continue
      if (kind === NUMBER) {
        if (hasNumbers) n = this.#number(n, n < labelledUntil)
        continue
      }
      const start = nodes[at + NODE_BODY] as number
      const end = nodes[at + NODE_END] as number
      if (end <= quietUntil && n >= labelledUntil && !isGlued(bytes, start, end)) continue
      if (kind === KEY_TEXT && quietUntil < end) labelledUntil = view.next(view.parent(n))
      const found = redactor.redactions(start, end, kind === KEY_TEXT ? undefined : labelOf(view, n))
      quietUntil = redactor.nextCandidate(end)
      if (found.length === 0 || (kind === OPAQUE && isId(view, n))) continue
      n = this.#take(n, found, kind)
    }
    this.#summary.end()
  }

  /** Does what is to be done with what was found in node n; returns the last node that is done with it. */
  #take(n: number, found: readonly Redaction[], kind: number, text = ''): number {
    let done = n
    for (const one of found) this.#count(one.type)
    this.#summary.add(n, found)
    if (this.#options.isDryRun === true) return done
    for (const one of found) {
      const action = this.#actionOf(one.type)
      if (action.kind === 'keep') continue
      if (action.kind === 'block') throw refused(one)
      const dropped = this.#toDrop(n, action)
      if (dropped >= 0) {
        this.#edits.remove(dropped)
        if (action.kind === 'drop_item') this.#summary.forget()
        done = Math.max(done, this.#view.next(dropped) - 1)
      } else if (done === n && kind !== NUMBER)
        this.#edits.replaceRange(n, one.start, one.end, kind === OPAQUE ? asterisks(one) : one.replacement)
    }
    if (kind === NUMBER && done === n && found.some(({ type }) => this.#actionOf(type).kind !== 'keep'))
      replaceNumber(this.#view, this.#edits, n, text)
    return done
  }

  /** A number that is to be taken out becomes a text; returns the last node that is done with it. */
  #number(n: number, isLabelled: boolean): number {
    const { numbers } = this.#options
    if (numbers === undefined || !(isLabelled || isLargeNumber(this.#view, n))) return n
    const { found, text } = numbers.redact(this.#view, n, labelOf(this.#view, n))
    return found.length === 0 ? n : this.#take(n, found, NUMBER, text)
  }

  #actionOf(type: Redaction['type']): Action {
    return this.#options.actionOf?.(type) ?? REPLACE
  }

  /** The node that goes as a whole, or -1: what stands in no attribute cannot be dropped with it, and is replaced. */
  #toDrop(n: number, { kind }: Action): number {
    if (kind !== 'drop_attribute' && kind !== 'drop_item') return -1
    const view = this.#view
    for (let above = view.parent(n); above > 0; above = view.parent(above)) {
      const field = view.field(above)
      if (kind === 'drop_attribute' ? isAttribute[field] === 1 : isDroppable[field] === 1) return above
    }
    return -1
  }
}

const refused = ({ type }: Redaction): RefusedError =>
  new RefusedError('invalid', `refused: the request holds what the redaction rule ${type} blocks`)

const NO_TEXT = 0
const TEXT = 1
/** The key of an attribute. */
const KEY_TEXT = 2
/** Of unknown structure, so that its length must not change: unknown fields, and ids, which could be misused to hold text. */
const OPAQUE = 3
/** A number of an attribute or body. */
const NUMBER = 4
/** A span or log record: what a summary is about. */
const ITEM = 5
/** A resource with its spans, metrics or log records. */
const RESOURCE_GROUP = 6

/** By field id. */
const kindOf = new Uint8Array(Math.max(fieldIdMax, UNKNOWN_FIELD) + 2)
const isAttribute = new Uint8Array(kindOf.length)
const isDroppable = new Uint8Array(kindOf.length)
const KEY = fieldId('KeyValue', 'key')
for (let id = 1; id <= fieldIdMax; id++) {
  const field = fieldById(id)
  if (field?.type === 'string' || field?.type === 'bytes') kindOf[id] = TEXT
  if (field?.type === 'id') kindOf[id] = OPAQUE
  if (field?.message?.name === 'KeyValue') isAttribute[id] = 1
  if (field?.name === 'spans' || field?.name === 'logRecords' || field?.name === 'dataPoints') isDroppable[id] = 1
  if (field?.name === 'intValue' || field?.name === 'doubleValue') kindOf[id] = NUMBER
}
kindOf[KEY] = KEY_TEXT
kindOf[fieldId('ScopeSpans', 'spans')] = ITEM
kindOf[fieldId('ScopeLogs', 'logRecords')] = ITEM
kindOf[UNKNOWN_FIELD] = OPAQUE
kindOf[fieldId('ExportTraceServiceRequest', 'resourceSpans')] = RESOURCE_GROUP
kindOf[fieldId('ExportMetricsServiceRequest', 'resourceMetrics')] = RESOURCE_GROUP
kindOf[fieldId('ExportLogsServiceRequest', 'resourceLogs')] = RESOURCE_GROUP

/** A trace or span id of the length that it must have: random bytes. */
const isId = (view: OtlpView, n: number): boolean => {
  const length = view.end(n) - view.body(n)
  return view.field(n) !== UNKNOWN_FIELD && (length === 8 || length === 16)
}

const PLACEHOLDER = '[REDACTED:'
/** Of a longer key the end counts. */
const LABEL_BYTES_MAX = 256

/** The key of the attribute that holds the value: `customer.phone` tells what `0151 23456789` is. */
function labelOf(view: OtlpView, n: number): Uint8Array | undefined {
  for (let above = view.parent(n); above > 0; above = view.parent(above)) {
    const key = view.first(above)
    if (view.field(key) !== KEY || key >= n) continue
    const end = view.end(key)
    const label = view.bytes.subarray(Math.max(view.body(key), end - LABEL_BYTES_MAX), end)
    // `[REDACTED:PHONE]` says what the key was, not what the value is.
    return label.includes(PLACEHOLDER) ? undefined : label
  }
  return undefined
}

const asterisks = ({ start, end }: Redaction): Uint8Array => new Uint8Array(end - start).fill(0x2a)
