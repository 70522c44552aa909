import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { WordSet } from './word-set.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

test('holds its words in any case of ASCII letters, and no others', () => {
  const word = fc.stringMatching(/^[a-zäéß]{1,12}$/)
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), fc.array(word, { maxLength: 40 }), (words, others) => {
      const set = new WordSet(words.join(' '))
      for (const one of words) {
        const text = bytesOf(`x${one.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase())}y`)
        expect(set.has(text, 1, text.length - 1)).toBe(true)
      }
      for (const other of others) expect(set.has(bytesOf(other), 0, bytesOf(other).length)).toBe(words.includes(other))
    }),
  )
})
