import * as z from 'zod'

/** Key and values of the stock connector `span_metrics`, and the short words. */
export const aggregationTemporality = z
  .enum(['AGGREGATION_TEMPORALITY_CUMULATIVE', 'AGGREGATION_TEMPORALITY_DELTA', 'cumulative', 'delta'])
  .default('AGGREGATION_TEMPORALITY_CUMULATIVE')
  .transform((word): 'cumulative' | 'delta' => (word.toLowerCase().endsWith('delta') ? 'delta' : 'cumulative'))
  .describe(
    'cumulative: counters since their start, what Prometheus wants. delta: since the last flush, what Datadog and Dynatrace want. For both, two connectors of the type, each with its pipeline.',
  )
