import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../src/redaction/redactor.ts'
import { TextStream } from '../../src/redaction/text-stream.ts'
import { anyRuleExample, ruleExamples } from '../support/rule-examples.ts'
import { anySecret } from '../support/secrets.ts'

const redactor = createRedactor()
const redact = (text: string): string => redactor.redactText(text).text

/** What rules look at around a value: words of keys and sentences, punctuation of JSON and of escapes, halves of values, placeholders. */
const fragment = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom(...'"|\'|`|\\|\\"|\\\\\\"|\\n|\\u0041|\\u00|%41|%|&#64;|&|@|://|+|-|.|:|=| |\n'.split('|')),
  fc.constantFrom(
    ...'{"a":|}|]|[|,|12|4111|1.2.|::|a@|eyJhbGciOi|Bearer |sk-|-----BEGIN|DE89 |\u200b|\u00ad|１２|–'.split('|'),
  ),
  fc.constantFrom(
    ...'password token name phone card ssn email address secret key dob zip is number user id'.split(' '),
  ),
  fc.constantFrom('[REDACTED:EMAIL]', '[REDACTED:', '****1111', '<EMAIL:abcdefghijklmnop>'),
  fc.constantFrom('\ud83d', '\ude00', '😀', '日本', '\ufeff', '\0'),
  anyRuleExample.map(({ text }) => text),
  anySecret.map(({ value }) => value),
)
const document = fc.array(fragment, { maxLength: 14 }).map((parts) => parts.join(''))
const anyDocument = fc.oneof(
  document,
  document.map((text) => JSON.stringify({ content: text, n: 4_111_111_111_111_111 })),
  document.map((text) => JSON.stringify([JSON.stringify({ arguments: text })])),
)

describe('any text', () => {
  test('redacting twice is redacting once', () => {
    fc.assert(
      fc.property(anyDocument, (text) => {
        const once = redact(text)
        expect(redact(once)).toBe(once)
      }),
      { numRuns: 4000 },
    )
  })

  test('valid JSON stays valid JSON', () => {
    const leaf = fc.oneof(document, fc.double(), fc.maxSafeInteger(), fc.boolean(), fc.constant(null))
    const key = fc.oneof(
      fc.constantFrom('password', 'card', 'customer_email', 'phone', 'zip', 'dob', 'name', 'ssn', 'pin'),
      document,
    )
    const { node } = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(key, tie('node'), { maxKeys: 4 }),
        tie('node').map((inner) => JSON.stringify(inner)),
      ),
    }))
    fc.assert(
      fc.property(fc.array(node, { maxLength: 4 }), fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        expect(() => void JSON.parse(redact(text))).not.toThrow()
      }),
      { numRuns: 3000, examples: [[[{ password: { dob: ['%41"'], pin: 0 }, '': '[]' }], undefined]] },
    )
  })

  test('nothing outside of the hits changes; offsets are code units, ascending and apart', () => {
    fc.assert(
      fc.property(anyDocument, (text) => {
        const { text: redacted, hits } = redactor.redactText(text)
        let expected = ''
        let at = 0
        for (const { start, end, replacement } of hits) {
          expect(start).toBeGreaterThanOrEqual(at)
          expect(end).toBeGreaterThan(start)
          expect([isInsideOfPair(text, start), isInsideOfPair(text, end)]).toEqual([false, false])
          expected += text.slice(at, start) + replacement
          at = end
        }
        expect(redacted).toBe(expected + text.slice(at))
      }),
      { numRuns: 3000 },
    )
  })

  test('in pieces it is what it is as a whole', () => {
    fc.assert(
      fc.property(
        fc.array(anyDocument, { minLength: 1, maxLength: 30, size: 'max' }),
        fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 6 }),
        (texts, sizes) => {
          const whole = texts.join(' ')
          const stream = new TextStream(redactor)
          let out = ''
          for (let at = 0, i = 0; at < whole.length; i++) {
            const size = sizes[i % sizes.length] ?? 1
            out += stream.push(whole.slice(at, at + size))
            at += size
          }
          expect(out + stream.end()).toBe(redact(whole))
        },
      ),
      { numRuns: 100 },
    )
  })
})

const isInsideOfPair = (text: string, at: number): boolean =>
  at > 0 && (text.charCodeAt(at - 1) & 0xfc_00) === 0xd8_00 && (text.charCodeAt(at) & 0xfc_00) === 0xdc_00

describe('every example of a rule', () => {
  const around: Record<string, (text: string) => string> = {
    'between lines': (text) => `first line\n${text}\nlast line`,
    'in JSON': (text) => JSON.stringify({ content: `see\n${text}\nthanks` }),
    'in JSON in JSON': (text) => JSON.stringify({ body: JSON.stringify({ content: `see\n${text}\nthanks` }) }),
    'in JSON in JSON in JSON': (text) =>
      JSON.stringify([JSON.stringify({ body: JSON.stringify({ c: `see\n${text}\nthanks` }) })]),
    'all escaped': (text) =>
      `{"q":"${text.replaceAll(/[^]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}"}`,
    'behind letters beyond ASCII': (text) => `日本 ü ${text} 😀`,
  }
  const leaksOf = (name: string): string[] => {
    const put = around[name] ?? String
    return ruleExamples.flatMap(({ rule, text, values }) => {
      const redacted = redact(put(text))
      const seen = name === 'all escaped' || name.includes('JSON') ? stringsOf(redacted) : redacted
      return values.filter((value) => seen.includes(value)).map((value) => `${rule} ${value}`)
    })
  }
  test.each(Object.keys(around))('is found %s', (name) => {
    expect(leaksOf(name).filter((leak) => !OPEN.includes(leak))).toEqual([])
  })

  test.fails('is found in JSON with quotes that belong to it', () => {
    expect([leaksOf('in JSON'), leaksOf('in JSON in JSON')]).toEqual([[], []])
  })
})

/** Quotes of the value itself, behind two and more levels of escapes. */
const OPEN = ['EMAIL John Doe', 'EMAIL john.q doe', `GEO_COORDINATES 52°31'12.0"N 13°24'18.0"E`]

/** All strings in the JSON, and in JSON in its strings. */
function stringsOf(json: string): string {
  const strings: string[] = []
  const visit = (value: unknown): void => {
    if (typeof value === 'string') {
      strings.push(value)
      try {
        visit(JSON.parse(value))
      } catch {
        // no JSON
      }
    } else if (typeof value === 'object' && value !== null) {
      strings.push(...Object.keys(value))
      Object.values(value).forEach(visit)
    }
  }
  visit(JSON.parse(json))
  return strings.join('\0')
}
