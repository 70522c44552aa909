import { array, assert, constantFrom, integer, oneof, property, string, uniqueArray } from 'fast-check'
import { expect, test } from 'vitest'
import { WIRE_KEYS } from '../conventions.ts'
import { keyTable, viewKeyTable } from './key-table.ts'

const alike = array(constantFrom('gen_ai.', 'usage', '_', 'tokens', 'é', 'a', 'b'), { maxLength: 6 }).map((parts) =>
  parts.join(''),
)
const key = oneof(string({ minLength: 1, maxLength: 20 }), alike).filter((text) => text.isWellFormed() && text !== '')

test('finds what a Map finds, wherever the bytes stand', () => {
  assert(
    property(
      uniqueArray(key, { minLength: 1, maxLength: 60 }),
      array(key),
      integer({ min: 0, max: 9 }),
      (keys, others, offset) => {
        const ids = new Map(keys.map((text, index) => [text, index + 1]))
        const lookUp = keyTable(keys)
        for (const text of [...keys, ...others, '', 'x'.repeat(100)]) {
          const bytes = Buffer.concat([Buffer.alloc(offset, 'k'), Buffer.from(text), Buffer.alloc(offset, 'k')])
          expect(lookUp(bytes, offset, bytes.length - offset)).toBe(ids.get(text) ?? 0)
        }
      },
    ),
  )
})

test('a key of which one byte is another is not found', () => {
  const ids = new Map(WIRE_KEYS.map((text, index) => [text, index + 1]))
  const lookUp = viewKeyTable(WIRE_KEYS)
  const wrong: string[] = []
  for (const key of WIRE_KEYS) {
    const bytes = Buffer.from(key)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let at = 0; at < bytes.length; at++) {
      const right = bytes[at] as number
      for (let byte = 0; byte < 128; byte++) {
        bytes[at] = byte
        if (lookUp(view, 0, bytes.length) !== (ids.get(bytes.toString('latin1')) ?? 0))
          wrong.push(bytes.toString('latin1'))
      }
      bytes[at] = right
    }
  }
  expect(wrong).toEqual([])
})
