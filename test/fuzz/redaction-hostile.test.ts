import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../src/redaction/redactor.ts'
import { isHalfRecoverable } from '../support/recoverable.ts'
import { anySecret } from '../support/secrets.ts'

const redactor = createRedactor()
const batch = createRedactor()
const redact = (text: string): string => redactor.redactText(text).text

const MAIL = 'ada.byron@example.com'
const CARD = '4111 1111 1111 1111'

describe('values beside and inside of each other', () => {
  const between = fc.constantFrom(
    ' ',
    ', ',
    ';',
    '|',
    '\n',
    '\t',
    ' / ',
    ' - ',
    '","',
    "','",
    ')(',
    '><',
    ' and ',
    '&b=',
    ' = ',
  )
  test('of two in a row nothing is left, not half of one', () => {
    fc.assert(
      fc.property(anySecret, between, anySecret, (a, gap, b) => {
        const redacted = redact(`x ${a.value}${gap}${b.value} y`)
        for (const { value } of [a, b])
          expect([isHalfRecoverable(value, redacted), redacted]).toEqual([false, redacted])
      }),
      { numRuns: 1500 },
    )
  })

  test('of those in a URL neither', () => {
    fc.assert(
      fc.property(anySecret, anySecret, (a, b) => {
        // A dotted number in a path is a version more often than an address.
        fc.pre(a.rule !== 'IP_ADDRESS')
        const redacted = redact(
          `GET https://api.example.com/u/${encodeURI(a.value)}?q=${encodeURIComponent(b.value)}&page=2`,
        )
        for (const { value } of [a, b])
          expect([isHalfRecoverable(value, redacted), redacted]).toEqual([false, redacted])
      }),
      { numRuns: 600 },
    )
  })

  test.each([
    [
      'a card in an IBAN in a URL',
      `https://DE89370400440532013000:${CARD.replaceAll(' ', '')}@bank.example/DE89 3704 0044 0532 0130 00`,
    ],
    ['a mail in the password of a URL', 'https://bob:ada@example.com:5432@db.example.com/x'],
    ['a mail in a mail', 'ada@example.com@example.org'],
    ['a phone in a card', '+49 4111 1111 1111 1111'],
    ['cards with one digit between', '4111111111111111 1 4111111111111111'],
    ['an address behind a phone', '+49 30 1234567. 192.0.2.17'],
  ])('%s', (_, text) => {
    const redacted = redact(text)
    for (const digits of text.match(/\d{6,}/g) ?? []) expect(redacted).not.toContain(digits)
    expect(redacted).not.toMatch(/ada|1111|3704|1234567|192/)
  })
})

describe('texts that are broken', () => {
  test.each([
    ['a lone high surrogate', `\ud83d${MAIL} \ud83d`],
    ['a lone low surrogate', `${MAIL}\ude00 \ude00`],
    ['surrogates the wrong way round', `\ude00\ud83d ${MAIL}`],
    ['a byte order mark', `\ufeff${MAIL}`],
    ['control characters in JSON', `{"a":"\u0001${MAIL}\n"}`],
    ['a duplicate key', `{"a":"x","a":"${MAIL}","a":"y"}`],
    ['JSON that is cut off', `{"a":{"b":["${MAIL}`],
    ['JSON with a second document', `{"a":1}{"b":"${MAIL}"}`],
    ['JSON lines', `{"a":1}\n{"b":"${MAIL}"}\n`],
    ['single quotes', `{'a': '${MAIL}'}`],
    ['comments', `{/* ${MAIL} */ "a": 1, // ${MAIL}\n}`],
    ['NUL', `a\0${MAIL}\0b`],
    ['right to left', `\u202e${MAIL}\u202c`],
    ['an escape at the end', `${MAIL}\\`],
    ['half of an escape at the end', `${MAIL}\\u00`],
    ['half of a percent sign at the end', `${MAIL}%4`],
  ])('%s', (_, text) => {
    const { text: redacted, hits } = redactor.redactText(text)
    expect(redacted).not.toContain('ada')
    expect(redacted).not.toContain('byron')
    expect(hits.map(({ start, end }) => text.slice(start, end)).join(' ')).toContain('ada.byron')
    expect(redact(redacted)).toBe(redacted)
  })

  test('bytes that are no UTF-8', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 12 }),
        anySecret,
        fc.uint8Array({ maxLength: 12 }),
        (before, { value }, behind) => {
          const word = new TextEncoder().encode(` ${value} `)
          const bytes = Uint8Array.from([...before, ...word, ...behind])
          batch.scan(bytes)
          const kept: number[] = []
          let at = 0
          for (const { start, end, replacement } of batch.redactions(0, bytes.length)) {
            expect(start).toBeGreaterThanOrEqual(at)
            kept.push(...bytes.subarray(at, start), ...replacement)
            at = end
          }
          kept.push(...bytes.subarray(at))
          expect(Buffer.from(kept).includes(value)).toBe(false)
        },
      ),
      { numRuns: 500 },
    )
  })

  test.each([
    ['overlong', [0xc1, 0x80]],
    ['a surrogate in UTF-8', [0xed, 0xa0, 0xbd]],
    ['a start without its rest', [0xf0, 0x9f]],
    ['a rest without its start', [0x80, 0xbf]],
    ['beyond Unicode', [0xf7, 0xbf, 0xbf, 0xbf]],
  ])('%s beside a value', (_, broken) => {
    const bytes = Uint8Array.from([...broken, ...Buffer.from(MAIL), ...broken])
    batch.scan(bytes)
    const [hit, ...others] = batch.redactions(0, bytes.length)
    expect(others).toEqual([])
    expect([hit?.type, (hit?.start ?? 99) <= broken.length, (hit?.end ?? 0) >= broken.length + MAIL.length]).toEqual([
      'EMAIL',
      true,
      true,
    ])
  })
})

describe('sizes', () => {
  test('a hundred thousand keys', () => {
    const keys = Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i % 1000 === 0 ? MAIL : 'x'])
    const redacted = redact(JSON.stringify(Object.fromEntries(keys)))
    expect(redacted).not.toContain('byron')
    expect(Object.keys(JSON.parse(redacted) as object)).toHaveLength(100_000)
  })

  test('the same key a hundred thousand times', () => {
    const redacted = redact(`{${Array.from({ length: 100_000 }, (_, i) => `"password":"S3cr${i}x9Qz!"`).join(',')}}`)
    expect(redacted.includes('S3cr')).toBe(false)
  })

  test.each([
    ['a number of a million digits', `[${'1'.repeat(1_000_000)}]`],
    ['a card of a million digits', `{"card":${'4111111111111111'.repeat(60_000)}}`],
    ['mails with an escape', '\\u0061da@example.com '.repeat(150_000)],
    ['mails with a percent sign', '%41da@example.com&'.repeat(150_000)],
    ['passwords in a string', `{"a":"${'{\\"password\\":\\"x8hgZ2!kd\\"},'.repeat(130_000)}"}`],
  ])('%s: more than an argument list holds', (_, text) => {
    const redacted = redact(text)
    expect([redacted.includes('example'), redacted.includes('x8hg')]).toEqual([false, false])
  })

  test.each([10, 1_000, 100_000])('JSON %i deep', (depth) => {
    const text = `${'{"a":['.repeat(depth)}"${MAIL}"${']}'.repeat(depth)}`
    expect(redact(text)).toBe(text.replace(MAIL, '[REDACTED:EMAIL]'))
    const open = `${'['.repeat(depth)}"${MAIL}"`
    expect(redact(open)).toBe(open.replace(MAIL, '[REDACTED:EMAIL]'))
  })

  test('JSON in strings in JSON, as deep as its escapes let it', () => {
    let text = MAIL
    for (let depth = 1; depth <= 12; depth++) {
      text = JSON.stringify({ a: text })
      const redacted = redact(text)
      expect([depth, redacted.includes('byron')]).toEqual([depth, false])
      expect(() => void JSON.parse(redacted)).not.toThrow()
    }
  })

  test('base64 in base64', () => {
    let text = `user ${MAIL} of the house`
    for (let depth = 1; depth <= 3; depth++) {
      text = Buffer.from(text).toString('base64')
      const redacted = redact(`payload=${text}`)
      expect([depth, redacted.includes(text.slice(8, 40))]).toEqual([depth, false])
    }
  })

  test('a megabyte of one character, and a value at its end', () => {
    for (const char of [
      'a',
      '1',
      '-',
      '"',
      '\\',
      '{',
      '[',
      ':',
      '@',
      '%',
      '&',
      '=',
      '+',
      '/',
      ' ',
      '日',
      '\u200b',
      '１',
    ])
      expect([char, redact(`${char.repeat(1_000_000 / Buffer.byteLength(char))} ${MAIL}`).includes('byron')]).toEqual([
        char,
        false,
      ])
  }, 60_000)
})
