import type { Redaction } from './redactor.ts'

/** A value as it stands behind its replacements. The text is good until the next one is made: most are looked at once. */
export class ReplacedText {
  #room = new Uint8Array(0)

  /** bytes[start, end) with the ascending ranges in it replaced. */
  of(bytes: Uint8Array, start: number, end: number, redactions: readonly Redaction[]): Uint8Array {
    let length = end - start
    for (const one of redactions) length += one.replacement.length - one.end + one.start
    if (this.#room.length < length) this.#room = new Uint8Array(Math.max(ROOM_BYTES_MIN, length * 2))
    let read = start
    let at = 0
    for (const one of redactions) {
      at = this.#copy(bytes, read, one.start, at)
      at = this.#copy(one.replacement, 0, one.replacement.length, at)
      read = one.end
    }
    this.#copy(bytes, read, end, at)
    const text = this.#room.subarray(0, length)
    // One large value is no reason to keep its room.
    if (this.#room.length > ROOM_BYTES_MAX) this.#room = new Uint8Array(0)
    return text
  }

  #copy(source: Uint8Array, from: number, to: number, at: number): number {
    const room = this.#room
    if (to - from > LOOP_BYTES_MAX) room.set(source.subarray(from, to), at)
    else for (let i = from, put = at; i < to; i++) room[put++] = source[i] as number
    return at + to - from
  }
}

const ROOM_BYTES_MIN = 4_096
const ROOM_BYTES_MAX = 1_048_576
/** Up to here a loop is faster than a call. */
const LOOP_BYTES_MAX = 96
