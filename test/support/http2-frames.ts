import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** HTTP/2 by hand (RFC 9113), for what no client library does. */

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
export const DATA = 0
export const HEADERS = 1
export const RST_STREAM = 3
export const SETTINGS = 4
export const PING = 6
export const GOAWAY = 7
export const WINDOW_UPDATE = 8
export const CONTINUATION = 9
export const END_STREAM = 1
export const END_HEADERS = 4

export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)])
/** A header field without indexing, both parts below 127 bytes. */
export const header = (name: string, value: string): Buffer =>
  Buffer.concat([Buffer.from([0]), text(name), text(value)])
/** `:method: POST` and `:scheme: http` of the static table, then the rest of a gRPC request. */
export const grpcHeaders = (path: string): Buffer =>
  Buffer.concat([
    Buffer.from([0x83, 0x86]),
    header(':path', path),
    header(':authority', 'localhost'),
    header('content-type', 'application/grpc'),
    header('te', 'trailers'),
  ])

export interface RawHttp2 {
  readonly socket: Socket
  readonly isClosed: boolean
  readonly closed: Promise<void>
  /** Codes of GOAWAY frames so far. */
  goaways(): number[]
  /** Writes what `make` gives until the connection is closed, `rounds` times at most; the number of times. */
  flood(make: (round: number) => Buffer, rounds: number): Promise<number>
}

/** A connection on which preface and settings are sent, unless it is to be silent. */
export async function rawHttp2(url: string, isSilent = false): Promise<RawHttp2> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  let received = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => (received = Buffer.concat([received, chunk])))
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  if (!isSilent) socket.write(Buffer.concat([PREFACE, frame(SETTINGS, 0, 0), frame(SETTINGS, 1, 0)]))
  const drained = (): Promise<void> => new Promise((resolve) => socket.once('drain', resolve))
  return {
    socket,
    get isClosed() {
      return socket.destroyed
    },
    closed,
    goaways() {
      const codes: number[] = []
      for (let at = 0; at + 9 <= received.length; at += 9 + received.readUIntBE(at, 3)) {
        if (received[at + 3] === GOAWAY && at + 17 <= received.length) codes.push(received.readUInt32BE(at + 13))
      }
      return codes
    },
    async flood(make, rounds) {
      let round = 0
      for (; round < rounds && !socket.destroyed; round++) {
        if (!socket.write(make(round))) await Promise.race([drained(), closed])
        else if (round % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      return round
    },
  }
}
