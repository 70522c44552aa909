import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../../component.ts'
import { TIMEOUT_ANSWER } from './bad-client.ts'
import { ANNOUNCED_BYTES_MAX } from './body-memory.ts'
import type { BodyMemory } from './body-memory.ts'
import type { Admitted, Answer, HttpHandler } from './http-handler.ts'
import { parseRequestHead } from './request-head.ts'
import { takeOver } from './take-over.ts'

export interface FastConnectionOptions {
  readonly handler: HttpHandler
  readonly memory: BodyMemory
  readonly clock: Clock
  readonly bodyBytesMax: number
  readonly keepsAlive: boolean
  /** 0 waits for ever, here and below. */
  readonly headTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly idleTimeoutMs: number
  /** Takes the connection for the rest of its life: `bytes` were read from it and are the next ones. */
  handOver(socket: Socket, bytes: Buffer): void
  /** A request was answered here. */
  answered(): void
  /** A request was not complete in time. */
  late(): void
  /** It has ended or is handed over. */
  left(connection: FastConnection): void
}

interface Body {
  readonly request: Admitted
  readonly isLast: boolean
  /** Pooled, at least `length` bytes. */
  readonly memory: Buffer
  readonly length: number
  received: number
}

const HEAD_BYTES_MAX = 16 * 1024
/** Of all connections: what is read into it is dealt with before anything else is read. */
const headBuffer = Buffer.allocUnsafeSlow(HEAD_BYTES_MAX)

/** A client may use a connection at the very end of the time that it was promised. */
const IDLE_GRACE_MS = 1000

/**
 * Reads the plain requests of one connection: a head that comes in one piece and can be admitted, a body of known length, no second request before the
 * answer. A body goes from the kernel into pooled memory at its place. At the first head that is not so, the connection is handed over.
 */
export class FastConnection {
  readonly #options: FastConnectionOptions
  readonly #socket: Socket
  /** What is being read; none between requests and while one is answered. */
  #body: Body | undefined
  #stage: 'waiting' | 'reading' | 'answering' | 'handed over' = 'waiting'
  #isClosing = false
  #cancelTimer = (): void => {}
  readonly #ended = (): void => void this.#socket.destroy()
  readonly #closed = (): void => this.#leave()

  /** Throws when the socket can't be taken over. */
  constructor(accepted: Socket, options: FastConnectionOptions) {
    this.#options = options
    this.#socket = takeOver(accepted, {
      buffer: () => this.#buffer(),
      read: (count, buffer) => this.#read(count, buffer),
    })
    this.#socket.on('end', this.#ended).on('close', this.#closed).on('error', ignore)
    this.#limit(options.headTimeoutMs, this.#late)
  }

  /** Ends at once when no request is under way, else with its answer. */
  close(): void {
    this.#isClosing = true
    if (this.#stage === 'waiting') this.#socket.destroy()
  }

  #buffer(): Uint8Array {
    const body = this.#body
    return body === undefined ? headBuffer : body.memory.subarray(body.received, body.length)
  }

  /** False: read no more for now. */
  #read(count: number, buffer: Uint8Array): boolean {
    if (this.#stage === 'handed over') return this.#socket.push(Buffer.from(buffer.subarray(0, count)))
    if (this.#body === undefined) this.#body = this.#begin(headBuffer.subarray(0, count))
    else this.#body.received += count
    const body = this.#body
    if (body === undefined) {
      this.#handOver(Buffer.from(headBuffer.subarray(0, count)))
      return false
    }
    if (body.received < body.length) return true
    this.#body = undefined
    void this.#answer(body)
    return false
  }

  /** Undefined when the request is not for us. */
  #begin(bytes: Buffer): Body | undefined {
    const { handler, memory, bodyBytesMax, requestTimeoutMs, keepsAlive } = this.#options
    const head = parseRequestHead(bytes)
    if (head === undefined) return undefined
    const { contentLength: length, isLast } = head
    if (length > bodyBytesMax || length > ANNOUNCED_BYTES_MAX || !memory.hasRoomForPromise(length)) return undefined
    const received = bytes.length - head.bytes
    if (received > length) return undefined
    const request = handler.admit(head)
    if (request.outcome !== 'admitted') return undefined
    const body = { request, isLast: isLast || !keepsAlive, memory: memory.take(length), length, received }
    bytes.copy(body.memory, 0, head.bytes)
    this.#stage = 'reading'
    if (received < length) this.#limit(requestTimeoutMs, this.#late)
    return body
  }

  async #answer({ request, memory, length, isLast }: Body): Promise<void> {
    this.#stage = 'answering'
    this.#cancelTimer()
    const answer = await this.#options.handler.take(request, memory.subarray(0, length))
    this.#options.memory.give(memory)
    this.#options.answered()
    const socket = this.#socket
    if (socket.destroyed) return
    const isEnd = isLast || this.#isClosing
    this.#send(answer, isEnd)
    if (isEnd) return void socket.destroySoon()
    this.#stage = 'waiting'
    const { idleTimeoutMs } = this.#options
    if (idleTimeoutMs > 0) this.#limit(idleTimeoutMs + IDLE_GRACE_MS, this.#ended)
    if (socket.writableNeedDrain) socket.once('drain', () => socket.resume())
    else socket.resume()
  }

  #send({ status, headers, body }: Answer, isEnd: boolean): void {
    const { clock, idleTimeoutMs } = this.#options
    const all = {
      date: new Date(clock.now()).toUTCString(),
      ...headers,
      ...(isEnd ? { connection: 'close' } : { connection: 'keep-alive' }),
      ...(isEnd || idleTimeoutMs === 0 ? {} : { 'keep-alive': `timeout=${Math.floor(idleTimeoutMs / 1000)}` }),
    }
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`
    for (const [name, value] of Object.entries(all)) head += `${name}: ${value}\r\n`
    this.#socket.write(Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), body]))
  }

  #handOver(bytes: Buffer): void {
    const socket = this.#socket
    this.#stage = 'handed over'
    this.#cancelTimer()
    // After the read that is going on: it ends with a stop, the new owner begins with a start.
    process.nextTick(() => {
      if (socket.destroyed) return
      socket.off('end', this.#ended).off('close', this.#closed).off('error', ignore)
      this.#options.left(this)
      this.#options.handOver(socket, bytes)
    })
  }

  readonly #late = (): void => {
    this.#options.late()
    this.#socket.write(TIMEOUT_ANSWER, 'latin1')
    this.#socket.destroy()
  }

  #limit(ms: number, late: () => void): void {
    this.#cancelTimer()
    if (ms > 0) this.#cancelTimer = this.#options.clock.after(ms, late)
  }

  #leave(): void {
    this.#cancelTimer()
    // Not before the end of the socket: until then the kernel's bytes may still go there.
    if (this.#body !== undefined) this.#options.memory.give(this.#body.memory)
    this.#body = undefined
    this.#options.left(this)
  }
}

const ignore = (): void => {}
