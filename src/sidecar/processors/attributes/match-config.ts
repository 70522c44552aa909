import * as z from 'zod'
import { ignoredKey } from '../../config-types.ts'
import { patternProblem } from './regex.ts'

const texts = (what: string) => z.array(z.string()).default([]).describe(what)

/** The stock collector's documents write `Key` and `Value`, which it takes as well. */
const lowerCased = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.toLowerCase(), inner]))
    : value

export const keyAndValue = z.preprocess(
  lowerCased,
  z.strictObject({
    key: z.string().min(1).describe('Key of the attribute.'),
    value: z
      .union([z.string(), z.number(), z.boolean()])
      .optional()
      .describe(
        'strict: equal, of the same type. regexp: a pattern for its text. When absent the key has to be there.',
      ),
  }),
)

/** What `include` and `exclude` say; every list that is not empty has to match, each by one of its entries. */
export const matchConfig = z
  .strictObject({
    match_type: z
      .enum(['strict', 'regexp'])
      .describe('strict: equal. regexp: found anywhere in the text, in RE2 syntax.'),
    regexp: ignoredKey('patterns are compiled once, and answers need no cache'),
    services: texts('Traces: `service.name` of the resource.'),
    span_names: texts('Traces: names of spans.'),
    span_kinds: texts('Traces: kinds of spans, such as `SERVER`, `Server` or `SPAN_KIND_SERVER`.'),
    log_bodies: texts('Logs: the body, when it is a string.'),
    log_severity_texts: texts('Logs: the text of the severity.'),
    log_severity_number: z
      .strictObject({
        min: z.int().min(0).max(24).default(0).describe('The lowest severity that matches.'),
        match_undefined: z.boolean().default(false).describe('Whether records without severity match.'),
      })
      .optional()
      .describe('Logs: from which severity on.'),
    metric_names: texts('Metrics: names of metrics.'),
    attributes: z
      .array(keyAndValue)
      .default([])
      .describe('Attributes of the span, log record or data point; all have to match.'),
    resources: z.array(keyAndValue).default([]).describe('Attributes of the resource; all have to match.'),
    libraries: z
      .array(
        z.strictObject({
          name: z.string().describe('Name of the instrumentation scope.'),
          version: z.string().optional().describe('Its version; when absent any.'),
        }),
      )
      .default([])
      .describe('Instrumentation scopes.'),
  })
  .superRefine((config, context) => {
    const isEmpty = Object.entries(config).every(
      ([key, value]) =>
        key === 'match_type' || key === 'regexp' || value === undefined || (Array.isArray(value) && value.length === 0),
    )
    if (isEmpty)
      context.addIssue({ code: 'custom', message: 'name at least one thing to match, such as services or attributes' })
    if (config.match_type === 'strict') return
    for (const [path, pattern] of patternsOf(config)) {
      const problem = patternProblem(pattern)
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem, path })
    }
  })
export type MatchConfig = z.output<typeof matchConfig>

function* patternsOf(config: z.output<typeof matchConfig>): Generator<[path: (string | number)[], pattern: string]> {
  const { services, span_names, span_kinds, log_bodies, log_severity_texts, metric_names, libraries } = config
  const lists = { services, span_names, span_kinds, log_bodies, log_severity_texts, metric_names }
  for (const [key, list] of Object.entries(lists)) for (const [i, text] of list.entries()) yield [[key, i], text]
  for (const key of ['attributes', 'resources'] as const)
    for (const [i, { value }] of config[key].entries())
      if (value !== undefined) yield [[key, i, 'value'], String(value)]
  for (const [i, { name, version }] of libraries.entries()) {
    yield [['libraries', i, 'name'], name]
    if (version !== undefined) yield [['libraries', i, 'version'], version]
  }
}
