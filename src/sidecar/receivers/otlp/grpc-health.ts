import { ProtobufWriter } from '../../../otlp/protobuf-writer.ts'
import { unimplemented } from './grpc-call.ts'
import { readSmallMessages } from './grpc-stream.ts'
import type { GrpcStream } from './grpc-stream.ts'
import { protobufFields } from './protobuf-fields.ts'
import { CODE_INVALID_ARGUMENT, CODE_NOT_FOUND, CODE_RESOURCE_EXHAUSTED, CODE_UNAVAILABLE } from './rpc-status.ts'
import type { Refusal } from './rpc-status.ts'

/** grpc.health.v1.HealthCheckResponse.ServingStatus. */
const SERVING = 1
const NOT_SERVING = 2
const SERVICE_UNKNOWN = 3

const PREFIX = '/grpc.health.v1.Health/'
const REQUEST_BYTES_MAX = 1024
/** Of all connections. */
const WATCHERS_MAX = 100

/** grpc.health.v1.Health: what orchestrators and load balancers ask. All services that can be called are well until the receiver stops. */
export class GrpcHealth {
  readonly #services: ReadonlySet<string>
  readonly #watchers = new Set<GrpcStream>()
  #status = SERVING

  constructor(services: readonly string[]) {
    this.#services = new Set(['', ...services])
  }

  handles(path: string): boolean {
    return path.startsWith(PREFIX)
  }

  /** Undefined when the call is answered, or will be. */
  answer(call: GrpcStream, refused: (refusal: Refusal) => Refusal): void {
    const method = call.path.slice(PREFIX.length)
    const refuse = (refusal: Refusal): void => call.refuse(refused(refusal))
    if (!['Check', 'List', 'Watch'].includes(method)) return refuse(unimplemented('there are Check, List and Watch'))
    let service: string | undefined
    readSmallMessages(call.stream, REQUEST_BYTES_MAX, {
      message: (bytes) =>
        (service ??=
          protobufFields(bytes)
            ?.find(({ number }) => number === 1)
            ?.bytes.toString() ?? ''),
      end: (isBroken) => {
        if (isBroken || service === undefined) return refuse(oneMessage)
        if (method === 'List') return call.succeed(this.#list())
        if (method === 'Watch') return this.#watch(call, service, refuse)
        if (!this.#services.has(service)) return refuse(unknownService)
        call.succeed(health(this.#status))
      },
    })
  }

  /** Tells all who watch, and ends their calls: they would hold up the end of their connections. */
  close(): void {
    this.#status = NOT_SERVING
    for (const call of this.#watchers) {
      call.send(health(NOT_SERVING))
      call.finish(CODE_UNAVAILABLE, 'the receiver stops')
    }
  }

  #watch(call: GrpcStream, service: string, refuse: (refusal: Refusal) => void): void {
    if (this.#watchers.size >= WATCHERS_MAX) return refuse(tooManyWatchers)
    this.#watchers.add(call)
    call.stream.once('close', () => this.#watchers.delete(call))
    call.send(health(this.#services.has(service) ? this.#status : SERVICE_UNKNOWN))
  }

  #list(): Buffer {
    const list = new ProtobufWriter()
    for (const service of this.#services) {
      list.message(1, (entry) => entry.string(1, service).bytes(2, health(this.#status)))
    }
    return list.finish()
  }
}

const health = (status: number): Buffer => new ProtobufWriter().varint(1, status).finish()

const refusal = (code: number, httpStatus: number, message: string): Refusal => ({ code, httpStatus, message })
const unknownService = refusal(CODE_NOT_FOUND, 404, 'there is no such service')
const oneMessage = refusal(CODE_INVALID_ARGUMENT, 400, 'one small message is wanted')
const tooManyWatchers = refusal(CODE_RESOURCE_EXHAUSTED, 429, `there are ${WATCHERS_MAX} watchers already`)
