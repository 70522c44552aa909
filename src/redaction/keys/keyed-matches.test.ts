import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../redactor.ts'

const redactor = createRedactor()
const redact = (text: string): string => redactor.redactText(text).text

const name = fc.stringMatching(/^Q[a-zé]{2,8}$/)
const zip = fc.stringMatching(/^\d{5}$/)
const person = fc.record({ first_name: name, last_name: name, zip, note: fc.constant('x'), n: fc.integer() })
const key = fc.stringMatching(/^[a-z]{1,5}$/)
const around = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    person,
    fc.string(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3 }),
    tie('value').map((value) => JSON.stringify({ value })),
  ),
})).value

/** The document without what stands under keys of people, strings of JSON read. */
function people(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('{"value"') ? people(JSON.parse(value)) : []
  if (typeof value !== 'object' || value === null) return []
  if (!('first_name' in value)) return Object.values(value).flatMap(people)
  return Object.entries(value).flatMap(([member, one]) => (['note', 'n'].includes(member) ? [] : [String(one)]))
}

test('what stands under keys of people is gone from a document at any depth of strings, and it stays a document', () => {
  fc.assert(
    fc.property(fc.dictionary(key, around, { minKeys: 1, maxKeys: 3 }), (document) => {
      const text = JSON.stringify(document)
      const redacted = redact(text)
      expect(people(JSON.parse(redacted)).every((value) => value.startsWith('[REDACTED:'))).toBe(true)
      expect(people(JSON.parse(redacted)).length).toBe(people(document).length)
      expect(redact(redacted)).toBe(redacted)
    }),
    { numRuns: 500 },
  )
})

test('a document that is cut off anywhere shows no value that it had under a key', () => {
  fc.assert(
    fc.property(person, fc.nat(), (one, at) => {
      const text = JSON.stringify({ a: JSON.stringify(one).replaceAll('é', '\\u00e9') })
      const redacted = redact(text.slice(0, at % text.length))
      for (const value of [one.first_name, one.last_name]) expect(redacted).not.toContain(value.slice(0, 3))
    }),
  )
})

describe('encodings hide no keys', () => {
  const document = '{"surname":"Kovacs","first_name":"Emma"}'
  test.each([
    ['base64', Buffer.from(document).toString('base64')],
    ['base64 in JSON', JSON.stringify({ body: Buffer.from(document).toString('base64') })],
    ['URL', `q=${encodeURIComponent(document)}`],
    ['escapes', document.replaceAll('_', '\\u005f').replaceAll('surname', '\\u0073urname')],
    ['HTML', document.replaceAll('"', '&quot;')],
  ])('%s', (_, text) => {
    const redacted = redact(text)
    expect(redacted).toContain('[REDACTED:PERSON]')
    for (const word of ['Kovacs', 'Emma']) {
      expect(redacted).not.toContain(word)
      expect(redacted).not.toContain(Buffer.from(`"${word}`).toString('base64').slice(1, -3))
    }
  })
})

describe('paths', () => {
  const of = (text: string, label: string): string => {
    const paths = { blockedKeys: ['**.token'], allowedKeys: ['tool.email', 'tool.note'], ignoredKeys: ['debug'] }
    const bytes = Buffer.from(text)
    const withPaths = createRedactor({ paths })
    withPaths.scan(bytes)
    let redacted = ''
    let at = 0
    for (const { start, end, replacement } of withPaths.redactions(0, bytes.length, Buffer.from(label))) {
      redacted += bytes.subarray(at, start).toString() + Buffer.from(replacement).toString()
      at = end
    }
    return redacted + bytes.subarray(at).toString()
  }

  test.each([
    ['{"email":"a@b.com","to":"a@b.com"}', 'tool', '{"email":"a@b.com","to":"[REDACTED:EMAIL]"}'],
    [
      '{"token":5,"x":{"token":"a b"}}',
      'tool',
      '{"token":"[REDACTED:BLOCKED_KEY]","x":{"token":"[REDACTED:BLOCKED_KEY]"}}',
    ],
    ['{"e":"a@b.com"}', 'debug', '{"e":"a@b.com"}'],
    ['a@b.com', 'tool.email', 'a@b.com'],
    ['{"note":"a@b.com","surname":"Li"}', 'tool', '{"note":"a@b.com","surname":"[REDACTED:PERSON]"}'],
  ])('%s under %s', (text, label, expected) => {
    expect(of(text, label)).toBe(expected)
  })
})
