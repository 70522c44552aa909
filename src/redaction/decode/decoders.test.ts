import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isRecoverable } from '../../../test/support/recoverable.ts'
import { anySecret } from '../../../test/support/secrets.ts'
import { createRedactor } from '../redactor.ts'

const redactor = createRedactor()
const redact = (text: string): string => redactor.redactText(text).text

const eachChar = (text: string, encode: (char: string, code: number) => string): string =>
  Array.from(text, (char) => encode(char, char.codePointAt(0) ?? 0)).join('')
const hexOf = (code: number, digits: number): string => code.toString(16).padStart(digits, '0')
const utf8 = (text: string): Buffer => Buffer.from(text)
/** ASCII letters, digits and signs from another block, in the same order. */
const shifted =
  (first: number, last: number, to: number) =>
  (text: string): string =>
    eachChar(text, (char, code) => (code >= first && code <= last ? String.fromCodePoint(to + code - first) : char))

/** Of a value, as it may stand in the middle of a text. */
const mechanical: Record<string, (value: string) => string> = {
  percent: encodeURIComponent,
  'percent twice': (value) => encodeURIComponent(encodeURIComponent(value)),
  'percent three times': (value) => encodeURIComponent(encodeURIComponent(encodeURIComponent(value))),
  'percent, all of it': (value) => eachChar(value, (_, code) => `%${hexOf(code, 2)}`),
  form: (value) => new URLSearchParams({ q: value }).toString(),
  'JSON escapes': (value) => eachChar(value, (_, code) => `\\u${hexOf(code, 4)}`),
  'JSON escapes in JSON': (value) => eachChar(value, (_, code) => `\\\\\\u${hexOf(code, 4)}`),
  'hex escapes': (value) => eachChar(value, (_, code) => `\\x${hexOf(code, 2)}`),
  references: (value) => eachChar(value, (char, code) => (/[a-z0-9]/i.test(char) ? char : `&#${code};`)),
  'references in hex': (value) => eachChar(value, (_, code) => `&#x${hexOf(code, 2)};`),
  'references twice': (value) => eachChar(value, (_, code) => `&amp;#${code};`),
  'percent in references': (value) =>
    eachChar(encodeURIComponent(value), (char, code) => (char === '%' ? `&#${code};` : char)),
  base64: (value) => utf8(`note: ${value}`).toString('base64'),
  base64url: (value) => utf8(`note: ${value}`).toString('base64url'),
  'base64 twice': (value) => utf8(utf8(`note: ${value}`).toString('base64')).toString('base64'),
  'base64 of JSON': (value) => utf8(JSON.stringify({ note: value })).toString('base64'),
  'base64 in lines': (value) =>
    (
      utf8(`${'note '.repeat(30)}${value}`)
        .toString('base64')
        .match(/.{1,76}/g) ?? []
    ).join('\n'),
  'base64 in a URL': (value) => `https://x.example/?d=${encodeURIComponent(utf8(`note: ${value}`).toString('base64'))}`,
  hex: (value) => utf8(`note: ${value}`).toString('hex'),
  'hex of base64': (value) => utf8(utf8(`note: ${value}`).toString('base64')).toString('hex'),
  fullwidth: shifted(0x21, 0x7e, 0xff01),
  'digits in bold': shifted(0x30, 0x39, 0x1d7ce),
  'digits of Devanagari': shifted(0x30, 0x39, 0x966),
  'digits of Arabic': shifted(0x30, 0x39, 0x660),
  'zero width between all': (value) => [...value].join('\u200b'),
  'zero width once': (value) => `${value.slice(0, value.length / 2)}\u2060${value.slice(value.length / 2)}`,
  'soft hyphens': (value) => (value.match(/.{1,4}/g) ?? []).join('\u00ad'),
  'escaped zero width': (value) => [...value].join('\\u200b'),
  'blanks that do not break': (value) => value.replaceAll(' ', '\u00a0'),
  'thin blanks': (value) => value.replaceAll(' ', '\u2009'),
  'en dashes': (value) => value.replaceAll(/(?<=\d)-(?=\d)/g, '\u2013'),
}

describe('a secret is gone, however it is written', () => {
  test.each(Object.keys(mechanical))('%s', (name) => {
    const encode = mechanical[name] ?? String
    fc.assert(
      fc.property(anySecret, fc.boolean(), ({ value }, inJson) => {
        const text = inJson ? JSON.stringify({ content: `see ${encode(value)} now` }) : `see ${encode(value)} now`
        const redacted = redact(text)
        expect([name, isRecoverable(value, text) && isRecoverable(value, redacted), redacted]).toEqual([
          name,
          false,
          redacted,
        ])
        expect(() => void (inJson && JSON.parse(redacted))).not.toThrow()
        expect(redact(redacted)).toBe(redacted)
      }),
      { numRuns: 150 },
    )
  })
})

describe('what is found, and what takes its place', () => {
  test.each([
    ['q=bob%40example.com&x=1', 'q=[REDACTED:EMAIL]&x=1'],
    ['bob [at] example [dot] com', '[REDACTED:EMAIL]'],
    ['bob(at)example(dot)com', '[REDACTED:EMAIL]'],
    ['card 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 ok', 'card [REDACTED:CREDIT_CARD] ok'],
    ['card=4111+1111+1111+1111&x=1', 'card=[REDACTED:CREDIT_CARD]&x=1'],
    ['mail bob@exam\nple.org now', 'mail [REDACTED:EMAIL] now'],
    ['{"a":"mail bob@exam\\nple.org now"}', '{"a":"mail [REDACTED:EMAIL] now"}'],
    ['card 41111111\n11111111 ok', 'card [REDACTED:CREDIT_CARD] ok'],
    ['p=Ym9iQGV4YW1wbGUub3Jn end', 'p=[REDACTED:EMAIL] end'],
    ['{"p":"Ym9iQGV4YW1wbGUub3Jn"}', '{"p":"[REDACTED:EMAIL]"}'],
    [
      '[{"type":"text","content":"card 4111 1111"},{"type":"text","content":" 1111 1111, ok"}]',
      '[{"type":"text","content":"card [REDACTED:CREDIT_CARD]"},{"type":"text","content":"[REDACTED:CREDIT_CARD], ok"}]',
    ],
    ['["4111","1111","1111","1111"]', '["C","C","C","C"]'.replaceAll('C', '[REDACTED:CREDIT_CARD]')],
    [
      '[{"text":"I am bob@exam"}, {"text":"ple.org, hi"}]',
      '[{"text":"I am [REDACTED:EMAIL]"}, {"text":"[REDACTED:EMAIL], hi"}]',
    ],
    [
      JSON.stringify({ messages: JSON.stringify([{ content: 'see 4111 1111 1111' }, { content: ' 1111 ok' }]) }),
      JSON.stringify({
        messages: JSON.stringify([{ content: 'see [REDACTED:CREDIT_CARD]' }, { content: '[REDACTED:CREDIT_CARD] ok' }]),
      }),
    ],
    ['0x626f62406578616d706c652e6f7267 end', '[REDACTED:EMAIL] end'],
  ])('%s', (text, redacted) => expect(redact(text)).toBe(redacted))

  test.each([
    // Two lines that have nothing to do with each other.
    'seen\nnora',
    '41111111\n11111111',
    '1;41111111\n11111111;2',
    '{"a":"41111111","11111111":2}x["2024","2025","2026"]',
    '12\n34\n56\n78\n90\n12\n34\n56\n78',
    // Nothing readable in it.
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk',
    'd41d8cd98f00b204e9800998ecf8427e',
    'getUserAccountNumber customer_email_address',
    '1 2 3 4 5 6 7 8 9 10 11 12',
    '0 1 0 0 1 0 1 1 1 0 1 0 1 0 1 1',
    '100% of 50%ab — “quoted” … 5–10 °C',
  ])('nothing in %j', (text) => expect(redact(text)).toBe(text))

  test('an address in a line of its own is that of its line', () => {
    expect(redact('mail\nnora@example.com\nthanks')).toBe('mail\n[REDACTED:EMAIL]\nthanks')
  })
})

describe('limits', () => {
  test('what is encoded deeper than anybody would is masked', () => {
    let text = 'note: bob@example.org'
    for (let i = 0; i < 8; i++) text = Buffer.from(text).toString('base64')
    expect(redact(`p=${text} end`)).not.toContain(text)
  })

  test('nor are several of them', () => {
    let text = 'note: bob@example.org'
    for (let i = 0; i < 8; i++) text = Buffer.from(text).toString('base64')
    const redacted = redact(`p=${text} q=Ym9iQGV4YW1wbGUub3Jn r=${text} end`)
    expect(redacted).not.toContain(text)
  })

  const families: Record<string, string> = {
    percent: '%41',
    'percent of percent': '%252525',
    'percent open': '%2525%',
    references: '&amp;amp;',
    'references open': '&#',
    'number references': '&#0000000',
    'zero width': 'a\u200b',
    fullwidth: '\uff11',
    dashes: '1\u2013',
    'base64 runs': 'Ym9iQGV4YW1wbGUub3Jn ',
    'base64 in one run': 'Ym9iQGV4YW1wbGUub3Jn',
    'base64 and signs': 'Ym9iQGV4YW1w+/',
    hex: '626f62406578616d706c652e6f7267 ',
    breaks: '12\\n',
    'breaks in addresses': 'a@b.c\n',
    'long breaks': '1234567890@1234567890\n',
    spaced: '1 ',
    'spaced apart': '1 1 1 1 1 1 1 1  ',
    forms: '1+',
    parts: '"12",',
    'parts of messages': '{"text":"1"},',
    'parts without texts': '{"a":"1"},',
    spelled: 'a[at]b(dot)c',
    words: 'email=a ',
    'words in one run': 'emailPassword',
    codes: 'ABCD1234 ',
    triples: '123-456-',
    brackets: '[REDACTED:',
  }
  test.each(Object.keys(families))('work is linear: %s', (name) => {
    const unit = families[name] ?? ''
    const unlimited = createRedactor({ limits: { stepsPerByteMax: Number.MAX_SAFE_INTEGER } })
    const steps = (length: number): number => {
      const text = unit.repeat(length / unit.length)
      unlimited.redactText(text)
      return unlimited.steps / text.length
    }
    const small = steps(5_000)
    expect(steps(80_000)).toBeLessThan(small * 1.3 + 1)
  })
})
