import { ATTR_GEN_AI_OUTPUT_MESSAGES } from '../../../conventions.ts'
import { contentJson, text } from '../../content.ts'
import { charactersOf } from '../characters.ts'
import { fieldsOf, isFields, listOf, nameOf, textOf } from '../fields.ts'
import { contentCharacters, langchainMessages } from './messages.ts'
import { tokenUsage, usageMetadata } from './usage.ts'
import type { ModelResponse } from '../../model-call.ts'
import type { Fields } from '../fields.ts'

/** What `_generate` of a chat model (`generations: [...]`) or of a plain-text model (`generations: [[...], ...]`) returned. */
export function wholeAnswer(result: unknown): ModelResponse {
  const { generations, llmOutput } = fieldsOf(result)
  const all = listOf(generations).flat().map(fieldsOf)
  const messages = all.map((generation) => fieldsOf(generation['message']))
  const output = fieldsOf(llmOutput)
  const metadata = fieldsOf(messages[0]?.['response_metadata'])
  const reasons = all.map((generation) => reasonOf(generation))
  // Several choices of one request repeat its counts.
  const usage =
    messages.map((message) => usageMetadata(message['usage_metadata'])).find((found) => found !== undefined) ??
    tokenUsage(output['tokenUsage'] ?? output['estimatedTokenUsage'] ?? metadata['tokenUsage'])
  return {
    id: providerId(metadata['id'] ?? messages[0]?.['id'] ?? output['id']),
    model: answeringModel(metadata) ?? answeringModel(output),
    finishReasons: reasons.some((reason) => reason !== undefined) ? reasons : [],
    usage,
    // For an estimate, so only where nobody has counted.
    outputCharacters:
      usage === undefined ? all.reduce((sum, generation) => sum + generationCharacters(generation), 0) : undefined,
    errorType: undefined,
    attributes: {},
    content: () => ({ [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson(all.map(outputMessage)) }),
  }
}

/** The finish reason under the names that LangChain's packages pass on. */
export function finishReason(fields: Fields): string | undefined {
  const reason =
    fields['finish_reason'] ??
    fields['stop_reason'] ??
    fields['finishReason'] ??
    fields['stopReason'] ??
    fields['done_reason']
  return nameOf(reason)
}

export const answeringModel = (metadata: Fields): string | undefined =>
  nameOf(metadata['model_name'] ?? metadata['model'] ?? metadata['model_id'] ?? metadata['modelVersion'])

/** Ids that LangChain makes up itself are none of the provider's. */
export const providerId = (id: unknown): string | undefined =>
  typeof id === 'string' && id !== '' && !/^(run-|lc_)/.test(id) ? id : undefined

function reasonOf(generation: Fields): string | undefined {
  const message = fieldsOf(generation['message'])
  return finishReason(fieldsOf(generation['generationInfo'])) ?? finishReason(fieldsOf(message['response_metadata']))
}

function generationCharacters({ message, text: said }: Fields): number {
  if (!isFields(message)) return textOf(said)?.length ?? 0
  const calls = listOf(message['tool_calls']).map((call) => fieldsOf(call)['args'])
  return contentCharacters(message['content']) + charactersOf(calls)
}

function outputMessage(generation: Fields): unknown {
  const { message } = generation
  const finish_reason = reasonOf(generation)
  if (!isFields(message)) return { role: 'assistant', parts: [text(textOf(generation['text']) ?? '')], finish_reason }
  return { ...langchainMessages([message])[0], finish_reason }
}
