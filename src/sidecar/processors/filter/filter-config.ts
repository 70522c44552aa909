import * as z from 'zod'
import { keyAndValue, matchConfig } from '../attributes/match-config.ts'
import type { MatchConfig } from '../attributes/match-config.ts'
import { compileCondition, contextOf } from './compile-condition.ts'
import { ConditionError } from './condition-error.ts'
import type { Context } from './paths.ts'

/** What is wrong with a condition, with its column; undefined when it can be used. */
function problemOf(condition: string, context: Context): string | undefined {
  try {
    compileCondition(condition, context)
    return undefined
  } catch (error) {
    if (error instanceof ConditionError) return error.message
    throw error
  }
}

const conditions = (context: Context, what: string) =>
  z
    .array(
      z.string().superRefine((text, issue) => {
        const problem = problemOf(text, context)
        if (problem !== undefined) issue.addIssue({ code: 'custom', message: problem })
      }),
    )
    .default([])
    .describe(`Conditions in OTTL; ${what} for which one is true is dropped.`)

export const ERROR_MODES = ['ignore', 'silent', 'propagate'] as const

export interface ContextCondition {
  readonly context: Context
  readonly condition: string
}

/** The newer way: conditions that name their context in their paths, or groups of them with their context. */
function contextConditions(contexts: readonly Context[], what: string) {
  const group = z.strictObject({
    context: z
      .string()
      .default('')
      .describe(`One of ${contexts.join(', ')}; empty: what the paths name.`),
    conditions: z.array(z.string()).describe('Conditions in OTTL.'),
    error_mode: z.enum(ERROR_MODES).optional().describe('As the key of the processor; only the same value is taken.'),
  })
  return z
    .array(z.union([z.string(), group]))
    .default([])
    .transform((entries, issues): readonly ContextCondition[] => {
      const found: ContextCondition[] = []
      for (const [i, entry] of entries.entries()) {
        const { context: named, conditions: texts } =
          typeof entry === 'string' ? { context: '', conditions: [entry] } : entry
        for (const text of texts) {
          const result = withContext(text, named, contexts)
          if (typeof result === 'string') issues.addIssue({ code: 'custom', message: result, path: [i] })
          else found.push(result)
        }
      }
      return found
    })
    .describe(
      `Conditions for ${what}, each a text whose paths begin with their context, such as \`${contexts[0]}.name\`.`,
    )
}

function withContext(condition: string, named: string, contexts: readonly Context[]): ContextCondition | string {
  try {
    const context = named === '' ? contextOf(condition, contexts) : contexts.find((one) => one === named)
    if (context === undefined && named !== '') return `there is no context ${named} here, only ${contexts.join(', ')}`
    if (context === undefined) return `begin the paths with their context, one of ${contexts.join(', ')}`
    return problemOf(condition, context) ?? { context, condition }
  } catch (error) {
    if (error instanceof ConditionError) return error.message
    throw error
  }
}

const texts = (what: string) => z.array(z.string()).default([]).describe(what)
const attributeList = (what: string) => z.array(keyAndValue).default([]).describe(what)

/** Makes one of the older blocks a matchConfig, so that it is checked and matched as such. */
function older<Shape extends z.ZodRawShape>(
  shape: Shape,
  toMatch: (value: z.output<z.ZodObject<Shape, z.core.$strict>>) => unknown,
) {
  return z.strictObject(shape).transform((value, context): MatchConfig => {
    const { data, error } = matchConfig.safeParse(toMatch(value))
    for (const { message } of error?.issues ?? []) context.addIssue({ code: 'custom', message })
    return data ?? z.NEVER
  })
}

const matchType = z
  .enum(['strict', 'regexp'], 'write strict or regexp; for expr use conditions in OTTL')
  .describe('strict: equal. regexp: found anywhere, in RE2 syntax.')

const metricMatch = older(
  {
    match_type: matchType,
    metric_names: texts('Names of metrics.'),
    resource_attributes: attributeList('Attributes of the resource; all have to match.'),
  },
  ({ match_type, metric_names, resource_attributes }) => ({ match_type, metric_names, resources: resource_attributes }),
)

const SEVERITIES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((level) => [
  level,
  `${level}2`,
  `${level}3`,
  `${level}4`,
])
const severity = z
  .union([z.string(), z.int()])
  .transform((text) => {
    const number = Number(text)
    return Number.isInteger(number) && text !== '' ? number : SEVERITIES.indexOf(String(text).toUpperCase()) + 1
  })
  .refine((number) => number >= 1 && number <= 24, 'write a severity such as INFO, or its number')

const logMatch = older(
  {
    match_type: matchType,
    resource_attributes: attributeList('Attributes of the resource; all have to match.'),
    record_attributes: attributeList('Attributes of the record; all have to match.'),
    severity_texts: texts('Texts of severities.'),
    severity_number: z
      .strictObject({
        min: severity.describe('The lowest severity that matches, such as INFO.'),
        match_undefined: z.boolean().default(false).describe('Whether records without severity match.'),
      })
      .optional()
      .describe('From which severity on.'),
    bodies: texts('Bodies that are strings.'),
  },
  (value) => ({
    match_type: value.match_type,
    resources: value.resource_attributes,
    attributes: value.record_attributes,
    log_severity_texts: value.severity_texts,
    log_severity_number: value.severity_number,
    log_bodies: value.bodies,
  }),
)

export const filterConfig = z
  .strictObject({
    error_mode: z
      .enum(ERROR_MODES)
      .default('ignore')
      .describe(
        'When a condition has no answer. ignore: counts as false, logged once. silent: the same without a line. propagate: the request is refused.',
      ),
    traces: z
      .strictObject({
        resource: conditions('resource', 'a resource with all its spans'),
        span: conditions('span', 'a span'),
        spanevent: conditions('spanevent', 'an event of a span'),
      })
      .prefault({})
      .describe('Conditions for traces.'),
    metrics: z
      .strictObject({
        resource: conditions('resource', 'a resource with all its metrics'),
        metric: conditions('metric', 'a metric'),
        datapoint: conditions('datapoint', 'a data point'),
        include: metricMatch.optional().describe('Older way: other metrics are dropped.'),
        exclude: metricMatch.optional().describe('Older way: these metrics are dropped.'),
      })
      .prefault({})
      .describe('Conditions for metrics.'),
    logs: z
      .strictObject({
        resource: conditions('resource', 'a resource with all its records'),
        log_record: conditions('log', 'a log record'),
        include: logMatch.optional().describe('Older way: other records are dropped.'),
        exclude: logMatch.optional().describe('Older way: these records are dropped.'),
      })
      .prefault({})
      .describe('Conditions for logs.'),
    spans: z
      .strictObject({
        include: matchConfig.optional().describe('Other spans are dropped.'),
        exclude: matchConfig.optional().describe('These spans are dropped.'),
      })
      .prefault({})
      .describe('Older way for spans.'),
    trace_conditions: contextConditions(['spanevent', 'span', 'scope', 'resource'], 'traces'),
    metric_conditions: contextConditions(['datapoint', 'metric', 'scope', 'resource'], 'metrics'),
    log_conditions: contextConditions(['log', 'scope', 'resource'], 'logs'),
  })
  .superRefine((config, context) => {
    const { include, exclude } = config.metrics
    if ((include ?? exclude) !== undefined && config.metrics.metric.length + config.metrics.datapoint.length > 0)
      context.addIssue({
        code: 'custom',
        message: 'give conditions or include and exclude, not both',
        path: ['metrics'],
      })
  })
export type FilterConfig = z.output<typeof filterConfig>
