import { OtlpError } from './otlp-error.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const ZERO = 0x30
const TEXT_TOKEN_BYTES_MAX = 400

/** A number as JSON writes it; quoted numbers follow the same rule. */
const NUMBER = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/

/** 10^k for the k at which it is exact: a mantissa below 2^53 divided by it is rounded once, so correctly. */
const powersOfTen = Array.from({ length: 23 }, (_, k) => 10 ** k)

/**
 * Reads JSON straight from its bytes, without an object or a string on the way. A 64-bit integer comes out as two halves, so nothing is lost.
 * The offset `at` stands on the next byte to read; what a method found stands in the fields below.
 */
export class JsonCursor {
  readonly bytes: Uint8Array
  readonly view: DataView
  at = 0
  /** Content of the last string or number: bytes [from, to), without the quotes. */
  from = 0
  to = 0
  /** Offsets of the backslashes that begin an escape in that content, `escapeCount` of them. */
  escapes = new Int32Array(256)
  escapeCount = 0
  /** Whether that content is ASCII. */
  ascii = true
  /** The last integer, in two's complement; its magnitude before the sign decides about its range. */
  high = 0
  low = 0

  readonly #words: Int32Array
  /** Offset in `bytes` of the first whole word of memory. */
  readonly #firstWord: number

  constructor(bytes: Uint8Array) {
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#firstWord = -bytes.byteOffset & 3
    const count = Math.max(0, bytes.byteLength - this.#firstWord) >> 2
    this.#words = new Int32Array(bytes.buffer, count === 0 ? 0 : bytes.byteOffset + this.#firstWord, count)
  }

  /** Where the cursor stands, by structure; errors end with it. */
  place(): string {
    return ''
  }

  malformed(what: string): OtlpError {
    return new OtlpError('malformed', `not OTLP/JSON: ${what}, at ${this.place()}byte ${this.at}`)
  }

  /** Skips white space and returns the byte behind it, 0 at the end. */
  next(): number {
    const { bytes } = this
    let at = this.at
    while (at < bytes.length) {
      const byte = bytes[at] as number
      if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) {
        this.at = at
        return byte
      }
      at++
    }
    this.at = at
    return 0
  }

  /** Skips white space and one byte that must be this one. */
  expect(byte: number): void {
    if (this.next() !== byte) throw this.malformed(`no "${String.fromCharCode(byte)}" where one must be`)
    this.at++
  }

  /** Goes over a string; the cursor stands on its opening quote. */
  string(): void {
    const { bytes } = this
    const words = this.#words
    const first = this.#firstWord
    let at = this.at + 1
    let seen = 0
    this.from = at
    this.escapeCount = 0
    for (;;) {
      if (((at - first) & 3) === 0) {
        let w = (at - first) >> 2
        while (w < words.length) {
          // Four bytes at once: none is a quote, a backslash or a control character.
          const word = words[w] as number
          const quote = word ^ 0x22222222
          const backslash = word ^ 0x5c5c5c5c
          const found =
            ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash) | ((word - 0x20202020) & ~word)
          if ((found & 0x80808080) !== 0) break
          seen |= word
          w++
        }
        at = (w << 2) + first
      }
      if (at >= bytes.length) break
      const byte = bytes[at] as number
      if (byte === QUOTE) {
        this.to = at
        this.at = at + 1
        this.ascii = (seen & 0x80808080) === 0
        return
      }
      if (byte < 0x20) break
      seen |= byte
      if (byte === BACKSLASH) {
        if (this.escapeCount === this.escapes.length) this.#growEscapes()
        this.escapes[this.escapeCount++] = at++
      }
      at++
    }
    this.at = Math.min(at, bytes.length)
    throw this.malformed(at < bytes.length ? 'a control character in a string' : 'a string without an end')
  }

  #growEscapes(): void {
    const grown = new Int32Array(this.escapes.length * 2)
    grown.set(this.escapes)
    this.escapes = grown
  }

  /** Goes over a bare number; the cursor stands on its first byte. */
  number(): void {
    const { bytes } = this
    let at = this.at
    this.from = at
    for (; at < bytes.length; at++) {
      const byte = bytes[at] as number
      // 0-9 + - . E e
      if ((byte < ZERO || byte > 0x39) && byte !== 0x2e && byte !== 0x2d && byte !== 0x2b && (byte | 0x20) !== 0x65)
        break
    }
    if (at === this.from) throw this.malformed('no value where one must be')
    this.to = at
    this.at = at
    this.escapeCount = 0
  }

  literal(text: string): void {
    for (let i = 0; i < text.length; i++) {
      if (this.bytes[this.at + i] !== text.charCodeAt(i)) throw this.malformed('no value where one must be')
    }
    this.at += text.length
  }

  /** Text of the last string or number: for the few that the fast paths do not know. */
  text(): string {
    const { from, to } = this
    if (to - from > TEXT_TOKEN_BYTES_MAX * 6) throw this.malformed('a name or number that is too long')
    const raw = Buffer.from(this.bytes.buffer, this.bytes.byteOffset + from, to - from).toString('utf8')
    if (this.escapeCount === 0) return raw
    try {
      return String(JSON.parse(`"${raw}"`))
    } catch {
      throw this.malformed('an escape that JSON does not have')
    }
  }

  /**
   * Reads a number or a quoted number as an integer into `high` and `low`. `bits` is 32 or 64; an unsigned one refuses a sign.
   * Returns false when it is not an integer of that size.
   */
  integer(bits: number, signed: boolean): boolean {
    const { bytes, to } = this
    let at = this.from
    const negative = bytes[at] === 0x2d && at < to
    if (negative) at++
    const digits = to - at
    if (digits < 1 || digits > 20 || this.escapeCount > 0 || (digits > 1 && bytes[at] === ZERO))
      return this.#slowInteger(bits, signed)
    // The value is head * 10^9 + tail; both and all that follows are exact in doubles.
    let head = 0
    let tail = 0
    for (const split = to - 9; at < split; at++) {
      const digit = (bytes[at] as number) - ZERO
      if (digit < 0 || digit > 9) return this.#slowInteger(bits, signed)
      head = head * 10 + digit
    }
    for (; at < to; at++) {
      const digit = (bytes[at] as number) - ZERO
      if (digit < 0 || digit > 9) return this.#slowInteger(bits, signed)
      tail = tail * 10 + digit
    }
    if (head === 0) return this.#store(0, tail, negative, bits, signed)
    const lower = (head % 65536) * 1e9 + tail
    const upper = Math.floor(head / 65536) * 1e9 + Math.floor(lower / 65536)
    return this.#store(Math.floor(upper / 65536), (upper % 65536) * 65536 + (lower % 65536), negative, bits, signed)
  }

  #store(high: number, low: number, negative: boolean, bits: number, signed: boolean): boolean {
    if (bits === 32) {
      const max = signed ? (negative ? 0x80000000 : 0x7fffffff) : negative ? 0 : 0xffffffff
      if (high !== 0 || low > max) return false
    } else if (signed) {
      if (high > 0x7fffffff && !(negative && high === 0x80000000 && low === 0)) return false
    } else if (high > 0xffffffff || (negative && (high !== 0 || low !== 0))) return false
    if (negative) {
      this.low = -low >>> 0
      this.high = (~high + (this.low === 0 ? 1 : 0)) >>> 0
    } else {
      this.low = low
      this.high = high
    }
    return true
  }

  /** Integers written with a fraction, an exponent or escapes. */
  #slowInteger(bits: number, signed: boolean): boolean {
    const match = NUMBER.exec(this.text())
    if (match === null) return false
    const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
    const mantissa = `${whole}${fraction}`.replace(/^0+/, '')
    const digits = mantissa.replace(/0+$/, '')
    const zeros = Number(exponent) - fraction.length + (mantissa.length - digits.length)
    if (digits === '') return this.#store(0, 0, sign !== '', bits, signed)
    if (zeros < 0 || digits.length + zeros > 20) return false
    const value = BigInt(digits + '0'.repeat(zeros))
    return this.#store(Number(value >> 32n), Number(value & 0xffffffffn), sign !== '', bits, signed)
  }

  /** The last number or quoted number as a double; undefined when it is none. */
  double(quoted: boolean): number | undefined {
    const { bytes, to } = this
    let at = this.from
    const negative = bytes[at] === 0x2d
    if (negative) at++
    const start = at
    let mantissa = 0
    let point = -1
    for (; at < to; at++) {
      const byte = bytes[at] as number
      if (byte === 0x2e && point < 0 && at > start) point = at
      else if (byte >= ZERO && byte <= 0x39) mantissa = mantissa * 10 + (byte - ZERO)
      else break
    }
    const places = point < 0 ? 0 : to - point - 1
    const simple = at === to && to > start && to - start <= 16 && (point < 0 || places > 0)
    const zeroFirst = bytes[start] === ZERO && to - start > 1 && point !== start + 1
    if (simple && !zeroFirst && mantissa <= Number.MAX_SAFE_INTEGER) {
      const value = mantissa / (powersOfTen[places] as number)
      return negative ? -value : value
    }
    const text = this.text()
    if (quoted && text === 'NaN') return NaN
    if (quoted && (text === 'Infinity' || text === '-Infinity')) return Number(text)
    const value = NUMBER.test(text) ? Number(text) : NaN
    return Number.isFinite(value) ? value : undefined
  }

  /** Goes over a value of any kind that nobody wants. */
  skip(nestingMax: number): void {
    const byte = this.next()
    if (byte === QUOTE) this.string()
    else if (byte === 0x7b || byte === 0x5b) this.#skipNested(byte === 0x7b, nestingMax)
    else if (byte === 0x74) this.literal('true')
    else if (byte === 0x66) this.literal('false')
    else if (byte === 0x6e) this.literal('null')
    else {
      this.number()
      if (this.double(false) === undefined) throw this.malformed('a number that is none')
    }
  }

  #skipNested(object: boolean, nestingMax: number): void {
    if (nestingMax <= 0) throw this.malformed('an unknown field that is nested too deep')
    const close = object ? 0x7d : 0x5d
    this.at++
    if (this.next() === close) {
      this.at++
      return
    }
    for (;;) {
      if (object) {
        if (this.next() !== QUOTE) throw this.malformed('no name of a field where one must be')
        this.string()
        this.expect(0x3a)
      }
      this.skip(nestingMax - 1)
      const byte = this.next()
      if (byte !== 0x2c && byte !== close) throw this.malformed('no comma or end of the object or array')
      this.at++
      if (byte === close) return
    }
  }
}
