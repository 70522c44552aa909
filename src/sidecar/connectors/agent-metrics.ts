import * as z from 'zod'
import { agentPulse } from '../../alerts/agent-pulse.ts'
import { defineConnector } from '../component.ts'
import { duration } from '../config-types.ts'
import { Labels } from './agent-metrics/labels.ts'
import { metricsRequest } from './agent-metrics/metrics-request.ts'
import { SeriesTable } from './agent-metrics/series.ts'
import { Services } from './agent-metrics/services.ts'
import { restoreSnapshot, SNAPSHOT_VERSION, snapshotOf } from './agent-metrics/snapshot.ts'
import { SpanMetrics } from './agent-metrics/span-metrics.ts'
import { instanceIdOf } from './state/instance-id.ts'
import { PersistentState } from './state/persistent-state.ts'
import { aggregationTemporality } from './state/temporality.ts'

const config = z.strictObject({
  metrics_flush_interval: duration.prefault('10s').describe('How often all metrics are sent on.'),
  error_rate_window: duration.prefault('1h').describe('Sliding window over which agent.error.rate is computed.'),
  spans_max: z
    .int()
    .positive()
    .default(100_000)
    .describe('Spans remembered, to count one that is sent twice once and to know what lies inside what.'),
  series_max: z
    .int()
    .positive()
    .default(2_000)
    .describe(
      'Label sets kept of each metric; what comes with a further one goes to an overflow series (otel.metric.overflow=true) and is counted.',
    ),
  label_values_max: z.int().positive().default(4_096).describe('Distinct label values kept; handled like series_max.'),
  services_max: z.int().positive().default(100).describe('Services kept; further ones share one named _OTHER.'),
  agent_wait: duration
    .prefault('5m')
    .describe('How long an agent span whose parent has not come may wait before it counts as a request of its own.'),
  tool_wait: duration
    .prefault('15s')
    .describe('How long an MCP call may wait for the tool span around it before it counts as a tool call of its own.'),
  root_wait: duration
    .prefault('15s')
    .describe(
      'How long a root span of a service that has shown no agent waits for one, before it counts as a request of its own.',
    ),
  aggregation_temporality: aggregationTemporality,
  metrics_expiration: duration
    .prefault('0s')
    .describe(
      'A series in which nothing was recorded for so long is no longer sent, and begins anew when it comes again; 0 = never.',
    ),
  exemplars: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Adds trace and span ids of recordings to counters and histograms.'),
      max_per_data_point: z.int().min(1).max(100).default(5).describe('Exemplars of one data point.'),
    })
    .prefault({}),
  persist: z
    .boolean()
    .default(true)
    .describe(
      'Keeps counters, and which spans they hold, in the state folder over a restart. What comes between the last flush and a kill is lost to the metrics.',
    ),
})

/**
 * Derives the metrics of agents from their spans: request latency, error rate, requests, tool calls, tokens, cost, heartbeat and the
 * metrics of the GenAI conventions. Spans are only read; sampling must come after it. Redaction should come before it.
 *
 * An agent is a service from which a GenAI or MCP span or a metric of an agent came, or which runs with our SDK; what else comes is passed on and
 * counts nowhere. A request is the outermost agent span of a process; while a process has shown no agent span, its root spans are the
 * requests (but MCP's own talk). Tokens and cost come from model calls only, once each: agents repeat the sums of their calls, and frameworks
 * repeat the calls of the client libraries below them. `cache_read` and `cache_write` are parts of `input`, `reasoning`
 * is a part of `output`.
 *
 * Metrics and logs may be sent to it too: they move the heartbeat of an agent that is idle, and nothing else is derived from them.
 */
export const agentMetrics = defineConnector({
  type: 'agent_metrics',
  summary: 'Derives request latency, error rate, tool calls, tokens used, cost and the GenAI metrics from spans.',
  from: ['traces', 'metrics', 'logs'],
  to: ['metrics'],
  config,
  create(settings, context) {
    const { clock, metrics } = context
    const own = { connector: context.id }
    const duplicates = metrics.counter(
      'otelcol_connector_agent_metrics_duplicate_spans',
      'Spans that came before, or without ids.',
      own,
    )
    const refused = metrics.counter(
      'otelcol_connector_agent_metrics_refused_label_sets',
      'Recordings that went to an overflow series.',
      own,
    )
    const refusedServices = metrics.counter(
      'otelcol_connector_agent_metrics_refused_services',
      'Batches counted under the service _OTHER.',
      own,
    )
    const absurd = metrics.counter(
      'otelcol_connector_agent_metrics_absurd_times',
      'Durations that were not recorded: the span has no start, or lasts longer than a week.',
      own,
    )
    const expirations = metrics.counter(
      'otelcol_connector_agent_metrics_expired_series',
      'Series that were given up after metrics_expiration.',
      own,
    )
    const isDelta = settings.aggregation_temporality === 'delta'
    const labels = new Labels(settings.label_values_max)
    const series = new SeriesTable(settings.series_max, () => refused.add(1))
    const services = new Services(settings.services_max, () => refusedServices.add(1))
    const pulse = context.service(agentPulse)
    const spanMetrics = new SpanMetrics({
      labels,
      series,
      services,
      spansMax: settings.spans_max,
      windowMs: settings.error_rate_window,
      agentWaitMs: settings.agent_wait,
      toolWaitMs: settings.tool_wait,
      rootWaitMs: settings.root_wait,
      exemplarsMax: settings.exemplars.enabled ? settings.exemplars.max_per_data_point : 0,
      pulse: () => pulse.feed(context.id),
      onDuplicate: () => duplicates.add(1),
      onAbsurdTime: () => absurd.add(1),
    })
    metrics.gauge('otelcol_connector_agent_metrics_series', 'Label sets kept.', own, () => series.all.length)
    const waitingSpans = (): number => spanMetrics.nesting.waitingSpans + spanMetrics.roots.state.length
    metrics.gauge(
      'otelcol_connector_agent_metrics_waiting_spans',
      'Spans that wait for the one around them.',
      own,
      waitingSpans,
    )

    const snapshot = new PersistentState(
      context,
      SNAPSHOT_VERSION,
      settings.persist,
      'counters begin anew, and what comes again counts again',
    )
    const parts = { services, series, labels: labels.values, spanMetrics }
    let instanceId = ''
    /** Something came, or waited, since the last snapshot. */
    let isDirty = false
    const flush = (isLast: boolean): void => {
      const nowMs = clock.now()
      const expired = settings.metrics_expiration === 0 ? [] : series.expire(nowMs - settings.metrics_expiration)
      expirations.add(expired.length)
      const request = metricsRequest({
        services: services.all,
        series: series.all,
        labels: labels.values,
        instanceId,
        scope: context.program,
        nowMs,
        isDelta,
        expired: new Set(expired),
      })
      series.endPeriod(nowMs, isDelta)
      // Before the export: what a backend has seen is on disk, so no counter goes back.
      if (isDirty || isLast || expired.length > 0) snapshot.write(() => snapshotOf(parts), isLast)
      isDirty = waitingSpans() > 0
      if (services.all.some(({ isAgent }) => isAgent)) context.emit('metrics', request)
    }
    let cancel: (() => void) | undefined
    const schedule = (): void => {
      cancel = clock.after(settings.metrics_flush_interval, () => {
        spanMetrics.expire(clock.now())
        flush(false)
        schedule()
      })
    }
    return {
      start() {
        instanceId = instanceIdOf(context)
        pulse.feed(context.id)
        series.periodStartMs = clock.now()
        snapshot.restore((state) => restoreSnapshot(parts, state, settings.error_rate_window))
        schedule()
      },
      consume(view) {
        isDirty = true
        if (view.signal === 'traces') spanMetrics.consume(view, clock.now())
        else spanMetrics.noteLife(view, clock.now(), instanceId)
      },
      stop() {
        cancel?.()
        spanMetrics.finish(clock.now())
        flush(true)
        pulse.leave(context.id)
      },
    }
  },
})
