import { text as readAll } from 'node:stream/consumers'
import { Writable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { createRedaction, redact } from './redact.ts'

const email = ['ada', 'example.com'].join('@')
const card = '4111 1111 1111 1111'

describe('redact', () => {
  test('any value: strings, what keys say, numbers, errors', () => {
    const value = {
      note: `mail ${email}`,
      customer: { first_name: 'Grace', last_name: 'Hopper', age: 37 },
      payment: { card: 4_111_111_111_111_111, amount: 4_111 },
      error: new Error(`no such user ${email}`),
      body: JSON.stringify({ card }),
    }
    const copy = redact(value)
    expect(copy).toMatchObject({
      note: 'mail [REDACTED:EMAIL]',
      customer: { first_name: '[REDACTED:PERSON]', last_name: '[REDACTED:PERSON]', age: 37 },
      payment: { card: '[REDACTED:CREDIT_CARD]', amount: 4_111 },
      body: '{"card":"[REDACTED:CREDIT_CARD]"}',
    })
    expect(copy.error).toBeInstanceOf(Error)
    expect(copy.error.message).toBe('no such user [REDACTED:EMAIL]')
    expect(value.note).toContain(email)
  })

  test('as pino has it: nothing of it in the line', async () => {
    let output = ''
    const log = pino(
      { formatters: { log: redact }, hooks: { logMethod: (args, method) => Reflect.apply(method, log, redact(args)) } },
      new Writable({
        write(chunk, _encoding, done) {
          output += String(chunk)
          done()
        },
      }),
    )
    log.info({ user: { email }, err: new Error(email) }, `welcome ${email}`)
    expect(output).toContain('welcome [REDACTED:EMAIL]')
    expect(output).not.toContain(email)
  })
})

describe('createRedaction', () => {
  test('findings tell where, by which rule, and what stands there now', () => {
    const { text, findings } = createRedaction().text(`é 😀 ${email}`)
    expect(text).toBe('é 😀 [REDACTED:EMAIL]')
    expect(findings).toEqual([
      { start: 5, end: 5 + email.length, rule: 'EMAIL', confidence: 0.95, replacement: '[REDACTED:EMAIL]' },
    ])
  })

  test('rules and actions by type and family', () => {
    const redaction = createRedaction({
      rules: ['EMAIL', 'payment'],
      actions: { default: 'pseudonym', payment: 'mask' },
      pseudonyms: { key: 'k'.repeat(32), keyId: 'k1' },
    })
    const { text } = redaction.text(`${email} ${card} 192.0.2.7`)
    expect(text).toMatch(/^<EMAIL:[a-z2-7]{16}~k1> \*+1111 192\.0\.2\.7$/)
    expect(redaction.text(email.toUpperCase()).text).toBe(redaction.text(email).text)
  })

  test('credentials of the environment are taken out wherever they stand, encoded as well', () => {
    const secret = ['blue', 'Penguin', 'Seventeen'].join('/')
    const { text } = createRedaction({ rules: ['EMAIL'], environment: { SHOP_API_KEY: secret } })
    const encoded = Buffer.from(`x${secret}`).toString('base64')
    const result = text(`plain ${secret}, url ${encodeURIComponent(secret)}, base64 ${encoded}.`).text
    expect(result).not.toContain(secret)
    expect(result).not.toContain(encodeURIComponent(secret))
    expect(result).not.toContain(encoded)
    expect(createRedaction({ rules: ['EMAIL'], environment: {} }).text(secret).text).toBe(secret)
  })

  test('a stream in pieces', async () => {
    const pieces = `write to ${email} or pay with ${card}. ${'It is on its way. '.repeat(60)}`.match(/[^]{1,7}/g) ?? []
    const stream = ReadableStream.from(pieces).pipeThrough(createRedaction({ environment: {} }).stream())
    expect(await readAll(stream)).toMatch(/^write to \[REDACTED:EMAIL\] or pay with \[REDACTED:CREDIT_CARD\]\. It is/)
  })

  test('an option that is not there is refused', () => {
    expect(() => Reflect.apply(createRedaction, undefined, [{ rule: ['EMAIL'] }])).toThrow('there is no option rule')
  })

  test.each([
    [{ rules: ['-IP_ADDRESS', 'USER_ID'] }, 'write +USER_ID'],
    [{ rules: ['MAIL'] }, 'rules: there is no rule or family MAIL'],
    [{ actions: { CARD: 'mask' as const } }, 'actions: there is no rule or family CARD'],
    [{ actions: { EMAIL: 'pseudonym' as const } }, 'set pseudonyms.key'],
    [{ actions: { EMAIL: 'pseudonym' as const }, pseudonyms: { key: 'short' } }, 'at least 32 bytes'],
  ])('%j is refused', (options, message) => {
    expect(() => createRedaction(options)).toThrow(message)
  })
})
