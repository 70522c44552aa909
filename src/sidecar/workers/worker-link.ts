import type { Socket } from 'node:net'
import { RefusedError } from '../component.ts'
import type { OwnMetrics, Payload } from '../component.ts'
import type { Target } from '../held-deliveries.ts'
import { batchHead, FrameReader, readAnswer } from './frames.ts'

/** Batches that the first process has not answered; beyond, senders are told to come back. */
export const LINK_BYTES_MAX = 64 * 1024 * 1024
const BUSY_RETRY_AFTER_MS = 1000

interface Waiting {
  resolve(): void
  reject(error: RefusedError): void
}

/** The worker's end of the way to the first process. */
export class WorkerLink {
  readonly #socket: Socket
  readonly #waiting = new Map<number, Waiting>()
  #lastNumber = 0
  #bytes = 0

  constructor(socket: Socket, metrics: OwnMetrics) {
    this.#socket = socket
    const reader = new FrameReader((frame) => this.#answered(frame))
    socket.on('data', (chunk: Buffer) => reader.push(chunk))
    socket.on('error', () => {})
    socket.on('close', () => this.#closed())
    const text = 'Bytes of batches that the first process has not answered.'
    metrics.gauge('spanwarden_worker_link_bytes', text, {}, () => this.#bytes)
  }

  /** What stands behind the processors of a pipeline, in the first process. */
  target(pipeline: string): Target {
    return {
      checkRoom: (payload) => {
        if (this.#socket.destroyed) throw busy('the first process is gone')
        if (this.#bytes > 0 && this.#bytes + payload.bytes.length > LINK_BYTES_MAX)
          throw busy('the first process is behind')
      },
      deliver: (payload) => this.#send(pipeline, payload),
    }
  }

  async #send(pipeline: string, payload: Payload): Promise<void> {
    if (this.#socket.destroyed) throw busy('the first process is gone')
    const number = (this.#lastNumber = (this.#lastNumber + 1) >>> 0)
    const { length } = payload.bytes
    this.#bytes += length
    payload.retain()
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.set(number, { resolve, reject })
        this.#socket.cork()
        this.#socket.write(batchHead(number, pipeline, length))
        this.#socket.write(payload.bytes)
        this.#socket.uncork()
      })
    } finally {
      this.#bytes -= length
      payload.release()
    }
  }

  #answered(frame: Buffer): void {
    const { number, reason, message } = readAnswer(frame)
    const waiting = this.#waiting.get(number)
    this.#waiting.delete(number)
    if (reason === 'taken') waiting?.resolve()
    else
      waiting?.reject(new RefusedError(reason, message, reason === 'busy' ? { retryAfterMs: BUSY_RETRY_AFTER_MS } : {}))
  }

  #closed(): void {
    for (const { reject } of this.#waiting.values()) reject(busy('the first process is gone'))
    this.#waiting.clear()
  }
}

const busy = (message: string): RefusedError => new RefusedError('busy', message, { retryAfterMs: BUSY_RETRY_AFTER_MS })
