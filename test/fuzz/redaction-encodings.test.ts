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

describe('no value can be read out of the redacted text, however it was encoded', () => {
  test.each(Object.keys(encodings))('%s', (name) => {
    const encode = encodings[name] ?? String
    fc.assert(
      fc.property(anySecret, frames, ({ value }, [before, behind]) => {
        const text = before + encode(value) + behind
        fc.pre(isRecoverable(value, text))
        expect(isRecoverable(value, redactor.redactText(text).text)).toBe(false)
      }),
      { numRuns: 200 },
    )
  })
})
