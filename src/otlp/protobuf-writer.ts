import type { AttributeValue } from './edits.ts'

const SIZE_START = 256
/** Up to this length a loop is faster than a call into the runtime. */
const SHORT_TEXT = 48

/**
 * Writes Protocol Buffers fields one after the other. A nested message is written by a callback; its length is put in front afterwards.
 *
 *     new ProtobufWriter().message(1, (w) => w.string(1, 'name').fixed64(7, 12n)).finish()
 */
export class ProtobufWriter {
  #bytes = Buffer.allocUnsafe(SIZE_START)
  #at = 0

  get length(): number {
    return this.#at
  }

  /** What was written, as a view on the writer's memory: the writer is not to be used afterwards. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }

  /** int32, int64, uint32, uint64, bool and enum fields; negative numbers are written as int64. */
  varint(field: number, value: number | bigint): this {
    this.#tag(field, 0)
    this.#varint(value)
    return this
  }

  fixed64(field: number, value: bigint): this {
    this.#tag(field, 1)
    this.#reserve(8)
    this.#at = this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.#at)
    return this
  }

  fixed32(field: number, value: number): this {
    this.#tag(field, 5)
    this.#reserve(4)
    this.#at = this.#bytes.writeUInt32LE(value >>> 0, this.#at)
    return this
  }

  double(field: number, value: number): this {
    this.#tag(field, 1)
    this.#reserve(8)
    this.#at = this.#bytes.writeDoubleLE(value, this.#at)
    return this
  }

  string(field: number, value: string): this {
    this.#tag(field, 2)
    // Almost all names and short values are ASCII: one byte a character, so the length is known before.
    if (value.length < SHORT_TEXT) {
      this.#reserve(1 + value.length)
      this.#bytes[this.#at++] = value.length
      if (this.#ascii(value)) return this
      this.#at--
    }
    this.#varint(Buffer.byteLength(value))
    return this.text(value)
  }

  /** A text without tag and length. */
  text(value: string): this {
    if (value.length < SHORT_TEXT) {
      this.#reserve(value.length)
      if (this.#ascii(value)) return this
    }
    this.#reserve(Buffer.byteLength(value))
    this.#at += this.#bytes.write(value, this.#at, 'utf8')
    return this
  }

  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, 2)
    this.#varint(value.length)
    return this.raw(value)
  }

  /** Fields that are encoded already. */
  raw(fields: Uint8Array): this {
    const { length } = fields
    this.#reserve(length)
    if (length >= SHORT_TEXT) this.#bytes.set(fields, this.#at)
    else for (let i = 0; i < length; i++) this.#bytes[this.#at + i] = fields[i] as number
    this.#at += length
    return this
  }

  message(field: number, write: (writer: this) => unknown): this {
    const body = this.#open(field)
    write(this)
    return this.#close(body)
  }

  packedFixed64(field: number, values: Iterable<bigint>): this {
    return this.message(field, () => {
      for (const value of values) {
        this.#reserve(8)
        this.#at = this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.#at)
      }
    })
  }

  packedDouble(field: number, values: Iterable<number>): this {
    return this.message(field, () => {
      for (const value of values) {
        this.#reserve(8)
        this.#at = this.#bytes.writeDoubleLE(value, this.#at)
      }
    })
  }

  packedVarint(field: number, values: Iterable<number | bigint>): this {
    return this.message(field, () => {
      for (const value of values) this.#varint(value)
    })
  }

  /** A KeyValue with its AnyValue. Integral numbers become int_value unless `asDouble`. */
  keyValue(field: number, key: string, value: AttributeValue, asDouble = false): this {
    const body = this.#open(field)
    this.string(1, key)
    const valueBody = this.#open(2)
    this.#anyValue(value, asDouble)
    return this.#close(valueBody).#close(body)
  }

  #anyValue(value: AttributeValue, asDouble: boolean): void {
    if (typeof value === 'string') this.string(1, value)
    else if (typeof value === 'boolean') this.varint(2, value ? 1 : 0)
    else if (typeof value === 'bigint') this.varint(3, value)
    else if (typeof value !== 'number') {
      const body = this.#open(5)
      for (const item of value) {
        const itemBody = this.#open(1)
        this.string(1, item).#close(itemBody)
      }
      this.#close(body)
    } else if (asDouble || !Number.isSafeInteger(value)) this.double(4, value)
    else this.varint(3, value)
  }

  /** Begins a message, with room for a length of one byte; returns where its content begins. */
  #open(field: number): number {
    this.#tag(field, 2)
    this.#reserve(1)
    return ++this.#at
  }

  /** Ends the message whose content begins at `body`: writes its length. */
  #close(body: number): this {
    const size = this.#at - body
    const lengthSize = varintSize(size)
    if (lengthSize > 1) {
      this.#reserve(lengthSize - 1)
      this.#bytes.copyWithin(body + lengthSize - 1, body, this.#at)
    }
    this.#at = body - 1
    this.#varint(size)
    this.#at += size
    return this
  }

  /** Writes the text when it is ASCII. There is room for it. */
  #ascii(value: string): boolean {
    const bytes = this.#bytes
    const at = this.#at
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i)
      if (code > 0x7f) return false
      bytes[at + i] = code
    }
    this.#at = at + value.length
    return true
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire)
  }

  #varint(value: number | bigint): void {
    this.#reserve(10)
    if (typeof value === 'bigint' || value < 0 || value > 0xffffffff) {
      let rest = BigInt.asUintN(64, BigInt(value))
      while (rest > 0x7fn) {
        this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80
        rest >>= 7n
      }
      this.#bytes[this.#at++] = Number(rest)
      return
    }
    let rest = value
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#bytes[this.#at++] = rest
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + size))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }
}

/** Bytes that a non-negative safe integer takes as a varint. */
export function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) size++
  return size
}

/** Writes a non-negative integer below 2^53 as a varint; returns the offset behind it. */
export function writeVarint(output: Uint8Array, at: number, value: number): number {
  let rest = value
  let to = at
  while (rest > 0x7f) {
    output[to++] = (rest & 0x7f) | 0x80
    rest = Math.floor(rest / 128)
  }
  output[to++] = rest
  return to
}
