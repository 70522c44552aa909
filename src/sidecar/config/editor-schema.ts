import * as z from 'zod'
import type { ComponentDefinition } from '../component.ts'
import { retryConfig, sendingQueueConfig } from '../queue/queue-config.ts'
import { LEFT_OUT } from './left-out.ts'
import { referencesConfig, serviceConfig } from './service-config.ts'
import { STOCK_KEYS } from './stock-keys.ts'
import type { StockKeys } from './stock-keys.ts'

/** A JSON Schema, draft 7: what the YAML plugins of editors know. */
export type JsonSchema = z.core.JSONSchema.BaseSchema
type Properties = Record<string, JsonSchema>

const KINDS = ['receiver', 'processor', 'connector', 'exporter', 'extension'] as const

const SECTION_TEXTS: Readonly<Record<(typeof KINDS)[number], string>> = {
  receiver: 'Where batches come from.',
  processor: 'What is done to them.',
  connector: 'The end of one pipeline and the beginning of another.',
  exporter: 'Where they go.',
  extension: 'What runs beside the pipelines.',
}

/** The JSON Schema of a whole configuration, for completion and checks in editors: from the schemas of the components, as they are. */
export function editorSchema(components: readonly ComponentDefinition[]): JsonSchema {
  const definitions: Properties = {
    other: {
      description: '${env:NAME}, ${env:NAME:-default}, ${file:path}',
      type: ['string', 'null'],
      pattern: '\\$\\{',
    },
  }
  const sections = KINDS.map((kind): [string, JsonSchema] => {
    const of = components.filter((component) => component.kind === kind)
    const patternProperties = Object.fromEntries(
      [...of.map(componentEntries), leftOutEntries(kind, of)].flatMap((entries) => Object.entries(entries)),
    )
    const description = SECTION_TEXTS[kind]
    return [`${kind}s`, { description, type: ['object', 'null'], patternProperties, additionalProperties: false }]
  })
  const service = forEditors(serviceSchema())
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of spanwarden’s sidecar',
    type: 'object',
    properties: {
      ...Object.fromEntries(sections),
      service: { ...service, description: 'Pipelines, and the sidecar itself.' },
    },
    additionalProperties: false,
    definitions,
  }

  function componentEntries(component: ComponentDefinition): Properties {
    const schema = withOwnNames(componentSchema(component), `${component.kind}.${component.type}.`)
    for (const [name, definition] of Object.entries(schema.definitions ?? {})) {
      if (typeof definition === 'object')
        definitions[`${component.kind}.${component.type}.${name}`] = forEditors(definition)
    }
    const { kind, type, summary } = component
    definitions[`${kind}.${type}`] = forEditors(schema)
    const allOf = [{ $ref: `#/definitions/${kind}.${type}` }]
    const own = { description: summary, allOf }
    const former = { description: `Former name of ${type}. ${summary}`, deprecated: true, allOf }
    return {
      [keyPattern(component.type)]: own,
      ...Object.fromEntries((component.aliases ?? []).map((alias) => [keyPattern(alias), former])),
    }
  }
}

/** References to its definitions have the prefix before their names. */
function withOwnNames(schema: JsonSchema, prefix: string): JsonSchema {
  const text = JSON.stringify(schema).replaceAll('"$ref":"#/definitions/', `"$ref":"#/definitions/${prefix}`)
  const renamed: JsonSchema = JSON.parse(text)
  return renamed
}

/** Of one component, keys of its sending queue included, and those of the stock collector that are taken without effect (`ignored` says why). */
export function componentSchema(component: ComponentDefinition): JsonSchema {
  const stock = STOCK_KEYS[`${component.kind} ${component.type}`]
  const schema = withStockKeys(jsonSchemaOf(component.config), stock)
  if (component.kind !== 'exporter' || component.delivery === 'local') return schema
  return { ...schema, properties: { ...schema.properties, ...sendingSchemas() } }
}

export const sendingSchemas = (): Properties => ({
  sending_queue: withStockKeys(jsonSchemaOf(sendingQueueConfig), STOCK_KEYS['sending_queue']),
  retry_on_failure: jsonSchemaOf(retryConfig),
})

/** The section `service`. */
export const serviceSchema = (): JsonSchema =>
  withStockKeys(
    {
      type: 'object',
      properties: { ...propertiesOf(referencesConfig), ...propertiesOf(serviceConfig) },
      additionalProperties: false,
    },
    STOCK_KEYS['service'],
  )

function withStockKeys(schema: JsonSchema, keys: StockKeys = {}): JsonSchema {
  const taken = Object.entries(keys).filter(([, { isRefused }]) => !isRefused)
  return taken.reduce((into, [path, { says }]) => withKey(into, path.split('.'), says), schema)
}

/** The schema with one more key, where it has the map around it and not the key. */
function withKey(schema: JsonSchema, [key = '', ...rest]: readonly string[], says: string): JsonSchema {
  if (schema.properties === undefined) {
    const { anyOf } = schema
    return anyOf === undefined
      ? schema
      : { ...schema, anyOf: anyOf.map((one) => (isSchema(one) ? withKey(one, [key, ...rest], says) : one)) }
  }
  const there = schema.properties[key]
  if (rest.length === 0) {
    return there === undefined ? { ...schema, properties: { ...schema.properties, [key]: { ignored: says } } } : schema
  }
  return isSchema(there)
    ? { ...schema, properties: { ...schema.properties, [key]: withKey(there, rest, says) } }
    : schema
}

export const jsonSchemaOf = (schema: z.ZodType): JsonSchema => {
  const {
    $schema: _,
    '~standard': __,
    ...rest
  } = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
  })
  return rest
}

const propertiesOf = (schema: z.ZodType): Record<string, JsonSchema | boolean> => jsonSchemaOf(schema).properties ?? {}

const keyPattern = (type: string): string => `^${type}(/.+)?$`

function leftOutEntries(kind: string, there: readonly ComponentDefinition[]): Properties {
  const names = LEFT_OUT.filter((one) => one.kind === kind)
    .flatMap(({ type, aliases = [], notice }) => [type, ...aliases].map((name) => ({ name, notice })))
    .filter(({ name }) => !there.some(({ type, aliases }) => type === name || aliases?.includes(name)))
  return Object.fromEntries(
    names.map(({ name, notice }) => [keyPattern(name), { description: notice, deprecated: true }]),
  )
}

const DURATION = '^(0|(\\d+(\\.\\d+)?(ns|us|µs|ms|s|m|h))+)$'
/** `${…}` and null. */
const OTHER = { $ref: '#/definitions/other' }

/**
 * As people write it: `${…}` may stand for anything, null for what is not there, durations are no ISO durations, and nothing is required, since another file
 * may have it.
 */
function forEditors(schema: JsonSchema): JsonSchema {
  return written(schema)

  function written(part: JsonSchema): JsonSchema {
    const { description, default: standard, deprecated, ignored, definitions: _, ...shape } = part
    const about = {
      ...(description === undefined
        ? ignored === undefined
          ? {}
          : { description: String(ignored) }
        : { description }),
      ...(standard === undefined ? {} : { default: standard }),
      ...(deprecated === true || ignored !== undefined ? { deprecated: true } : {}),
    }
    if (Object.keys(shape).length === 0) return about
    return { ...about, anyOf: [...alternativesOf(shape), OTHER] }
  }

  function alternativesOf(shape: JsonSchema): JsonSchema[] {
    if (shape.format === 'duration') return [{ type: 'string', pattern: DURATION }, { const: 0 }]
    if (shape.$ref !== undefined) return [shape]
    if (shape.caseless === true)
      return [{ enum: (shape.enum ?? []).flatMap((one) => [one, String(one).toUpperCase()]) }]
    const { anyOf, ...rest } = shape
    if (anyOf !== undefined && Object.keys(rest).length === 0) return anyOf.filter(isSchema).map(inner)
    return [inner(shape)]
  }

  function inner(shape: JsonSchema): JsonSchema {
    const {
      properties,
      items,
      additionalProperties,
      maximum,
      minimum,
      anyOf,
      propertyNames: _,
      required: __,
      ...rest
    } = shape
    return {
      ...rest,
      ...(isSafeBound(minimum) ? { minimum } : {}),
      ...(isSafeBound(maximum) ? { maximum } : {}),
      ...(anyOf === undefined ? {} : { anyOf: anyOf.filter(isSchema).map(inner) }),
      ...(properties === undefined ? {} : { properties: mapped(properties) }),
      ...(isSchema(items) ? { items: written(items) } : {}),
      ...(isSchema(additionalProperties)
        ? { additionalProperties: written(additionalProperties) }
        : additionalProperties === undefined
          ? {}
          : { additionalProperties }),
    }
  }

  function mapped(properties: Record<string, JsonSchema | boolean>): Properties {
    return Object.fromEntries(
      Object.entries(properties).flatMap(([key, option]) => (isSchema(option) ? [[key, written(option)]] : [])),
    )
  }
}

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The bounds that every whole number of JavaScript has say nothing. */
const isSafeBound = (bound: number | undefined): boolean =>
  bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER
