import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../redactor.ts'
import { identityRules } from '../identity-rules.ts'

const types = identityRules.map(({ type }) => type)
const redactor = createRedactor({ rules: types })
const redact = (text: string): string => redactor.redactText(text).text

/** Values of the examples, without the words around them. */
const values = identityRules.flatMap(({ examples }) =>
  examples.matches.flatMap((example) => example.split(/[«»]/).filter((_, i) => i % 2 === 1)),
)
const words = identityRules.flatMap(({ context = [] }) => context)

const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(...values),
      fc.constantFrom(...words),
      fc.constantFrom(
        ' ',
        ': ',
        ' is ',
        '="',
        '"',
        ', ',
        '\n',
        '\\n',
        '-',
        ' is my ',
        ' (',
        ')',
        '#',
        '{"',
        '":',
        '}',
        '[REDACTED:US_SSN]',
      ),
      fc.stringMatching(/^[0-9]{1,12}$/),
    ),
    { maxLength: 10 },
  )
  .map((pieces) => pieces.join(''))

describe('ids', () => {
  test('redacting twice is redacting once', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const once = redact(text)
        expect(redact(once)).toBe(once)
      }),
      { numRuns: 5000 },
    )
  })

  test('a match begins and ends with a letter or digit, or a bracket, and cuts no word', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const { start, end, rule } of redactor.redactText(text).hits) {
          if (rule === 'LIMIT') continue
          expect(text.slice(start, end)).toMatch(/^[A-Za-z0-9](?:[^"\n\\]|\n|\\n)*[A-Za-z0-9)]$/)
          expect(/[A-Za-z0-9]/.test(text.charAt(end)) && /[A-Za-z0-9]$/.test(text.slice(start, end))).toBe(false)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['TFN, as told, «876 543 210»', 'AU_TFN'],
    ['the BSN (sent on paper) was «111222333»', 'NL_BSN'],
    ['«111.222.333» is his BSN', 'NL_BSN'],
    ['NPI «4893252880»', 'US_NPI'],
    ['{"ssn":"«937-42-6810»"}', 'US_SSN'],
    ['driver’s license «Y820-9283-4432»', 'DRIVING_LICENCE'],
    ['ssns: ["«257959759»"]', 'US_SSN'],
    ['Doe, SSN«257959759»', 'US_SSN'],
    ['my travel document is «A12803456»', 'PASSPORT'],
    ['ID card number: «AA12345AA»', 'NATIONAL_ID'],
    ['MRN:                     «559664»', 'MEDICAL_RECORD'],
    ['Medical Record # «603408»', 'MEDICAL_RECORD'],
  ])('%s', (example, type) => {
    const text = example.replaceAll(/[«»]/g, '')
    const found = redactor.redactText(text).hits.map(({ start, end, rule }) => [rule, text.slice(start, end)])
    expect(found).toEqual([[type, example.slice(example.indexOf('«') + 1, example.indexOf('»'))]])
  })

  test.each([
    'tax file, chapter 876 543 211',
    'passport 2024-11-21',
    'template: AB51 ABC',
    'the \\nid 123456789',
    'order number 811218-9876',
    '[REDACTED:US_SSN] 257959759',
  ])('%s is left', (text) => {
    expect(redact(text)).toBe(text)
  })

  test('work is linear, whatever stands behind the words', () => {
    const unlimited = createRedactor({ rules: types, limits: { stepsPerByteMax: 1e6 } })
    for (const word of new Set(identityRules.flatMap((rule) => rule.words ?? []))) {
      for (const tail of [' ', ' 1 ', ' 1-1-1-1-1 ', ': 12345678 ']) {
        const bytes = new TextEncoder().encode((word + tail).repeat(100))
        unlimited.scan(bytes)
        unlimited.redactions(0, bytes.length)
        expect([word, tail, unlimited.steps / bytes.length < STEPS_PER_BYTE_MAX]).toEqual([word, tail, true])
      }
    }
  })
})

const STEPS_PER_BYTE_MAX = 400
