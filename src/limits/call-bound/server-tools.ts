import { countOf, fieldsOf, isFields, listOf, snakeCased, textOf } from './fields.ts'
import type { Fields } from './fields.ts'

/** Something that the provider runs by itself within a call: what it finds is input that costs, and it may have a price of its own. */
export interface ServerTool {
  /** `web_search`, `code_execution`, `file_search`, `mcp`, …: without versions. */
  readonly name: string
  /** How often it may be used in the call; undefined when nobody says. */
  readonly usesMax: number | undefined
}

/** Of the Messages API: tools with a type of the provider's, but for those that the caller runs. */
export function anthropicServerTools(body: Fields): ServerTool[] {
  const tools = listOf(body['tools']).flatMap((tool) => {
    const { type, max_uses: usesMax } = fieldsOf(tool)
    const name = textOf(type)
    if (name === undefined || name === 'custom' || /^(bash|text_editor|computer|memory)_\d/.test(name)) return []
    return [{ name: name.replace(/_\d{8}$/, ''), usesMax: countOf(usesMax) }]
  })
  const isServed = listOf(body['mcp_servers']).length > 0
  return isServed ? [...tools, { name: 'mcp', usesMax: undefined }] : tools
}

/** Of the Responses API. One limit holds for all of them together. */
export function responsesServerTools(body: Fields): ServerTool[] {
  const usesMax = countOf(body['max_tool_calls'])
  return listOf(body['tools']).flatMap((tool) => {
    const name = textOf(fieldsOf(tool)['type']) ?? 'function'
    return CALLERS_OWN.has(name) ? [] : [{ name: name.replace(/_preview.*$|_\d{4}_\d\d_\d\d$/, ''), usesMax }]
  })
}

const CALLERS_OWN: ReadonlySet<string> = new Set([
  'function',
  'custom',
  'namespace',
  'computer_use_preview',
  'computer',
  'local_shell',
  'apply_patch',
])

/** Of chat completions and what is like them: searches, and the plug-ins of OpenRouter. */
export function chatServerTools(body: Fields): ServerTool[] {
  const tools = listOf(body['tools']).flatMap((tool) => {
    const name = textOf(fieldsOf(tool)['type'])
    return name === undefined || name === 'function' || name === 'custom' ? [] : [{ name, usesMax: undefined }]
  })
  const isSearch = [body['model'], ...listOf(body['models'])].some(
    (model) => typeof model === 'string' && /-search-|:online$/.test(model),
  )
  if (isSearch || isFields(body['web_search_options']) || isFields(body['search_parameters']))
    tools.push({ name: 'web_search', usesMax: undefined })
  for (const plugin of listOf(body['plugins']))
    tools.push({ name: textOf(fieldsOf(plugin)['id']) ?? 'plugin', usesMax: undefined })
  return tools
}

/** Of Gemini: entries of `tools` that declare no functions. */
export const geminiServerTools = (body: Fields): ServerTool[] =>
  listOf(body['tools']).flatMap((tool) =>
    Object.keys(fieldsOf(tool)).flatMap((key) => {
      const name = snakeCased(key)
      if (name === 'function_declarations' || name === 'computer_use') return []
      return [{ name: name === 'google_search_retrieval' ? 'google_search' : name, usesMax: undefined }]
    }),
  )

export const cohereServerTools = (body: Fields): ServerTool[] =>
  listOf(body['connectors']).map((connector) => ({
    name: textOf(fieldsOf(connector)['id'])?.replaceAll('-', '_') ?? 'connector',
    usesMax: undefined,
  }))

export const converseServerTools = (body: Fields): ServerTool[] =>
  listOf(fieldsOf(body['toolConfig'])['tools']).flatMap((tool) => {
    const { systemTool } = fieldsOf(tool)
    return isFields(systemTool) ? [{ name: textOf(systemTool['name']) ?? 'system_tool', usesMax: undefined }] : []
  })

/** The body in which the tools may be used so often and not more; undefined where the format has no word for it. */
export function withServerToolUses(format: string, body: Fields, uses: number): Fields | undefined {
  if (format === 'openai.responses') return { ...body, max_tool_calls: uses }
  if (format !== 'anthropic.messages' || listOf(body['mcp_servers']).length > 0) return undefined
  const tools = listOf(body['tools']).map((tool) => {
    const { type, max_uses: usesMax } = fieldsOf(tool)
    return /^web_(search|fetch)_/.test(textOf(type) ?? '') && countOf(usesMax) === undefined
      ? { ...fieldsOf(tool), max_uses: uses }
      : tool
  })
  return { ...body, tools }
}
