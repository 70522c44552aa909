import * as z from 'zod'
import type { Report } from '../config.ts'
import { HIDDEN } from './hide-secrets.ts'
import type { LocatedYaml } from './located-yaml.ts'
import { suggestion } from './nearest.ts'
import type { ConfigPath } from './problem.ts'
import { stockKey } from './stock-keys.ts'
import type { StockKeys } from './stock-keys.ts'

type Issue = z.core.$ZodIssue

/**
 * Checks a part of a configuration against its schema; reports each problem where it stands and returns undefined then. Keys of the stock collector
 * that have no effect here are left out with a warning; `null` stands for what is not there, as in the stock collector. `beside`: keys that are checked elsewhere,
 * to be suggested with the others.
 */
export function checkValue<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  path: ConfigPath,
  yaml: LocatedYaml,
  report: Report,
  stock?: StockKeys,
  beside: readonly string[] = [],
): z.output<Schema> | undefined {
  let tried = value
  for (let round = 0; ; round++) {
    const { success, data, error } = schema.safeParse(tried)
    if (success) {
      for (const { at, why } of ignoredIn(jsonSchemaOf(schema), tried, [])) {
        report.warning([...path, ...at], `it has no effect: ${why}`)
      }
      return data
    }
    const mended = round < ROUNDS_MAX ? mend(tried, error.issues) : tried
    // Not by ===: `.nan` is not equal to itself.
    if (Object.is(mended, tried)) {
      for (const issue of error.issues) reportIssue(issue)
      return undefined
    }
    tried = mended
  }

  function mend(from: unknown, issues: readonly Issue[]): unknown {
    let to = from
    for (const issue of issues) {
      const at = pathOf(issue)
      if (issue.code === 'unrecognized_keys') {
        for (const key of issue.keys) {
          const known = stockKey(stock, [...at, key])
          if (known === undefined || known.isRefused) continue
          report.warning([...path, ...at, key], known.says)
          to = without(to, [...at, key])
        }
        continue
      }
      const current = valueAt(to, at)
      // A variable that holds 12345 is a number to YAML; where a text is wanted it is the text after all.
      const text = yaml.textOf([...path, ...at])
      if (text !== undefined && current !== text) to = withText(to, at, text)
      else if (current === null && at.length > 0) to = without(to, at)
    }
    return to
  }

  function reportIssue(issue: Issue): void {
    const at = [...path, ...pathOf(issue)]
    if (issue.code !== 'unrecognized_keys') {
      const text = valueAt(value, pathOf(issue))
      const isQuoted = typeof text === 'string' && text !== '' && yaml.isSecret(at)
      return report.problem(at, isQuoted ? messageOf(issue).replaceAll(text, HIDDEN) : messageOf(issue))
    }
    const known = [...knownKeys(schema, pathOf(issue)), ...(pathOf(issue).length === 0 ? beside : [])]
    for (const key of issue.keys) {
      const says = stockKey(stock, [...pathOf(issue), key])?.says
      report.problem([...at, key], says ?? `unknown key${keyAdvice(key, known)}`)
    }
  }
}

/** A mended value may show further issues. */
const ROUNDS_MAX = 8
const KEYS_SHOWN_MAX = 12

/** `; did you mean endpoint?`, or the keys that there are. */
function keyAdvice(key: string, known: readonly string[]): string {
  const near = suggestion(key, known)
  if (near !== '' || known.length === 0) return near
  const shown = known.slice(0, KEYS_SHOWN_MAX).join(', ')
  return `; there are ${shown}${known.length > KEYS_SHOWN_MAX ? ', …' : ''}`
}

function pathOf({ path }: Issue): (string | number)[] {
  return path.map((key) => (typeof key === 'number' ? key : String(key)))
}

function messageOf(issue: Issue): string {
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return 'it is required'
  if (issue.code !== 'invalid_union') return lowered(issue.message)
  const inner = issue.errors.flat()
  const own = inner.find(({ code }) => code === 'custom')
  if (own !== undefined) return own.message
  if (issue.message !== 'Invalid input') return lowered(issue.message)
  return [...new Set(inner.map(({ message }) => lowered(message)))].join(', or ')
}

const lowered = (message: string): string =>
  inYaml(message.replace(/^Invalid input: /, '').replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase()))

/** People write lists and maps. */
const inYaml = (message: string): string =>
  message.replaceAll(
    /\b(?<what>expected|received) (?<type>array|object|record)\b/g,
    (_, what: string, type: string) => `${what} ${type === 'array' ? 'list' : 'map'}`,
  )

function valueAt(value: unknown, path: ConfigPath): unknown {
  let at = value
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined
    at = Object.entries(at).find(([name]) => name === String(key))?.[1]
  }
  return at
}

function without(value: unknown, path: ConfigPath): unknown {
  const [key, ...rest] = path
  if (Array.isArray(value)) return value.map((item: unknown, i) => (i === key ? without(item, rest) : item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, item]) =>
      name !== key ? [[name, item]] : rest.length === 0 ? [] : [[name, without(item, rest)]],
    ),
  )
}

function withText(value: unknown, path: ConfigPath, text: string): unknown {
  const [key, ...rest] = path
  if (key === undefined) return text
  if (Array.isArray(value)) return value.map((item: unknown, i) => (i === key ? withText(item, rest, text) : item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, name === key ? withText(item, rest, text) : item]),
  )
}

type JsonSchema = z.core.JSONSchema.BaseSchema

const jsonSchemaOf = (schema: z.ZodType): JsonSchema => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })

/** Keys that the object schema at a path has. */
function knownKeys(schema: z.ZodType, path: ConfigPath): readonly string[] {
  let at: JsonSchema | undefined = jsonSchemaOf(schema)
  for (const key of path) at = inner(at, key)
  return Object.entries(objectIn(at)?.properties ?? {}).flatMap(([key, option]) => (isIgnored(option) ? [] : [key]))
}

/** Keys that are written and are `ignoredKey` in the schema. */
function ignoredIn(
  schema: JsonSchema | undefined,
  value: unknown,
  path: ConfigPath,
): { at: ConfigPath; why: string }[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown, i) => ignoredIn(inner(schema, i), item, [...path, i]))
  if (schema === undefined || typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => {
    const option = inner(schema, key)
    const at = [...path, key]
    return isIgnored(option) ? [{ at, why: String(option.ignored) }] : ignoredIn(option, item, at)
  })
}

const isIgnored = (option: unknown): option is { ignored: unknown } =>
  typeof option === 'object' && option !== null && 'ignored' in option

/** The object schema itself, or the one among the alternatives. */
function objectIn(schema: JsonSchema | undefined): JsonSchema | undefined {
  if (schema?.properties !== undefined) return schema
  for (const alternative of schema?.anyOf ?? []) {
    const found = typeof alternative === 'object' ? objectIn(alternative) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

function inner(schema: JsonSchema | undefined, key: string | number): JsonSchema | undefined {
  const next =
    typeof key === 'number' ? schema?.items : (objectIn(schema)?.properties?.[key] ?? schema?.additionalProperties)
  return typeof next === 'object' && !Array.isArray(next) ? next : undefined
}
