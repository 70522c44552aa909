import { metrics } from '@opentelemetry/api'
import { JsonMetricsSerializer } from '@opentelemetry/otlp-transformer'
import type { Resource } from '@opentelemetry/resources'
import { AggregationTemporality, InstrumentType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import { ATTR_SPANWARDEN_QUEUE_NAME, METRIC_AGENT_QUEUE_DEPTH, SCHEMA_URL } from '../conventions.ts'
import type { Notices } from './notices.ts'
import type { OtlpSender } from './sender.ts'
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
  readonly #reader: JsonReader
  #sending: Promise<void> | undefined
  #nextSoonest = 0
  #outdated = false

  constructor(options: MetricsOptions) {
    this.#options = options
    this.#reader = new JsonReader(options.temporality)
    const provider = new MeterProvider({ resource: options.resource, readers: [this.#reader] })
    metrics.setGlobalMeterProvider(provider)
    const gauge = provider
      .getMeter('spanwarden', VERSION, { schemaUrl: SCHEMA_URL })
      .createObservableGauge(METRIC_AGENT_QUEUE_DEPTH, {
        unit: '{request}',
        description: 'Requests that wait or run, as reported by the agent.',
      })
    gauge.addCallback((result) => {
      for (const [name, depth] of options.depths()) result.observe(depth, { [ATTR_SPANWARDEN_QUEUE_NAME]: name })
    })
    setInterval(() => void this.send(), options.intervalMs).unref()
  }

  /** A request has begun or ended since the last sample. */
  get outdated(): boolean {
    return this.#outdated
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
    if (this.#outdated) await this.send()
  }

  async #collectAndSend(): Promise<void> {
    const { notices, sender } = this.#options
    try {
      this.#outdated = false
      const { resourceMetrics } = await this.#reader.collect()
      const items = resourceMetrics.scopeMetrics.reduce((sum, scope) => sum + scope.metrics.length, 0)
      const body = items === 0 ? undefined : JsonMetricsSerializer.serializeRequest(resourceMetrics)
      if (body === undefined) return
      const result = await sender.send({ signal: 'metrics', body, items })
      if (result.kind !== 'sent')
        notices.warn('metrics', `a metrics sample was not taken (${result.reason}); the next one replaces it`)
    } catch (error) {
      notices.fault('collecting metrics', error)
    }
  }
}

/** Collects on demand. The package's periodic reader holds the process alive with its time-outs while the receiver is away. */
class JsonReader extends MetricReader {
  constructor(temporality: 'cumulative' | 'delta') {
    super({
      aggregationTemporalitySelector: (instrument) =>
        temporality === 'delta' && deltaInstruments.has(instrument)
          ? AggregationTemporality.DELTA
          : AggregationTemporality.CUMULATIVE,
      cardinalitySelector: () => seriesMax,
    })
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
