import {
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_NAMESPACE,
  METRIC_AGENT_COST,
  METRIC_AGENT_ERROR_RATE,
  METRIC_AGENT_QUEUE_DEPTH,
  METRIC_AGENT_REQUEST_LATENCY,
  METRIC_AGENT_REQUESTS,
  METRIC_AGENT_TOKENS_USED,
  METRIC_AGENT_TOOL_CALLS,
} from '../conventions.ts'
import { fieldId } from '../otlp/schema.ts'
import type { OtlpView } from '../otlp/view.ts'

export const KIND_GAUGE = 0
export const KIND_SUM = 1
export const KIND_HISTOGRAM = 2

/** The metrics that the page shows. All others pass by: long-term storage is a backend's. */
export const storedMetrics: ReadonlySet<string> = new Set([
  METRIC_AGENT_REQUEST_LATENCY,
  METRIC_AGENT_ERROR_RATE,
  METRIC_AGENT_TOOL_CALLS,
  METRIC_AGENT_TOKENS_USED,
  METRIC_AGENT_QUEUE_DEPTH,
  METRIC_AGENT_REQUESTS,
  METRIC_AGENT_COST,
])

export interface PointFacts {
  /** Metric, temporality, resource and attributes as one text: what tells series apart. */
  readonly identity: string
  readonly name: string
  readonly kind: number
  readonly cumulative: boolean
  readonly attributes: Readonly<Record<string, string>>
  /** Of a histogram. */
  readonly bounds: readonly number[]
  readonly timeUs: number
  readonly startUs: number
  /** The number, or the sum of a histogram. */
  readonly value: number
  readonly min: number | null
  readonly max: number | null
  /** Counts of the buckets, one more than bounds; a view on the batch's memory where it can be. */
  readonly buckets: Buffer | null
}

const RESOURCE = fieldId('ResourceMetrics', 'resource')
const RESOURCE_ATTRIBUTE = fieldId('Resource', 'attributes')
const SCOPE_METRICS = fieldId('ResourceMetrics', 'scopeMetrics')
const METRIC = fieldId('ScopeMetrics', 'metrics')
const NAME = fieldId('Metric', 'name')
const GAUGE = fieldId('Metric', 'gauge')
const SUM = fieldId('Metric', 'sum')
const HISTOGRAM = fieldId('Metric', 'histogram')
const TEMPORALITIES = [fieldId('Sum', 'aggregationTemporality'), fieldId('Histogram', 'aggregationTemporality')]
const CUMULATIVE = 2
const points = [fieldId('Gauge', 'dataPoints'), fieldId('Sum', 'dataPoints'), fieldId('Histogram', 'dataPoints')]
const kinds: ReadonlyMap<number, number> = new Map([
  [GAUGE, KIND_GAUGE],
  [SUM, KIND_SUM],
  [HISTOGRAM, KIND_HISTOGRAM],
])

// Number and histogram points have the same fields under different ids.
const both = (name: string): readonly number[] => [
  fieldId('NumberDataPoint', name),
  fieldId('HistogramDataPoint', name),
]
const ATTRIBUTES = both('attributes')
const TIMES = both('timeUnixNano')
const STARTS = both('startTimeUnixNano')
const AS_DOUBLE = fieldId('NumberDataPoint', 'asDouble')
const AS_INT = fieldId('NumberDataPoint', 'asInt')
const HISTOGRAM_SUM = fieldId('HistogramDataPoint', 'sum')
const BUCKETS = fieldId('HistogramDataPoint', 'bucketCounts')
const BOUNDS = fieldId('HistogramDataPoint', 'explicitBounds')
const MIN = fieldId('HistogramDataPoint', 'min')
const MAX = fieldId('HistogramDataPoint', 'max')

const instanceKeys: ReadonlySet<string> = new Set([ATTR_SERVICE_NAME, ATTR_SERVICE_NAMESPACE, ATTR_SERVICE_INSTANCE_ID])

/** Reads the points of the metrics that are stored. Points without a time or with a number that is none are left out. */
export function readPoints(view: OtlpView): PointFacts[] {
  const found: PointFacts[] = []
  for (let r = view.first(0); r < view.next(0); r = view.next(r)) {
    const resource = view.child(r, RESOURCE)
    const instance = resource < 0 ? {} : attributesOf(view, resource, [RESOURCE_ATTRIBUTE], instanceKeys)
    for (let s = view.first(r); s < view.next(r); s = view.next(s)) {
      if (view.field(s) !== SCOPE_METRICS) continue
      for (let m = view.first(s); m < view.next(s); m = view.next(m)) {
        if (view.field(m) === METRIC) readMetric(view, m, instance, found)
      }
    }
  }
  return found
}

function readMetric(view: OtlpView, metric: number, instance: Record<string, string>, found: PointFacts[]): void {
  const nameNode = view.child(metric, NAME)
  const name = nameNode < 0 ? '' : view.text(nameNode)
  if (!storedMetrics.has(name)) return
  for (let c = view.first(metric); c < view.next(metric); c = view.next(c)) {
    const kind = kinds.get(view.field(c))
    if (kind === undefined) continue
    const cumulative = isCumulative(view, c)
    for (let p = view.first(c); p < view.next(c); p = view.next(p)) {
      if (!points.includes(view.field(p))) continue
      const point = readPoint(view, p)
      if (point === undefined) continue
      const attributes = attributesOf(view, p, ATTRIBUTES)
      const identity = JSON.stringify([name, kind, cumulative, point.bounds, entries(instance), entries(attributes)])
      found.push({ identity, name, kind, cumulative, attributes, ...point })
    }
  }
}

const entries = (attributes: Record<string, string>): [string, string][] =>
  Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))

function isCumulative(view: OtlpView, n: number): boolean {
  return TEMPORALITIES.some((field) => {
    const temporality = view.child(n, field)
    return temporality >= 0 && view.varint(temporality) === CUMULATIVE
  })
}

function readPoint(
  view: OtlpView,
  point: number,
): Omit<PointFacts, 'identity' | 'name' | 'kind' | 'cumulative' | 'attributes'> | undefined {
  let timeUs = 0
  let startUs = 0
  let value = Number.NaN
  let min: number | null = null
  let max: number | null = null
  const buckets: Buffer[] = []
  const bounds: Buffer[] = []
  for (let c = view.first(point); c < view.next(point); c = view.next(c)) {
    const field = view.field(c)
    if (TIMES.includes(field)) timeUs = Number(view.fixed64(c) / 1000n)
    else if (STARTS.includes(field)) startUs = Number(view.fixed64(c) / 1000n)
    else if (field === AS_DOUBLE || field === HISTOGRAM_SUM) value = view.double(c)
    else if (field === AS_INT) value = Number(BigInt.asIntN(64, view.fixed64(c)))
    else if (field === MIN) min = finite(view.double(c))
    else if (field === MAX) max = finite(view.double(c))
    else if (field === BUCKETS) buckets.push(view.content(c))
    else if (field === BOUNDS) bounds.push(view.content(c))
  }
  if (timeUs === 0 || !Number.isSafeInteger(timeUs) || !Number.isSafeInteger(startUs)) return undefined
  if (!Number.isFinite(value)) return undefined
  return { timeUs, startUs, value, min, max, buckets: joined(buckets), bounds: doubles(joined(bounds)) }
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)

/** Repeated numbers may come packed, one by one, or mixed; the bytes are the same. */
function joined(parts: readonly Buffer[]): Buffer | null {
  const [only] = parts
  if (only === undefined) return null
  return parts.length === 1 ? only : Buffer.concat(parts)
}

function doubles(bytes: Buffer | null): number[] {
  const values: number[] = []
  if (bytes === null) return values
  for (let at = 0; at + 8 <= bytes.length; at += 8) values.push(bytes.readDoubleLE(at))
  return values
}

function attributesOf(
  view: OtlpView,
  n: number,
  fields: readonly number[],
  only?: ReadonlySet<string>,
): Record<string, string> {
  const attributes: Record<string, string> = {}
  for (let c = view.first(n); c < view.next(n); c = view.next(c)) {
    if (!fields.includes(view.field(c))) continue
    const keyNode = view.keyNode(c)
    const key = keyNode < 0 ? '' : view.text(keyNode)
    if (only !== undefined && !only.has(key)) continue
    attributes[key] = view.stringValue(c) ?? String(view.numberValue(c) ?? view.booleanValue(c) ?? '')
  }
  return attributes
}
