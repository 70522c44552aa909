import { ATTR_SERVICE_NAME } from '../../../conventions.ts'
import { fieldId } from '../../../otlp/schema.ts'
import { spanNodes } from '../../../otlp/span-reader.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import { SEEN, type SeenSpans } from '../state/seen-spans.ts'
import { adjustedCount } from './adjusted-count.ts'
import type { SpanMetricsConfig } from './config.ts'
import { type Attributes, attributesOf, Dimensions } from './dimensions.ts'
import type { ResourceMetrics, ResourceTable } from './resource-table.ts'
import type { Labels, LabelValue, SeriesMap, SpanSeries } from './series.ts'

export interface SpanAggregatorParts {
  readonly config: SpanMetricsConfig
  readonly resources: ResourceTable
  readonly seen: SeenSpans
  /** Upper bounds of durations, in the unit; undefined for exponential histograms. */
  readonly bounds: readonly number[] | undefined
  random(): number
  onDuplicate(): void
}

/** Counts spans as the stock connector does: calls, durations and events by service, name, kind, status and further dimensions. */
export class SpanAggregator {
  instanceId = ''
  /** Unix ms: nothing of a new series was recorded before. */
  periodStartMs = 0
  readonly #parts: SpanAggregatorParts
  readonly #common: Dimensions
  readonly #calls: Dimensions
  readonly #durations: Dimensions
  readonly #events: Dimensions
  readonly #isIn: (dimension: string) => boolean
  readonly #scopes: ReadonlySet<string>

  constructor(parts: SpanAggregatorParts) {
    const { config } = parts
    this.#parts = parts
    this.#common = new Dimensions(config.dimensions)
    this.#calls = new Dimensions(config.calls_dimensions)
    this.#durations = new Dimensions(config.histogram.dimensions)
    this.#events = new Dimensions(config.events.dimensions)
    const excluded = new Set(config.exclude_dimensions)
    this.#isIn = (dimension) => !excluded.has(dimension)
    this.#scopes = new Set(config.include_instrumentation_scope.filter((name) => name !== ''))
  }

  consume(view: OtlpView, nowMs: number): void {
    for (let group = view.first(0); group < view.next(0); group = view.next(group)) {
      if (view.field(group) !== RESOURCE_SPANS) continue
      const resource = attributesOf(view, view.child(group, RESOURCE), RESOURCE_ATTRIBUTES)
      const service = resource.get(ATTR_SERVICE_NAME)
      if (service === undefined) continue
      const metrics = this.#parts.resources.find(resource, nowMs)
      for (let scope = view.first(group); scope < view.next(group); scope = view.next(scope)) {
        if (view.field(scope) !== SCOPE_SPANS) continue
        const scopeLabels = this.#scopeLabels(view, scope)
        for (const span of spanNodes(view, scope))
          this.#span(view, span, { metrics, resource, service: String(service), scopeLabels, nowMs })
      }
    }
  }

  #span(view: OtlpView, span: number, { metrics, resource, service, scopeLabels, nowMs }: Surroundings): void {
    if (this.#isDuplicate(view, span)) return this.#parts.onDuplicate()
    const { config, random, bounds } = this.#parts
    const attributes = attributesOf(view, span, SPAN_ATTRIBUTES)
    const { count, isAdjusted } = adjustedCount(textOf(view, span, TRACE_STATE), random)
    const labels: (readonly [string, LabelValue])[] = []
    const add = (key: string, value: string): void => void (this.#isIn(key) && labels.push([key, value]))
    add('service.name', service)
    add('span.name', textOf(view, span, NAME))
    add('span.kind', `SPAN_KIND_${KINDS[varintOf(view, span, KIND)] ?? 'UNSPECIFIED'}`)
    const status = view.child(span, STATUS)
    add('status.code', `STATUS_CODE_${STATUSES[status < 0 ? 0 : varintOf(view, status, STATUS_CODE)] ?? 'UNSET'}`)
    add('collector.instance.id', this.instanceId)
    labels.push(...scopeLabels)
    if (config.enable_metrics_sampling_method) labels.push(['sampling.method', isAdjusted ? 'extrapolated' : 'counted'])
    const nanoseconds = Number(fixed64Of(view, span, END) - fixed64Of(view, span, START))
    const duration = Math.max(0, nanoseconds) / (config.histogram.unit === 's' ? 1e9 : 1e6)
    const record = (map: SeriesMap, extra: Dimensions, rest: Attributes): SpanSeries => {
      const all: Labels = [...labels, ...this.#common.of(attributes, rest), ...extra.of(attributes, rest)]
      const key = all.map(([name, value]) => `${name}:${value}`).join('\0')
      const series = map.find(key, () => all, this.periodStartMs)
      series.touchedMs = nowMs
      series.count += count
      this.#addExemplar(series, view, span, duration)
      return series
    }
    record(metrics.calls, this.#calls, resource)
    if (!config.histogram.disable)
      observe(record(metrics.durations, this.#durations, resource), duration, count, bounds)
    if (!config.events.enabled) return
    for (let event = view.first(span); event < view.next(span); event = view.next(event)) {
      if (view.field(event) !== EVENTS) continue
      record(metrics.events, this.#events, new Map([...resource, ...attributesOf(view, event, EVENT_ATTRIBUTES)]))
    }
  }

  #isDuplicate(view: OtlpView, span: number): boolean {
    const trace = view.child(span, TRACE_ID)
    const id = view.child(span, SPAN_ID)
    if (trace < 0 || id < 0 || view.end(id) - view.body(id) !== 8 || view.end(trace) - view.body(trace) !== 16)
      return false
    const { seen } = this.#parts
    const traceWord = view.bytes.readInt32LE(view.end(trace) - 4)
    const high = view.bytes.readInt32LE(view.body(id))
    const low = view.bytes.readInt32LE(view.body(id) + 4)
    if (seen.flags(traceWord, high, low) !== 0) return true
    seen.set(traceWord, high, low, 0, 0, SEEN)
    return false
  }

  #addExemplar(series: SpanSeries, view: OtlpView, span: number, value: number): void {
    const { enabled, max_per_data_point } = this.#parts.config.exemplars
    if (!enabled || series.exemplars.length >= max_per_data_point) return
    const trace = view.child(span, TRACE_ID)
    const id = view.child(span, SPAN_ID)
    if (trace >= 0) series.exemplars.push({ traceId: view.hex(trace), spanId: id < 0 ? '' : view.hex(id), value })
  }

  #scopeLabels(view: OtlpView, scopeSpans: number): Labels {
    if (this.#scopes.size === 0) return []
    const scope = view.child(scopeSpans, SCOPE)
    const name = scope < 0 ? '' : textOf(view, scope, SCOPE_NAME)
    if (!this.#scopes.has(name)) return []
    const version = textOf(view, scope, SCOPE_VERSION)
    const labels: Labels = [['span.instrumentation.scope.name', name]]
    return version === '' ? labels : [...labels, ['span.instrumentation.scope.version', version]]
  }
}

interface Surroundings {
  readonly metrics: ResourceMetrics
  readonly resource: Attributes
  readonly service: string
  readonly scopeLabels: Labels
  readonly nowMs: number
}

function observe(series: SpanSeries, value: number, count: number, bounds: readonly number[] | undefined): void {
  series.sum += value * count
  series.exponential?.add(value, count)
  if (bounds === undefined) return
  let bucket = 0
  while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket += 1
  series.buckets[bucket] = (series.buckets[bucket] ?? 0) + count
}

const textOf = (view: OtlpView, node: number, field: number): string => {
  const child = view.child(node, field)
  return child < 0 ? '' : view.text(child)
}
const varintOf = (view: OtlpView, node: number, field: number): number => {
  const child = view.child(node, field)
  return child < 0 ? 0 : view.varint(child)
}
const fixed64Of = (view: OtlpView, node: number, field: number): bigint => {
  const child = view.child(node, field)
  return child < 0 ? 0n : view.fixed64(child)
}

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']
const STATUSES = ['UNSET', 'OK', 'ERROR']
const RESOURCE_SPANS = fieldId('ExportTraceServiceRequest', 'resourceSpans')
const RESOURCE = fieldId('ResourceSpans', 'resource')
const RESOURCE_ATTRIBUTES = fieldId('Resource', 'attributes')
const SCOPE_SPANS = fieldId('ResourceSpans', 'scopeSpans')
const SCOPE = fieldId('ScopeSpans', 'scope')
const SCOPE_NAME = fieldId('InstrumentationScope', 'name')
const SCOPE_VERSION = fieldId('InstrumentationScope', 'version')
const TRACE_ID = fieldId('Span', 'traceId')
const SPAN_ID = fieldId('Span', 'spanId')
const TRACE_STATE = fieldId('Span', 'traceState')
const NAME = fieldId('Span', 'name')
const KIND = fieldId('Span', 'kind')
const START = fieldId('Span', 'startTimeUnixNano')
const END = fieldId('Span', 'endTimeUnixNano')
const STATUS = fieldId('Span', 'status')
const STATUS_CODE = fieldId('Status', 'code')
const SPAN_ATTRIBUTES = fieldId('Span', 'attributes')
const EVENTS = fieldId('Span', 'events')
const EVENT_ATTRIBUTES = fieldId('Event', 'attributes')
