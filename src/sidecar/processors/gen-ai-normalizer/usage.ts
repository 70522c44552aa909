import {
  ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
} from '../../../conventions.ts'
import type { AttributeContent } from './attribute-value.ts'
import { isObject } from './fields.ts'
import { parseJson } from './json-text.ts'

/**
 * The token counts out of Langfuse's usage. Its kinds exclude one another: `input` is what no cache held, and all that begins with `input` is input. OpenAI's own
 * usage, which it takes as well, counts the cached ones in.
 */
export function usageOf(value: AttributeContent): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  const usage = typeof value === 'string' ? parseJson(value) : value
  if (!isObject(usage)) return found
  const counts = Object.entries(usage).flatMap(([name, count]) => (isCount(count) ? [[name, count] as const] : []))
  const sum = (belongs: (name: string) => boolean): number =>
    counts.reduce((total, [name, count]) => (belongs(name) ? total + count : total), 0)
  const put = (key: string, count: number): void => {
    if (count > 0) found.set(key, count)
  }
  const whole = (name: string): number => (isCount(usage[name]) ? usage[name] : 0)
  put(ATTR_GEN_AI_USAGE_INPUT_TOKENS, whole('prompt_tokens') || sum((name) => INPUT.test(name)))
  put(ATTR_GEN_AI_USAGE_OUTPUT_TOKENS, whole('completion_tokens') || sum((name) => name.startsWith('output')))
  put(
    ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
    sum((name) => CACHE_READ.test(name)),
  )
  put(
    ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
    sum((name) => CACHE_WRITE.test(name)),
  )
  put(
    ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
    sum((name) => name.startsWith('output') && name.includes('reasoning')),
  )
  return found
}

const INPUT = /^input|^cache_(?:read|creation)/
const CACHE_READ = /^input_cache(?:d|_read)|^cache_read/
const CACHE_WRITE = /^input_cache_(?:creation|write)|^cache_creation/

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
