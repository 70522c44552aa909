import { describe, expect, test } from 'vitest'
import { lastWay } from './last-requests.ts'
import type { LastWay } from './last-requests.ts'

const id = '0123456789abcdef'
const running = { id, isRunning: true }
const stopped = { id, isRunning: false }
const local = 'http://127.0.0.1:4318/v1/traces'

describe('where the last requests of a process go', () => {
  const cases: readonly [string, string, string | undefined, typeof running | undefined, LastWay][] = [
    ['no answer yet, a sidecar runs here', local, undefined, running, 'spool'],
    ['no answer yet, the sidecar was stopped', local, undefined, stopped, 'flush'],
    ['no answer yet, no sidecar was ever here', local, undefined, undefined, 'flush'],
    ['a sidecar that reads this spool has answered', local, id, running, 'spool'],
    ['it was stopped since', local, id, stopped, 'spool'],
    ['a sidecar with another state folder has answered', local, 'fedcba9876543210', running, 'send'],
    ['a sidecar whose folder is not to be seen here has answered', local, id, undefined, 'send'],
    ['some other collector has answered', local, '', running, 'send'],
    ['the receiver is on another host', 'https://otlp.example.com/v1/traces', undefined, running, 'send'],
    ['it is on another host and reads a spool, by chance of the same id', 'http://sidecar:4318/', id, running, 'send'],
  ]
  test.each(cases)('%s', (_, url, spoolId, reader, way) => {
    expect(lastWay({ url, spoolId, reader })).toBe(way)
  })

  test.each(['http://localhost:4318/', 'http://[::1]:4318/', 'https://127.8.9.1/', 'http://LOCALHOST/'])(
    '%s is this host',
    (url) => expect(lastWay({ url, spoolId: undefined, reader: running })).toBe('spool'),
  )

  test.each([
    'http://127.0.0.1.example.com/',
    'http://localhost.example.com/',
    'http://10.0.0.1/',
    'http://0x7f.example/',
  ])('%s is not', (url) => expect(lastWay({ url, spoolId: undefined, reader: running })).toBe('send'))
})
