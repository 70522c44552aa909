import { expect, test } from 'vitest'
import { isBelievable } from './believable-usage.ts'
import type { CountedCall } from './believable-usage.ts'

const usage = (inputTokens: number | undefined, outputTokens: number | undefined) => ({
  inputTokens,
  outputTokens,
  cacheReadTokens: undefined,
  cacheWriteTokens: undefined,
  reasoningTokens: undefined,
})
const said: CountedCall = { operation: 'chat', inputCharacters: () => 400, outputCharacters: 9 }

test('what was said, and what was asked, is never of no tokens', () => {
  expect(isBelievable(usage(100, 2), said)).toBe(true)
  expect(isBelievable(usage(0, 0), said)).toBe(false)
  expect(isBelievable(usage(0, 2), said)).toBe(false)
  expect(isBelievable(usage(100, 0), said)).toBe(false)
  expect(isBelievable(usage(100, undefined), said)).toBe(false)
  expect(isBelievable(usage(100, -1), said)).toBe(false)
  expect(isBelievable({ ...usage(100, 2), partial: true }, said)).toBe(false)
  expect(isBelievable({ ...usage(100, 2), billed: { inputTokens: 0, outputTokens: 0 } }, said)).toBe(false)
  expect(isBelievable({ ...usage(100, 2), billed: { inputTokens: 0, outputTokens: 2 } }, said)).toBe(true)
})

test('nothing may be of no tokens, and who does not know what came does not believe it', () => {
  expect(isBelievable(usage(100, 0), { ...said, outputCharacters: 0 })).toBe(true)
  expect(isBelievable(usage(0, 2), { ...said, inputCharacters: () => 0 })).toBe(true)
  expect(isBelievable(usage(100, 0), { operation: 'chat' })).toBe(false)
  expect(isBelievable(usage(0, 2), { operation: 'chat' })).toBe(false)
  expect(isBelievable(usage(100, undefined), { operation: 'embeddings', inputCharacters: () => 9 })).toBe(true)
  expect(isBelievable(usage(0, undefined), { operation: 'embeddings', inputCharacters: () => 9 })).toBe(false)
})
