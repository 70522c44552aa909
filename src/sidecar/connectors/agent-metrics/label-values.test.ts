import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ABSENT, LABEL_BYTES_MAX, LabelValues, REFUSED } from './label-values.ts'

test('gives one number to one text, whatever stands around its bytes', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 12 })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(text, text, text), { maxLength: 60 }),
      fc.integer({ min: 1, max: 40 }),
      (uses, valuesMax) => {
        const values = new LabelValues(valuesMax)
        const truth = new Map<string, number>()
        for (const [before, value, after] of uses) {
          const start = Buffer.byteLength(before)
          const id = values.idOf(Buffer.from(before + value + after), start, start + Buffer.byteLength(value))
          const isKept = value !== '' && (truth.has(value) || truth.size < valuesMax)
          const expected = isKept ? (truth.get(value) ?? truth.size + 2) : value === '' ? ABSENT : REFUSED
          expect(id).toBe(expected)
          expect(values.text(id)).toBe(isKept ? value : '')
          if (isKept) truth.set(value, id)
        }
        expect(values.size).toBe(truth.size)
      },
    ),
  )
})

test('refuses what is too long', () => {
  const values = new LabelValues(10)
  expect(values.text(values.idOfText('x'.repeat(LABEL_BYTES_MAX)))).toHaveLength(LABEL_BYTES_MAX)
  expect(values.idOfText('x'.repeat(LABEL_BYTES_MAX + 1))).toBe(REFUSED)
})
