import { z } from 'zod'
import type { Report } from '../config.ts'
import type { LocatedYaml } from './located-yaml.ts'
import { suggestion } from './nearest.ts'
import type { ConfigPath } from './problem.ts'

type Issue = z.core.$ZodIssue

/** Checks a part of a configuration against its schema; reports each problem where it stands and returns undefined then. */
export function checkValue<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  path: ConfigPath,
  yaml: LocatedYaml,
  report: Report,
): z.output<Schema> | undefined {
  const first = schema.safeParse(value)
  if (first.success) return first.data
  // A variable that holds 12345 is a number to YAML; where a text is wanted it is the text after all.
  let retried = value
  for (const issue of first.error.issues) {
    const at = pathOf(issue)
    const text = yaml.textOf([...path, ...at])
    if (text !== undefined) retried = withText(retried, at, text)
  }
  const { success, data, error } = retried === value ? first : schema.safeParse(retried)
  if (success) return data
  for (const issue of error.issues) {
    const at = [...path, ...pathOf(issue)]
    if (issue.code !== 'unrecognized_keys') report.problem(at, messageOf(issue))
    else {
      const known = knownKeys(schema, pathOf(issue))
      for (const key of issue.keys) report.problem([...at, key], `unknown key${suggestion(key, known)}`)
    }
  }
  return undefined
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
  return [...new Set(inner.map(({ message }) => lowered(message)))].join(', or ')
}

const lowered = (message: string): string =>
  message.replace(/^Invalid input: /, '').replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase())

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
  let at: JsonSchema | undefined = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  for (const key of path) at = inner(at, key)
  return Object.keys(objectIn(at)?.properties ?? {})
}

type JsonSchema = z.core.JSONSchema.BaseSchema

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
