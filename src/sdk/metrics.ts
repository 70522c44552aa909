import { metrics, ValueType } from '@opentelemetry/api'
import type { HrTime } from '@opentelemetry/api'
import { millisToHrTime } from '@opentelemetry/core'
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import type { Resource } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  DataPointType,
  InstrumentType,
  MeterProvider,
  MetricReader,
} from '@opentelemetry/sdk-metrics'
import type { MetricProducer, ResourceMetrics, ScopeMetrics } from '@opentelemetry/sdk-metrics'
import { ATTR_SPANWARDEN_QUEUE_NAME, METRIC_AGENT_QUEUE_DEPTH, SCHEMA_URL } from '../conventions.ts'
import type { Notices } from './notices.ts'
import { nextRequestId } from './request-id.ts'
import { hasOtherMeters, sampleNow } from './sample-now.ts'
import type { OtlpRequest, OtlpSender } from './sender.ts'
import { VERSION } from './version.ts'

export interface MetricsOptions {
  readonly resource: Resource
  readonly sender: OtlpSender
  readonly notices: Notices
  readonly intervalMs: number
  readonly temporality: 'cumulative' | 'delta'
  /** Depth by queue name, read at every collection. */
  readonly depths: () => ReadonlyMap<string, number>
}

/** The metrics that only the agent's process can know, and a global meter provider for the agent's own. */
export class Metrics {
  readonly #options: MetricsOptions
  readonly #reader: OnDemandReader
  #sending: Promise<void> | undefined
  #underWay: OtlpRequest | undefined
  #isFlushed = false
  #nextSoonest = 0
  #outdated = false

  constructor(options: MetricsOptions) {
    this.#options = options
    this.#reader = new OnDemandReader(options.temporality)
    const provider = new MeterProvider({ resource: options.resource, readers: [this.#reader] })
    metrics.setGlobalMeterProvider(provider)
    const gauge = provider
      .getMeter(SCOPE, VERSION, { schemaUrl: SCHEMA_URL })
      .createObservableGauge(METRIC_AGENT_QUEUE_DEPTH, queueDepth)
    gauge.addCallback((result) => {
      for (const [name, depth] of options.depths()) result.observe(depth, { [ATTR_SPANWARDEN_QUEUE_NAME]: name })
    })
    setInterval(() => void this.send(), options.intervalMs).unref()
  }

  /** Something may have changed since the last sample: a request has begun or ended, or the agent counts for itself. */
  get outdated(): boolean {
    if (this.#outdated || this.#underWay !== undefined) return true
    return !this.#isFlushed && this.#reader.producer !== undefined && hasOtherMeters(this.#reader.producer, SCOPE)
  }

  /**
   * The number of running requests has changed. A short run would be over before the first interval: the beginning of a request is sent
   * now, but not more than once a second.
   */
  requestsChanged(started: boolean): void {
    this.#outdated = true
    const now = performance.now()
    if (!started || now < this.#nextSoonest) return
    this.#nextSoonest = now + 1_000
    void this.send()
  }

  /** Collects and sends once. A failure costs this sample only: the next collection has the newer value. Never rejects. */
  send(): Promise<void> {
    this.#sending ??= this.#collectAndSend().finally(() => {
      this.#sending = undefined
    })
    return this.#sending
  }

  /** Sends the state of now: what is under way may be an older one. */
  async flush(): Promise<void> {
    await this.#sending
    if (!this.outdated) return
    await this.send()
    this.#isFlushed = !this.#outdated
  }

  /** The sample under way and that of now, as requests, for the end of the process. */
  takeUnsent(): OtlpRequest[] {
    const requests = this.#underWay === undefined ? [] : [this.#underWay]
    this.#underWay = undefined
    const last = this.outdated ? this.#request(this.#sampleNow()) : undefined
    this.#outdated = false
    this.#isFlushed = true
    return last === undefined ? requests : [...requests, last]
  }

  giveUp(_items: number, reason: string): void {
    this.#options.notices.warn(`dropped metrics ${reason}`, `metrics are dropped: ${reason}`)
  }

  async #collectAndSend(): Promise<void> {
    const { notices, sender } = this.#options
    try {
      this.#outdated = false
      const { resourceMetrics } = await this.#reader.collect()
      const request = this.#request(resourceMetrics)
      if (request === undefined) return
      this.#underWay = request
      const result = await sender.send(request)
      this.#underWay = undefined
      if (result.kind === 'sent') return
      this.#outdated = true
      notices.warn('metrics', `a metrics sample was not taken (${result.reason}); the next one replaces it`)
    } catch (error) {
      notices.fault('collecting metrics', error)
    }
  }

  #request(sample: ResourceMetrics): OtlpRequest | undefined {
    // Some points every ten seconds: the package's own serializers are fast enough.
    const isJson = this.#options.sender.endpoint('metrics')?.protocol === 'http/json'
    const serializer = isJson ? JsonMetricsSerializer : ProtobufMetricsSerializer
    const items = sample.scopeMetrics.reduce((sum, scope) => sum + scope.metrics.length, 0)
    const body = items === 0 ? undefined : serializer.serializeRequest(sample)
    return body === undefined ? undefined : { id: nextRequestId(), signal: 'metrics', body, items }
  }

  #sampleNow(): ResourceMetrics {
    const { resource, depths } = this.#options
    const now = millisToHrTime(Date.now())
    const others = this.#reader.producer === undefined ? [] : sampleNow(this.#reader.producer, now)
    return { resource, scopeMetrics: [...others, ...depthSample(depths(), now)] }
  }
}

const SCOPE = 'spanwarden'

const queueDepth = { unit: '{request}', description: 'Requests that wait or run, as reported by the agent.' }

function depthSample(depths: ReadonlyMap<string, number>, now: HrTime): ScopeMetrics[] {
  if (depths.size === 0) return []
  const dataPoints = [...depths].map(([name, value]) => {
    return { startTime: now, endTime: now, attributes: { [ATTR_SPANWARDEN_QUEUE_NAME]: name }, value }
  })
  const descriptor = { name: METRIC_AGENT_QUEUE_DEPTH, valueType: ValueType.DOUBLE, ...queueDepth }
  const aggregationTemporality = AggregationTemporality.CUMULATIVE
  return [
    {
      scope: { name: SCOPE, version: VERSION, schemaUrl: SCHEMA_URL },
      metrics: [{ descriptor, aggregationTemporality, dataPointType: DataPointType.GAUGE, dataPoints }],
    },
  ]
}

/** Collects on demand. The package's periodic reader holds the process alive with its time-outs while the receiver is away. */
class OnDemandReader extends MetricReader {
  producer: MetricProducer | undefined

  constructor(temporality: 'cumulative' | 'delta') {
    super({
      aggregationTemporalitySelector: (instrument) =>
        temporality === 'delta' && deltaInstruments.has(instrument)
          ? AggregationTemporality.DELTA
          : AggregationTemporality.CUMULATIVE,
      cardinalitySelector: () => seriesMax,
    })
  }

  override setMetricProducer(producer: MetricProducer): void {
    super.setMetricProducer(producer)
    this.producer = producer
  }

  protected override onForceFlush(): Promise<void> {
    return Promise.resolve()
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve()
  }
}

/** Series of one instrument; further ones go to the SDK's overflow series. */
const seriesMax = 2_000

const deltaInstruments = new Set<InstrumentType>([
  InstrumentType.COUNTER,
  InstrumentType.OBSERVABLE_COUNTER,
  InstrumentType.HISTOGRAM,
])
