import {
  ATTR_GEN_AI_REQUEST_CHOICE_COUNT,
  ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY,
  ATTR_GEN_AI_REQUEST_MAX_TOKENS,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY,
  ATTR_GEN_AI_REQUEST_SEED,
  ATTR_GEN_AI_REQUEST_STOP_SEQUENCES,
  ATTR_GEN_AI_REQUEST_STREAM,
  ATTR_GEN_AI_REQUEST_TEMPERATURE,
  ATTR_GEN_AI_REQUEST_TOP_K,
  ATTR_GEN_AI_REQUEST_TOP_P,
} from '../../../conventions.ts'
import type { AttributeContent } from './attribute-value.ts'
import type { NewValue } from './convert.ts'
import { isObject } from './fields.ts'
import { parseJson } from './json-text.ts'

/** The parameters of a model call that the conventions have a name for, out of a JSON with all of them. */
export function parametersOf(value: AttributeContent): ReadonlyMap<string, NewValue> {
  const found = new Map<string, NewValue>()
  const parameters = typeof value === 'string' ? parseJson(value) : value
  if (!isObject(parameters)) return found
  for (const [key, kind, names] of PARAMETERS) {
    for (const name of names) {
      const given = read(kind, parameters[name])
      if (given !== undefined && !found.has(key)) found.set(key, given)
    }
  }
  // One answer is what is asked for when nothing is said.
  if (found.get(ATTR_GEN_AI_REQUEST_CHOICE_COUNT) === 1) found.delete(ATTR_GEN_AI_REQUEST_CHOICE_COUNT)
  return found
}

type Kind = 'text' | 'integer' | 'number' | 'texts' | 'true'

const PARAMETERS: readonly (readonly [string, Kind, readonly string[]])[] = [
  [ATTR_GEN_AI_REQUEST_MODEL, 'text', ['model', 'model_name']],
  [
    ATTR_GEN_AI_REQUEST_MAX_TOKENS,
    'integer',
    ['max_tokens', 'max_completion_tokens', 'max_output_tokens', 'maxTokens', 'maxOutputTokens'],
  ],
  [ATTR_GEN_AI_REQUEST_TEMPERATURE, 'number', ['temperature']],
  [ATTR_GEN_AI_REQUEST_TOP_P, 'number', ['top_p', 'topP']],
  [ATTR_GEN_AI_REQUEST_TOP_K, 'integer', ['top_k', 'topK']],
  [ATTR_GEN_AI_REQUEST_FREQUENCY_PENALTY, 'number', ['frequency_penalty', 'frequencyPenalty']],
  [ATTR_GEN_AI_REQUEST_PRESENCE_PENALTY, 'number', ['presence_penalty', 'presencePenalty']],
  [ATTR_GEN_AI_REQUEST_SEED, 'integer', ['seed']],
  [ATTR_GEN_AI_REQUEST_STOP_SEQUENCES, 'texts', ['stop', 'stop_sequences', 'stopSequences']],
  [ATTR_GEN_AI_REQUEST_CHOICE_COUNT, 'integer', ['n']],
  [ATTR_GEN_AI_REQUEST_STREAM, 'true', ['stream']],
]

function read(kind: Kind, value: unknown): NewValue | undefined {
  switch (kind) {
    case 'text':
      return typeof value === 'string' && value !== '' ? value : undefined
    case 'integer':
      return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined
    case 'number':
      return typeof value === 'number' ? value : undefined
    case 'texts':
      if (typeof value === 'string' && value !== '') return [value]
      return Array.isArray(value) && value.length > 0 && value.every((text) => typeof text === 'string')
        ? value
        : undefined
    case 'true':
      return value === true ? true : undefined
  }
}
