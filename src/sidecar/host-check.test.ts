import { expect, test } from 'vitest'
import { controlRoutes } from './control-routes.ts'
import { hostCheck } from './host-check.ts'

test.each([
  ['127.0.0.1', '127.0.0.1:8080', true],
  ['127.0.0.1', 'LOCALHOST:8080', true],
  ['::1', '[::1]:8080', true],
  ['127.0.0.1', '10.0.0.5:8080', false],
  ['127.0.0.1', 'spanwarden', false],
  ['127.0.0.1', 'evil.example', false],
  // Published to 127.0.0.1, probed by the pod's address, called by a service's name.
  ['0.0.0.0', '127.0.0.1:8080', true],
  ['0.0.0.0', 'localhost:8080', true],
  ['0.0.0.0', '10.244.1.7:8090', true],
  ['::', '[fd00::7]:8090', true],
  ['0.0.0.0', 'spanwarden:8080', true],
  ['0.0.0.0', 'host.docker.internal:8080', true],
  ['0.0.0.0', 'support-metrics.default.svc.cluster.local:8090', true],
  ['0.0.0.0', 'support-metrics.default.svc:8090', true],
  ['0.0.0.0', undefined, true],
  ['0.0.0.0', 'evil.example:8080', false],
  ['0.0.0.0', 'evil.example.', false],
  ['0.0.0.0', '127.0.0.1.evil.example:8080', false],
  ['0.0.0.0', 'internal.evil.example', false],
  ['10.0.0.5', 'evil.example:8080', false],
])('a listener at %s called %s', (listensAt, host, isAnswered) => {
  expect(hostCheck(listensAt, [])(host)).toBe(isAnswered)
  expect(hostCheck(listensAt, ['*'])(host)).toBe(true)
})

test('names that are allowed are answered, whatever their case and port', () => {
  for (const listensAt of ['127.0.0.1', '0.0.0.0']) {
    const mayAsk = hostCheck(listensAt, ['Agents.example.org'])
    expect([mayAsk('agents.EXAMPLE.org:443'), mayAsk('example.org')]).toEqual([true, false])
  }
})

test.each([
  ['0.0.0.0', '/api/log', 403],
  ['0.0.0.0', '/health', 403],
  ['0.0.0.0', '/', 403],
  ['0.0.0.0', '/livez', 200],
  ['0.0.0.0', '/livez?verbose', 200],
  ['127.0.0.1', '/livez', 403],
])('a foreign name asks a listener at %s for %s: %i', async (host, url, code) => {
  const unused = (): never => {
    throw new Error('not asked')
  }
  const options = {
    host,
    allowedHosts: [],
    health: unused,
    agents: () => [],
    forgetAgent: unused,
    recentLog: () => [],
    reload: unused,
  }
  const { statusCode, body } = await controlRoutes(options).inject({ url, headers: { host: 'evil.example' } })
  expect([statusCode, body.includes('service.http.allowed_hosts')]).toEqual([code, code === 403])
})
