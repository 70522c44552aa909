import type { ReadableSpan } from '@opentelemetry/sdk-trace'

/** A span as one line: name, tokens, finish reasons, error, whether a first chunk was timed. */
export function spanLine({ name, attributes }: ReadableSpan): string {
  const value = (key: string): unknown => attributes[key]
  const input = value('gen_ai.usage.input_tokens')
  const words = [name]
  if (input !== undefined) words.push(`${String(input)}/${String(value('gen_ai.usage.output_tokens') ?? '-')}`)
  const cached = value('gen_ai.usage.cache_read.input_tokens')
  if (cached !== undefined) words.push(`cached ${String(cached)}`)
  const reasoning = value('gen_ai.usage.reasoning.output_tokens')
  if (reasoning !== undefined) words.push(`reasoning ${String(reasoning)}`)
  words.push(`[${[value('gen_ai.response.finish_reasons') ?? []].flat().join(' ')}]`)
  for (const key of ['error.type', 'http.response.status_code'])
    if (value(key) !== undefined) words.push(String(value(key)))
  if (value('gen_ai.response.time_to_first_chunk') !== undefined) words.push('first chunk')
  return words.join(' ')
}
