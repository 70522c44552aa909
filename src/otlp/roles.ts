import { fieldId, REMOVED_FIELD } from './schema.ts'
import type { OtlpView } from './view.ts'

/** What a field is in a request of any signal, for those who go through its items. */
export const ROLE_NONE = 0
export const ROLE_GROUP = 1 // ResourceSpans, ResourceMetrics, ResourceLogs
export const ROLE_RESOURCE = 2
export const ROLE_SCOPE_GROUP = 3 // ScopeSpans, ScopeMetrics, ScopeLogs
export const ROLE_SCOPE = 4
export const ROLE_ITEM = 5 // a span or log record
export const ROLE_METRIC = 6
export const ROLE_DATA = 7 // Gauge, Sum, …: what holds the data points of a metric
export const ROLE_POINT = 8

/** By field id. */
export const roleOf = new Uint8Array(REMOVED_FIELD + 1)
/** 1: a field of attributes of a resource, scope, span, event, link, log record or data point. */
export const isAttribute = new Uint8Array(REMOVED_FIELD + 1)

for (const kind of ['Spans', 'Metrics', 'Logs'] as const) {
  const request = `Export${kind === 'Spans' ? 'Trace' : kind}ServiceRequest`
  roleOf[fieldId(request, `resource${kind}`)] = ROLE_GROUP
  roleOf[fieldId(`Resource${kind}`, 'resource')] = ROLE_RESOURCE
  roleOf[fieldId(`Resource${kind}`, `scope${kind}`)] = ROLE_SCOPE_GROUP
  roleOf[fieldId(`Scope${kind}`, 'scope')] = ROLE_SCOPE
}
roleOf[fieldId('ScopeSpans', 'spans')] = ROLE_ITEM
roleOf[fieldId('ScopeLogs', 'logRecords')] = ROLE_ITEM
roleOf[fieldId('ScopeMetrics', 'metrics')] = ROLE_METRIC
for (const kind of ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary']) {
  roleOf[fieldId('Metric', kind)] = ROLE_DATA
  roleOf[fieldId(kind.charAt(0).toUpperCase() + kind.slice(1), 'dataPoints')] = ROLE_POINT
}
for (const message of [
  'Resource',
  'InstrumentationScope',
  'Span',
  'Event',
  'Link',
  'LogRecord',
  'NumberDataPoint',
  'HistogramDataPoint',
  'ExponentialHistogramDataPoint',
  'SummaryDataPoint',
]) {
  isAttribute[fieldId(message, 'attributes')] = 1
}

/** The children of a node with that role, in their order. Removed ones are not among them. */
export function* childrenOf(view: OtlpView, n: number, role: number): Generator<number> {
  for (let c = view.first(n), end = view.next(n); c < end; c = view.next(c)) if (roleOf[view.field(c)] === role) yield c
}

/** The last child of that field: of a field that is given more than once, this one counts. -1 = none. */
export function lastChild(view: OtlpView, n: number, field: number): number {
  let last = -1
  for (let c = view.first(n), end = view.next(n); c < end; c = view.next(c)) if (view.field(c) === field) last = c
  return last
}
