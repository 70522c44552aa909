import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../redactor.ts'

const redactor = createRedactor()
const redact = (text: string): string => redactor.redactText(text).text

const ALNUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const chars = (alphabet: string, min: number, max: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: min, maxLength: max })
/** Between the random parts what no language has: a part may be a word by chance. */
const token = fc.tuple(chars(ALNUM, 2, 8), chars(ALNUM, 0, 8)).map(([a, b]) => `${a}7xQ9zK2v${b}9wXq4Zt8`)
const name = fc.constantFrom(
  'api_key',
  'ACME_API_KEY',
  'clientSecret',
  'X-Auth-Token',
  'access_token',
  'acme.token',
  'secretKey',
)

function isJson(text: string): boolean {
  try {
    return JSON.parse(text) !== undefined
  } catch {
    return false
  }
}

/** How keys and values are written. */
const formats: Record<string, (key: string, value: string) => string> = {
  env: (key, value) => `export ${key}=${value}\nnext=1`,
  'env in quotes': (key, value) => `${key}="${value}"`,
  yaml: (key, value) => `config:\n  ${key}: ${value}\n  region: eu`,
  header: (key, value) => `curl -H "${key}: ${value}" https://example.com`,
  query: (key, value) => `https://example.com/?${key}=${value}&page=2`,
  code: (key, value) => `options = { ${key}: '${value}' }`,
  JSON: (key, value) => JSON.stringify({ a: 1, [key]: value, b: [2] }),
  'JSON in JSON': (key, value) => JSON.stringify({ arguments: JSON.stringify({ [key]: value }) }),
  'JSON in JSON in JSON': (key, value) => JSON.stringify([JSON.stringify(JSON.stringify({ q: { [key]: value } }))]),
  'list of a header': (key, value) => JSON.stringify({ headers: { [key]: [value] } }),
  'pairs of OTLP': (key, value) => JSON.stringify({ attributes: [{ key, value: { stringValue: value } }] }),
  'attribute of XML': (key, value) => `<add key="${key}" value="${value}" />`,
  CSV: (key, value) => `1,"{""${key}"":""${value}""}"`,
}

describe.each(Object.entries(formats))('a token behind its name: %s', (_, format) => {
  test('is gone, and JSON stays valid', () => {
    fc.assert(
      fc.property(name, token, (key, value) => {
        const text = format(key, value)
        const redacted = redact(text)
        expect(redacted).not.toContain(value)
        expect(isJson(redacted)).toBe(isJson(text))
        expect(redact(redacted)).toBe(redacted)
      }),
      { numRuns: 60 },
    )
  })
})

test('the name of an attribute tells what its value is', () => {
  const encoder = new TextEncoder()
  const found = (label: string, text: string): string[] => {
    const bytes = encoder.encode(text)
    redactor.scan(bytes)
    return redactor
      .redactions(0, bytes.length, encoder.encode(label))
      .map(({ start, end, type }) => `${type} ${text.slice(start, end)}`)
  }
  const value = ['wJalrXUtnFEMI', 'K7MDENGbPxRfiCYq', 'X9zK2vB7m'].join('/')
  expect(found('aws.secret_access_key', value)).toEqual([`AWS_SECRET_KEY ${value}`])
  expect(found('http.request.header.x-api-key', `["${value}"]`)).toEqual([`SECRET ${value}`])
  expect(found('http.request.header.authorization', `Token ${value}`)).toEqual([`SECRET ${value}`])
  expect(found('db.password', 'letmein')).toEqual(['PASSWORD letmein'])
  expect(found('gen_ai.usage.input_tokens', '1234567890123456')).toEqual([])
  expect(found('session.id', 'a031a64b-9cbd-42a8-b81e-bf150c9ab080')).toEqual([])
})

test('names and words are no secrets, whatever stands before them', () => {
  const word = fc.constantFrom(
    ...'user account payment request service default current internal provider session config value manager'.split(' '),
  )
  const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
  const identifier = fc
    .tuple(fc.array(word, { minLength: 1, maxLength: 4 }), fc.constantFrom('camel', '_', '-', '.'))
    .map(([words, joint]) =>
      joint === 'camel' ? words.map((text, i) => (i === 0 ? text : capital(text))).join('') : words.join(joint),
    )
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(formats)),
      fc.constantFrom('token', 'apiKey', 'client_secret', 'authorization'),
      identifier,
      (format, key, value) => {
        const text = format(key, value)
        expect(redact(text)).toBe(text)
      },
    ),
    { numRuns: 600 },
  )
})

describe('work is linear in', () => {
  const unlimited = createRedactor({ limits: { stepsPerByteMax: Number.MAX_SAFE_INTEGER } })
  const units = [
    'token=',
    'token=a ',
    '"token":"',
    "password='",
    'api_key=x,',
    'cookie: a=b; ',
    'curl -u ',
    'key key ',
    'my password is a ',
    'a.SG.',
    '12345678:',
    'glpat-',
    'sk_live_',
    'basic a',
    'sshpass ',
    'docker login ',
    'key provided key ',
  ]
  test.each(units)('%s', (unit) => {
    const steps = (length: number): number => {
      unlimited.redactText(unit.repeat(length / unit.length))
      return unlimited.steps / length
    }
    expect(steps(80_000)).toBeLessThan(steps(20_000) * 1.3 + 1)
    expect(steps(80_000)).toBeLessThan(40)
    expect(steps(5_000)).toBeLessThan(40)
  })
})
