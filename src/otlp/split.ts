import { Edits } from './edits.ts'
import { fieldId } from './schema.ts'
import type { Signal } from './schema.ts'
import { OtlpView } from './view.ts'

/** The messages that are counted as items, each in the field where it stands. */
export const itemFields: ReadonlySet<number> = new Set([
  fieldId('ScopeSpans', 'spans'),
  fieldId('ScopeLogs', 'logRecords'),
  ...['Gauge', 'Sum', 'Histogram', 'ExponentialHistogram', 'Summary'].map((kind) => fieldId(kind, 'dataPoints')),
])

/** The messages around items. One that has none left in a half is left out of it. */
const envelopeFields = new Set([
  ...(['Spans', 'Metrics', 'Logs'] as const).flatMap((kind) => [
    fieldId(`Export${kind === 'Spans' ? 'Trace' : kind}ServiceRequest`, `resource${kind}`),
    fieldId(`Resource${kind}`, `scope${kind}`),
  ]),
  fieldId('ScopeMetrics', 'metrics'),
  ...['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'].map((kind) => fieldId('Metric', kind)),
])

export interface Half {
  readonly bytes: Buffer
  /** Spans, log records or data points in it. */
  readonly items: number
}

/**
 * Splits a request in two of about the same size, each item in exactly one of them, in the same resource, scope and metric as before.
 * Returns undefined when there are less than two items. Throws OtlpError when the bytes are not a request of that signal.
 */
export function splitRequest(signal: Signal, bytes: Uint8Array): readonly [Half, Half] | undefined {
  const view = new OtlpView(signal, bytes)
  const firstItems = itemsOfFirstHalf(view)
  view.release()
  if (firstItems === undefined) return undefined
  return [half(signal, bytes, (index) => index < firstItems), half(signal, bytes, (index) => index >= firstItems)]
}

/** How many items make up about half the bytes: at least one, and not all. */
function itemsOfFirstHalf(view: OtlpView): number | undefined {
  const sizes = nodesIn(view, itemFields).map((item) => view.end(item) - view.start(item))
  if (sizes.length < 2) return undefined
  const total = sizes.reduce((sum, size) => sum + size, 0)
  let count = 0
  for (let sum = 0; count < sizes.length - 1; count++) {
    sum += sizes[count] ?? 0
    if (count > 0 && sum * 2 > total) break
  }
  return count
}

function half(signal: Signal, bytes: Uint8Array, isIn: (index: number) => boolean): Half {
  const view = new OtlpView(signal, bytes)
  const edits = new Edits(view)
  const items = nodesIn(view, itemFields)
  const leftOut = items.filter((_, index) => !isIn(index))
  const needed = new Set(items.filter((_, index) => isIn(index)).flatMap((item) => envelopes(view, item)))
  if (isIn(0))
    for (const node of withoutItems(view, items)) [node, ...envelopes(view, node)].forEach((n) => needed.add(n))
  const emptied = new Set(nodesIn(view, envelopeFields).filter((node) => !needed.has(node)))
  for (const node of [...emptied, ...leftOut]) if (!emptied.has(view.parent(node))) edits.remove(node)
  const result = { bytes: Buffer.from(edits.apply()), items: items.length - leftOut.length }
  view.release()
  return result
}

/** Envelopes in which there is no item: they go with the first half. */
function withoutItems(view: OtlpView, items: readonly number[]): number[] {
  const used = new Set(items.flatMap((item) => envelopes(view, item)))
  return nodesIn(view, envelopeFields).filter((node) => !used.has(node))
}

function nodesIn(view: OtlpView, fields: ReadonlySet<number>): number[] {
  const nodes: number[] = []
  for (let n = 1; n < view.count; n++) if (fields.has(view.field(n))) nodes.push(n)
  return nodes
}

/** The envelopes around a node. */
function envelopes(view: OtlpView, node: number): number[] {
  const nodes: number[] = []
  for (let n = view.parent(node); n !== 0; n = view.parent(n)) if (envelopeFields.has(view.field(n))) nodes.push(n)
  return nodes
}
