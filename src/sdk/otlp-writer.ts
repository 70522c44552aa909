import type { HrTime } from '@opentelemetry/api'

/**
 * Writes Protocol Buffers for OTLP in one pass, into memory that is used again. Not the sidecar's writer, which has other habits: this one is for
 * attributes whose keys come back in every span, for ids in hex and for times as OpenTelemetry's SDK has them. A tag is `field * 8 + wire type`.
 */
export class OtlpWriter {
  #bytes = Buffer.allocUnsafe(bytesKept)
  #at = 0

  /** Forgets what was written. */
  reset(): void {
    this.#at = 0
    if (this.#bytes.length > bytesKept) this.#bytes = Buffer.allocUnsafe(bytesKept)
  }

  /** A copy of what was written. */
  fields(): Uint8Array {
    return Buffer.copyBytesFrom(this.#bytes, 0, this.#at)
  }

  /** A copy of what was written, as the content of a message with this tag. */
  message(tag: number): Uint8Array {
    const size = this.#at
    const headSize = varintSize(tag) + varintSize(size)
    const message = Buffer.allocUnsafe(headSize + size)
    putVarint(message, putVarint(message, 0, tag), size)
    this.#bytes.copy(message, headSize, 0, size)
    return message
  }

  /** Begins a message; returns what `close` wants to know. */
  open(tag: number): number {
    this.#tag(tag)
    this.#reserve(1)
    return (this.#at += 1)
  }

  /** Ends the message that `open` began: puts its length in front. */
  close(start: number): void {
    const size = this.#at - start
    const sizeBytes = varintSize(size)
    if (sizeBytes > 1) {
      this.#reserve(sizeBytes - 1)
      this.#bytes.copyWithin(start + sizeBytes - 1, start, this.#at)
    }
    putVarint(this.#bytes, start - 1, size)
    this.#at += sizeBytes - 1
  }

  text(tag: number, value: string): void {
    this.#tag(tag)
    // Three bytes are the most that one UTF-16 unit takes: the length of a short text fits into one byte, whatever is in it.
    const isShort = value.length <= 42
    const size = isShort ? value.length * 3 : Buffer.byteLength(value)
    this.#reserve(5 + size)
    const start = isShort ? this.#at + 1 : putVarint(this.#bytes, this.#at, size)
    const written = this.#bytes.write(value, start)
    if (isShort) this.#bytes[this.#at] = written
    this.#at = start + written
  }

  bytes(tag: number, value: Uint8Array): void {
    this.#tag(tag)
    this.#reserve(5 + value.length)
    this.#at = putVarint(this.#bytes, this.#at, value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
  }

  /** An id. */
  hex(tag: number, value: string): void {
    this.#tag(tag)
    this.#reserve(1 + value.length)
    const written = this.#bytes.write(value, this.#at + 1, 'hex')
    this.#bytes[this.#at] = written
    this.#at += 1 + written
  }

  /** A non-negative integer. */
  count(tag: number, value: number): void {
    this.#tag(tag)
    this.#reserve(10)
    this.#at = putVarint(this.#bytes, this.#at, value)
  }

  int64(tag: number, value: bigint): void {
    this.#tag(tag)
    this.#reserve(10)
    let rest = BigInt.asUintN(64, value)
    for (; rest > 0x7fn; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80
    this.#bytes[this.#at++] = Number(rest)
  }

  double(tag: number, value: number): void {
    this.#tag(tag)
    this.#reserve(8)
    this.#at = this.#bytes.writeDoubleLE(value, this.#at)
  }

  fixed32(tag: number, value: number): void {
    this.#tag(tag)
    this.#reserve(4)
    this.#at = this.#bytes.writeUInt32LE(value >>> 0, this.#at)
  }

  fixed64(tag: number, value: bigint): void {
    this.#tag(tag)
    this.#reserve(8)
    this.#at = this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.#at)
  }

  /** A time as nanoseconds in a fixed64, without BigInt. */
  time(tag: number, [seconds, nanoseconds]: HrTime): void {
    this.#tag(tag)
    this.#reserve(8)
    const low = (seconds % 65_536) * 1e9 + nanoseconds
    const high = Math.floor(seconds / 65_536) * 1e9
    const word = (high % 65_536) * 65_536 + (low % WORD)
    this.#at = this.#bytes.writeUInt32LE(word >>> 0, this.#at)
    const upper = Math.floor(high / 65_536) + Math.floor(low / WORD) + Math.floor(word / WORD)
    this.#at = this.#bytes.writeUInt32LE(upper >>> 0, this.#at)
  }

  /** KeyValues. */
  attributes(tag: number, attributes: Readonly<Record<string, unknown>>): void {
    for (const key in attributes) {
      if (!Object.hasOwn(attributes, key)) continue
      const start = this.open(tag)
      this.#key(key)
      this.value(VALUE, attributes[key])
      this.close(start)
    }
  }

  /** An AnyValue; an empty one of what OTLP has no value for. */
  value(tag: number, value: unknown): void {
    const start = this.open(tag)
    if (typeof value === 'string') this.text(STRING, value)
    else if (typeof value === 'boolean') this.count(BOOL, value ? 1 : 0)
    else if (typeof value === 'number') this.#number(value)
    else if (value instanceof Uint8Array) this.bytes(BYTES, value)
    else if (Array.isArray(value)) {
      const list = this.open(ARRAY)
      for (const item of value) this.value(ITEM, item)
      this.close(list)
    } else if (typeof value === 'object' && value !== null) {
      const list = this.open(KEY_VALUES)
      this.attributes(ITEM, Object.fromEntries(Object.entries(value)))
      this.close(list)
    }
    this.close(start)
  }

  #number(value: number): void {
    if (!Number.isInteger(value) || value < -INT64_LIMIT || value >= INT64_LIMIT) this.double(DOUBLE, value)
    else if (value < 0 || !Number.isSafeInteger(value)) this.int64(INT, BigInt(value))
    else this.count(INT, value)
  }

  #key(key: string): void {
    let field = keys.get(key)
    if (field === undefined) {
      field = keyField(key)
      if (keys.size < keysMax) keys.set(key, field)
    }
    const { length } = field
    this.#reserve(length)
    const at = this.#at
    // A copy by hand is faster than a call up to some dozens of bytes.
    for (let index = 0; index < length; index += 1) this.#bytes[at + index] = field[index] ?? 0
    this.#at = at + length
  }

  #tag(tag: number): void {
    this.#reserve(2)
    this.#at = putVarint(this.#bytes, this.#at, tag)
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + size))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }
}

/** Puts a non-negative safe integer; returns the offset behind it. */
export function putVarint(output: Uint8Array, at: number, value: number): number {
  let rest = value
  let to = at
  for (; rest > 0x7f_ff_ff_ff; rest = Math.floor(rest / 128)) output[to++] = (rest % 128) | 0x80
  for (; rest > 0x7f; rest >>>= 7) output[to++] = (rest & 0x7f) | 0x80
  output[to++] = rest
  return to
}

export function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) size += 1
  return size
}

/** KeyValue.key with its tag. */
function keyField(key: string): Uint8Array {
  const text = Buffer.from(key)
  const head = Buffer.alloc(1 + varintSize(text.length))
  putVarint(head, putVarint(head, 0, KEY), text.length)
  return Buffer.concat([head, text])
}

/** Encoded keys that are kept. Those of the conventions are some hundreds; an agent can make up any number. */
const keysMax = 1_000
const keys = new Map<string, Uint8Array>()

/** Memory that a writer keeps between two spans. */
const bytesKept = 64 * 1024

const WORD = 4_294_967_296
const INT64_LIMIT = 2 ** 63

// opentelemetry/proto/common/v1/common.proto
const KEY = 1 * 8 + 2
const VALUE = 2 * 8 + 2
const STRING = 1 * 8 + 2
const BOOL = 2 * 8
const INT = 3 * 8
const DOUBLE = 4 * 8 + 1
const ARRAY = 5 * 8 + 2
const KEY_VALUES = 6 * 8 + 2
const BYTES = 7 * 8 + 2
const ITEM = 1 * 8 + 2
