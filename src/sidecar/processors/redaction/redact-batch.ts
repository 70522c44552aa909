import type { Edits } from '../../../otlp/edits.ts'
import { fieldId, UNKNOWN_FIELD } from '../../../otlp/schema.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import { NODE_BODY, NODE_END, NODE_FIELD, NODE_SIZE } from '../../../otlp/walk.ts'
import type { Action } from '../../../redaction/actions.ts'
import { isGlued } from '../../../redaction/glued.ts'
import type { Redaction, Redactor } from '../../../redaction/redactor.ts'
import { applyFindings } from './apply-findings.ts'
import type { Finding, OnFound } from './apply-findings.ts'
import { ItemSummary } from './item-summary.ts'
import type { RedactionSummary, Summary } from './item-summary.ts'
import { labelOf } from './label.ts'
import { ITEM, KEY_TEXT, kindOf, NO_TEXT, NUMBER, OPAQUE, RESOURCE_GROUP, TEXT } from './node-kinds.ts'
import { isLargeNumber } from './number-values.ts'
import type { NumberTexts } from './number-values.ts'
import { isAtLimit, openEnd } from './open-end.ts'
import { SplitValues } from './split-values.ts'

/** How a batch is redacted, beyond what the redactor finds. */
export interface BatchOptions {
  /** What is done with what a rule finds; default is its replacement. */
  readonly actionOf?: (type: Redaction['type']) => Action
  /** Finds what numbers hold: a redactor of its own with the same rules. Without it numbers stay. */
  readonly numbers?: NumberTexts
  /** Finds numbers that stand in pieces in neighbouring values. */
  readonly splits?: SplitValues
  /** Characters that values have at most: longer ones were cut off before they came. */
  readonly valueCharsMax?: number
  /** Only count and summarise. */
  readonly isDryRun?: boolean
  /** Keys may be something that the user looks for. */
  readonly hasPatterns?: boolean
  /** All values are told what they are called, also where that is a name of the conventions: their paths matter. */
  readonly hasPaths?: boolean
  /** What keys named in one place of a trace is taken out in all others. */
  readonly propagates?: boolean
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

/** Says what to change so that no string of the batch holds what the redactor finds; `count` is told of each thing found. */
export function redactBatch(
  redactor: Redactor,
  view: OtlpView,
  edits: Edits,
  summary: RedactionSummary,
  count: OnFound,
  options: BatchOptions = {},
): void {
  const settled = options.settle?.(view, edits)
  const search = new BatchSearch(redactor, view, options, settled)
  search.run()
  applyFindings(search.findings(), view, edits, {
    summary: settled?.summary ?? new ItemSummary(view, edits, summary, options.isDryRun === true),
    count,
    ...(options.actionOf === undefined ? {} : { actionOf: options.actionOf }),
    isDryRun: options.isDryRun === true,
  })
}

/** Goes through the nodes of a batch in order, once, and again to the places where something stands that was learnt meanwhile. */
class BatchSearch {
  readonly #redactor: Redactor
  readonly #view: OtlpView
  readonly #options: BatchOptions
  readonly #settled: Settled | undefined
  readonly #findings: Finding[] = []
  /** What was found later, by node: it takes the place of what was found first. */
  readonly #recalled = new Map<number, Finding>()
  /** The item whose trace the redactor is told of. */
  #traceItem = -1

  constructor(redactor: Redactor, view: OtlpView, options: BatchOptions, settled: Settled | undefined) {
    this.#redactor = redactor
    this.#view = view
    this.#options = options
    this.#settled = settled
  }

  run(): void {
    this.#redactor.scan(this.#view.bytes)
    this.#search()
    if (this.#options.propagates === true) this.#recall()
  }

  /** In the order of the nodes. */
  findings(): readonly Finding[] {
    if (this.#recalled.size === 0) return this.#findings
    const first = this.#findings.filter(({ node }) => !this.#recalled.has(node))
    return [...first, ...this.#recalled.values()].sort((a, b) => a.node - b.node)
  }

  #search(): void {
    const view = this.#view
    const redactor = this.#redactor
    const { onResource, propagates, hasPatterns = false } = this.#options
    const { bytes, nodes, count: nodeCount } = view
    const { splits, valueCharsMax: charsMax = 0 } = this.#options
    splits?.begin()
    let quietUntil = redactor.nextCandidate(0)
    /** Up to this node the values belong to a key in which there was a candidate. */
    let labelledUntil = 0
    for (let n = 1, at = NODE_SIZE; n < nodeCount; n++, at += NODE_SIZE) {
      const kind = kindOf[nodes[at + NODE_FIELD] as number] as number
      if (kind === NO_TEXT) continue
      if (kind >= ITEM) {
        if (kind === RESOURCE_GROUP) onResource?.(view, n)
        if (propagates === true) this.#enter(kind === ITEM ? n : -1)
        continue
      }
      const start = nodes[at + NODE_BODY] as number
      const end = nodes[at + NODE_END] as number
      const isLabelled = n < labelledUntil
      if (kind === NUMBER) {
        if (isLabelled || isLargeNumber(view, n)) this.#number(n)
        continue
      }
      if (splits !== undefined && SplitValues.isPart(bytes, start, end)) this.#split(splits, n)
      const isCut = charsMax > 0 && end - start >= charsMax && isAtLimit(bytes, start, end, charsMax)
      if (end <= quietUntil && !isLabelled && !isCut && !isGlued(bytes, start, end)) continue
      if (kind === KEY_TEXT) {
        // Names of the conventions hold nothing.
        if (view.keyId(view.parent(n)) !== 0 && !hasPatterns) continue
        if (quietUntil < end) labelledUntil = view.next(view.parent(n))
      }
      this.#look(n, kind, start, end, isCut)
      quietUntil = redactor.nextCandidate(end)
    }
  }

  #look(n: number, kind: number, start: number, end: number, isCut: boolean): void {
    if (this.#settled?.isDone(n) === true) return
    const label = kind === KEY_TEXT ? undefined : this.#labelOf(n)
    const whole = this.#redactor.redactions(start, end, label)
    const open = isCut ? openEnd(this.#view.bytes, start, end, whole) : undefined
    const found = open === undefined ? whole : [...whole, open]
    if (found.length === 0 || (kind === OPAQUE && isId(this.#view, n))) return
    this.#findings.push({ node: n, kind, found, text: '' })
  }

  #split(splits: SplitValues, n: number): void {
    const split = splits.add(this.#view, n)
    for (const node of split?.nodes ?? []) {
      if (split === undefined || this.#settled?.isDone(node) === true) continue
      const [start, end] = [this.#view.body(node), this.#view.end(node)]
      this.#recalled.set(node, { node, kind: TEXT, found: [{ ...split.found, start, end }], text: '' })
    }
  }

  #number(n: number): void {
    const { numbers } = this.#options
    if (numbers === undefined || this.#settled?.isDone(n) === true) return
    const { found, text } = numbers.redact(this.#view, n, this.#labelOf(n))
    if (found.length > 0) this.#findings.push({ node: n, kind: NUMBER, found, text })
  }

  /** The nodes around the places where something learnt may stand are asked about once more. */
  #recall(): void {
    const view = this.#view
    let last = -1
    let next = 0
    const ranges = this.#findings.flatMap(({ kind, found }) => (kind === NUMBER ? [] : found))
    for (const position of this.#redactor.recall()) {
      // Most stand where they were learnt.
      while (next < ranges.length && (ranges[next] as Redaction).end <= position) next++
      if (next < ranges.length && (ranges[next] as Redaction).start <= position) continue
      const n = nodeAt(view, position)
      if (n === last) continue
      const kind = kindOf[view.field(n)] as number
      if (kind === NO_TEXT || kind === NUMBER || kind >= ITEM || this.#settled?.isDone(n) === true) continue
      this.#enter(itemOf(view, n))
      if (!this.#redactor.isRecalled(position, view.body(n), view.end(n))) continue
      last = n
      const label = kind === KEY_TEXT ? undefined : this.#labelOf(n)
      const found = this.#redactor.redactions(view.body(n), view.end(n), label)
      if (found.length > 0 && !(kind === OPAQUE && isId(view, n)))
        this.#recalled.set(n, { node: n, kind, found, text: '' })
    }
  }

  #labelOf(n: number): Uint8Array | undefined {
    return labelOf(this.#view, n, this.#options.hasPaths === true)
  }

  /** What follows is of the trace of this span or log record; -1 = of none. */
  #enter(item: number): void {
    if (item === this.#traceItem) return
    this.#traceItem = item
    this.#redactor.enterTrace(item < 0 ? undefined : traceOf(this.#view, item))
  }
}

/** A trace or span id of the length that it must have: random bytes. */
const isId = (view: OtlpView, n: number): boolean => {
  const length = view.end(n) - view.body(n)
  return view.field(n) !== UNKNOWN_FIELD && (length === 8 || length === 16)
}

const SPAN = fieldId('ScopeSpans', 'spans')
const SPAN_TRACE = fieldId('Span', 'traceId')
const RECORD_TRACE = fieldId('LogRecord', 'traceId')

function traceOf(view: OtlpView, item: number): string | undefined {
  const id = view.child(item, view.field(item) === SPAN ? SPAN_TRACE : RECORD_TRACE)
  return id < 0 || view.end(id) === view.body(id) ? undefined : view.hex(id)
}

function itemOf(view: OtlpView, n: number): number {
  for (let above = n; above > 0; above = view.parent(above)) if (kindOf[view.field(above)] === ITEM) return above
  return -1
}

/** The innermost node whose bytes hold the position: the last one that begins before it. */
function nodeAt(view: OtlpView, position: number): number {
  let low = 0
  let high = view.count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (view.start(middle) <= position) low = middle + 1
    else high = middle
  }
  return low - 1
}
