import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseRequestHead } from './request-head.ts'

const plain = [
  'POST /v1/traces HTTP/1.1',
  'Host: localhost:4318',
  'User-Agent: OTel/1 (é)',
  'Content-Type: application/x-protobuf',
  'Content-Length: 3',
  'X-Empty:',
  'X-Padded:  a b\t ',
]
const headOf = (lines: readonly string[]): Buffer => Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')

test('reads a plain head up to the body', () => {
  expect(parseRequestHead(Buffer.concat([headOf(plain), Buffer.from('abc')]))).toEqual({
    method: 'POST',
    url: '/v1/traces',
    headers: {
      host: 'localhost:4318',
      'user-agent': 'OTel/1 (é)',
      'content-type': 'application/x-protobuf',
      'content-length': '3',
      'x-empty': '',
      'x-padded': 'a b',
    },
    contentLength: 3,
    isLast: false,
    bytes: headOf(plain).length,
  })
  expect(parseRequestHead(headOf([...plain, 'connection: Close']))?.isLast).toBe(true)
  expect(parseRequestHead(headOf([...plain, 'connection: Keep-Alive']))?.isLast).toBe(false)
})

const replaced = (index: number, line: string): string[] => plain.with(index, line)
test.each<[string, readonly string[]]>([
  ['a GET', replaced(0, 'GET /v1/traces HTTP/1.1')],
  ['HTTP/1.0', replaced(0, 'POST /v1/traces HTTP/1.0')],
  ['an absolute address', replaced(0, 'POST http://x/v1/traces HTTP/1.1')],
  ['two spaces', replaced(0, 'POST  /v1/traces HTTP/1.1')],
  ['no Host', replaced(1, 'X-Host: a')],
  ['no length', replaced(4, 'X: y')],
  ['a length with a sign', replaced(4, 'Content-Length: +3')],
  ['two lengths in one', replaced(4, 'Content-Length: 3, 3')],
  ['two lengths', [...plain, 'Content-Length: 3']],
  ['chunks', [...plain, 'Transfer-Encoding: chunked']],
  ['chunks of old', [...plain, 'transfer-encoding: ']],
  ['a client that waits for 100', [...plain, 'Expect: 100-continue']],
  ['another protocol', [...plain, 'Upgrade: h2c']],
  ['another protocol, announced', [...plain, 'Connection: keep-alive, upgrade']],
  ['a folded line', [...plain, ' more']],
  ['a space before the colon', [...plain, 'a : b']],
  ['a bare line feed', [...plain, 'a: b\nc: d']],
  ['a bare carriage return', [...plain, 'a: b\rc: d']],
  ['a zero byte', [...plain, 'a: \0']],
  ['no name', [...plain, ': a']],
  ['many blanks in front of a value, which a pattern would go through for each of them', [...plain, 'a:      b']],
  ['too many', [...plain, ...Array.from({ length: 64 }, (_, i) => `x-${i}: y`)]],
])('leaves %s to node:http', (_, lines) => {
  expect(parseRequestHead(headOf(plain))).toBeDefined()
  expect(parseRequestHead(headOf(lines))).toBeUndefined()
})

test('leaves a head without its end to node:http', () => {
  for (let bytes = 0; bytes < headOf(plain).length; bytes++) {
    expect(parseRequestHead(headOf(plain).subarray(0, bytes))).toBeUndefined()
  }
})

test('whatever it reads, node:http reads in the same way', async () => {
  const token = fc.stringMatching(/^[!#-'*+.^_`|~\w-]{1,8}$/)
  const text = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)),
    maxLength: 8,
  })
  const header = fc.tuple(token, fc.constantFrom('', ' ', '\t '), fc.oneof(text, fc.string({ maxLength: 8 })))
  const lines = fc
    .array(header, { maxLength: 5 })
    .map((headers) => [...plain, ...headers.map(([name, space, value]) => `${name}:${space}${value}`)])
  const change = fc.tuple(
    fc.nat(),
    fc.constantFrom(0, 1),
    fc.constantFrom('', ' ', '\t', '\r', '\n', ':', '0', 'é', '\0'),
  )
  const changed = fc.tuple(lines, fc.option(change)).map(([all, edit]) => {
    const text = headOf(all).toString('latin1')
    if (edit === null) return Buffer.from(text, 'latin1')
    const at = edit[0] % text.length
    return Buffer.from(text.slice(0, at) + edit[2] + text.slice(at + edit[1]), 'latin1')
  })
  let read = 0
  await fc.assert(
    fc.asyncProperty(changed, async (bytes) => {
      const head = parseRequestHead(bytes)
      if (head === undefined) return
      read++
      const { method, url, headers, httpVersion } = await readByNode(bytes)
      expect({ method, url, headers: { ...headers }, httpVersion }).toEqual({
        method: head.method,
        url: head.url,
        headers: { ...head.headers },
        httpVersion: '1.1',
      })
    }),
    { numRuns: 1000 },
  )
  expect(read).toBeGreaterThan(200)
})

function readByNode(bytes: Buffer): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const server = createServer(resolve)
    server.on('clientError', reject)
    const connection = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
    server.emit('connection', connection)
    connection.push(bytes)
  })
}
