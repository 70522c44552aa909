import { fileURLToPath } from 'node:url'
import { readRegistry } from '../../conventions/registry.ts'
import type { Attribute, Span } from '../../conventions/registry.ts'
import { contentViolations } from './content-schema.ts'
import type { OtlpSink, SinkSpan } from './otlp-sink.ts'

/** A span as the check looks at it, wherever it was seen. */
export interface SeenSpan {
  readonly name: string
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  readonly failed: boolean
  readonly attributes: Readonly<Record<string, unknown>>
}

/** A metric's points, as they left. */
export interface SeenPoint {
  readonly metric: string
  readonly unit: string
  readonly kind: 'gauge' | 'sum' | 'histogram'
  readonly attributes: Readonly<Record<string, unknown>>
}

const registry = readRegistry(fileURLToPath(new URL('../../conventions', import.meta.url)))
const attributes = new Map(registry.attributes.map((attribute) => [attribute.key, attribute]))
const metrics = new Map(registry.metrics.map((metric) => [metric.name, metric]))

/**
 * Where a span of ours breaks the conventions (conventions/spans.yaml and the attributes it names), one sentence each. `content`: message
 * content may be on it.
 */
export function spanViolations(span: SeenSpan, content: boolean): string[] {
  const type = typeOf(span)
  if (type === undefined)
    return [`span "${span.name}": no span of conventions/spans.yaml has this operation and kind (${span.kind})`]
  const has = (key: string): boolean => span.attributes[key] !== undefined
  const listed = new Set([...type.required, ...type.recommended, ...type.content])
  const at = `span "${span.name}" (${type.type})`
  return [
    ...type.required.filter((key) => !has(key)).map((key) => `${at}: ${key} is required`),
    ...Object.entries(type.requiredIf)
      .filter(([key, condition]) => has(condition) && !has(key))
      .map(([key, condition]) => `${at}: ${key} is required beside ${condition}`),
    ...(span.failed && !has('error.type') ? [`${at}: failed without error.type`] : []),
    ...(has('error.type') && !span.failed ? [`${at}: error.type on a span that did not fail`] : []),
    ...Object.entries(span.attributes).flatMap(([key, value]) => {
      if (!listed.has(key)) return [`${at}: the attribute ${key} is not one of this span`]
      if (!content && type.content.includes(key)) return [`${at}: ${key} is content, which nobody asked for`]
      const problems = [...valueViolation(attributes.get(key), value), ...contentViolations(key, value)]
      return problems.map((problem) => `${at}: ${key} ${problem}`)
    }),
    ...nameViolation(type, span).map((problem) => `${at}: ${problem}`),
  ]
}

/** Where a point of the five metrics, or of a metric beside them, breaks the conventions (conventions/metrics.yaml). */
export function pointViolations(point: SeenPoint): string[] {
  const metric = metrics.get(point.metric)
  if (metric === undefined) return [`metric ${point.metric} is not in conventions/metrics.yaml`]
  const kind = { counter: 'sum', updowncounter: 'sum', gauge: 'gauge', histogram: 'histogram' }[metric.instrument]
  const at = `metric ${point.metric}`
  return [
    ...(point.unit === metric.unit ? [] : [`${at}: the unit is ${point.unit}, not ${metric.unit}`]),
    ...(point.kind === kind ? [] : [`${at}: a ${point.kind}, not a ${kind}`]),
    ...Object.entries(point.attributes).flatMap(([key, value]) =>
      metric.attributes.includes(key) || key === 'otel.metric.overflow'
        ? valueViolation(attributes.get(key), value).map((problem) => `${at}: ${key} ${problem}`)
        : [`${at}: the attribute ${key} is not one of this metric`],
    ),
  ]
}

/** The same for what arrived at a backend, from the SDK or through the sidecar. Sorted, each once. */
export function sinkViolations({ spans, points }: Pick<OtlpSink, 'spans' | 'points'>, content: boolean): string[] {
  const ours = spans.filter(({ scope }) => scope === 'spanwarden')
  const found = [
    ...ours.flatMap((span) => spanViolations(seenSpan(span), content)),
    ...points.flatMap((point) => pointViolations(point)),
  ]
  return [...new Set(found)].toSorted()
}

const seenSpan = ({ name, kind, status, attributes: all }: SinkSpan): SeenSpan => ({
  name,
  kind: KINDS[kind] ?? 'consumer',
  failed: status.code === STATUS_ERROR,
  // What the sidecar adds to any span is defined, but belongs to none in particular.
  attributes: Object.fromEntries(Object.entries(all).filter(([key]) => !key.startsWith('spanwarden.redaction.'))),
})

/** By the number of the kind in OTLP. */
const KINDS: readonly (SeenSpan['kind'] | undefined)[] = [
  undefined,
  'internal',
  'server',
  'client',
  'producer',
  'consumer',
]
const STATUS_ERROR = 2

function typeOf({ kind, attributes: seen }: SeenSpan): Span | undefined {
  const operation = seen['gen_ai.operation.name'] ?? ''
  return registry.spans
    .filter(({ kinds }) => kinds.some((one) => one === kind))
    .filter(({ operations }) => operations.includes(String(operation)))
    .toSorted((a, b) => Number(b.method !== undefined) - Number(a.method !== undefined))
    .find(({ method }) => method === undefined || seen[method] !== undefined)
}

function valueViolation(attribute: Attribute | undefined, value: unknown): string[] {
  if (attribute === undefined) return ['is not in the registry']
  if (!TYPES[attribute.type](value)) return [`is not of type ${attribute.type}`]
  // Enums of OpenTelemetry are open; our own are complete.
  const closed = attribute.source === 'own' && attribute.members.length > 0
  return closed && !attribute.members.includes(String(value)) ? [`has no value ${String(value)}`] : []
}

const TYPES: Readonly<Record<Attribute['type'], (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string' && value !== '',
  int: (value) => Number.isSafeInteger(Number(value)) && typeof value !== 'string',
  double: (value) => typeof value === 'number' && Number.isFinite(value),
  boolean: (value) => typeof value === 'boolean',
  'string[]': (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  any: () => true,
}

/** The first pattern whose attributes are all there is the name. */
function nameViolation(type: Span, { name, attributes: seen }: SeenSpan): string[] {
  const pattern = type.names.find((one) => keysOf(one).every((key) => seen[key] !== undefined))
  if (pattern === undefined) return ['no name fits']
  const wanted = pattern.replaceAll(KEY, (_, key: string) => String(seen[key]))
  return name === wanted ? [] : [`its name should be "${wanted}"`]
}

const KEY = /\{([\w.]+)\}/g

const keysOf = (pattern: string): string[] => [...pattern.matchAll(KEY)].map((match) => match[1] ?? '')
