import { once } from 'node:events'
import { createServer, Socket } from 'node:net'
import type { Server } from 'node:net'
import type { Clock } from '../../component.ts'

/** Where the bytes of a connection go. */
export interface SocketReader {
  /** Memory for the next read: asked for once at the beginning and then after each `read`. */
  buffer(): Uint8Array
  /** So many bytes are in what `buffer` returned. False: no more until `resume`. */
  read(bytes: number, buffer: Uint8Array): boolean
}

/**
 * A socket for an accepted connection that reads into the reader's memory. node:net offers that (`onread`) for sockets that one opens, not for those that a
 * server accepts, hence the step over the handle; a plain socket allocates 64 kB for every read. The accepted socket is used up: it ends with the new one,
 * so that its server counts right. Throws when there is no handle.
 */
export function takeOver(accepted: Socket, reader: SocketReader): Socket {
  const handle: unknown = Reflect.get(accepted, '_handle')
  if (!isHandle(handle)) throw new TypeError('the socket has no handle that reads into given memory')
  Reflect.set(accepted, '_handle', null)
  const onread = {
    buffer: () => reader.buffer(),
    callback: (bytes: number, buffer: Uint8Array) => reader.read(bytes, buffer),
  }
  const socket: Socket = Reflect.construct(Socket, [{ handle, onread, allowHalfOpen: true }])
  socket.once('close', () => accepted.destroy())
  return socket
}

const isHandle = (handle: unknown): handle is object =>
  typeof handle === 'object' &&
  handle !== null &&
  'useUserBuffer' in handle &&
  typeof handle.useUserBuffer === 'function'

const TRIAL_MS_MAX = 2000
const TRIAL_TEXT = 'into one buffer, stopped, and into the next'
const TRIAL_BUFFER_BYTES = 16

let trial: Promise<boolean> | undefined

/** Whether `takeOver` does what it says in this Node.js, tried once on a connection to ourselves. */
export const takeOverWorks = (clock: Clock): Promise<boolean> => (trial ??= tryTakeOver(clock))

async function tryTakeOver(clock: Clock): Promise<boolean> {
  const server = createServer({ allowHalfOpen: true })
  const client = new Socket()
  const late = Promise.withResolvers<false>()
  const cancel = clock.after(TRIAL_MS_MAX, () => late.resolve(false))
  try {
    return await Promise.race([echoes(server, client), late.promise])
  } catch {
    return false
  } finally {
    cancel()
    client.destroy()
    server.close()
  }
}

/** The text comes back in pieces of the buffer, one for each `resume`, and the server ends when the connection does. */
async function echoes(server: Server, client: Socket): Promise<boolean> {
  const buffers = [Buffer.alloc(TRIAL_BUFFER_BYTES), Buffer.alloc(TRIAL_BUFFER_BYTES)]
  let reads = 0
  let isStopped = false
  let isSound = true
  server.on('connection', (accepted) => {
    const next = (): Buffer => buffers[reads % buffers.length] ?? Buffer.alloc(0)
    const socket = takeOver(accepted, {
      buffer: next,
      read(bytes, buffer) {
        isSound &&= !isStopped && buffer === next()
        reads++
        isStopped = true
        socket.write(buffer.subarray(0, bytes), () => {
          isStopped = false
          socket.resume()
        })
        return false
      },
    })
    socket.on('end', () => socket.end())
  })
  server.listen({ port: 0, host: '127.0.0.1', exclusive: true })
  await once(server, 'listening')
  const address = server.address()
  client.connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1')
  let text = ''
  client.setEncoding('latin1').on('data', (piece: string) => {
    text += piece
    if (text.length >= TRIAL_TEXT.length) client.end()
  })
  client.write(TRIAL_TEXT, 'latin1')
  await once(client, 'close')
  const closed = once(server, 'close')
  server.close()
  await closed
  return isSound && text === TRIAL_TEXT && reads === Math.ceil(TRIAL_TEXT.length / TRIAL_BUFFER_BYTES)
}
