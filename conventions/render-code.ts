import type { Registry } from './registry.ts'

/** src/conventions.ts as text, in the project's formatting. */
export function renderCode(registry: Registry): string {
  const canonical = registry.attributes.map((attribute) => attribute.key)
  // A name that counts only beside another one says nothing to whoever looks at it alone. Where the operation decides, the last line is the rule.
  const renames = registry.dialects.flatMap((dialect) =>
    dialect.attributes.filter(({ beside }) => beside === undefined),
  )
  const markers = registry.dialects.flatMap((dialect) => dialect.markers)
  const wire = [...new Set([...canonical, ...renames.map(({ from }) => from), ...markers])]
  const always = renames.filter(({ when }) => when.length === 0)
  const target = new Map([...renames, ...always].map(({ from, to }) => [from, to]))
  const content = wire.filter((key) => isContent(registry, target.get(key) ?? key))
  return [
    '// Generated from conventions/*.yaml by `npm run generate`. Do not edit.',
    ...headOf(registry),
    ...registry.attributes.flatMap(({ key, brief, members }) => [
      constant(attributeConstant(key), key, brief),
      ...members.map((member) => constant(`${screaming(key)}_VALUE_${screaming(member)}`, member)),
    ]),
    ...registry.events.map(({ name, brief }) => constant(`EVENT_${screaming(name)}`, name, brief)),
    ...registry.metrics.map(({ name, brief }) => constant(`METRIC_${screaming(name)}`, name, brief)),
    metricTable(registry),
    `/** Keys recognised on the wire. Index = wire key id - 1; 0 = unknown. Names of today come first, so of two ids that mean the same the lower one wins. */`,
    `export const WIRE_KEYS: readonly string[] = ${list(wire)}\n`,
    `/** Per entry of WIRE_KEYS the wire key id of its name of today (its own id where it is one). */`,
    `export const CANONICAL_WIRE_IDS: readonly number[] = ${numbers(wire.map((key) => wire.indexOf(target.get(key) ?? key) + 1))}\n`,
    `/** Old or foreign attribute key → its name of today. */`,
    `export const CANONICAL_KEYS: Readonly<Record<string, string>> = ${record(Object.fromEntries(target))}\n`,
    `/** Per attribute of today: old or foreign value → its value of today. */`,
    `export const CANONICAL_VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = ${valueMaps(registry)}\n`,
    `/** Attributes that hold message content, under every name of them. */`,
    `export const CONTENT_KEYS: readonly string[] = ${list(content)}\n`,
    `/** Families of attributes that hold message content: whatever starts with one of these. */`,
    `export const CONTENT_KEY_PREFIXES: readonly string[] = ${list(registry.contentPrefixes)}\n`,
  ].join('\n')
}

/** `gen_ai.usage.input_tokens` → `GEN_AI_USAGE_INPUT_TOKENS`, `sampling/createMessage` → `SAMPLING_CREATE_MESSAGE`. */
export function screaming(name: string): string {
  return name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+/, '')
    .toUpperCase()
}

const attributeConstant = (key: string): string => `ATTR_${screaming(key)}`

function headOf({ manifest }: Registry): string[] {
  return [
    '',
    `/** Schema URL of this registry. ${manifest.sources.map(({ name, state }) => `${name}: ${state}`).join('; ')}. */`,
    `export const SCHEMA_URL = ${quote(manifest.schema_url)}`,
    '',
    '/** How a metric is recorded. Boundaries are upper bounds of histogram buckets, in the unit. */',
    'export interface MetricDefinition {',
    '  readonly name: string',
    `  readonly instrument: 'counter' | 'updowncounter' | 'gauge' | 'histogram'`,
    '  readonly unit: string',
    `  readonly value: 'int' | 'double'`,
    '  readonly description: string',
    '  readonly boundaries: readonly number[]',
    '  readonly attributes: readonly string[]',
    '}',
    '',
  ]
}

function metricTable({ metrics, boundaries }: Registry): string {
  const names = Object.keys(boundaries).map((name) => `const ${screaming(name)} = ${numbers(boundaries[name] ?? [])}`)
  const rows = metrics.map((metric) =>
    [
      `  ${quote(metric.name)}: {`,
      `    name: ${quote(metric.name)},`,
      `    instrument: ${quote(metric.instrument)},`,
      `    unit: ${quote(metric.unit)},`,
      `    value: ${quote(metric.value)},`,
      field('description', quote(metric.brief)),
      `    boundaries: ${metric.boundaries === undefined ? '[]' : screaming(metric.boundaries)},`,
      `    attributes: ${list(metric.attributes, 4)},`,
      '  },',
    ].join('\n'),
  )
  return [
    '',
    ...names,
    '',
    '/** Every metric that we emit, by name. */',
    'export const METRICS: Readonly<Record<string, MetricDefinition>> = {',
    ...rows,
    '}',
    '',
  ].join('\n')
}

function valueMaps({ dialects }: Registry): string {
  const merged: Record<string, Record<string, string>> = {}
  for (const [key, map] of dialects.flatMap((dialect) => Object.entries(dialect.values)))
    merged[key] = { ...merged[key], ...map }
  const rows = Object.entries(merged).map(([key, map]) => `  ${quote(key)}: ${record(map, 2)},`)
  return `{\n${rows.join('\n')}\n}`
}

const isContent = (registry: Registry, key: string): boolean =>
  registry.attributes.some((attribute) => attribute.key === key && attribute.pii)

function constant(name: string, value: string, brief?: string): string {
  const line = `export const ${name} = ${quote(value)}`
  const wrapped = line.length <= 120 ? line : `export const ${name} =\n  ${quote(value)}`
  return brief === undefined ? wrapped : `/** ${brief} */\n${wrapped}`
}

const field = (name: string, text: string): string => {
  const line = `    ${name}: ${text},`
  return line.length <= 120 ? line : `    ${name}:\n      ${text},`
}

const quote = (text: string): string => (text.includes("'") ? JSON.stringify(text) : `'${text}'`)

const propertyName = (text: string): string => (/^[A-Za-z_$][\w$]*$/.test(text) ? text : quote(text))

function list(texts: readonly string[], indent = 0): string {
  const line = `[${texts.map(quote).join(', ')}]`
  if (line.length + indent + 14 <= 120) return line
  const pad = ' '.repeat(indent)
  return `[\n${texts.map((text) => `${pad}  ${quote(text)},\n`).join('')}${pad}]`
}

function record(map: Readonly<Record<string, string>>, indent = 0): string {
  const pad = ' '.repeat(indent)
  return `{\n${Object.entries(map)
    .map(([key, value]) => `${pad}  ${propertyName(key)}: ${quote(value)},\n`)
    .join('')}${pad}}`
}

/** Numbers fill their lines, as the formatter has it. */
function numbers(values: readonly number[]): string {
  const line = `[${values.join(', ')}]`
  if (line.length <= 95) return line
  const lines: string[] = []
  for (const value of values) {
    const last = lines.at(-1)
    if (last !== undefined && `  ${last} ${value},`.length <= 120) lines[lines.length - 1] = `${last} ${value},`
    else lines.push(`${value},`)
  }
  return `[\n${lines.map((text) => `  ${text}\n`).join('')}]`
}
