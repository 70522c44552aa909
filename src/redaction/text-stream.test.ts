import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anySecret } from '../../test/support/secrets.ts'
import { createRedactor } from './redactor.ts'
import { HOLD_CHARS, STREAM_CHARS_MAX, TextStream } from './text-stream.ts'

const redactor = createRedactor()

function streamed(text: string, sizes: readonly number[]): string {
  const stream = new TextStream(redactor)
  let out = ''
  for (let at = 0, i = 0; at < text.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    out += stream.push(text.slice(at, at + size))
    at += size
  }
  return out + stream.end()
}

const words = fc.constantFrom(
  'the parcel has not come',
  'call me at',
  'card',
  'my phone number is',
  'password:',
  '\n',
  'é 日本 😀',
  '"note": "x',
  '\\n',
  '-----BEGIN',
  'a.b@',
)
/** Values with blanks in them: wherever a text is cut, it is cut in the middle of one of these before long. */
const spaced = fc.constantFrom(
  '4111 1111 1111 1111',
  'DE89 3704 0044 0532 0130 00',
  'phone 0151 23 45 67 89',
  '(555) 231 - 4567',
  '+49 30 1234 5678',
  'my password is hunter2trucks!',
)
const text = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: words },
      { weight: 3, arbitrary: spaced },
      { weight: 1, arbitrary: anySecret.map(({ value }) => value) },
    ),
    { minLength: 1, maxLength: 160, size: 'max' },
  )
  .map((parts) => parts.join(' '))

describe('TextStream', () => {
  test('gives what the whole text gives, however it is cut', () => {
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 }), (whole, sizes) => {
        expect(streamed(whole, sizes)).toBe(redactor.redactText(whole).text)
      }),
      { numRuns: 200 },
    )
  })

  test('a JSON document too, and it stays valid', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 40 }), (content, size) => {
        const whole = JSON.stringify({ content, card: 4_111_111_111_111_111, list: [content] })
        const out = streamed(whole, [size])
        expect(out).toBe(redactor.redactText(whole).text)
        expect(() => void JSON.parse(out)).not.toThrow()
      }),
      { numRuns: 100 },
    )
  })

  test('hands on what nothing can change any more while the text still comes', () => {
    const stream = new TextStream(redactor)
    const out = stream.push(`Mail ada@example.com. ${'The parcel has not come. '.repeat(100)}`)
    expect(out).toMatch(/^Mail \[REDACTED:EMAIL\]\. The parcel/)
    expect(out.length).toBeGreaterThan(2_500 - 2 * HOLD_CHARS)
  })

  test('a private key goes out masked only when its end has come', () => {
    const key = `-----BEGIN ${'PRIVATE'} KEY-----\n${'MIIBVgIBADANBgkq\n'.repeat(200)}-----END PRIVATE KEY-----`
    const whole = `take this:\n${key}\nthanks ${'and so on '.repeat(80)}`
    expect(streamed(whole, [7])).toBe(redactor.redactText(whole).text)
    expect(streamed(whole, [7])).not.toContain('MIIB')
  })

  test('what grows beyond all bounds is masked', () => {
    const stream = new TextStream(redactor)
    let out = ''
    for (let sent = 0; sent <= STREAM_CHARS_MAX; sent += 65_536) out += stream.push('a'.repeat(65_536))
    expect(out + stream.push('ada@example.com ') + stream.end()).toBe('[REDACTED:LIMIT]')
  })
})
