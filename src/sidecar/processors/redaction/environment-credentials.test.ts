import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../../redaction/redactor.ts'
import { credentialsIn, environmentSecrets } from './environment-credentials.ts'

const value = ['zq7', 'Wm2', 'xPl', '9Rt', '#d!'].join('')

describe('credentials of an environment', () => {
  test.each<[string, string, readonly string[]]>([
    ['OPENAI_API_KEY', value, [value]],
    ['SERVICE_TOKEN_2', value, [value]],
    ['DB_PASSWORD', 'correcthorsebatterystaple', ['correcthorsebatterystaple']],
    ['DATABASE_URL', `postgres://app:${encodeURIComponent(value)}@db/x`, [encodeURIComponent(value), value]],
    ['OTEL_EXPORTER_OTLP_HEADERS', `authorization=Bearer%20${value},x-env=prod`, [value]],
    ['TOKEN', 'short', []],
    ['NODE_AUTH', 'production', []],
    ['AUTH', 'Development', []],
    ['SSH_AUTH_SOCK', '/tmp/ssh-1a2b/agent.1', []],
    ['TLS_KEY', '/etc/tls/key1.pem', []],
    ['KEY_FILE', value, []],
    ['PWD', '/home/someone/app1', []],
    ['HOME', value, []],
    ['AUTH_URL', 'https://auth.example.com/1', []],
    ['MAX_TOKENS', '100000000', []],
  ])('%s=%s', (name, text, expected) => expect(credentialsIn({ [name]: text })).toEqual(expected))
})

test('they are taken out of what passes', () => {
  const redactor = createRedactor({ rules: [], live: environmentSecrets({ API_KEY: value, HOME: '/home/nora1' }) })
  const redact = (text: string): string => redactor.redactText(text).text
  expect(redact(`a ${value} b, /home/nora1`)).toBe('a [REDACTED:LIVE_SECRET] b, /home/nora1')
  expect(redact(JSON.stringify({ url: `?q=${encodeURIComponent(value)}` }))).toBe('{"url":"?q=[REDACTED:LIVE_SECRET]"}')
})
