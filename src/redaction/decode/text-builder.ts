import type { Derived } from '../matches.ts'

/** Writes a text that is made out of bytes of another one, and remembers where they come from. */
export class TextBuilder implements Derived {
  #bytes: Uint8Array
  #length = 0
  /** For each part the offset in the text, and the range in the source: three numbers. A part as long as its source is a copy of it. */
  #parts = new Int32Array(PARTS * 3)
  #count = 0

  /** `bytesMax`: the text is never longer. */
  constructor(bytesMax: number) {
    this.#bytes = new Uint8Array(bytesMax)
  }

  get bytes(): Uint8Array {
    return this.#bytes.length === this.#length ? this.#bytes : this.#bytes.subarray(0, this.#length)
  }

  get length(): number {
    return this.#length
  }

  copy(source: Uint8Array, from: number, to: number): void {
    if (from >= to) return
    this.#part(from, to)
    if (to - from < SHORT_BYTES) for (let at = from; at < to; at++) this.#bytes[this.#length++] = source[at] as number
    else {
      this.#bytes.set(source.subarray(from, to), this.#length)
      this.#length += to - from
    }
  }

  /** One byte that [from, to) of the source stand for as a whole. */
  put(byte: number, from: number, to: number): void {
    this.#part(from, to)
    this.#bytes[this.#length++] = byte
  }

  /** Bytes that [from, to) of the source stand for as a whole, and none of them for a part of it. */
  putAll(bytes: Uint8Array, from: number, to: number): void {
    if (bytes.length === to - from) for (const byte of bytes) this.put(byte, from, to)
    else {
      this.#part(from, to)
      this.#bytes.set(bytes, this.#length)
      this.#length += bytes.length
    }
  }

  /** The character as UTF-8; each of its bytes stands for the whole range. */
  putCharacter(code: number, from: number, to: number): void {
    if (code < 0x80) return this.put(code, from, to)
    if (code < 0x800) this.put(0xc0 | (code >> 6), from, to)
    else if (code < 0x10000) {
      this.put(0xe0 | (code >> 12), from, to)
      this.put(0x80 | ((code >> 6) & 63), from, to)
    } else {
      this.put(0xf0 | (code >> 18), from, to)
      this.put(0x80 | ((code >> 12) & 63), from, to)
      this.put(0x80 | ((code >> 6) & 63), from, to)
    }
    this.put(0x80 | (code & 63), from, to)
  }

  /** The range of the source that [start, end) of the text stands for. */
  origin(start: number, end: number): { start: number; end: number } {
    const first = this.#partAt(start)
    const last = this.#partAt(end - 1)
    return {
      start: this.#isCopy(first) ? this.#from(first) + start - this.#place(first) : this.#from(first),
      end: this.#isCopy(last) ? this.#from(last) + end - this.#place(last) : this.#to(last),
    }
  }

  #part(from: number, to: number): void {
    const at = this.#count++ * 3
    if (at === this.#parts.length) this.#parts = grown(this.#parts)
    this.#parts[at] = this.#length
    this.#parts[at + 1] = from
    this.#parts[at + 2] = to
  }

  #place(part: number): number {
    return part < this.#count ? (this.#parts[part * 3] as number) : this.#length
  }

  #from(part: number): number {
    return this.#parts[part * 3 + 1] as number
  }

  #to(part: number): number {
    return this.#parts[part * 3 + 2] as number
  }

  #isCopy(part: number): boolean {
    return this.#place(part + 1) - this.#place(part) === this.#to(part) - this.#from(part)
  }

  /** The last part that begins at or before the offset. */
  #partAt(offset: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#place(middle) <= offset) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}

/** Room at first. */
const PARTS = 8
/** Up to here a loop is faster than a call. */
const SHORT_BYTES = 24

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 4)
  larger.set(array)
  return larger
}
