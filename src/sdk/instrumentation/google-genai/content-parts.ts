import { blob, contentJson, media, text, serverTool } from '../../content.ts'
import { fieldsOf, isFields, listOf, nameOf, textOf } from '../fields.ts'
import type { ChatMessage, MessagePart } from '../../content.ts'
import type { Fields } from '../fields.ts'

/** `contents` of a request in all the forms that the client takes: a text, a part, parts, a content, contents. */
export function contentMessages(contents: unknown): ChatMessage[] {
  const list = Array.isArray(contents) ? contents : [contents]
  const messages: ChatMessage[] = []
  let loose: MessagePart[] = []
  const settle = (): void => {
    if (loose.length > 0) messages.push({ role: 'user', parts: loose })
    loose = []
  }
  for (const item of list) {
    if (isFields(item) && 'parts' in item) {
      settle()
      messages.push({ role: roleOf(item['role']), parts: partsOf(item['parts']) })
    } else if (item !== undefined && item !== null) loose = [...loose, ...partsOf([item])]
  }
  settle()
  return messages
}

const roleOf = (role: unknown): string => (role === 'model' ? 'assistant' : (nameOf(role) ?? 'user'))

/** The system instruction as parts. */
export const instructionParts = (instruction: unknown): MessagePart[] =>
  contentMessages(instruction).flatMap(({ parts }) => [...parts])

export const partsOf = (parts: unknown): MessagePart[] =>
  (Array.isArray(parts) ? parts : [parts]).flatMap((part) =>
    typeof part === 'string' ? [text(part)] : partOf(fieldsOf(part)),
  )

/** One part, of a request or of an answer. */
function partOf(part: Fields): MessagePart[] {
  const { functionCall, functionResponse, inlineData, fileData, executableCode, codeExecutionResult } = part
  const spoken = textOf(part['text'])
  if (spoken !== undefined) return [part['thought'] === true ? { type: 'reasoning', content: spoken } : text(spoken)]
  if (isFields(functionCall)) {
    const { id, name, args } = functionCall
    return [{ type: 'tool_call', id: nameOf(id), name: textOf(name) ?? '', arguments: args ?? {} }]
  }
  if (isFields(functionResponse)) {
    const { id, name, response } = functionResponse
    return [{ type: 'tool_call_response', id: nameOf(id) ?? nameOf(name), response: response ?? null }]
  }
  if (isFields(inlineData)) {
    const mimeType = textOf(inlineData['mimeType'])
    return [blob(modalityOf(mimeType), mimeType, inlineData['data'])]
  }
  if (isFields(fileData)) return [media(modalityOf(textOf(fileData['mimeType'])), textOf(fileData['fileUri']) ?? '')]
  if (isFields(executableCode))
    return [
      {
        type: 'server_tool_call',
        name: 'code_execution',
        server_tool_call: serverTool('code_execution', executableCode),
      },
    ]
  if (isFields(codeExecutionResult))
    return [
      {
        type: 'server_tool_call_response',
        server_tool_call_response: serverTool('code_execution', codeExecutionResult),
      },
    ]
  return []
}

const modalityOf = (mimeType: string | undefined): string => mimeType?.split('/', 1)[0] ?? 'document'

/** Functions of the agent's own by name; tools of the provider's by the key that switches them on. */
export const toolDefinitions = (tools: unknown): string | undefined => {
  const definitions = listOf(tools)
    .map(fieldsOf)
    .flatMap((tool) => {
      const functions = listOf(tool['functionDeclarations']).map(fieldsOf)
      if (functions.length > 0) return functions.map(functionDefinition)
      return Object.keys(tool)
        .filter((key) => isFields(tool[key]))
        .map((key): Fields => ({ type: key, name: key }))
    })
  return definitions.length === 0 ? undefined : contentJson(definitions)
}

const functionDefinition = ({ name, description, parameters, parametersJsonSchema }: Fields): Fields => ({
  type: 'function',
  name,
  description,
  parameters: parametersJsonSchema ?? parameters,
})
