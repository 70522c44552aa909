import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from './redactor.ts'
import { rules } from './rules.ts'

/** Rules of contact data, payment, network and places that look for words, which may stand in front of anything. */
const announced = rules.filter(
  ({ words, family }) => words !== undefined && family !== 'secrets' && family !== 'identity',
)
const redactor = createRedactor({ rules: announced.map(({ type }) => type) })
const unlimited = createRedactor({ limits: { stepsPerByteMax: Number.MAX_SAFE_INTEGER } })

const words = [...new Set(announced.flatMap((rule) => rule.words ?? []))]
const values = announced.flatMap(({ examples }) =>
  examples.matches.flatMap((example) => example.split(/[«»]/).filter((_, i) => i % 2 === 1)),
)
const between = fc.constantFrom(
  ' ',
  ': ',
  '="',
  '": "',
  ' is ',
  ' at ',
  ', ',
  '\n',
  '\\n',
  ' (',
  ') ',
  '-',
  '. ',
  ' # ',
  '/',
  '_',
  ' 12 ',
  ' of the ',
  ' Main ',
)
const sentence = fc
  .array(
    fc.tuple(
      fc.oneof(fc.constantFrom(...words), fc.constantFrom(...values), fc.stringMatching(/^[A-Za-z0-9 ]{0,8}$/)),
      between,
    ),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  .map((parts) => parts.flat().join(''))

test('what a word announces is taken out once: redacting twice is redacting once', () => {
  fc.assert(
    fc.property(sentence, (text) => {
      const once = redactor.redactText(text).text
      expect(redactor.redactText(once).text).toBe(once)
    }),
    { numRuns: 5_000 },
  )
})

describe('work is linear in words that announce nothing', () => {
  const families = [
    ...announced.map((rule) => `${rule.words?.[0]} `),
    'call me a ',
    'phone number is ',
    'born A b ',
    '1 Main St ',
    'Suite 1A, ',
    '12 Rue De ',
    'address A 1 ',
    'iban de12 ',
    'lat 1.2345 lon ',
    '(12) 345 ',
    '12 34 56 ',
  ]
  test.each([...new Set(families)])('%s', (unit) => {
    const stepsPerByte = (length: number): number => {
      unlimited.redactText(unit.repeat(length / unit.length))
      return unlimited.steps / length
    }
    const small = stepsPerByte(4_000)
    expect(small).toBeLessThan(80)
    expect(stepsPerByte(40_000)).toBeLessThan(small * 1.3 + 1)
  })
})
