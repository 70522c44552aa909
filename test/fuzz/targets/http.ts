import { gzipSync, zstdCompressSync } from 'node:zlib'
import { startReceiver } from '../../support/running-receiver.ts'
import { exchange } from '../exchange.ts'
import { must } from '../fuzz-target.ts'
import type { FuzzTarget } from '../fuzz-target.ts'
import { mutateBytes } from '../mutate-bytes.ts'
import { ProtobufMutator } from '../protobuf-mutator.ts'
import type { Random } from '../random.ts'
import type { Seeds } from '../seeds.ts'

const LINES = [
  ...'content-length: 0|Content-Length: 5|content-length: -1|content-length: 99999999999|content-length: 1e3|content-length : 4'.split(
    '|',
  ),
  ...'transfer-encoding: chunked|Transfer-Encoding: gzip, chunked|expect: 100-continue|connection: close|connection: upgrade|upgrade: h2c'.split(
    '|',
  ),
  ...'content-encoding: gzip|content-encoding: zstd, gzip|content-encoding: x|content-type: text/plain|content-type: application/json'.split(
    '|',
  ),
  ...'host:|host: evil.example|origin: http://x|x-spanwarden-request-id: 1| folded: x|bad header|: x|a:\0|x: é'.split(
    '|',
  ),
  `x: ${'a'.repeat(20_000)}`,
]
const ANSWERS = /^HTTP\/1\.1 (?:100|200|204|4\d\d|503) /
const TEXT = 'latin1'

/** Bytes on a connection to the OTLP/HTTP receiver: one request and what is left of it, or several. */
export async function httpTarget({ protobuf, json }: Seeds): Promise<FuzzTarget> {
  const receiver = await startReceiver()
  const { port } = new URL(receiver.http)
  const mutator = new ProtobufMutator(protobuf.traces)
  const sound = requestOf('POST', ['content-type: application/x-protobuf'], protobuf.traces.at(-1) ?? Buffer.alloc(0))
  return {
    input(random) {
      const requests = Array.from({ length: random.chance(0.2) ? 2 : 1 }, () => request(random, mutator, json.traces))
      const bytes = Buffer.concat(requests)
      return random.chance(0.4) ? mutateBytes(random, bytes, requests, 1 + random.size(4)) : bytes
    },
    async run(input) {
      const answer = (await exchange(Number(port), input)).toString(TEXT)
      must(answer === '' || ANSWERS.test(answer), `an answer that should not be: ${answer.slice(0, 40)}`)
      receiver.received.length = 0
    },
    async check() {
      const answer = await exchange(Number(port), sound)
      must(answer.toString(TEXT).startsWith('HTTP/1.1 200 '), 'a good request is not answered 200 any more')
      must(receiver.logged.length === 0, `something was logged: ${receiver.logged[0] ?? ''}`)
    },
    close: () => receiver.stop(),
  }
}

function request(random: Random, mutator: ProtobufMutator, json: readonly Buffer[]): Buffer {
  const isJson = random.chance(0.2)
  const plain = isJson ? random.pick(json) : mutator.mutate(random)
  const encoding = random.pick(['', '', 'gzip', 'zstd'])
  const body = encoding === 'gzip' ? gzipSync(plain) : encoding === 'zstd' ? zstdCompressSync(plain) : plain
  const headers = [`content-type: application/${isJson ? 'json' : 'x-protobuf'}`]
  if (encoding !== '') headers.push(`content-encoding: ${encoding}`)
  if (random.chance(0.5)) headers.splice(random.below(3), random.below(2), random.pick(LINES))
  const method = random.chance(0.1) ? random.pick(['GET', 'OPTIONS', 'PUT', 'post', 'PRI * HTTP/2.0']) : 'POST'
  return requestOf(
    method,
    headers,
    body,
    random.chance(0.2) ? random.below(3 * body.length) : body.length,
    random.chance(0.1),
  )
}

function requestOf(
  method: string,
  headers: readonly string[],
  body: Buffer,
  length = body.length,
  isChunked = false,
): Buffer {
  const framing = isChunked ? 'transfer-encoding: chunked' : `content-length: ${length}`
  const head = `${[`${method} /v1/traces HTTP/1.1`, 'host: 127.0.0.1', framing, ...headers].join('\r\n')}\r\n\r\n`
  const chunks = isChunked
    ? [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]
    : [body]
  return Buffer.concat([Buffer.from(head, TEXT), ...chunks])
}
