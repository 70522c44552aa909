import { Fields, isObject } from './fields.ts'
import { parseJson } from './json-text.ts'

/**
 * The tools that a model was offered (gen-ai-tool-definitions.json), from the forms of OpenAI, Anthropic and the AI SDK, each as an object or as JSON; `same`
 * when they are in today's form, undefined when this is no list of tools.
 */
export function definitionsOf(value: unknown): Record<string, unknown>[] | 'same' | undefined {
  const list = typeof value === 'string' ? parseJson(value) : value
  if (!Array.isArray(list) || list.length === 0) return undefined
  const tools = list.map((tool: unknown) => (typeof tool === 'string' ? parseJson(tool) : tool))
  if (!tools.every(isObject)) return undefined
  const isToday = tools.every((tool) => typeof tool['type'] === 'string' && typeof tool['name'] === 'string')
  if (isToday && typeof value === 'string' && tools.every((tool) => !FOREIGN.some((name) => name in tool)))
    return 'same'
  return tools.map(definitionOf)
}

const FOREIGN = ['function', 'input_schema', 'inputSchema', 'json_schema', 'jsonSchema', 'arguments']

function definitionOf(tool: object): Record<string, unknown> {
  const fields = new Fields(tool)
  // OpenInference has the whole definition as JSON in one field.
  const whole = parsed(fields.peek('json_schema'))
  if (isObject(whole) && ('name' in whole || 'function' in whole || 'type' in whole)) {
    fields.take('json_schema')
    return fields.with(definitionOf(whole))
  }
  const inner = fields.peek('function')
  const named = isObject(inner) ? new Fields(inner) : undefined
  if (named !== undefined) fields.take('function')
  const type = fields.takeText('type') ?? 'function'
  const name = named?.takeText('name') ?? fields.takeText('name') ?? ''
  const description = named?.takeText('description') ?? fields.takeText('description')
  const schema =
    named?.take('parameters') ??
    fields.take('parameters', 'input_schema', 'inputSchema', 'json_schema', 'jsonSchema', 'arguments')
  return fields.with({ ...named?.with({}), type, name, description, parameters: parsed(schema) })
}

const parsed = (value: unknown): unknown => (typeof value === 'string' ? (parseJson(value) ?? value) : value)
