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
/** No text, so that nothing that decodes base64 takes it for something to read. */
const noise = fc.uint8Array({ min: 1, max: 8, minLength: 9, maxLength: 14 })

test('a secret is gone in plain, base64 and URL-encoded form, whatever stands around it', () => {
  fc.assert(
    fc.property(secret, noise, noise, (value, before, behind) => {
      const redact = redactorFor(value)
      expect(redact(`a ${value} b`)).toBe('a [REDACTED:LIVE_SECRET] b')
      expect(redact(`q=${encodeURIComponent(value)}&x`)).toBe('q=[REDACTED:LIVE_SECRET]&x')
      const blob = Buffer.concat([before, Buffer.from(value), behind])
      expect(redact(`Basic ${blob.toString('base64')}.`)).toBe('Basic [REDACTED:LIVE_SECRET].')
      expect(redact(`Basic ${blob.toString('base64url')}.`)).toBe('Basic [REDACTED:LIVE_SECRET].')
    }),
    { numRuns: 60 },
  )
})

test('nothing else is', () => {
  const redact = redactorFor('correct-horse-battery', 'short')
  const text = 'correct-horse-batter, correct-horse-battery-staple? short. Correct-Horse-Battery'
  expect(redact(text)).toBe(text.replace('correct-horse-battery-', '[REDACTED:LIVE_SECRET]-'))
})
