/*
 * Batches between a worker and the first process, over a socket pair. A batch: length of the rest, number, length of the pipeline's id (32 bits each, little endian),
 * that id, the protobuf bytes. An answer: length of the rest, number, one byte for the reason, the message.
 */

/** Frames beyond are a fault of ours; a batch is at most 64 MiB. */
const FRAME_BYTES_MAX = 128 * 1024 * 1024
const LENGTH_BYTES = 4

export interface BatchFrame {
  readonly number: number
  readonly pipeline: string
  readonly bytes: Buffer
}

/** The head of a batch; the bytes follow it. */
export function batchHead(number: number, pipeline: string, byteLength: number): Buffer {
  const id = Buffer.from(pipeline)
  const head = Buffer.allocUnsafe(12 + id.length)
  head.writeUInt32LE(8 + id.length + byteLength, 0)
  head.writeUInt32LE(number, 4)
  head.writeUInt32LE(id.length, 8)
  id.copy(head, 12)
  return head
}

export function readBatch(frame: Buffer): BatchFrame {
  const idEnd = 8 + frame.readUInt32LE(4)
  return { number: frame.readUInt32LE(0), pipeline: frame.toString('utf8', 8, idEnd), bytes: frame.subarray(idEnd) }
}

const REASONS = ['taken', 'busy', 'failed', 'invalid', 'too_large'] as const
export interface AnswerFrame {
  readonly number: number
  readonly reason: (typeof REASONS)[number]
  readonly message: string
}

export function answerFrame({ number, reason, message }: AnswerFrame): Buffer {
  const text = Buffer.from(message)
  const frame = Buffer.allocUnsafe(9 + text.length)
  frame.writeUInt32LE(5 + text.length, 0)
  frame.writeUInt32LE(number, 4)
  frame.writeUInt8(REASONS.indexOf(reason), 8)
  text.copy(frame, 9)
  return frame
}

export function readAnswer(frame: Buffer): AnswerFrame {
  return {
    number: frame.readUInt32LE(0),
    reason: REASONS[frame.readUInt8(4)] ?? 'failed',
    message: frame.toString('utf8', 5),
  }
}

/** Puts frames together out of what a socket reads. */
export class FrameReader {
  readonly #onFrame: (frame: Buffer) => void
  #chunks: Buffer[] = []
  #bytes = 0

  /** The frame's memory is the callee's. */
  constructor(onFrame: (frame: Buffer) => void) {
    this.#onFrame = onFrame
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    for (let length = this.#nextLength(); length !== undefined; length = this.#nextLength()) {
      const all = this.#take(LENGTH_BYTES + length)
      this.#onFrame(all.subarray(LENGTH_BYTES))
    }
  }

  #nextLength(): number | undefined {
    if (this.#bytes < LENGTH_BYTES) return undefined
    const length = this.#peek(LENGTH_BYTES).readUInt32LE(0)
    if (length > FRAME_BYTES_MAX) throw new RangeError('a frame between workers is too long')
    return this.#bytes < LENGTH_BYTES + length ? undefined : length
  }

  /** The first chunk has so many bytes afterwards. */
  #peek(size: number): Buffer {
    const [first] = this.#chunks
    if (first !== undefined && first.length >= size) return first
    const all = Buffer.concat(this.#chunks)
    this.#chunks = [all]
    return all
  }

  #take(size: number): Buffer {
    const first = this.#peek(size)
    this.#bytes -= size
    if (first.length === size) this.#chunks.shift()
    else this.#chunks[0] = first.subarray(size)
    return first.subarray(0, size)
  }
}
