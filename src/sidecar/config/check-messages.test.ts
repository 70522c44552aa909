import { expect, test } from 'vitest'
import { components } from '../../../test/support/all-components.ts'
import { loadConfig } from '../config.ts'
import { ConfigError, problemLine } from './problem.ts'

function problemsIn(text: string): string[] {
  try {
    loadConfig([{ name: 'f.yaml', text }], components, { env: {}, readFile: () => '' })
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(problemLine)
    throw error
  }
}

const configWith = (exporter: string, service = 'extensions: [basicauth]', endpoint = '127.0.0.1:4318'): string => `
receivers: { otlp: { protocols: { http: { endpoint: '${endpoint}' } } } }
exporters: { otlp_http: { endpoint: 'http://127.0.0.1:9', auth: { authenticator: basicauth }, ${exporter} }, debug: }
extensions: { basicauth: { client_auth: { username: a, password: b } } }
service: { ${service}, pipelines: { traces: { receivers: [otlp], exporters: [otlp_http, debug] } } }`

test.each(['sending_queu', 'retry_on_failur'])('%s: the keys of the queue are suggested, too', (key) => {
  expect(problemsIn(configWith(`${key}: {}`))).toEqual([
    expect.stringMatching(new RegExp(`${key}: unknown key; did you mean ${key}e\\?$`)),
  ])
})

test('exporters without a queue are not told to have one', () => {
  const text = configWith('timeout: 1s').replace('debug: }', 'debug: { sending_queu: {} } }')
  expect(problemsIn(text)).toEqual([expect.not.stringContaining('sending_queue')])
})

test('a mistake in a pipeline does not make started extensions missing', () => {
  const text = configWith('timeout: 1s').replace('receivers: [otlp]', 'receivers: otlp')
  expect(problemsIn(text)).toEqual([expect.stringContaining('service.pipelines.traces.receivers: ')])
})

test.each([
  ["'unix:///run/s.sock'", 1, 0],
  ["'unix:///run/s.sock'", 2, 1],
  ["'/run/s.sock', transport: unix", 2, 1],
  ["'127.0.0.1:4318'", 2, 0],
])('endpoint %s with %i workers: %i mistakes', (endpoint, workers, mistakes) => {
  const text = configWith('timeout: 1s', `workers: ${workers}, extensions: [basicauth]`).replace(
    "'127.0.0.1:4318'",
    endpoint,
  )
  const says = 'receivers.otlp.protocols.http.endpoint: a socket file is for one process'
  expect(problemsIn(text)).toEqual(Array(mistakes).fill(expect.stringContaining(says)))
})

test('what stands in YAML is named as in YAML', () => {
  expect(problemsIn(configWith('headers: [a], timeout: 1s').replace('receivers: [otlp]', 'receivers: otlp'))).toEqual([
    expect.stringContaining('expected map, received list'),
    expect.stringContaining('expected list, received string'),
  ])
})
