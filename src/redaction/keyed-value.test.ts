import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { IN_LABEL, keyedValue } from './keyed-value.ts'
import type { KeyedValue } from './keyed-value.ts'
import { Subject } from './subject.ts'

const subjectOf = (text: string, word: string): Subject => {
  const bytes = new TextEncoder().encode(text)
  const subject = new Subject()
  subject.reset(bytes, 0, bytes.length)
  subject.word = word
  subject.wordStart = Buffer.from(bytes).indexOf(word)
  return subject
}

const found = (
  text: string,
  word: string,
): (KeyedValue & { readonly value: string; readonly key: string }) | undefined => {
  const subject = subjectOf(text, word)
  const value = keyedValue(subject, subject.wordStart + word.length - 1)
  if (value === undefined) return undefined
  const cut = (from: number, to: number): string => new TextDecoder().decode(subject.bytes.subarray(from, to))
  return {
    ...value,
    phraseFrom: value.phraseFrom,
    value: cut(value.from, value.to),
    key: cut(value.keyFrom, value.keyTo),
  }
}

describe('the value behind a key', () => {
  test.each([
    ['{"password":"hunter2"}', 'password', 'hunter2', 'quoted'],
    ['{"customer_password" : 1234.5}', 'customer_password', '1234.5', 'number'],
    ['AWS_SECRET_password=abc/def&x=1', 'AWS_SECRET_password', 'abc/def', 'bare'],
    ['db.password: foo bar', 'db.password', 'foo', 'bare'],
    ['X-password-Key: sk', 'X-password-Key', 'sk', 'bare'],
    ["config['password'] = 'it is'", 'password', 'it is', 'quoted'],
    ['<password>x y</password>', 'password', 'x y', 'element'],
    ['<ns:password>x y</ns:password>', 'password', 'x y', 'element'],
    ['the password is hunter2.', 'password', 'hunter2', 'bare'],
    ['mysql --password hunter2 -x', 'password', 'hunter2', 'bare'],
    ['const password: string = "abc"', 'password', 'abc', 'quoted'],
    ['password := `abc`', 'password', 'abc', 'quoted'],
    ['"password" => "abc"', 'password', 'abc', 'quoted'],
    ['**password:** abc', 'password', 'abc', 'bare'],
    ['{"key":"user.password","value":{"stringValue":"x"}}', 'user.password', 'x', 'quoted'],
    ['{"name": "password", "value": "x"}', 'password', 'x', 'quoted'],
    ['{"password":{"type":"string"}}', 'password', '', 'open'],
    ['{"a":"password=\'abc"}', 'password', 'abc', 'quoted'],
    ['{"q":"password=abc"}', 'password', 'abc', 'bare'],
    ['{\\"password\\": \\"cut of', 'password', 'cut of', 'quoted'],
  ])('%s', (text, key, value, delimiter) => {
    expect(found(text, 'password')).toMatchObject({ key, value, delimiter })
  })

  test.each([
    '{"password": null}',
    '{"password": ""}',
    'a password reset',
    'password\n: x',
    'password::foo',
    '"password", "email"',
    'password?: string',
    'the password\nis x',
  ])('none: %j', (text) => {
    expect(found(text, 'password')).toBeUndefined()
  })

  test('words before the key, prose, the line', () => {
    const text = 'The date of birth: 1 May 1990\nx'
    expect(found(text, 'birth')).toMatchObject({
      phraseFrom: 0,
      isProse: false,
      value: '1',
      lineTo: text.indexOf('\n'),
    })
    expect(found('passport number is X123', 'passport')).toMatchObject({ value: 'X123', isProse: true })
  })

  test('a label names all of its value', () => {
    const subject = subjectOf('hunter2', 'hunter2')
    subject.label = new TextEncoder().encode('db.password')
    expect(keyedValue(subject, IN_LABEL)).toMatchObject({ from: 0, to: 7, delimiter: 'whole', keyTo: 11 })
  })
})

test('in JSON at any depth of strings, the value is what stands between its quotes, and what replaces it leaves valid JSON', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.integer({ min: 0, max: 3 }), (secret, depth) => {
      let text = JSON.stringify({ a: 'b', password: secret, c: '}' })
      for (let n = 0; n < depth; n++) text = JSON.stringify({ n, args: text })
      const { from, to } = found(text, 'password') ?? { from: 0, to: 0 }
      const bytes = Buffer.from(text)
      let inner: unknown = Buffer.concat([bytes.subarray(0, from), Buffer.from('X'), bytes.subarray(to)]).toString()
      for (let n = 0; n < depth; n++) inner = (JSON.parse(String(inner)) as { args: unknown }).args
      expect(JSON.parse(String(inner))).toEqual({ a: 'b', password: 'X', c: '}' })
    }),
    { numRuns: 500 },
  )
})

test('a value never leaves the text, nor holds the quote that ends it', () => {
  const piece = fc.constantFrom(
    'password',
    '"',
    "'",
    '\\',
    '\\"',
    ':',
    '=',
    ' ',
    '{',
    '}',
    '[',
    '<',
    '>',
    'a1',
    '\n',
    ',',
    'is',
    'é',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = `password${pieces.join('')}`
      const value = found(text, 'password')
      if (value === undefined) return
      expect(value.from).toBeGreaterThanOrEqual('password'.length)
      expect(value.to).toBeLessThanOrEqual(Buffer.byteLength(text))
      expect(value.lineTo).toBeGreaterThanOrEqual(value.to)
      const isPlainString = value.delimiter === 'quoted' && value.quote === 0x22 && value.escapes === 0
      expect(isPlainString ? value.value.replaceAll(/\\./gs, '') : '').not.toContain('"')
    }),
    { numRuns: 3000 },
  )
})
