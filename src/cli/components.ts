import { parseArgs } from 'node:util'
import type { ComponentDefinition } from '../sidecar/component.ts'
import { allComponents } from '../sidecar/components.ts'
import { componentSchema, editorSchema } from '../sidecar/config/editor-schema.ts'
import type { JsonSchema } from '../sidecar/config/editor-schema.ts'
import { suggestion } from '../sidecar/config/nearest.ts'
import { EXIT_OK, UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { componentsOptions, jsonOption } from './options.ts'

/** Lists the components, or the options of those of one type; or prints the JSON schema for editors. */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { ...componentsOptions, ...jsonOption },
    allowPositionals: true,
  })
  const components = await allComponents()
  if (values.schema === true) {
    io.stdout.write(`${JSON.stringify(editorSchema(components), undefined, 1)}\n`)
    return EXIT_OK
  }
  const [type] = positionals
  const chosen =
    type === undefined ? components : components.filter((c) => c.type === type || c.aliases?.includes(type))
  if (type !== undefined && chosen.length === 0) {
    const types = components.map((component) => component.type)
    throw new UsageError(`there is no component ${type}${suggestion(type, types)}`)
  }
  if (values.json === true) io.stdout.write(`${JSON.stringify(chosen.map(described), undefined, 2)}\n`)
  else io.stdout.write(type === undefined ? list(chosen) : chosen.map(details).join('\n'))
  return EXIT_OK
}

function described(component: ComponentDefinition): object {
  const { kind, type, aliases = [], summary } = component
  return { kind, type, aliases, signals: signalsOf(component), summary, config: componentSchema(component) }
}

function signalsOf(component: ComponentDefinition): object | undefined {
  if (component.kind === 'connector') return { from: component.from, to: component.to }
  return 'signals' in component ? component.signals : undefined
}

function list(chosen: readonly ComponentDefinition[]): string {
  const width = Math.max(...chosen.map(({ type }) => type.length)) + 2
  const lines: string[] = []
  for (const [kind, ofKind] of Map.groupBy(chosen, (component) => component.kind)) {
    lines.push(`${kind}s:`, ...ofKind.map(({ type, summary }) => `  ${type.padEnd(width)}${summary}`), '')
  }
  return lines.join('\n')
}

function details(component: ComponentDefinition): string {
  const { kind, type, aliases = [], summary } = component
  const former = aliases.length === 0 ? '' : ` (formerly ${aliases.join(', ')})`
  return [`${kind} ${type}${former}`, summary, '', ...optionLines(componentSchema(component), '  '), ''].join('\n')
}

function optionLines(schema: JsonSchema, indent: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, option]) => {
    if (typeof option === 'boolean') return []
    const standard = option.default === undefined ? '' : ` [${JSON.stringify(option.default)}]`
    const line = `${indent}${key}${option.properties === undefined ? standard : ''}  ${option.description ?? ''}`
    return [line.trimEnd(), ...optionLines(option, `${indent}  `)]
  })
}
