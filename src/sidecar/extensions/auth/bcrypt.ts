import { timingSafeEqual } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'

/*
 * bcrypt ("A Future-Adaptable Password Scheme", Provos and Mazières, 1999), for node:crypto has none. Slow by intention, so it works in slices between
 * which the event loop runs.
 */

export interface BcryptHash {
  readonly cost: number
  readonly salt: Buffer
  readonly digest: Buffer
}

export const BCRYPT_COST_MAX = 14
const HASH = /^\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/
const ALPHABET = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const DIGEST_BYTES = 23
/** Longer passwords are cut, as everywhere. */
const PASSWORD_BYTES_MAX = 72
/** About half a millisecond. */
const ROUNDS_PER_SLICE = 4

/** Undefined when the text is no hash of bcrypt, or not one to be computed here. */
export function parseBcrypt(text: string): BcryptHash | undefined {
  const [, cost = '', salt = '', digest = ''] = HASH.exec(text) ?? []
  const exponent = Number(cost)
  if (cost === '' || exponent < 4 || exponent > BCRYPT_COST_MAX) return undefined
  return { cost: exponent, salt: decode(salt, 16), digest: decode(digest, DIGEST_BYTES) }
}

export async function matchesBcrypt(password: string, { cost, salt, digest }: BcryptHash): Promise<boolean> {
  const key = Buffer.from(`${password}\0`, 'utf8').subarray(0, PASSWORD_BYTES_MAX)
  const state = new EksBlowfish()
  const [keyWords, saltWords] = [wordsOf(key), wordsOf(salt)]
  state.expand(keyWords, saltWords)
  const rounds = 2 ** cost
  for (let round = 0; round < rounds; round++) {
    state.expand(keyWords)
    state.expand(saltWords)
    if (round % ROUNDS_PER_SLICE === ROUNDS_PER_SLICE - 1) await setImmediate()
  }
  return timingSafeEqual(state.digest().subarray(0, DIGEST_BYTES), digest)
}

/** The first 18 words of a text that is repeated without end. */
function wordsOf(text: Buffer): Int32Array {
  const words = new Int32Array(18)
  for (let i = 0, at = 0; i < words.length; i++) {
    let word = 0
    for (let byte = 0; byte < 4; byte++) word = (word << 8) | (text[at++ % text.length] ?? 0)
    words[i] = word
  }
  return words
}

const PLAIN_TEXT = Buffer.from('OrpheanBeholderScryDoubt')
const SUBKEYS = 18
const BOXES = 4 * 256

class EksBlowfish {
  readonly #p: Int32Array
  readonly #s: Int32Array
  #left = 0
  #right = 0

  constructor() {
    const digits = piDigits()
    this.#p = digits.slice(0, SUBKEYS)
    this.#s = digits.slice(SUBKEYS)
  }

  expand(key: Int32Array, salt?: Int32Array): void {
    const p = this.#p
    for (let i = 0; i < SUBKEYS; i++) p[i] = (p[i] ?? 0) ^ (key[i] ?? 0)
    this.#left = 0
    this.#right = 0
    let at = 0
    for (const words of [p, this.#s]) {
      for (let i = 0; i < words.length; i += 2) {
        if (salt !== undefined) {
          // The salt has four words.
          this.#left ^= salt[at & 3] ?? 0
          this.#right ^= salt[(at + 1) & 3] ?? 0
          at += 2
        }
        this.#encrypt()
        words[i] = this.#left
        words[i + 1] = this.#right
      }
    }
  }

  digest(): Buffer {
    const digest = Buffer.alloc(PLAIN_TEXT.length)
    for (let at = 0; at < digest.length; at += 8) {
      this.#left = PLAIN_TEXT.readInt32BE(at)
      this.#right = PLAIN_TEXT.readInt32BE(at + 4)
      for (let i = 0; i < 64; i++) this.#encrypt()
      digest.writeInt32BE(this.#left, at)
      digest.writeInt32BE(this.#right, at + 4)
    }
    return digest
  }

  #encrypt(): void {
    const p = this.#p
    const s = this.#s
    let left = this.#left
    let right = this.#right
    for (let i = 0; i < 16; i += 2) {
      left ^= p[i] ?? 0
      right ^= mixed(s, left)
      right ^= p[i + 1] ?? 0
      left ^= mixed(s, right)
    }
    this.#left = right ^ (p[17] ?? 0)
    this.#right = left ^ (p[16] ?? 0)
  }
}

const mixed = (s: Int32Array, x: number): number =>
  ((((s[x >>> 24] ?? 0) + (s[256 | ((x >>> 16) & 0xff)] ?? 0)) ^ (s[512 | ((x >>> 8) & 0xff)] ?? 0)) +
    (s[768 | (x & 0xff)] ?? 0)) |
  0

let digits: Int32Array | undefined

/** Blowfish begins with the binary digits of π behind its point, here by the series of Chudnovsky: about 47 bits a term. */
function piDigits(): Int32Array {
  if (digits !== undefined) return digits
  const words = SUBKEYS + BOXES
  const spareBits = 64
  const bits = words * 32 + spareBits
  const { q, t } = series(0, Math.ceil(bits / 47) + 1)
  const pi = (426_880n * q * squareRoot(10_005n << BigInt(2 * bits))) / t
  const hex = BigInt.asUintN(words * 32, pi >> BigInt(spareBits))
    .toString(16)
    .padStart(words * 8, '0')
  digits = Int32Array.from({ length: words }, (_, i) => Number.parseInt(hex.slice(i * 8, i * 8 + 8), 16))
  return digits
}

/** Terms from `from` to before `to`, by binary splitting. */
function series(from: number, to: number): { p: bigint; q: bigint; t: bigint } {
  if (to - from === 1) {
    const k = BigInt(from)
    const p = from === 0 ? 1n : (6n * k - 5n) * (2n * k - 1n) * (6n * k - 1n)
    const q = from === 0 ? 1n : (k ** 3n * 640_320n ** 3n) / 24n
    const t = p * (13_591_409n + 545_140_134n * k)
    return { p, q, t: from % 2 === 0 ? t : -t }
  }
  const middle = (from + to) >> 1
  const [left, right] = [series(from, middle), series(middle, to)]
  return { p: left.p * right.p, q: left.q * right.q, t: right.q * left.t + left.p * right.t }
}

/** Newton's, from above. */
function squareRoot(square: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(square.toString(16).length * 2))
  for (;;) {
    const next = (root + square / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

function decode(text: string, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let bits = 0
  let value = 0
  let at = 0
  for (const letter of text) {
    value = (value << 6) | ALPHABET.indexOf(letter)
    bits += 6
    if (bits < 8 || at === length) continue
    bits -= 8
    bytes[at++] = (value >> bits) & 0xff
    value &= (1 << bits) - 1
  }
  return bytes
}
