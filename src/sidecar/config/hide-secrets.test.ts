import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import * as z from 'zod'
import { defineExporter, defineReceiver } from '../component.ts'
import { duration } from '../config-types.ts'
import { loadConfig } from '../config.ts'
import { HIDDEN, hideSecrets } from './hide-secrets.ts'
import { ConfigError } from './problem.ts'

/** What no other part of a configuration contains. */
const secret = fc.stringMatching(/^[A-Za-z0-9+/_-]{4,24}$/).map((text) => `Zq${text}`)

/** Where people put secrets, each as a part of a configuration. */
const places: readonly (readonly [string, (secret: string) => unknown])[] = [
  ['a header', (text) => ({ headers: { 'x-any': text } })],
  ['a list of headers', (text) => ({ headers: [{ name: 'x-any', value: text }] })],
  ['a key that says so', (text) => ({ api_key: text })],
  ['a key with another spelling', (text) => ({ clientSecret: text, 'Api-Key': text })],
  ['a password', (text) => ({ client_auth: { username: 'u', password: text } })],
  ['a token of an extension', (text) => ({ bearertokenauth: { token: text, tokens: [text] } })],
  ['htpasswd', (text) => ({ htpasswd: { inline: `user:${text}` } })],
  [
    'a private key',
    (text) => ({ tls: { key_pem: `-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----` } }),
  ],
  ['user and password of a URL', (text) => ({ endpoint: `https://user:${text}@host:1/path` })],
  ['a password with an @ and a slash', (text) => ({ endpoint: `https://user:a@b/${text}@host:1/path` })],
  ['a query', (text) => ({ endpoint: `https://host/path?key=${text}` })],
  ['a fragment', (text) => ({ endpoint: `https://host/path#${text}` })],
  ['a connection text', (text) => ({ datasource: `host=db user=u password=${text} dbname=x` })],
  ['a bearer in a text', (text) => ({ note: `Bearer ${text}` })],
  ['an HMAC key', (text) => ({ redaction: { hmac_key: text } })],
  ['an argument of a program', (text) => ({ commands: [{ argv: ['/bin/tell', '--token', text] }] })],
  ['the environment of a program', (text) => ({ env: { ANY: text } })],
]

describe('what is shown of a configuration', () => {
  test.each(places)('hides %s', (_, place) => {
    fc.assert(
      fc.property(secret, (text) => {
        const shown = JSON.stringify(hideSecrets({ exporters: { x: place(text) } }))
        expect(shown).not.toContain(text)
        expect(shown).toContain(HIDDEN)
      }),
      { numRuns: 30 },
    )
  })

  test('shows what is no secret', () => {
    const config = {
      receivers: { otlp: { protocols: { grpc: { endpoint: '127.0.0.1:4317', max_recv_msg_size_mib: 4 } } } },
      exporters: {
        otlp_http: { endpoint: 'https://host:4318/v1?', tls: { key_file: '/run/key.pem', ca_file: '/ca' } },
      },
      extensions: { alerts: { commands: [{ argv: ['/usr/local/bin/tell'] }] } },
      processors: { redaction: { actions: { GITHUB_TOKEN: 'mask' }, hmac_key_file: '/run/hmac', token_limit: true } },
    }
    expect(hideSecrets(config)).toEqual(config)
  })
})

const components = [
  defineReceiver({ type: 'otlp', summary: '', signals: ['traces'], config: z.looseObject({}), create: never }),
  defineExporter({
    type: 'x',
    summary: '',
    signals: ['traces'],
    delivery: 'local',
    config: z.looseObject({
      timeout: duration.optional(),
      size: z.int().optional(),
      mode: z.enum(['a', 'b']).optional(),
    }),
    create: never,
  }),
]
function never(): never {
  throw new Error('a configuration is checked, not run')
}

describe('a text out of a file, or of a variable whose name tells a secret', () => {
  const reference = fc.constantFrom(
    '${file:/run/any}',
    '${env:MY_TOKEN}',
    '${MY_TOKEN}',
    'a ${env:MY_TOKEN} b',
    '${env:NOT_SET:-${env:MY_TOKEN}}',
  )
  const key = fc.constantFrom('plain', 'endpoint', 'list', 'timeout', 'size', 'mode')

  test('is neither shown nor quoted in a problem, wherever it stands', () => {
    fc.assert(
      fc.property(secret, reference, key, (text, written, at) => {
        const exporter = { [at]: at === 'list' ? [written] : written }
        const pipelines = { traces: { receivers: ['otlp'], exporters: ['x'] } }
        const yaml = stringify({ receivers: { otlp: {} }, exporters: { x: exporter }, service: { pipelines } })
        const said = outcome(yaml, text)
        expect(said).not.toContain(text)
        expect(said).toContain(at)
      }),
    )
  })

  test('a map out of a file is shown, as far as it is no secret', () => {
    const said = outcome('exporters: {x: "${file:/run/any}"}', '{endpoint: host, password: Zq12}')
    expect(said).toContain('host')
    expect(said).not.toContain('Zq12')
  })

  function outcome(text: string, secretText: string): string {
    const frame = 'receivers: {otlp: }\nservice: {pipelines: {traces: {receivers: [otlp], exporters: [x]}}}'
    const sources = [
      { name: 'frame', text: frame },
      { name: 'a', text },
    ]
    try {
      const { shown, warnings } = loadConfig(sources, components, {
        env: { MY_TOKEN: secretText },
        readFile: () => `${secretText}\n`,
      })
      return JSON.stringify({ shown, warnings })
    } catch (error) {
      if (error instanceof ConfigError) return JSON.stringify([error.message, error.problems, error.warnings])
      throw error
    }
  }
})
