import type { IncomingMessage } from 'node:http'
import { BodyBuffer, tooLarge } from './body-memory.ts'
import type { BodyMemory } from './body-memory.ts'

/** Bytes of a refused body that are read and forgotten, so that the client gets to read the answer; then the connection is closed. */
export const DISCARDED_BYTES_MAX = 64 * 1024 * 1024

/** The client went away while it was sending. */
export class AbortedError extends Error {
  override readonly name = 'AbortedError'
}

/** Reads a request's body into pooled memory, to be released. Rejects with RefusedError, or with AbortedError when there is nobody to answer. */
export function readBody(request: IncomingMessage, memory: BodyMemory, bytesMax: number): Promise<BodyBuffer> {
  return new Promise((resolve, reject) => {
    const announced = Number(request.headers['content-length'] ?? 0)
    if (announced > bytesMax) throw tooLarge(bytesMax)
    const body = new BodyBuffer(memory, bytesMax, announced)
    const settle = (outcome: () => void): void => {
      request.off('data', add)
      request.off('end', ended)
      request.off('close', closed)
      outcome()
    }
    const fail = (error: unknown): void =>
      settle(() => {
        body.release()
        reject(error)
      })
    const add = (chunk: Buffer): void => {
      try {
        body.add(chunk)
      } catch (error) {
        fail(error)
      }
    }
    const ended = (): void => settle(() => resolve(body))
    const closed = (): void => fail(new AbortedError('the client closed the connection'))
    request.on('data', add).on('end', ended).on('close', closed)
    request.on('error', () => {})
  })
}

/** Lets the rest of a refused body pass by. */
export function discardBody(request: IncomingMessage, bytesMax = DISCARDED_BYTES_MAX): void {
  let bytes = 0
  request.on('error', () => {})
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > bytesMax) request.destroy()
  })
}
