import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'

const attributeSchema = z.strictObject({
  key: z.string(),
  source: z.enum(['own', 'genai', 'core']).optional(),
  type: z.enum(['string', 'int', 'double', 'boolean', 'string[]', 'any']),
  brief: z.string(),
  members: z.array(z.string()).default([]),
  pii: z.boolean().default(false),
  examples: z.array(z.unknown()).default([]),
})

const metricSchema = z.strictObject({
  name: z.string(),
  source: z.enum(['own', 'genai']).default('own'),
  instrument: z.enum(['counter', 'updowncounter', 'gauge', 'histogram']),
  unit: z.string(),
  value: z.enum(['int', 'double']),
  brief: z.string(),
  boundaries: z.string().optional(),
  attributes: z.array(z.string()).default([]),
})

const spanSchema = z.strictObject({
  type: z.string(),
  brief: z.string(),
  /** Values of `gen_ai.operation.name`; an empty one stands for a span without it. */
  operations: z.array(z.string()),
  /** An attribute that tells this span from others of the same operation. */
  method: z.string().optional(),
  kinds: z.array(z.enum(['internal', 'client', 'server'])),
  names: z.array(z.string()),
  required: z.array(z.string()),
  /** The attribute is there whenever the one it names is. */
  required_if: z.record(z.string(), z.string()),
  recommended: z.array(z.string()),
  groups: z.array(z.string()),
  content: z.array(z.string()),
})

const eventSchema = z.strictObject({
  name: z.string(),
  source: z.enum(['genai', 'core']).default('genai'),
  brief: z.string(),
})

const manifestSchema = z.strictObject({
  description: z.string(),
  version: z.string(),
  schema_url: z.url(),
  stability: z.string(),
  sources: z.array(z.strictObject({ name: z.string(), what: z.string(), state: z.string() })),
})

const dialectSchema = z.strictObject({
  /** As in the configuration of `gen_ai_normalizer`. */
  id: z.string().regex(/^[a-z][a-z0-9_]*$/),
  name: z.string(),
  about: z.string(),
  /** Names that mean nothing to us but tell the dialect. */
  markers: z.array(z.string()).default([]),
  attributes: z.array(
    z.strictObject({
      from: z.string(),
      to: z.string(),
      /** Operations of today that the span must have one of. */
      when: z.array(z.string()).default([]),
      /** How the value changes, where that does not follow from the type of the target. */
      as: z
        .enum(['input', 'output', 'answer', 'definitions', 'milliseconds', 'uncached', 'parameters', 'usage'])
        .optional(),
      /** A name that says too little alone: it counts only where this one is on the span, too, and only for the normalizer. */
      beside: z.string().optional(),
    }),
  ),
  /** Names with a number in them, one attribute for each message, part, tool or document. */
  families: z
    .array(
      z.strictObject({
        prefix: z.string(),
        to: z.string(),
        as: z.enum(['input', 'output', 'definitions', 'documents']),
        /** Segments of names that only say what the next ones belong to. */
        without: z.array(z.string()).default([]),
      }),
    )
    .default([]),
  values: z.record(z.string(), z.record(z.string(), z.string())),
})

export type Attribute = z.infer<typeof attributeSchema>
export type Metric = z.infer<typeof metricSchema>
/** What the SDK emits as a span of one type. */
export interface Span {
  type: string
  brief: string
  operations: string[]
  method: string | undefined
  kinds: ('internal' | 'client' | 'server')[]
  names: string[]
  required: string[]
  requiredIf: Record<string, string>
  /** Recommended or required under conditions that only the instrumentation knows. */
  recommended: string[]
  /** Opt-in: message content. */
  content: string[]
}

export type Event = z.infer<typeof eventSchema>
export type Dialect = z.infer<typeof dialectSchema>

/** The conventions as they stand in the YAML files of one folder. */
export interface Registry {
  manifest: z.infer<typeof manifestSchema>
  attributes: Attribute[]
  spans: Span[]
  metrics: Metric[]
  boundaries: Record<string, number[]>
  events: Event[]
  contentPrefixes: string[]
  dialects: Dialect[]
}

/** Reads the registry. Throws when a file does not have its shape. */
export function readRegistry(folder: string): Registry {
  const own = read(folder, 'attributes.yaml', z.strictObject({ attributes: z.array(attributeSchema) }))
  const upstream = read(
    folder,
    'genai.yaml',
    z.strictObject({
      attributes: z.array(attributeSchema),
      events: z.array(eventSchema),
      content_prefixes: z.array(z.string()),
    }),
  )
  const metrics = read(
    folder,
    'metrics.yaml',
    z.strictObject({ boundaries: z.record(z.string(), z.array(z.number())), metrics: z.array(metricSchema) }),
  )
  return {
    manifest: read(folder, 'manifest.yaml', manifestSchema),
    attributes: [
      ...upstream.attributes.map((attribute) => ({ source: 'genai' as const, ...attribute })),
      ...own.attributes.map((attribute) => ({ source: 'own' as const, ...attribute })),
    ],
    spans: readSpans(folder),
    metrics: metrics.metrics,
    boundaries: metrics.boundaries,
    events: upstream.events,
    contentPrefixes: upstream.content_prefixes,
    dialects: readdirSync(join(folder, 'dialects'))
      .filter((name) => name.endsWith('.yaml'))
      .sort()
      .map((name) => read(folder, join('dialects', name), dialectSchema)),
  }
}

/** Everything that is wrong with a registry, one sentence each; empty when it is sound. */
export function problemsOf(registry: Registry): string[] {
  const problems: string[] = []
  const keys = registry.attributes.map((attribute) => attribute.key)
  const known = new Set(keys)
  for (const key of repeated(keys)) problems.push(`attribute ${key} is defined twice`)
  for (const name of repeated(registry.metrics.map((metric) => metric.name)))
    problems.push(`metric ${name} is defined twice`)
  for (const name of repeated(registry.events.map((event) => event.name)))
    problems.push(`event ${name} is defined twice`)
  for (const { key, source } of registry.attributes) {
    if (source === 'own' && !key.startsWith('spanwarden.')) problems.push(`own attribute ${key} is outside spanwarden.`)
  }
  for (const metric of registry.metrics) problems.push(...problemsOfMetric(metric, registry, known))
  problems.push(
    ...registry.spans.flatMap((span) => problemsOfSpan(span, registry)),
    ...problemsOfDialects(registry, known),
  )
  return problems
}

function readSpans(folder: string): Span[] {
  const schema = z.strictObject({ groups: z.record(z.string(), z.array(z.string())), spans: z.array(spanSchema) })
  const { groups, spans } = read(folder, 'spans.yaml', schema)
  /** A name that no group has stays, and is then an unknown attribute. */
  const members = (names: readonly string[]): string[] => names.flatMap((name) => groups[name] ?? [name])
  return spans.map(({ required_if, method, recommended, groups: shared, content, ...span }) => ({
    ...span,
    method,
    requiredIf: required_if,
    recommended: [...recommended, ...members(shared)],
    content: members(content),
  }))
}

function problemsOfSpan(span: Span, { attributes }: Registry): string[] {
  const known = new Map(attributes.map((attribute) => [attribute.key, attribute]))
  const listed = [...span.required, ...span.recommended, ...span.content]
  const all = new Set([...listed, ...Object.keys(span.requiredIf)])
  return [
    ...[...all].filter((key) => !known.has(key)).map((key) => `span ${span.type} names the unknown attribute ${key}`),
    ...repeated(listed).map((key) => `span ${span.type} lists ${key} twice`),
    ...span.content
      .filter((key) => known.get(key)?.pii !== true)
      .map((key) => `span ${span.type}: ${key} is not content`),
    ...[...span.required, ...span.recommended]
      .filter((key) => known.get(key)?.pii === true)
      .map((key) => `span ${span.type}: ${key} is content, which is opt-in`),
  ]
}

function problemsOfMetric(metric: Metric, registry: Registry, known: ReadonlySet<string>): string[] {
  const problems = metric.attributes
    .filter((key) => !known.has(key))
    .map((key) => `metric ${metric.name} names the unknown attribute ${key}`)
  if ((metric.instrument === 'histogram') !== (metric.boundaries !== undefined))
    problems.push(`metric ${metric.name}: histograms have boundaries, and nothing else has`)
  const boundaries = metric.boundaries === undefined ? [] : registry.boundaries[metric.boundaries]
  if (boundaries === undefined) problems.push(`metric ${metric.name} names unknown boundaries`)
  else if (boundaries.some((bound, index) => index > 0 && bound <= (boundaries[index - 1] ?? bound)))
    problems.push(`metric ${metric.name}: boundaries do not ascend`)
  return problems
}

function problemsOfDialects(registry: Registry, known: ReadonlySet<string>): string[] {
  const problems: string[] = []
  const targets = new Map<string, string>()
  const values = new Map<string, string>()
  const operations = registry.attributes.find(({ key }) => key === 'gen_ai.operation.name')?.members ?? []
  for (const id of repeated(registry.dialects.map(({ id }) => id))) problems.push(`dialect ${id} is there twice`)
  for (const dialect of registry.dialects) {
    for (const { from, to, when, beside } of dialect.attributes) {
      if (!known.has(to)) problems.push(`${dialect.name}: ${from} maps to the unknown attribute ${to}`)
      if (known.has(from)) problems.push(`${dialect.name}: ${from} is an attribute of today, it cannot be mapped`)
      for (const operation of when.length === 0 ? [''] : when) {
        if (operation !== '' && !operations.includes(operation))
          problems.push(`${dialect.name}: ${from} is for the unknown operation ${operation}`)
        if (targets.has(`${from} ${operation}`)) problems.push(`${dialect.name}: ${from} is mapped twice`)
        targets.set(`${from} ${operation}`, to)
      }
      const isMark =
        beside !== undefined && [...dialect.markers, ...dialect.attributes.map((other) => other.from)].includes(beside)
      if (beside !== undefined && !isMark) problems.push(`${dialect.name}: ${from} counts beside the unknown ${beside}`)
    }
    for (const { prefix, to } of dialect.families) {
      if (!known.has(to)) problems.push(`${dialect.name}: ${prefix} maps to the unknown attribute ${to}`)
    }
    for (const [key, map] of Object.entries(dialect.values)) {
      const members = registry.attributes.find((attribute) => attribute.key === key)?.members ?? []
      for (const [from, to] of Object.entries(map)) {
        if (!members.includes(to)) problems.push(`${dialect.name}: ${key} has no value ${to}`)
        if (members.includes(from))
          problems.push(`${dialect.name}: ${from} is a value of ${key} today, it cannot be mapped`)
        const known = values.get(`${key} ${from}`)
        if (known !== undefined && known !== to)
          problems.push(`${dialect.name}: ${from} of ${key} is mapped twice, differently`)
        values.set(`${key} ${from}`, to)
      }
    }
  }
  return problems
}

function read<T>(folder: string, file: string, schema: z.ZodType<T>): T {
  const result = schema.safeParse(parse(readFileSync(join(folder, file), 'utf8')))
  if (result.success) return result.data
  throw new Error(`conventions/${file}: ${z.prettifyError(result.error)}`)
}

const repeated = (names: readonly string[]): string[] => names.filter((name, index) => names.indexOf(name) !== index)
