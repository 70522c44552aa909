import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { withReplacements } from './matches.ts'
import { ReplacedText } from './replaced-text.ts'

test('the text is the one that keeps its origins, whatever was made before', () => {
  const text = new ReplacedText()
  const cuts = fc.uniqueArray(fc.nat(400), { maxLength: 12 })
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      cuts,
      fc.array(fc.uint8Array({ maxLength: 120 })),
      (bytes, at, put) => {
        const places = at.filter((one) => one <= bytes.length).toSorted((a, b) => a - b)
        const redactions = places.flatMap((start, i) => {
          const end = places[i + 1]
          if (i % 2 === 1 || end === undefined) return []
          return [{ start, end, type: 'X', confidence: 1, replacement: put[i] ?? new Uint8Array(3) }]
        })
        const start = Math.min(places[0] ?? 0, 3)
        const expected = withReplacements(bytes, start, bytes.length, redactions).bytes
        expect([...text.of(bytes, start, bytes.length, redactions)]).toEqual([...expected])
      },
    ),
  )
})
