import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { TEXT_BYTES_MAX, TextCache } from './text-cache.ts'

test('gives the text of the bytes, whatever was asked for before', () => {
  const cache = new TextCache()
  const texts = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: TEXT_BYTES_MAX + 4 }),
    fc.constantFrom('', 'gpt-5', 'gpt-5-mini', '\u0000', '\u0000\u0000', 'x'.repeat(TEXT_BYTES_MAX)),
  )
  fc.assert(
    fc.property(fc.array(texts, { maxLength: 40 }), fc.nat(7), (asked, lead) => {
      for (const text of [...asked, ...asked]) {
        const bytes = Buffer.concat([Buffer.alloc(lead, 0x61), Buffer.from(text), Buffer.from('end')])
        expect(cache.text(bytes, lead, bytes.length - 3)).toBe(text)
      }
    }),
    { numRuns: 500 },
  )
})

test('keeps what comes again as the same text', () => {
  const cache = new TextCache()
  const models = Array.from({ length: 5_000 }, (_, i) => `model-${i % 1_500}`)
  for (const model of models) expect(cache.text(Buffer.from(model), 0, model.length)).toBe(model)
})
