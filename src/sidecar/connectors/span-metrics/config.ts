import * as z from 'zod'
import { duration } from '../../config-types.ts'
import { aggregationTemporality } from '../state/temporality.ts'

const dimension = z
  .strictObject({
    name: z.string().min(1).optional().describe('Attribute of the span, or else of the resource.'),
    default: z.string().optional().describe('Value where the attribute is missing; without it the label is left out.'),
    glob: z.string().min(1).optional().describe('All attributes whose key matches: * within a part, ** over dots.'),
  })
  .refine(({ name, glob }) => (name === undefined) !== (glob === undefined), 'set one of name and glob')
  .refine((one) => one.glob === undefined || one.default === undefined, 'a glob has no default')
export type DimensionConfig = z.output<typeof dimension>

const dimensions = (what: string) => z.array(dimension).default([]).describe(what)

const BUCKETS = ['2ms', '4ms', '6ms', '8ms', '10ms', '50ms', '100ms', '200ms', '400ms', '800ms', '1s', '1400ms']

/** Keys and defaults of the stock connector. */
export const spanMetricsConfig = z.strictObject({
  histogram: z
    .strictObject({
      disable: z.boolean().default(false).describe('No durations, only calls.'),
      unit: z.enum(['ms', 's']).default('ms').describe('Unit of durations.'),
      explicit: z
        .strictObject({
          buckets: z
            .array(duration)
            .prefault([...BUCKETS, '2s', '5s', '10s', '15s'])
            .describe('Upper bounds. The default ends at 15s, which is short for agents.'),
        })
        .optional()
        .describe('Buckets with given bounds; the default.'),
      exponential: z
        .strictObject({ max_size: z.int().positive().default(160).describe('Buckets at most.') })
        .optional()
        .describe('Buckets that adapt to the values.'),
      dimensions: dimensions('Further labels of durations.'),
    })
    .refine(
      ({ explicit, exponential }) => explicit === undefined || exponential === undefined,
      'use either explicit or exponential buckets',
    )
    .prefault({}),
  dimensions: dimensions('Further labels of all metrics.'),
  calls_dimensions: dimensions('Further labels of calls.'),
  exclude_dimensions: z
    .array(z.string())
    .default([])
    .describe('Of service.name, span.name, span.kind, status.code and collector.instance.id, those to leave out.'),
  dimensions_cache_size: z.int().min(0).optional().describe('Accepted; aggregation_cardinality_limit counts.'),
  resource_metrics_cache_size: z
    .int()
    .positive()
    .default(1_000)
    .describe('Resources kept; beyond, the one that was not heard of for longest is forgotten.'),
  resource_metrics_key_attributes: z
    .array(z.string())
    .default([])
    .describe('Resource attributes that tell one series from another; empty = all. Process ids break counters.'),
  aggregation_temporality: aggregationTemporality,
  metrics_flush_interval: duration.prefault('60s').describe('How often metrics are sent on.'),
  metrics_expiration: duration
    .prefault('0s')
    .describe('A resource that was not heard of for so long is no longer sent; 0 = never.'),
  series_expiration: duration.prefault('0s').describe('The same of a single series; 0 = never.'),
  metric_timestamp_cache_size: z.int().positive().optional().describe('Accepted; start times are always kept.'),
  namespace: z.string().default('traces.span.metrics').describe('Put before the names of metrics, with a dot.'),
  exemplars: z
    .strictObject({
      enabled: z.boolean().default(false).describe('Adds trace and span ids.'),
      max_per_data_point: z.int().min(0).max(100).default(5).describe('Of one data point, between two flushes.'),
    })
    .prefault({}),
  events: z
    .strictObject({
      enabled: z.boolean().default(false).describe('Counts events of spans, too.'),
      dimensions: dimensions('Labels from attributes of the event, or of the resource.'),
    })
    .refine(({ enabled, dimensions: all }) => !enabled || all.length > 0, 'no dimensions configured for events')
    .prefault({}),
  include_instrumentation_scope: z
    .array(z.string())
    .default([])
    .describe('Scopes whose name and version become labels.'),
  aggregation_cardinality_limit: z
    .int()
    .min(0)
    .default(2_000)
    .describe('Series of each metric and resource; what comes beyond goes to otel.metric.overflow. 0 = 100,000.'),
  add_resource_attributes: z.boolean().default(false).describe('Accepted; resources keep their attributes.'),
  enable_metrics_sampling_method: z
    .boolean()
    .default(false)
    .describe(
      'Adds sampling.method: extrapolated where a tracestate says how many spans one stands for, else counted.',
    ),
  spans_max: z
    .int()
    .positive()
    .default(100_000)
    .describe('Spans remembered, to count one that is sent twice once. The stock connector counts it twice.'),
  persist: z.boolean().default(true).describe('Keeps cumulative counters in the state folder over a restart.'),
})
export type SpanMetricsConfig = z.output<typeof spanMetricsConfig>
