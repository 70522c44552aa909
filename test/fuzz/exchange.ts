import { connect } from 'node:net'
import { FuzzFault } from './fuzz-target.ts'

/** A server that has got all it will ever get must let go of the connection. */
const CLOSE_MS_MAX = 10_000

/** Sends the bytes on a connection of their own, says that nothing follows, and resolves with all that came back when the server has closed. */
export function exchange(port: number, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ port, host: '127.0.0.1' })
    const late = setTimeout(() => {
      socket.destroy()
      reject(new FuzzFault('the server keeps a connection on which nothing can follow'))
    }, CLOSE_MS_MAX)
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(late)
      resolve(Buffer.concat(chunks))
    })
    // Half of it first: what comes in two reads takes other ways than what comes in one.
    const half = bytes.length >> ((bytes[bytes.length >> 1] ?? 0) & 3)
    socket.write(bytes.subarray(0, half))
    setImmediate(() => socket.end(bytes.subarray(half)))
  })
}
