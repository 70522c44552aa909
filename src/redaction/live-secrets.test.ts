import { createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { liveSecrets } from './live-secrets.ts'
import { createRedactor } from './redactor.ts'

const seal = (bytes: Uint8Array, from: number, to: number): string =>
  createHmac('sha256', 'key of the test').update(bytes.subarray(from, to)).digest('hex')

const redactorFor = (...secrets: string[]): ((text: string) => string) => {
  const redactor = createRedactor({ rules: ['MAC_ADDRESS'], live: liveSecrets(secrets, seal) })
  return (text) => redactor.redactText(text).text
}
const secret = fc.string({ unit: 'binary-ascii', minLength: 8, maxLength: 60 }).filter((text) => /^[!-~]+$/.test(text))

test('a secret is gone in plain, base64 and URL-encoded form, whatever stands around it', () => {
  fc.assert(
    fc.property(
      secret,
      fc.stringMatching(/^[a-z ]{0,5}$/),
      fc.stringMatching(/^[a-z ]{0,5}$/),
      (value, before, behind) => {
        const redact = redactorFor(value)
        expect(redact(`${before} ${value} ${behind}`)).not.toContain(value)
        expect(redact(`q=${encodeURIComponent(value)}&x`)).not.toContain(encodeURIComponent(value))
        const basic = Buffer.from(`${before}:${value}${behind}`).toString('base64')
        expect(redact(`Basic ${basic}.`)).toBe('Basic [REDACTED:LIVE_SECRET].')
        const url = Buffer.from(`${before}:${value}${behind}`).toString('base64url')
        expect(redact(`Basic ${url}.`)).toBe('Basic [REDACTED:LIVE_SECRET].')
      },
    ),
    { numRuns: 60 },
  )
})

test('nothing else is', () => {
  const redact = redactorFor('correct-horse-battery', 'short')
  const text = 'correct-horse-batter, correct-horse-battery-staple? short. Correct-Horse-Battery'
  expect(redact(text)).toBe(text.replace('correct-horse-battery-', '[REDACTED:LIVE_SECRET]-'))
})
