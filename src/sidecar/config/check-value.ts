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
      for (const { at, why } of ignoredIn(schema, tried, [])) {
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

/** Keys that the object schema at a path has. */
function knownKeys(schema: z.ZodType, path: ConfigPath): readonly string[] {
  const at = path.reduce<z.core.$ZodType | undefined>(inner, schema)
  return Object.entries(partsOf(at).shape ?? {}).flatMap(([key, option]) =>
    ignoredWhy(option) === undefined ? [key] : [],
  )
}

/** Keys that are written and are `ignoredKey` in the schema. */
function ignoredIn(
  schema: z.core.$ZodType | undefined,
  value: unknown,
  path: ConfigPath,
): { at: ConfigPath; why: string }[] {
  if (schema === undefined || typeof value !== 'object' || value === null) return []
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return entries.flatMap(([key, item]: [string | number, unknown]) => {
    const option = inner(schema, key)
    const why = ignoredWhy(option)
    const at = [...path, key]
    return why === undefined ? ignoredIn(option, item, at) : [{ at, why }]
  })
}

function ignoredWhy(option: z.core.$ZodType | undefined): string | undefined {
  const why = option === undefined ? undefined : z.globalRegistry.get(option)?.['ignored']
  return why === undefined ? undefined : String(why)
}

function inner(schema: z.core.$ZodType | undefined, key: string | number): z.core.$ZodType | undefined {
  const { items, shape, values } = partsOf(schema)
  return typeof key === 'number' ? items : (shape?.[key] ?? values)
}

interface Parts {
  readonly items?: z.core.$ZodType
  readonly shape?: z.core.$ZodLooseShape
  /** Of a map's keys that are not in its shape. */
  readonly values?: z.core.$ZodType
}

/** What is in a list or map: of the schema itself, of what it wraps, of its alternatives. Not by way of a JSON schema: that is slow, and this happens at each start. */
function partsOf(schema: z.core.$ZodType | undefined): Parts {
  if (schema === undefined) return {}
  const { def } = (schema as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'object':
      return { shape: def.shape, ...(def.catchall && { values: def.catchall }) }
    case 'record':
      return { values: def.valueType }
    case 'array':
      return { items: def.element }
    case 'union':
      // Of several that say the same of a part, the first.
      return Object.assign({}, ...def.options.map(partsOf).toReversed()) as Parts
    case 'pipe':
      return partsOf(def.in._zod.def.type === 'transform' ? def.out : def.in)
    case 'lazy':
      return partsOf(def.getter())
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return partsOf(def.innerType)
    default:
      return {}
  }
}
