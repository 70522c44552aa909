import { GEN_AI_OPERATION_NAME_VALUE_CHAT } from '../conventions.ts'
import { callKind } from './call-kind.ts'
import type { TokenUsage } from './model-usage.ts'

/** What the counts of an answer are held against. */
export interface CountedCall {
  readonly operation: string
  /** Undefined: nobody knows. */
  readonly inputCharacters?: (() => number) | undefined
  readonly outputCharacters?: number | undefined
}

/**
 * Whether what a provider counted can be what the call cost. An answer of no tokens that says something, and a text that was none, are the words of a server that does not count: then nobody
 * knows. That a count is too low is not seen.
 */
export function isBelievable(
  usage: TokenUsage,
  { operation, inputCharacters, outputCharacters }: CountedCall,
): boolean {
  if (usage.partial === true) return false
  const { inputTokens, outputTokens, billed } = usage
  const isAnswer = callKind(operation) === GEN_AI_OPERATION_NAME_VALUE_CHAT
  const written = billed === undefined ? (outputTokens ?? 0) : billed.outputTokens
  if (isAnswer && written <= 0 && outputCharacters !== 0) return false
  // Characters are counted for this case only: a prompt may be long.
  return inputTokens === undefined || inputTokens > 0 || inputCharacters?.() === 0
}
