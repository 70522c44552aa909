import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseHtpasswd } from './htpasswd.ts'

const accepts = async (encoded: string, password: string): Promise<boolean> =>
  (await parseHtpasswd(`u:${encoded}`).get('u')?.matches(password)) ?? false

/** Of crypt_blowfish and of golang.org/x/crypto/bcrypt. */
test.each([
  ['$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
  ['$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK', 'U*U*'],
  ['$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK', 'U*U*'],
  ['$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a', 'U*U*U'],
  ['$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy', ''],
  [
    '$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui',
    '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored',
  ],
])('bcrypt %s', async (encoded, password) => {
  expect(await accepts(encoded, password)).toBe(true)
  expect(await accepts(encoded, `x${password}`)).toBe(false)
})

describe('beside the openssl command', () => {
  test.each([
    ['apr1', '-apr1'],
    ['md5', '-1'],
  ])('%s', async (_, option) => {
    const anyPassword = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
      .filter((text) => !/[\n\r\0]/.test(text))
    await fc.assert(
      fc.asyncProperty(anyPassword, async (password) => {
        const encoded = execFileSync('openssl', ['passwd', option, '-stdin'], {
          input: password,
          encoding: 'utf8',
        }).trim()
        expect(await accepts(encoded, password)).toBe(true)
        expect(await accepts(encoded, `${password}x`)).toBe(false)
      }),
      { numRuns: 15 },
    )
  })
})

test.each([
  ['{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', 'password', true],
  ['{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', 'Password', false],
  ['{SSHA}YdCAqvsdjIrcLbMcclBbOhiiLP5zYWx0', 'x', false],
  ['plain text', 'plain text', true],
  ['plain text', 'plain', false],
])('%s and %s: %s', async (encoded, password, expected) => {
  expect(await accepts(encoded, password)).toBe(expected)
})

test('{SSHA}', async () => {
  const { createHash } = await import('node:crypto')
  const salt = Buffer.from('some salt')
  const digest = createHash('sha1').update('geheim').update(salt).digest()
  const encoded = `{SSHA}${Buffer.concat([digest, salt]).toString('base64')}`
  expect([await accepts(encoded, 'geheim'), await accepts(encoded, 'other')]).toEqual([true, false])
})

test.each([
  ['ann', 'line 1 is not user:password'],
  ['\n:x', 'line 2 is not user:password'],
  ['ann:', 'line 1 is not user:password'],
  ['', 'there is no user in it'],
  ['a:b\nann:$6$salt$hash', 'line 2: this kind of hash is not known here; make one with htpasswd -B'],
  ['ann:$2y$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'with a cost of 4 to 14'],
  ['ann:$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'not bcrypt of version'],
  ['ann:$2a$05$short', 'not bcrypt of version'],
  ['ann:{SHA}short', 'has not the length of SHA-1'],
  ['ann:{CRYPT}x', 'this kind of hash is not known'],
])('%j is refused, without its text', (text, message) => {
  expect(() => parseHtpasswd(text)).toThrow(message)
  const secret = text.split(':')[1]
  if (secret === undefined || secret === '') return
  expect(() => parseHtpasswd(text)).not.toThrow(secret)
})

test('the last line of a user counts', async () => {
  const entries = parseHtpasswd('# users\nann:one\n\nann:two\nbob:three')
  expect([...entries.keys()]).toEqual(['ann', 'bob'])
  expect(await entries.get('ann')?.matches('two')).toBe(true)
})
