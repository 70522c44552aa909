import { gunzipSync } from 'node:zlib'
import { ProtobufWriter } from '../../../otlp/protobuf-writer.ts'
import type { Clock } from '../../component.ts'
import { unimplemented } from './grpc-call.ts'
import { GRPC_DESCRIPTORS } from './grpc-descriptors.gen.ts'
import { readSmallMessages } from './grpc-stream.ts'
import type { GrpcStream } from './grpc-stream.ts'
import { protobufFields } from './protobuf-fields.ts'
import { CODE_DEADLINE_EXCEEDED, CODE_INVALID_ARGUMENT, CODE_NOT_FOUND, CODE_RESOURCE_EXHAUSTED } from './rpc-status.ts'
import type { Refusal } from './rpc-status.ts'

const PATHS = new Set(
  ['v1', 'v1alpha'].map((version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`),
)
const PREFIX = '/grpc.reflection.'
const REQUEST_BYTES_MAX = 4096
const STREAMS_MAX = 20
/** Of one stream. */
const REQUESTS_MAX = 1000
const STREAM_MS_MAX = 60_000

/** Fields of ServerReflectionRequest and ServerReflectionResponse. */
const FILE_BY_FILENAME = 3
const FILE_CONTAINING_SYMBOL = 4
const LIST_SERVICES = 7

interface DescribedFile {
  readonly bytes: Buffer
  readonly dependencies: readonly string[]
  /** Full names of messages, enums and services. */
  readonly symbols: readonly string[]
}

/** grpc.reflection.v1 and v1alpha: what can be called, with all messages, so that tools need no files. */
export class GrpcReflection {
  readonly #services: readonly string[]
  readonly #clock: Clock
  readonly #open = new Set<GrpcStream>()
  #files: ReadonlyMap<string, DescribedFile> | undefined

  /** `services` by their full names. */
  constructor(services: readonly string[], clock: Clock) {
    this.#services = services
    this.#clock = clock
  }

  handles(path: string): boolean {
    return path.startsWith(PREFIX)
  }

  answer(call: GrpcStream, refused: (refusal: Refusal) => Refusal): void {
    if (!PATHS.has(call.path)) return call.refuse(refused(unimplemented('there is ServerReflectionInfo')))
    if (this.#open.size >= STREAMS_MAX) return call.refuse(refused(tooManyStreams))
    this.#open.add(call)
    let requests = 0
    const finish = (code = 0, message = ''): void => {
      stop()
      call.stream.resume()
      call.finish(code, message)
    }
    const cancel = this.#clock.after(STREAM_MS_MAX, () =>
      finish(CODE_DEADLINE_EXCEEDED, 'the stream was open too long'),
    )
    const stop = readSmallMessages(call.stream, REQUEST_BYTES_MAX, {
      message: (bytes) => {
        if (++requests > REQUESTS_MAX) return finish(CODE_RESOURCE_EXHAUSTED, 'too many requests on one stream')
        call.send(this.#response(bytes))
      },
      end: (isBroken) => (isBroken ? finish(CODE_INVALID_ARGUMENT, 'a message is broken, or too large') : finish()),
    })
    call.stream.once('close', () => {
      cancel()
      this.#open.delete(call)
    })
  }

  close(): void {
    for (const call of this.#open) call.finish()
  }

  #response(request: Buffer): Buffer {
    const asked = protobufFields(request)?.findLast(({ number }) => number > 1)
    const response = new ProtobufWriter().bytes(2, request)
    const text = asked?.bytes.toString() ?? ''
    if (asked?.number === LIST_SERVICES) {
      response.message(6, (list) => {
        for (const service of this.#services) list.message(1, (entry) => entry.string(1, service))
      })
    } else if (asked?.number === FILE_BY_FILENAME || asked?.number === FILE_CONTAINING_SYMBOL) {
      const files = asked.number === FILE_BY_FILENAME ? this.#withDependencies(text) : this.#filesOf(text)
      if (files.length === 0) response.message(7, (error) => error.varint(1, CODE_NOT_FOUND).string(2, 'not found'))
      else response.message(4, (list) => files.forEach((file) => list.bytes(1, file)))
    } else {
      response.message(7, (error) => error.varint(1, CODE_NOT_FOUND).string(2, 'there are no extensions'))
    }
    return response.finish()
  }

  /** Of a message, an enum, a service, or something in one of them. */
  #filesOf(symbol: string): readonly Buffer[] {
    for (let name = symbol; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
      for (const [path, { symbols }] of this.#described()) {
        if (symbols.includes(name)) return this.#withDependencies(path)
      }
    }
    return []
  }

  #withDependencies(path: string, seen = new Set<string>()): readonly Buffer[] {
    const file = this.#described().get(path)
    if (file === undefined || seen.has(path)) return []
    seen.add(path)
    return [file.bytes, ...file.dependencies.flatMap((dependency) => this.#withDependencies(dependency, seen))]
  }

  #described(): ReadonlyMap<string, DescribedFile> {
    this.#files ??= new Map(fieldsOf(gunzipSync(Buffer.from(GRPC_DESCRIPTORS, 'base64')), 1).map(describedFile))
    return this.#files
  }
}

/** Fields of google.protobuf.FileDescriptorProto. */
function describedFile(bytes: Buffer): [path: string, DescribedFile] {
  const [path = '', prefix = ''] = [textOf(bytes, 1), textOf(bytes, 2)]
  const dependencies = fieldsOf(bytes, 3).map(String)
  const symbols = [4, 5, 6].flatMap((number) => fieldsOf(bytes, number).map((inner) => `${prefix}.${textOf(inner, 1)}`))
  return [path, { bytes, dependencies, symbols }]
}

const fieldsOf = (message: Buffer, number: number): Buffer[] =>
  (protobufFields(message) ?? []).filter((field) => field.number === number).map(({ bytes }) => bytes)

const textOf = (message: Buffer, number: number): string => fieldsOf(message, number)[0]?.toString() ?? ''

const tooManyStreams: Refusal = {
  code: CODE_RESOURCE_EXHAUSTED,
  httpStatus: 429,
  message: `there are ${STREAMS_MAX} streams of reflection already`,
}
