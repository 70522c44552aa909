import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME, ATTR_SERVICE_NAMESPACE } from '../../../conventions.ts'
import { fieldId } from '../../../otlp/schema.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import {
  type Exemplar,
  type MetricHead,
  type MetricStore,
  type Point,
  type RefusedPoint,
  renderLabels,
} from './metric-store.ts'

/** What happens to points that are not stored, by reason. */
export type OnRefused = (reason: RefusedPoint | 'unsupported') => void

/** Puts every data point of a batch of metrics into the store. Exponential histograms have no place in the text format: unsupported. */
export function readMetrics(
  view: OtlpView,
  store: MetricStore,
  constLabels: Readonly<Record<string, string>>,
  nowMs: number,
  onRefused: OnRefused,
): void {
  for (const group of children(view, 0, RESOURCE_METRICS)) {
    const resource = attributesOf(view, view.child(group, RESOURCE), RESOURCE_ATTRIBUTES)
    const fixed = { ...constLabels, ...targetLabels(resource) }
    const context = { view, store, fixed, nowMs, onRefused }
    const rest = resource.filter(([key]) => !TARGET_KEYS.has(key))
    if (rest.length > 0) put(context, TARGET_INFO, renderLabels(rest, fixed), 1, false)
    for (const scope of children(view, group, SCOPE_METRICS)) {
      for (const metric of children(view, scope, METRIC)) readMetric(context, metric)
    }
  }
}

interface Context {
  readonly view: OtlpView
  readonly store: MetricStore
  readonly fixed: Readonly<Record<string, string>>
  readonly nowMs: number
  readonly onRefused: OnRefused
}

function readMetric(context: Context, metric: number): void {
  const { view } = context
  const head = {
    name: textOf(view, metric, NAME),
    unit: textOf(view, metric, UNIT),
    description: textOf(view, metric, DESCRIPTION),
  }
  if (head.name === '') return
  for (let body = view.first(metric); body < view.next(metric); body = view.next(body)) {
    switch (view.field(body)) {
      case GAUGE:
        for (const point of children(view, body, GAUGE_POINT))
          readNumber(context, { ...head, type: 'gauge' }, point, false)
        break
      case SUM: {
        const isMonotonic = varintOf(view, body, SUM_MONOTONIC) !== 0
        const isDelta = varintOf(view, body, SUM_TEMPORALITY) === DELTA
        for (const point of children(view, body, SUM_POINT))
          readNumber(context, { ...head, type: isMonotonic ? 'counter' : 'gauge' }, point, isDelta)
        break
      }
      case HISTOGRAM: {
        const isDelta = varintOf(view, body, HISTOGRAM_TEMPORALITY) === DELTA
        for (const point of children(view, body, HISTOGRAM_POINT))
          readHistogram(context, { ...head, type: 'histogram' }, point, isDelta)
        break
      }
      case SUMMARY:
        for (const point of children(view, body, SUMMARY_POINT))
          readSummary(context, { ...head, type: 'summary' }, point)
        break
      case EXPONENTIAL:
        context.onRefused('unsupported')
        break
      default:
    }
  }
}

function readNumber(context: Context, head: MetricHead, point: number, isDelta: boolean): void {
  const value = numberOf(context.view, point, NUMBER_DOUBLE, NUMBER_INT)
  putPoint(context, head, point, NUMBER_FIELDS, value, isDelta)
}

function readHistogram(context: Context, head: MetricHead, point: number, isDelta: boolean): void {
  const { view } = context
  const sum = view.child(point, HISTOGRAM_SUM)
  const distribution = {
    count: fixed64Of(view, point, HISTOGRAM_COUNT),
    sum: sum < 0 ? Number.NaN : view.double(sum),
    bounds: packed(view, point, HISTOGRAM_BOUNDS).map((at) => view.bytes.readDoubleLE(at)),
    values: packed(view, point, HISTOGRAM_BUCKETS).map((at) => Number(view.bytes.readBigUInt64LE(at))),
  }
  putPoint(context, head, point, HISTOGRAM_FIELDS, distribution, isDelta)
}

function readSummary(context: Context, head: MetricHead, point: number): void {
  const { view } = context
  const quantiles = [...children(view, point, SUMMARY_QUANTILES)]
  const doubleOf = (node: number): number => (node < 0 ? 0 : view.double(node))
  const distribution = {
    count: fixed64Of(view, point, SUMMARY_COUNT),
    sum: doubleOf(view.child(point, SUMMARY_SUM)),
    bounds: quantiles.map((one) => doubleOf(view.child(one, QUANTILE))),
    values: quantiles.map((one) => doubleOf(view.child(one, QUANTILE_VALUE))),
  }
  putPoint(context, head, point, SUMMARY_FIELDS, distribution, false)
}

/** Where a kind of data point has what all have. */
interface PointFields {
  readonly attributes: number
  readonly flags: number
  readonly exemplars?: number
}

function putPoint(
  context: Context,
  head: MetricHead,
  node: number,
  fields: PointFields,
  point: Point,
  isDelta: boolean,
): void {
  const { view, fixed, store } = context
  const labels = renderLabels(attributesOf(view, node, fields.attributes), fixed)
  if ((varintOf(view, node, fields.flags) & NO_RECORDED_VALUE) !== 0) return store.remove(head, labels)
  put(context, head, labels, point, isDelta, exemplarsOf(view, node, fields.exemplars))
}

function put(
  { store, nowMs, onRefused }: Context,
  head: MetricHead,
  labels: string,
  point: Point,
  isDelta: boolean,
  exemplars: readonly Exemplar[] = [],
): void {
  const refused = store.set(head, labels, point, isDelta, nowMs, exemplars)
  if (refused !== undefined) onRefused(refused)
}

/** Those that name a span: without one they say nothing. The newest first. */
function exemplarsOf(view: OtlpView, point: number, field: number | undefined): Exemplar[] {
  if (field === undefined) return []
  const exemplars: Exemplar[] = []
  for (const node of children(view, point, field)) {
    const traceId = view.child(node, EXEMPLAR_TRACE_ID)
    const spanId = view.child(node, EXEMPLAR_SPAN_ID)
    const time = view.child(node, EXEMPLAR_TIME)
    const value = numberOf(view, node, EXEMPLAR_DOUBLE, EXEMPLAR_INT)
    if (traceId < 0 || spanId < 0 || time < 0 || Number.isNaN(value)) continue
    exemplars.push({ value, timeMs: view.unixMs(time), traceId: view.hex(traceId), spanId: view.hex(spanId) })
  }
  return exemplars.sort((a, b) => b.timeMs - a.timeMs)
}

function numberOf(view: OtlpView, node: number, doubleField: number, intField: number): number {
  const double = view.child(node, doubleField)
  if (double >= 0) return view.double(double)
  const int = view.child(node, intField)
  return int >= 0 ? Number(BigInt.asIntN(64, view.fixed64(int))) : Number.NaN
}

/** `job` is the service with its namespace, `instance` the instance id. */
function targetLabels(resource: readonly (readonly [string, string])[]): Record<string, string> {
  const values = new Map(resource)
  const name = values.get(ATTR_SERVICE_NAME) ?? ''
  const namespace = values.get(ATTR_SERVICE_NAMESPACE) ?? ''
  return {
    job: namespace === '' ? name : `${namespace}/${name}`,
    instance: values.get(ATTR_SERVICE_INSTANCE_ID) ?? '',
  }
}

function* children(view: OtlpView, node: number, field: number): Generator<number> {
  const end = node === 0 ? view.count : view.next(node)
  for (let c = node + 1; c < end; c = view.next(c)) if (view.field(c) === field) yield c
}

function attributesOf(view: OtlpView, node: number, field: number): (readonly [string, string])[] {
  if (node < 0) return []
  return [...children(view, node, field)].map((attribute) => {
    const key = view.keyNode(attribute)
    return [key < 0 ? '' : view.text(key), attributeText(view, attribute)] as const
  })
}

/** Lists and maps have no text as a label; they are left out. */
const attributeText = (view: OtlpView, attribute: number): string =>
  String(view.stringValue(attribute) ?? view.numberValue(attribute) ?? view.booleanValue(attribute) ?? '')

const textOf = (view: OtlpView, node: number, field: number): string => {
  const child = view.child(node, field)
  return child < 0 ? '' : view.text(child)
}

const varintOf = (view: OtlpView, node: number, field: number): number => {
  const child = view.child(node, field)
  return child < 0 ? 0 : view.varint(child)
}

const fixed64Of = (view: OtlpView, node: number, field: number): number => {
  const child = view.child(node, field)
  return child < 0 ? 0 : Number(view.fixed64(child))
}

/** Offsets of the eight-byte numbers of a repeated field, packed or one by one. */
function packed(view: OtlpView, node: number, field: number): number[] {
  return [...children(view, node, field)].flatMap((child) =>
    Array.from({ length: (view.end(child) - view.body(child)) >> 3 }, (_, index) => view.body(child) + index * 8),
  )
}

const DELTA = 1
const NO_RECORDED_VALUE = 1
const TARGET_KEYS: ReadonlySet<string> = new Set([ATTR_SERVICE_NAME, ATTR_SERVICE_NAMESPACE, ATTR_SERVICE_INSTANCE_ID])
const TARGET_INFO: MetricHead = {
  name: 'target_info',
  unit: '',
  description: 'Attributes of the resource behind job and instance.',
  type: 'gauge',
}

const RESOURCE_METRICS = fieldId('ExportMetricsServiceRequest', 'resourceMetrics')
const RESOURCE = fieldId('ResourceMetrics', 'resource')
const RESOURCE_ATTRIBUTES = fieldId('Resource', 'attributes')
const SCOPE_METRICS = fieldId('ResourceMetrics', 'scopeMetrics')
const METRIC = fieldId('ScopeMetrics', 'metrics')
const NAME = fieldId('Metric', 'name')
const UNIT = fieldId('Metric', 'unit')
const DESCRIPTION = fieldId('Metric', 'description')
const GAUGE = fieldId('Metric', 'gauge')
const SUM = fieldId('Metric', 'sum')
const HISTOGRAM = fieldId('Metric', 'histogram')
const SUMMARY = fieldId('Metric', 'summary')
const EXPONENTIAL = fieldId('Metric', 'exponentialHistogram')
const GAUGE_POINT = fieldId('Gauge', 'dataPoints')
const SUM_POINT = fieldId('Sum', 'dataPoints')
const SUM_MONOTONIC = fieldId('Sum', 'isMonotonic')
const SUM_TEMPORALITY = fieldId('Sum', 'aggregationTemporality')
const HISTOGRAM_POINT = fieldId('Histogram', 'dataPoints')
const HISTOGRAM_TEMPORALITY = fieldId('Histogram', 'aggregationTemporality')
const SUMMARY_POINT = fieldId('Summary', 'dataPoints')
const NUMBER_DOUBLE = fieldId('NumberDataPoint', 'asDouble')
const NUMBER_INT = fieldId('NumberDataPoint', 'asInt')
const NUMBER_FIELDS: PointFields = {
  attributes: fieldId('NumberDataPoint', 'attributes'),
  flags: fieldId('NumberDataPoint', 'flags'),
  exemplars: fieldId('NumberDataPoint', 'exemplars'),
}
const HISTOGRAM_COUNT = fieldId('HistogramDataPoint', 'count')
const HISTOGRAM_SUM = fieldId('HistogramDataPoint', 'sum')
const HISTOGRAM_BUCKETS = fieldId('HistogramDataPoint', 'bucketCounts')
const HISTOGRAM_BOUNDS = fieldId('HistogramDataPoint', 'explicitBounds')
const HISTOGRAM_FIELDS: PointFields = {
  attributes: fieldId('HistogramDataPoint', 'attributes'),
  flags: fieldId('HistogramDataPoint', 'flags'),
  exemplars: fieldId('HistogramDataPoint', 'exemplars'),
}
const SUMMARY_COUNT = fieldId('SummaryDataPoint', 'count')
const SUMMARY_SUM = fieldId('SummaryDataPoint', 'sum')
const SUMMARY_QUANTILES = fieldId('SummaryDataPoint', 'quantileValues')
const SUMMARY_FIELDS: PointFields = {
  attributes: fieldId('SummaryDataPoint', 'attributes'),
  flags: fieldId('SummaryDataPoint', 'flags'),
}
const QUANTILE = fieldId('ValueAtQuantile', 'quantile')
const QUANTILE_VALUE = fieldId('ValueAtQuantile', 'value')
const EXEMPLAR_TIME = fieldId('Exemplar', 'timeUnixNano')
const EXEMPLAR_DOUBLE = fieldId('Exemplar', 'asDouble')
const EXEMPLAR_INT = fieldId('Exemplar', 'asInt')
const EXEMPLAR_SPAN_ID = fieldId('Exemplar', 'spanId')
const EXEMPLAR_TRACE_ID = fieldId('Exemplar', 'traceId')
