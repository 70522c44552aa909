import { charactersOf } from '../characters.ts'
import { converse } from '../bedrock/converse.ts'
import { fieldsOf, isFields } from '../fields.ts'
import { NO_ANSWER } from '../openai/api.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { BedrockApi } from '../bedrock/api.ts'
import type { CohereApi } from '../cohere/api.ts'
import type { OpenAiApi } from '../openai/api.ts'

/** Cohere's API as it is on the wire; its client, which the readers know, has names of its own for everything. */
export const cohereApi = (api: CohereApi): OpenAiApi => ({
  operation: api.operation,
  unmetered: api.unmetered,
  attributes: (body) => api.attributes(fieldsOf(clientNames(body))),
  content: (body) => api.content(fieldsOf(clientNames(body))),
  inputCharacters: (body) => charactersOf(api.input(fieldsOf(clientNames(body)))),
  reader(keep): AnswerReader {
    const reader = api.reader(keep)
    return {
      whole: (body) => reader.whole(clientNames(body)),
      event: (event) => reader.event(clientNames(event)),
      soFar: () => reader.soFar(),
    }
  },
})

/** Converse of Bedrock. Its streams are binary: they are not read. */
export const converseApi: OpenAiApi = bedrockApi(converse)

/** What a model's maker has for a format of its own (InvokeModel): seen, not read. */
export const unreadApi: OpenAiApi = {
  operation: converseApi.operation,
  attributes: () => ({}),
  content: () => ({}),
  reader: () => ({ whole: () => NO_ANSWER, event: () => {}, soFar: () => NO_ANSWER }),
}

function bedrockApi(api: BedrockApi): OpenAiApi {
  return {
    operation: api.request({}).operation,
    attributes: (body) => api.request(body).attributes,
    content: (body) => api.request(body).content(),
    inputCharacters: (body) => charactersOf(api.request(body).input()),
    reader: (keep) => api.reader(keep),
  }
}

/** `input_tokens` as `inputTokens`, in all that is in a value. */
function clientNames(value: unknown, depth = 0): unknown {
  if (depth > DEPTH_MAX || !isFields(value)) return value
  if (Array.isArray(value)) return value.map((item) => clientNames(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      NUMBERS.has(key) ? inner : clientNames(inner, depth + 1),
    ]),
  )
}

/** Nesting that is looked at. */
const DEPTH_MAX = 32
/** Vectors: long, and without names. */
const NUMBERS: ReadonlySet<string> = new Set(['embeddings', 'float', 'int8', 'uint8', 'binary', 'ubinary'])
