import { defineConnector } from '../component.ts'
import { spanMetricsConfig } from './span-metrics/config.ts'
import { metricsRequest } from './span-metrics/metrics-request.ts'
import { ResourceTable } from './span-metrics/resource-table.ts'
import { restoreSnapshot, SNAPSHOT_VERSION, snapshotOf } from './span-metrics/snapshot.ts'
import { SpanAggregator } from './span-metrics/span-aggregator.ts'
import { instanceIdOf } from './state/instance-id.ts'
import { PersistentState } from './state/persistent-state.ts'
import { SeenSpans } from './state/seen-spans.ts'

/** Series of a metric and resource when the limit is 0, which means none to the stock connector. */
const SERIES_MAX = 100_000

/**
 * Calls, durations and events of spans, with the keys, metric names and labels of the stock connector: dashboards made for it work. What differs:
 * counters and `collector.instance.id` outlive a restart, a span that is sent twice counts once, and series are limited by default.
 */
export const spanMetrics = defineConnector({
  type: 'span_metrics',
  aliases: ['spanmetrics'],
  summary: 'Derives calls and durations from spans, as the stock connector of this name does.',
  from: ['traces'],
  to: ['metrics'],
  config: spanMetricsConfig,
  create(config, context) {
    const { clock, metrics } = context
    const own = { connector: context.id }
    const counter = (name: string, description: string) =>
      metrics.counter(`otelcol_connector_span_metrics_${name}`, description, own)
    const overflows = counter('refused_label_sets', 'Recordings that went to an overflow series.')
    const forgotten = counter('forgotten_resources', 'Resources that were forgotten, expired or for want of room.')
    const expired = counter('expired_series', 'Series that were given up after series_expiration.')
    const duplicates = counter('duplicate_spans', 'Spans that came before.')
    const { unit, exponential, explicit, disable } = config.histogram
    const bounds =
      exponential === undefined
        ? boundsOf(explicit?.buckets ?? DEFAULT_BUCKETS_MS, unit === 's' ? 1_000 : 1)
        : undefined
    const resources = new ResourceTable({
      resourcesMax: config.resource_metrics_cache_size,
      seriesMax: config.aggregation_cardinality_limit || SERIES_MAX,
      keyAttributes: config.resource_metrics_key_attributes,
      buckets: bounds === undefined ? 0 : bounds.length + 1,
      exponentialMax: exponential?.max_size ?? 0,
      onOverflow: () => overflows.add(1),
      onForgotten: () => forgotten.add(1),
    })
    metrics.gauge('otelcol_connector_span_metrics_series', 'Label sets kept.', own, () => resources.series)
    const seen = new SeenSpans(config.spans_max)
    const aggregator = new SpanAggregator({
      config,
      resources,
      seen,
      bounds,
      random: () => context.random(),
      onDuplicate: () => duplicates.add(1),
    })
    const isDelta = config.aggregation_temporality === 'delta'
    const shape = JSON.stringify([unit, bounds, exponential?.max_size])
    const snapshot = new PersistentState(
      context,
      SNAPSHOT_VERSION,
      config.persist,
      'counters begin anew, and what comes again counts again',
    )

    const flush = (isLast: boolean): void => {
      const nowMs = clock.now()
      if (config.metrics_expiration > 0) resources.expire(nowMs - config.metrics_expiration)
      const request = metricsRequest({
        resources: resources.all,
        namespace: config.namespace,
        unit,
        bounds,
        hasHistogram: !disable,
        hasEvents: config.events.enabled,
        isDelta,
        startsAtZero: !isLast,
        nowMs,
      })
      endPeriod(nowMs)
      // Before the export: what a backend has seen is on disk, so no counter goes back.
      snapshot.write(() => snapshotOf(resources, seen, nowMs, shape), isLast)
      if (request.length > 0) context.emit('metrics', request)
    }
    const endPeriod = (nowMs: number): void => {
      aggregator.periodStartMs = nowMs
      for (const { calls, durations, events } of resources.all) {
        for (const map of [calls, durations, events]) {
          if (isDelta) map.all.clear()
          else if (config.series_expiration > 0) expired.add(map.expire(nowMs - config.series_expiration))
          for (const series of map.all.values()) {
            series.isNew = false
            series.exemplars = []
          }
        }
      }
    }
    let cancel: (() => void) | undefined
    const schedule = (): void => {
      cancel = clock.after(config.metrics_flush_interval, () => {
        flush(false)
        schedule()
      })
    }
    return {
      start() {
        aggregator.instanceId = instanceIdOf(context)
        aggregator.periodStartMs = clock.now()
        snapshot.restore((state) => {
          aggregator.periodStartMs = restoreSnapshot(state, resources, seen, shape)
        })
        schedule()
      },
      consume: (view) => aggregator.consume(view, clock.now()),
      stop() {
        cancel?.()
        flush(true)
      },
    }
  },
})

const boundsOf = (bucketsMs: readonly number[], divisor: number): number[] => bucketsMs.map((ms) => ms / divisor)
const DEFAULT_BUCKETS_MS = [2, 4, 6, 8, 10, 50, 100, 200, 400, 800, 1_000, 1_400, 2_000, 5_000, 10_000, 15_000]
