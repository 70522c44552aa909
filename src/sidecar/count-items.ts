import { fieldId, REMOVED_FIELD } from '../otlp/schema.ts'
import type { Signal } from '../otlp/schema.ts'
import type { OtlpView } from '../otlp/view.ts'

const isItem = new Uint8Array(REMOVED_FIELD + 1)
for (const [message, field] of [
  ['ScopeSpans', 'spans'],
  ['ScopeLogs', 'logRecords'],
  ['Gauge', 'dataPoints'],
  ['Sum', 'dataPoints'],
  ['Histogram', 'dataPoints'],
  ['ExponentialHistogram', 'dataPoints'],
  ['Summary', 'dataPoints'],
] as const) {
  isItem[fieldId(message, field)] = 1
}

/** Name of a signal's items in the stock collector's metrics. */
export const itemsName: Readonly<Record<Signal, string>> = {
  traces: 'spans',
  metrics: 'metric_points',
  logs: 'log_records',
}

/** Spans, data points or log records that are in the batch after the edits. */
export function countItems(view: OtlpView): number {
  let items = 0
  for (let n = 1; n < view.count;) {
    const field = view.field(n)
    if (isItem[field] === 1) {
      items++
      n = view.next(n)
    } else n = field === REMOVED_FIELD ? view.next(n) : n + 1
  }
  return items
}
