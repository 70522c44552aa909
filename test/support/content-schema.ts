/**
 * Where captured content breaks the JSON schemas of the GenAI conventions (gen-ai-input-messages.json, gen-ai-output-messages.json,
 * gen-ai-system-instructions.json, gen-ai-tool-definitions.json), one sentence each. Content itself is not quoted. Stricter than these in one
 * point: a kind of part that they do not name must be one that we know of.
 */
export function contentViolations(key: string, value: unknown): string[] {
  const check = SCHEMAS[key]
  if (check === undefined) return []
  if (typeof value !== 'string') return ['is no JSON text']
  try {
    const content: unknown = JSON.parse(value)
    return Array.isArray(content) ? content.flatMap(check) : ['is no list']
  } catch {
    return ['is no JSON']
  }
}

type Check = (value: unknown) => string[]

const text: Check = (value) => (typeof value === 'string' ? [] : ['is no text'])
const name: Check = (value) => (typeof value === 'string' && value !== '' ? [] : ['is no name'])
const anything: Check = () => []
const typed: Check = (value) => fields({ type: name }, {}, true)(value)
const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) ? value.flatMap(check) : ['is no list']

/** An object with these fields; `open`: and any others. */
function fields(
  required: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {},
  open = false,
): Check {
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return ['is no object']
    const known = { ...required, ...optional }
    const missing = Object.keys(required).filter((key) => !(key in value))
    return [
      ...missing.map((key) => `lacks ${key}`),
      ...Object.entries(value).flatMap(([key, inner]) => {
        const check = known[key]
        if (check === undefined) return open ? [] : [`has an unknown field ${key}`]
        return check(inner).map((problem) => `.${key} ${problem}`)
      }),
    ]
  }
}

/** By type. Parts of the schemas' generic kind that we make: `refusal`. */
const PARTS: Readonly<Record<string, Check>> = {
  text: fields({ type: name, content: text }),
  reasoning: fields({ type: name, content: text }),
  refusal: fields({ type: name, content: text }),
  compaction: fields({ type: name }, { id: name, content: text }),
  tool_call: fields({ type: name, name }, { id: name, arguments: anything }),
  tool_call_response: fields({ type: name, response: anything }, { id: name }),
  server_tool_call: fields({ type: name, name, server_tool_call: typed }, { id: name }),
  server_tool_call_response: fields({ type: name, server_tool_call_response: typed }, { id: name }),
  blob: fields({ type: name, modality: name, content: text }, { mime_type: name }),
  file: fields({ type: name, modality: name, file_id: name }, { mime_type: name }),
  uri: fields({ type: name, modality: name, uri: name }, { mime_type: name }),
}

const part: Check = (value) => {
  const type: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'type') : undefined
  const check = typeof type === 'string' ? PARTS[type] : undefined
  return check === undefined
    ? ['is a part of no known type']
    : check(value).map((problem) => `(${String(type)}) ${problem}`)
}

const message = fields({ role: name, parts: list(part) }, { name, finish_reason: name })

const SCHEMAS: Readonly<Record<string, Check>> = {
  'gen_ai.input.messages': message,
  'gen_ai.output.messages': message,
  'gen_ai.system_instructions': part,
  'gen_ai.tool.definitions': fields({ type: name, name }, { description: text, parameters: anything }),
}
