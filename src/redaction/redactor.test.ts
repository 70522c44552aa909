import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anySecret } from '../../test/support/secrets.ts'
import { createRedactor } from './redactor.ts'
import { createPortableScanner } from './scanner-portable.ts'

const redactor = createRedactor()
const redact = (text: string): string => redactor.redactText(text).text

/** What may stand directly around a secret: nothing that makes it part of another word. */
const border = fc.constantFrom(
  ' ',
  '\n',
  '"',
  "'",
  '(',
  ')',
  ',',
  ';',
  '<',
  '>',
  '[',
  ']',
  '{',
  '}',
  '\t',
  '|',
  '!',
  '日',
  ' é ',
  '=',
  '`',
)
const piece = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.constantFrom(
    'phone',
    'card',
    ':',
    '@',
    '\\',
    '\\n',
    '\\u0041',
    '+',
    '-',
    '.',
    '12',
    '4111',
    '://',
    'Bearer ',
    '"',
    '\\"',
    '1.2.',
    'ssn',
    '[REDACTED:EMAIL]',
  ),
)
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
const withSecret = fc
  .tuple(text, border, anySecret, border, text)
  .map(([before, left, secret, right, after]) => ({ secret, document: before + left + secret.value + right + after }))
const encodings: Record<string, (document: string) => string> = {
  'JSON string': (document) => JSON.stringify({ a: 1, content: document, b: [document] }),
  'JSON in JSON': (document) => JSON.stringify({ arguments: JSON.stringify({ q: document }) }),
  'JSON in JSON in JSON': (document) => JSON.stringify([JSON.stringify(JSON.stringify({ q: document }))]),
  'all escaped': (document) =>
    `{"q":"${document.replaceAll(/[^]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}"}`,
  'all escaped in JSON': (document) =>
    JSON.stringify([
      `{"q":"${document.replaceAll(/[^]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}"}`,
    ]),
  'PHP slashes': (document) => JSON.stringify({ q: document }).replaceAll('/', '\\/'),
}

describe('properties', () => {
  test('a secret put anywhere into a text is gone', () => {
    fc.assert(
      fc.property(withSecret, ({ secret, document }) => {
        expect(redact(document)).not.toContain(secret.value)
      }),
      { numRuns: 1500 },
    )
  })

  test.each(Object.keys(encodings))('a secret put into %s is gone, and the JSON is valid', (name) => {
    const encode = encodings[name] ?? String
    fc.assert(
      fc.property(withSecret, ({ secret, document }) => {
        const redacted = redact(encode(document))
        expect(() => void JSON.parse(redacted)).not.toThrow()
        expect(unescaped(redacted)).not.toContain(secret.value)
      }),
      { numRuns: 400 },
    )
  })

  test('redacting twice is redacting once', () => {
    const documents = fc.oneof(
      withSecret.map(({ document }) => document),
      fc
        .array(
          fc.oneof(
            piece,
            border,
            anySecret.map(({ value }) => value),
          ),
          { maxLength: 12 },
        )
        .map((parts) => parts.join('')),
      withSecret.map(({ document }) => JSON.stringify({ a: document })),
    )
    fc.assert(
      fc.property(documents, (document) => {
        const once = redact(document)
        expect(redact(once)).toBe(once)
      }),
      { numRuns: 3000 },
    )
  })

  test('valid JSON stays valid JSON, numbers included', () => {
    const number = fc.constantFrom(4111111111111111, 5551234567, 2579597590, -4111111111111111, 1.5, 0)
    const key = fc.constantFrom('card', 'phone', 'ssn', 'x', 'a,b', '", :')
    const leaf = fc.oneof(
      number,
      fc.boolean(),
      fc.constant(null),
      fc.string(),
      anySecret.map(({ value }) => value),
      fc.constant(', 4111111111111111, x'),
    )
    const { node } = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(key, tie('node'), { maxKeys: 4 }),
        tie('node').map((n) => JSON.stringify(n)),
      ),
    }))
    fc.assert(
      fc.property(fc.array(node, { maxLength: 4 }), fc.constantFrom(undefined, 2), (document, indent) => {
        const redacted = redact(JSON.stringify(document, null, indent))
        expect(() => void JSON.parse(redacted)).not.toThrow()
        expect(redacted).not.toContain('4111111111111111')
      }),
      { numRuns: 1500 },
    )
  })

  test('nothing outside of the hits changes, and their offsets are code units', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string({ unit: 'binary', maxLength: 10 }),
            border,
            anySecret.map(({ value }) => value),
          ),
          { maxLength: 10 },
        ),
        (parts) => {
          const original = parts.join('')
          const { text: redacted, hits } = redactor.redactText(original)
          let rest = redacted
          let at = 0
          for (const { rule, start, end } of hits) {
            expect(end).toBeGreaterThan(start)
            expect(rest.startsWith(original.slice(at, start))).toBe(true)
            rest = rest.slice(start - at)
            const placeholder = /^("?)\[REDACTED:[A-Z_]+\]\1/.exec(rest)?.[0] ?? ''
            expect(placeholder).toContain(rule)
            rest = rest.slice(placeholder.length)
            at = end
          }
          expect(rest).toBe(original.slice(at))
        },
      ),
      { numRuns: 1000 },
    )
  })

  test('the portable scanner gives the same redaction', () => {
    const portable = createRedactor({ createScanner: createPortableScanner })
    fc.assert(
      fc.property(withSecret, ({ document }) => {
        expect(portable.redactText(document)).toEqual(redactor.redactText(document))
      }),
    )
  })

  test('values between other bytes are found like values alone', () => {
    const batch = createRedactor()
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.uint8Array({ minLength: 1, maxLength: 6 }),
            fc.oneof(
              anySecret.map(({ value }) => value),
              text,
            ),
          ),
          { maxLength: 6 },
        ),
        (values) => {
          const ranges: [number, number, string][] = []
          const bytes: number[] = []
          for (const [frame, value] of values) {
            bytes.push(...frame)
            const encoded = new TextEncoder().encode(value)
            ranges.push([bytes.length, bytes.length + encoded.length, value])
            bytes.push(...encoded)
          }
          batch.scan(Uint8Array.from(bytes))
          for (const [start, end, value] of ranges) {
            const alone = redactor.redactText(value).hits.map(({ rule }) => rule)
            expect(batch.redactions(start, end).map(({ type }) => type)).toEqual(alone)
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})

/** All levels of escapes resolved, as a reader of the trace could do. */
function unescaped(json: string): string {
  const strings: string[] = []
  const visit = (value: unknown): void => {
    if (typeof value === 'string') {
      strings.push(value)
      try {
        visit(JSON.parse(value))
      } catch {
        // no JSON
      }
    } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit)
  }
  visit(JSON.parse(json))
  return strings.join('\u0000')
}

describe('overlaps and JSON numbers', () => {
  const cases: [string, string][] = [
    ['{"card":4111111111111111,"n":1}', '{"card":"[REDACTED:CREDIT_CARD]","n":1}'],
    [
      '{"cards":[4111111111111111, 5555555555554444]}',
      '{"cards":["[REDACTED:CREDIT_CARD]", "[REDACTED:CREDIT_CARD]"]}',
    ],
    ['{"card": -4111111111111111.0 }', '{"card": "[REDACTED:CREDIT_CARD]" }'],
    ['{"a":"{\\"card\\":4111111111111111}"}', '{"a":"{\\"card\\":\\"[REDACTED:CREDIT_CARD]\\"}"}'],
    ['{"a":"[4111111111111111]"}', '{"a":"[\\"[REDACTED:CREDIT_CARD]\\"]"}'],
    ['arguments: {"card":4111111111111111}', 'arguments: {"card":"[REDACTED:CREDIT_CARD]"}'],
    ['card: 4111111111111111, thanks', 'card: [REDACTED:CREDIT_CARD], thanks'],
    ['["mail\\nnora@example.com"]', '["mail\\n[REDACTED:EMAIL]"]'],
    [
      'Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4',
      'Authorization: Bearer [REDACTED:JWT]',
    ],
    [
      'https://bob:hunter2@example.com/?m=bob@example.com',
      'https://bob:[REDACTED:URL_CREDENTIALS]@example.com/?m=[REDACTED:EMAIL]',
    ],
    [
      '{"url":"https:\\/\\/bob:hunter2@example.com"}',
      '{"url":"https:\\/\\/bob:[REDACTED:URL_CREDENTIALS]@example.com"}',
    ],
    ['{"m":"bob\\u0040example.com"}', '{"m":"[REDACTED:EMAIL]"}'],
    ['192.0.2.7-555-231-4567', '[REDACTED:IP_ADDRESS]-[REDACTED:PHONE]'],
  ]
  test.each(cases)('%s', (input, output) => expect(redact(input)).toBe(output))
})

describe('limits', () => {
  /** Texts that are expensive for scanners with look-behind or back-tracking. */
  const families: Record<string, string> = {
    'a.': 'a.',
    '1-': '1-',
    '1.1.': '1.1.',
    '@': '@a',
    'a@a@': 'a@a.b@',
    '://a@': '://a@',
    cards: '4111 1111 1111 1112 ',
    digits: '41111111 ',
    'eyJ.': 'eyJhbGciOiJI.',
    'eyJ in one run': '-eyJhbGciOiJI',
    'sk-': 'sk-abcdefgh-',
    pem: `-----BEGIN ${'PRIVATE'} KEY-----AAAA`,
    colons: 'a:b:c:',
    double: '1::',
    iban: 'DE89 3704 0044 0532 ',
    bearer: 'bearer a',
    escapes: '\\u0041',
    slashes: '\\/',
    'many mails': 'a@b.co ',
    'many cards in JSON': '{"a":4111111111111111},',
    quotes: '[4111111111111111,',
    ips: '192.0.2.7-',
  }
  test.each(Object.keys(families))('work is linear: %s', (name) => {
    const unit = families[name] ?? ''
    const unlimited = createRedactor({ limits: { stepsPerByteMax: Number.MAX_SAFE_INTEGER } })
    const steps = (length: number): number => {
      unlimited.redactText(unit.repeat(length / unit.length))
      return unlimited.steps / length
    }
    const small = steps(5_000)
    expect(steps(80_000)).toBeLessThan(small * 1.3 + 1)
    expect(small).toBeLessThan(80)
  })

  test('a value that takes too much work is masked as a whole', () => {
    const strict = createRedactor({ limits: { stepsPerByteMax: 0, stepsMin: 100 } })
    const value = 'a@b.co '.repeat(100)
    expect(strict.redactText(value)).toEqual({
      text: '[REDACTED:LIMIT]',
      hits: [{ rule: 'LIMIT', start: 0, end: value.length, confidence: 1, replacement: '[REDACTED:LIMIT]' }],
    })
    expect(strict.redactText(JSON.stringify([value])).text).toBe('"[REDACTED:LIMIT]"')
  })
})
