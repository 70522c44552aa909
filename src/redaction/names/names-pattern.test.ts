import { describe, expect, test } from 'vitest'
import { createRedactor } from '../redactor.ts'
import { namesPattern } from './names-pattern.ts'

const redactor = createRedactor({ patterns: [namesPattern()] })
const redact = (text: string): string => redactor.redactText(text).text

describe('names beside the rules', () => {
  test.each([
    ['Hi, I am Anna Schmidt, anna@mail.de', 'Hi, I am [REDACTED:PERSON], [REDACTED:EMAIL]'],
    ['Dear Tom,\nthanks! Best, Mia', 'Dear [REDACTED:PERSON],\nthanks! Best, [REDACTED:PERSON]'],
    ['{"content":"Hello Bj\\u00f6rk,\\nhow are you?"}', '{"content":"Hello [REDACTED:PERSON],\\nhow are you?"}'],
    ['Run the Jenkins job on Monday.', 'Run the Jenkins job on Monday.'],
    ['card 4111 1111 1111 1111 of [REDACTED:PERSON]', 'card [REDACTED:CREDIT_CARD] of [REDACTED:PERSON]'],
  ])('%j', (text, expected) => {
    expect(redact(text)).toBe(expected)
    expect(redact(expected)).toBe(expected)
  })
})
