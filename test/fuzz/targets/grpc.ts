import { gzipSync, zstdCompressSync } from 'node:zlib'
import { startReceiver } from '../../support/running-receiver.ts'
import { exchange } from '../exchange.ts'
import { must } from '../fuzz-target.ts'
import type { FuzzTarget } from '../fuzz-target.ts'
import { callFrames, encodeFrames, mutateFrames, settingsFrame } from '../http2-frames.ts'
import type { Frame } from '../http2-frames.ts'
import { mutateBytes } from '../mutate-bytes.ts'
import { ProtobufMutator } from '../protobuf-mutator.ts'
import type { Random } from '../random.ts'
import type { Seeds } from '../seeds.ts'

const METHOD = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
const HEADERS = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', METHOD],
  [':authority', '127.0.0.1'],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
] as const
const OTHER_HEADERS = [
  ['grpc-encoding', 'gzip'],
  ['grpc-encoding', 'zstd'],
  ['grpc-encoding', 'snappy'],
  ['grpc-timeout', '1n'],
  ['grpc-timeout', '99999999999H'],
  ['content-type', 'application/json'],
  ['content-length', '3'],
  [':path', '/'],
  [':path', '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'],
  [':path', '/grpc.health.v1.Health/Check'],
  [':method', 'GET'],
  ['connection', 'close'],
  ['Upper', 'x'],
  ['x', 'y'.repeat(9000)],
  ['x-bin', '%%%'],
] as const

/** HTTP/2 bytes on a connection to the OTLP/gRPC receiver. */
export async function grpcTarget({ protobuf }: Seeds): Promise<FuzzTarget> {
  const receiver = await startReceiver()
  const { port } = new URL(receiver.grpc)
  const mutator = new ProtobufMutator(protobuf.traces)
  const good = encodeFrames([
    settingsFrame(),
    ...callFrames(1, HEADERS, message(protobuf.traces.at(-1) ?? Buffer.alloc(0), 0)),
  ])
  return {
    input(random) {
      const frames = [
        settingsFrame(),
        ...call(random, mutator, 1),
        ...(random.chance(0.3) ? call(random, mutator, 3) : []),
      ]
      if (random.chance(0.7)) mutateFrames(random, frames, 1 + random.size(6))
      const bytes = encodeFrames(frames)
      return random.chance(0.3) ? mutateBytes(random, bytes, [bytes], 1 + random.size(4)) : bytes
    },
    async run(input) {
      await exchange(Number(port), input)
      receiver.received.length = 0
    },
    async check() {
      await exchange(Number(port), good)
      must(receiver.received.length === 1, 'a good call is not taken any more')
      receiver.received.length = 0
      must(receiver.logged.length === 0, `something was logged: ${receiver.logged[0] ?? ''}`)
    },
    close: () => receiver.stop(),
  }
}

function call(random: Random, mutator: ProtobufMutator, stream: number): Frame[] {
  const headers: (readonly [string, string])[] = [...HEADERS]
  const plain = mutator.mutate(random)
  const packing = random.below(4)
  if (packing === 1) headers.push(['grpc-encoding', 'gzip'])
  if (packing === 2) headers.push(['grpc-encoding', 'zstd'])
  const body = packing === 1 ? gzipSync(plain) : packing === 2 ? zstdCompressSync(plain) : plain
  if (random.chance(0.3)) headers.splice(random.below(headers.length + 1), random.below(2), random.pick(OTHER_HEADERS))
  const flag = random.chance(0.1) ? random.below(256) : packing === 1 || packing === 2 ? 1 : 0
  return callFrames(stream, headers, message(body, flag, random.chance(0.1) ? random.word() : body.length))
}

function message(body: Buffer, flag: number, length = body.length): Buffer {
  const prefix = Buffer.alloc(5)
  prefix[0] = flag
  prefix.writeUInt32BE(length, 1)
  return Buffer.concat([prefix, body])
}
