import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../src/redaction/redactor.ts'
import { encodings } from '../support/encodings.ts'
import { isRecoverable } from '../support/recoverable.ts'
import { anySecret } from '../support/secrets.ts'

const redactor = createRedactor()

/** Sentences and documents as an encoded value stands in them. */
const frames = fc.constantFrom<[string, string]>(
  ['', ''],
  ['note: ', ' end'],
  ['{"q":"', '"}'],
  ['{"body":"{\\"q\\":\\"', '\\"}"}'],
  ['GET /search?q=', '&page=2 HTTP/1.1'],
  ['<p>', '</p>'],
  ["x='", "', y=1"],
  ['payload=', '\nnext line'],
)

/** Shorter runs of base64 and hex are words and numbers as often as not. PEM armour with other dashes is none. */
const SHORTEST: Record<string, number> = { base64: 12, base64url: 12, 'base64 twice': 12, hex: 8, 'hex with 0x': 8 }

describe('no value can be read out of the redacted text, however it was encoded', () => {
  test.each(Object.keys(encodings))('%s', (name) => {
    const encode = encodings[name] ?? String
    fc.assert(
      fc.property(anySecret, frames, ({ rule, value }, [before, behind]) => {
        const text = before + encode(value) + behind
        fc.pre(value.length >= (SHORTEST[name] ?? 0) && !(name.includes('dashes') && rule === 'PRIVATE_KEY'))
        fc.pre(isRecoverable(value, text))
        expect(isRecoverable(value, redactor.redactText(text).text)).toBe(false)
      }),
      { numRuns: 200 },
    )
  })
})
