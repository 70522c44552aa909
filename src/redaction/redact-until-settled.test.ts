import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { namesPattern } from './names/names-pattern.ts'
import { redactUntilSettled } from './redact-until-settled.ts'
import { createRedactor } from './redactor.ts'

const redactor = createRedactor({ patterns: [namesPattern()] })
const pieces =
  'Anna Schmidt|Maxim Blaga|Bertelsen|Mia|Tom Miller|Wei|my name is |, |. |\n|Mr. |"|\\| and |[|]| | 4111 1111 1111 1111 |a@b.de |+49 30 901820 |Bj\\u00f6rk |🙂|’s |-|{"name":"|"}'
const piece = fc.constantFrom(...pieces.split('|'))
const text = fc.array(piece, { maxLength: 12 }).map((chosen) => chosen.join(''))

test('the hits lead from the text to the result, and redacting twice is redacting once', () => {
  fc.assert(
    fc.property(text, (given) => {
      const { text: result, hits } = redactUntilSettled(redactor, given)
      let made = ''
      let at = 0
      for (const { start, end, replacement } of hits) {
        expect(start).toBeGreaterThanOrEqual(at)
        made += given.slice(at, start) + replacement
        at = end
      }
      expect(made + given.slice(at)).toBe(result)
      expect(redactUntilSettled(redactor, result).text).toBe(result)
    }),
    { numRuns: 200 },
  )
})

test('what a later pass finds around a replacement takes all of it', () => {
  const texts = new Map([
    ['ab cd ef', { text: 'ab [X] ef', hits: [{ rule: 'X', start: 3, end: 5, confidence: 1, replacement: '[X]' }] }],
    ['ab [X] ef', { text: 'ab [Y]', hits: [{ rule: 'Y', start: 5, end: 9, confidence: 1, replacement: '[Y]' }] }],
  ])
  const fake = { redactText: (given: string) => texts.get(given) ?? { text: given, hits: [] } }
  expect(redactUntilSettled(fake, 'ab cd ef').hits).toEqual([
    { rule: 'Y', start: 3, end: 8, confidence: 1, replacement: '[Y]' },
  ])
})
