import { RefusedError, defineProcessor } from '../component.ts'
import type { Counter, Logger, Signal } from '../component.ts'
import { matcherOf } from './attributes/matcher.ts'
import type { MatchConfig } from './attributes/match-config.ts'
import { BatchFilter } from './filter/batch-filter.ts'
import type { Drops } from './filter/batch-filter.ts'
import { compileCondition } from './filter/compile-condition.ts'
import { filterConfig } from './filter/filter-config.ts'
import type { FilterConfig } from './filter/filter-config.ts'
import type { Context, Place } from './filter/paths.ts'
import { EvaluationError } from './filter/values.ts'

/**
 * Drops spans, their events, metrics, data points and log records for which a condition is true. Put it before redaction: what is dropped costs nothing
 * there.
 *
 *     processors:
 *       filter:
 *         traces:
 *           span:
 *             - name == "health" and status.code != STATUS_CODE_ERROR
 *             - IsMatch(attributes["url.path"], "^/(livez|readyz)$")
 */
export const filter = defineProcessor({
  type: 'filter',
  summary: 'Drops spans, events of spans, metrics, data points and log records by conditions in OTTL.',
  signals: ['traces', 'metrics', 'logs'],
  config: filterConfig,
  create(config, { id, logger, metrics }) {
    const failed = metrics.counter(
      'spanwarden_filter_condition_errors',
      'Conditions that had no answer and counted as false.',
      { processor: id },
    )
    const mode: Mode = { errorMode: config.error_mode, logger, failed }
    const drops: Readonly<Record<Signal, Drops>> = {
      traces: dropsOf(traceConditions(config), olderDrops('span', config.spans), mode),
      metrics: dropsOf(metricConditions(config), olderDrops('metric', config.metrics), mode),
      logs: dropsOf(logConditions(config), olderDrops('log', config.logs), mode),
    }
    return {
      showsEdits: true,
      process: (view, edits) => new BatchFilter(drops[view.signal], view, edits).run(),
    }
  },
})

type Conditions = readonly (readonly [Context, string])[]
interface Mode {
  readonly errorMode: FilterConfig['error_mode']
  readonly logger: Logger
  readonly failed: Counter
}

const all = (context: Context, texts: readonly string[]): Conditions => texts.map((text) => [context, text] as const)
const newer = (conditions: FilterConfig['trace_conditions']): Conditions =>
  conditions.map(({ context, condition }) => [context, condition] as const)

const traceConditions = ({ traces, trace_conditions }: FilterConfig): Conditions => [
  ...all('resource', traces.resource),
  ...all('span', traces.span),
  ...all('spanevent', traces.spanevent),
  ...newer(trace_conditions),
]
const metricConditions = ({ metrics, metric_conditions }: FilterConfig): Conditions => [
  ...all('resource', metrics.resource),
  ...all('metric', metrics.metric),
  ...all('datapoint', metrics.datapoint),
  ...newer(metric_conditions),
]
const logConditions = ({ logs, log_conditions }: FilterConfig): Conditions => [
  ...all('resource', logs.resource),
  ...all('log', logs.log_record),
  ...newer(log_conditions),
]

/** include and exclude as a condition. */
function olderDrops(
  context: 'span' | 'metric' | 'log',
  { include, exclude }: { include?: MatchConfig | undefined; exclude?: MatchConfig | undefined },
): Drops {
  if (include === undefined && exclude === undefined) return {}
  const included = include === undefined ? () => true : matcherOf(include)
  const excluded = exclude === undefined ? () => false : matcherOf(exclude)
  return {
    [context]: ({ view, resource, scope, metric, span, log }: Place) => {
      const place = { resources: [resource], scope, metric, item: context === 'log' ? log : span }
      return !included(view, place) || excluded(view, place)
    },
  }
}

function dropsOf(conditions: Conditions, older: Drops, mode: Mode): Drops {
  const drops: Partial<Record<Context, (place: Place) => boolean>> = {}
  for (const context of new Set(conditions.map(([one]) => one))) {
    const tests = conditions.filter(([one]) => one === context).map(([, text]) => guarded(text, context, mode))
    drops[context] = (place) => tests.some((test) => test(place))
  }
  for (const context of ['span', 'metric', 'log'] as const) {
    const [before, after] = [older[context], drops[context]]
    if (before !== undefined) drops[context] = after === undefined ? before : (place) => before(place) || after(place)
  }
  return drops
}

/** What has no answer is told once for each condition: its own text, nothing of the batch. */
function guarded(text: string, context: Context, { errorMode, logger, failed }: Mode): (place: Place) => boolean {
  const test = compileCondition(text, context)
  let isTold = errorMode === 'silent'
  return (place) => {
    try {
      return test(place)
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error
      if (errorMode === 'propagate')
        throw new RefusedError('failed', `a condition of the filter has no answer: ${error.message}`)
      failed.add(1)
      if (!isTold)
        logger.warn({ condition: text, reason: error.message }, 'a condition has no answer and counts as false')
      isTold = true
      return false
    }
  }
}
