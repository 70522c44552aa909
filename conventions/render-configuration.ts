import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ComponentDefinition } from '../src/sidecar/component.ts'
import { allComponents } from '../src/sidecar/components.ts'
import { componentSchema, editorSchema, sendingSchemas, serviceSchema } from '../src/sidecar/config/editor-schema.ts'
import type { JsonSchema } from '../src/sidecar/config/editor-schema.ts'
import { LEFT_OUT } from '../src/sidecar/config/left-out.ts'
import { STOCK_KEYS } from '../src/sidecar/config/stock-keys.ts'

const components = await allComponents()

/** collector-config/schema.json. */
export const renderEditorSchema = (): string => `${JSON.stringify(editorSchema(components))}\n`

/** docs/configuration.md: the text of configuration.md in this folder, and every component with its keys, from their schemas. */
export function renderConfiguration(folder: string): string {
  const [before, after] = readFileSync(join(folder, 'configuration.md'), 'utf8').split('<!-- reference -->')
  if (before === undefined || after === undefined)
    throw new Error('conventions/configuration.md lost its <!-- reference -->')
  const notice =
    '<!-- Generated from conventions/configuration.md and the components by `npm run generate`. Do not edit. -->\n'
  return notice + before + reference() + after
}

const TITLES = [
  ['receiver', 'Receivers'],
  ['processor', 'Processors'],
  ['connector', 'Connectors'],
  ['exporter', 'Exporters'],
  ['extension', 'Extensions'],
] as const

function reference(): string {
  const sections = TITLES.flatMap(([kind, title]) => {
    const of = components.filter((component) => component.kind === kind)
    const also = kind === 'exporter' ? sendingSections() : []
    return [`## ${title}\n`, ...of.map(componentSection), ...also, ...leftOutSection(kind, of)]
  })
  return [...sections, '## `service`\n', table(serviceSchema()), ''].join('\n')
}

function componentSection(component: ComponentDefinition): string {
  const { type, aliases = [], summary } = component
  const former = aliases.length === 0 ? '' : ` Former name, taken with a notice: ${aliases.map(code).join(', ')}.`
  const isRemote = component.kind === 'exporter' && component.delivery === 'remote'
  const queue = isRemote
    ? ' Beside its own keys: [`sending_queue` and `retry_on_failure`](#sending_queue-and-retry_on_failure).'
    : ''
  const { sending_queue: _, retry_on_failure: __, ...properties } = componentSchema(component).properties ?? {}
  const refused = Object.entries(STOCK_KEYS[`${component.kind} ${type}`] ?? {}).filter(([, { isRefused }]) => isRefused)
  const not = refused
    .filter(([path]) => !hasKey(componentSchema(component), path.split('.')))
    .map(([path, { says }]) => `\`${path}\` ${escaped(says)}`)
  return [
    `### \`${type}\`\n`,
    `${summary} ${signals(component)}.${former}${queue}\n`,
    table({ ...componentSchema(component), properties }),
    ...(not.length === 0 ? [] : [`Keys of the stock collector that are refused: ${not.join('; ')}.\n`]),
  ].join('\n')
}

function signals(component: ComponentDefinition): string {
  if (component.kind === 'connector') return `From ${component.from.join(', ')} to ${component.to.join(', ')}`
  return component.kind === 'extension' ? 'In `service.extensions`' : `For ${component.signals.join(', ')}`
}

function sendingSections(): string[] {
  return [
    '### `sending_queue` and `retry_on_failure`\n',
    'Of every exporter that sends over the network, and of `file`.\n',
    table({ type: 'object', properties: sendingSchemas() }),
  ]
}

function leftOutSection(kind: string, there: readonly ComponentDefinition[]): string[] {
  const missing = LEFT_OUT.filter((one) => one.kind === kind && !there.some(({ type }) => type === one.type))
  if (missing.length === 0) return []
  const rows = missing.map(({ type, notice }) => `- \`${type}\`: ${notice}.`)
  return ['Of the stock collector, taken with a notice and without effect:\n', ...rows, '']
}

interface Row {
  readonly key: string
  readonly type: string
  readonly standard: string
  readonly text: string
}

function table(schema: JsonSchema): string {
  const rows = rowsOf(schema, '')
  if (rows.length === 0) return 'No keys.\n'
  const lines = rows.map(({ key, type, standard, text }) => `| \`${key}\` | ${type} | ${standard} | ${text} |`)
  return ['| key | type | default | |', '|---|---|---|---|', ...lines, ''].join('\n')
}

function rowsOf(schema: JsonSchema, prefix: string): Row[] {
  return Object.entries(objectOf(schema)?.properties ?? {}).flatMap(([key, option]) => {
    if (typeof option === 'boolean') return []
    const inner = rowsOf(option, `${prefix}${key}.`)
    const items = isSchema(option.items) ? rowsOf(option.items, `${prefix}${key}[].`) : []
    const each = isSchema(option.additionalProperties)
      ? rowsOf(option.additionalProperties, `${prefix}${key}.<name>.`)
      : []
    const isGroup = inner.length > 0 && option.description === undefined
    const { ignored } = option
    const text =
      ignored === undefined
        ? (option.description ?? '')
        : `No effect: ${String(ignored).replace(/^has no effect here: /, '')}.`
    const standard = option.default === undefined || inner.length > 0 ? '' : code(JSON.stringify(option.default))
    const own = {
      key: `${prefix}${key}`,
      type: ignored === undefined ? typeOf(option) : '',
      standard,
      text: escaped(text),
    }
    return [...(isGroup ? [] : [own]), ...inner, ...items, ...each]
  })
}

/** The map itself, or the one among the alternatives. */
function objectOf(schema: JsonSchema): JsonSchema | undefined {
  if (schema.properties !== undefined) return schema
  return (schema.anyOf ?? []).filter(isSchema).find(({ properties }) => properties !== undefined)
}

function typeOf(schema: JsonSchema): string {
  if (schema.format === 'duration') return 'duration'
  if (schema.enum !== undefined)
    return `one of ${schema.enum.map((one) => code(String(one === '' ? '""' : one))).join(', ')}`
  if (schema.const !== undefined) return code(JSON.stringify(schema.const))
  const types = (schema.anyOf ?? []).filter(isSchema).filter(({ type }) => type !== 'null')
  if (types.length > 0) return [...new Set(types.map(typeOf))].join(' or ')
  if (schema.type === 'array') return isSchema(schema.items) ? `list of ${typeOf(schema.items)}` : 'list'
  if (schema.type === 'object') return 'map'
  return typeof schema.type === 'string' ? schema.type : 'any'
}

function hasKey(schema: JsonSchema, [key = '', ...rest]: readonly string[]): boolean {
  const there = objectOf(schema)?.properties?.[key]
  if (there === undefined) return false
  return rest.length === 0 || (isSchema(there) && hasKey(there, rest))
}

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``

const escaped = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
