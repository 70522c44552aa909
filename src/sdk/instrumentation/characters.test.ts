import { array, assert, property, string } from 'fast-check'
import { expect, it } from 'vitest'
import { charactersOf } from './characters.ts'

it('counts the texts of any value, and nothing else', () => {
  assert(
    property(array(string({ maxLength: 100 })), (texts) => {
      const total = texts.reduce((sum, text) => sum + (text.startsWith('data:') ? 0 : text.length), 0)
      expect(charactersOf({ messages: texts.map((content) => [{ content, n: 1, ok: true, none: null }]) })).toBe(total)
    }),
  )
})

it('leaves out what is inlined, and ends on cycles', () => {
  const cycle: Record<string, unknown> = { text: 'ab' }
  cycle['self'] = cycle
  expect(charactersOf(cycle)).toBeGreaterThan(0)
  expect(charactersOf(['abc', 'data:image/png;base64,AAAA', 'A'.repeat(5_000), new Uint8Array(9)])).toBe(3)
})
