import { CASELESS, caseOf, foldedOf, LOWER, NO_LETTER, UPPER } from './letters.ts'

/** Letters, perhaps with apostrophes and hyphens within. */
export const WORD = 0
/** Holds a digit or an underscore: an identifier, a number, never a name. */
export const CODE = 1
/** One sign; its code point is its hash. */
export const SIGN = 2
/** End of a line, as a byte or as an escape. */
export const BREAK = 3

/** Shapes of words. */
export const SHAPE_LOWER = 0
export const SHAPE_CAPITALISED = 1
/** One capital letter. */
export const SHAPE_INITIAL = 2
/** Capitals only, two or more. */
export const SHAPE_CAPITALS = 3
/** McDonald, O'Neil, DeShawn: a capital, small letters, another capital within. */
export const SHAPE_INNER = 4
/** camelCase, eBay. */
export const SHAPE_MIXED = 5
export const SHAPE_CASELESS = 6

/** The tokens of one piece of text, in columns. Offsets are bytes of the text that was handed in. */
export class NameTokens {
  length = 0
  kind = new Uint8Array(1024)
  shape = new Uint8Array(1024)
  /** Whether a blank, a line break or an edge of the text stands before. */
  spaced = new Uint8Array(1024)
  start = new Int32Array(1024)
  end = new Int32Array(1024)
  /** Of the lower-case letters without accents. */
  hash = new Int32Array(1024)
  /** The same of what stands before the first hyphen; 0 without one. */
  part = new Int32Array(1024)

  /** Splits bytes[start, end). Escapes of JSON strings, at any depth, count as what they stand for. */
  read(bytes: Uint8Array, start: number, end: number): void {
    this.length = 0
    reader.read(this, bytes, start, end)
  }

  push(kind: number, shape: number, spaced: number, start: number, end: number, hash: number, part = 0): void {
    if (this.length === this.kind.length) this.#grow()
    const at = this.length++
    this.kind[at] = kind
    this.shape[at] = shape
    this.spaced[at] = spaced
    this.start[at] = start
    this.end[at] = end
    this.hash[at] = hash
    this.part[at] = part
  }

  #grow(): void {
    const size = this.length * 2
    const wider = <T extends Uint8Array | Int32Array>(column: T, to: T): T => (to.set(column), to)
    this.kind = wider(this.kind, new Uint8Array(size))
    this.shape = wider(this.shape, new Uint8Array(size))
    this.spaced = wider(this.spaced, new Uint8Array(size))
    this.start = wider(this.start, new Int32Array(size))
    this.end = wider(this.end, new Int32Array(size))
    this.hash = wider(this.hash, new Int32Array(size))
    this.part = wider(this.part, new Int32Array(size))
  }
}

export const HASH_START = 0x811c9dc5 | 0
export const hashStep = (hash: number, value: number): number => Math.imul(hash ^ value, 0x01000193)

/** The hash of a word as the tokenizer makes it. */
export function hashOf(word: string): number {
  let hash = HASH_START
  for (const letter of word.replaceAll(/['’]/g, '')) hash = hashStep(hash, foldedOf(letter.codePointAt(0) as number))
  return hash
}

/** Letters before the second capital of McDonald, O'Neil, FitzGerald. */
const INNER_CAPITAL_MAX = 4
const APOSTROPHE = 0x27
const RIGHT_QUOTE = 0x2019
const HYPHEN = 0x2d
const BACKSLASH = 0x5c
const UNDERSCORE = 0x5f

/** Reads code points, in UTF-8 and in escapes, and makes tokens of them. */
class Reader {
  #bytes: Uint8Array = new Uint8Array(0)
  #end = 0
  /** Where the character that was read last ends. */
  #next = 0

  read(tokens: NameTokens, bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes
    this.#end = end
    let at = start
    let spaced = 1
    while (at < end) {
      const point = this.#pointAt(at)
      if (point === 0x20 || point === 0x09 || point === 0xa0) {
        spaced = 1
        at = this.#next
      } else if (point === 0x0a || point === 0x0d) {
        tokens.push(BREAK, 0, 1, at, this.#next, 0x0a)
        spaced = 1
        at = this.#next
      } else if (caseOf(point) !== NO_LETTER || isCode(point)) {
        at = this.#readWord(tokens, at, spaced)
        spaced = 0
      } else {
        tokens.push(SIGN, 0, spaced, at, this.#next, point)
        spaced = 0
        at = this.#next
      }
    }
  }

  #readWord(tokens: NameTokens, start: number, spaced: number): number {
    let at = start
    let end = start
    let hash = HASH_START
    let uppers = 0
    let lowers = 0
    let caseless = 0
    let firstCase = NO_LETTER
    let letters = 0
    let innerAt = 0
    let code = false
    let part = 0
    let isJoined = false
    while (at < this.#end) {
      const point = this.#pointAt(at)
      const letterCase = caseOf(point)
      if (letterCase === NO_LETTER) {
        if (isCode(point)) code = true
        else if (!this.#joins(point, at, end > start)) break
        else {
          isJoined = true
          if (point === HYPHEN && part === 0) part = hash
        }
      } else {
        if (firstCase === NO_LETTER && end === start) firstCase = letterCase
        if (letterCase === UPPER) {
          if (++uppers === 2) innerAt = letters
        } else if (letterCase === LOWER) lowers++
        else if (letterCase === CASELESS) caseless++
      }
      letters++
      this.#pointAt(at)
      // O'Brien is OBrien in most lists.
      if (point !== APOSTROPHE && point !== RIGHT_QUOTE) hash = hashStep(hash, foldedOf(point))
      at = end = this.#next
    }
    let shape = shapeOf(firstCase, uppers, lowers, caseless)
    // O'Brien, Jean-Luc: each part begins with a capital, as it does alone.
    if (shape === SHAPE_INNER && isJoined) shape = SHAPE_CAPITALISED
    // ChatSession, IDs: no name has its second capital late, or three of them.
    else if (shape === SHAPE_INNER && (uppers > 2 || innerAt > INNER_CAPITAL_MAX || innerAt < 2)) shape = SHAPE_MIXED
    tokens.push(code ? CODE : WORD, shape, spaced, start, end, hash, part)
    return end
  }

  /** Whether an apostrophe or hyphen stands within a word; the `'s` of a genitive does not. */
  #joins(point: number, at: number, hasLetters: boolean): boolean {
    if (point !== APOSTROPHE && point !== RIGHT_QUOTE && point !== HYPHEN) return false
    const behind = this.#next
    if (!hasLetters || behind >= this.#end || behind === at) return false
    const next = this.#pointAt(behind)
    if (caseOf(next) === NO_LETTER) return false
    if (point === HYPHEN || (next !== 0x73 && next !== 0x53)) return true
    const third = this.#next < this.#end ? this.#pointAt(this.#next) : 0
    return caseOf(third) !== NO_LETTER
  }

  /** The character at `at`; sets where it ends. An escape is the character that it stands for. */
  #pointAt(at: number): number {
    const bytes = this.#bytes
    const byte = bytes[at] as number
    this.#next = at + 1
    if (byte < 0x80) return byte === BACKSLASH ? this.#escapeAt(at) : byte
    const second = this.#continuation(at + 1)
    if (byte < 0xc2 || second < 0) return 0xfffd
    this.#next = at + 2
    if (byte < 0xe0) return ((byte & 0x1f) << 6) | second
    const third = this.#continuation(at + 2)
    if (third < 0) return 0xfffd
    this.#next = at + 3
    if (byte < 0xf0) return ((byte & 0x0f) << 12) | (second << 6) | third
    const fourth = this.#continuation(at + 3)
    if (fourth < 0) return 0xfffd
    this.#next = at + 4
    return ((byte & 0x07) << 18) | (second << 12) | (third << 6) | fourth
  }

  #continuation(at: number): number {
    if (at >= this.#end) return -1
    const byte = this.#bytes[at] as number
    return (byte & 0xc0) === 0x80 ? byte & 0x3f : -1
  }

  /** `\n`, `\\n`, `\"`, `\u00e9`: as many backslashes as the depth of the JSON asks for, at most 15. */
  #escapeAt(at: number): number {
    const bytes = this.#bytes
    const stop = Math.min(this.#end, at + 15)
    let behind = at + 1
    while (behind < stop && bytes[behind] === BACKSLASH) behind++
    if (behind >= this.#end) return BACKSLASH
    const letter = bytes[behind] as number
    this.#next = behind + 1
    if (letter === 0x6e || letter === 0x72) return 0x0a
    if (letter === 0x74) return 0x09
    if (letter === 0x22 || letter === 0x2f) return letter
    const point = letter === 0x75 ? this.#hexAt(behind + 1) : -1
    if (point < 0) {
      this.#next = behind
      return BACKSLASH
    }
    this.#next = behind + 5
    return point
  }

  #hexAt(at: number): number {
    if (at + 4 > this.#end) return -1
    let value = 0
    for (let i = at; i < at + 4; i++) {
      const digit = HEX_VALUE[this.#bytes[i] as number] as number
      if (digit < 0) return -1
      value = value * 16 + digit
    }
    return value
  }
}

const HEX_VALUE = new Int8Array(256).fill(-1)
for (let value = 0; value < 16; value++) {
  HEX_VALUE[value.toString(16).charCodeAt(0)] = value
  HEX_VALUE[value.toString(16).toUpperCase().charCodeAt(0)] = value
}

const isCode = (point: number): boolean => (point >= 0x30 && point <= 0x39) || point === UNDERSCORE

function shapeOf(firstCase: number, uppers: number, lowers: number, caseless: number): number {
  if (caseless > 0 && uppers === 0) return SHAPE_CASELESS
  if (uppers === 0) return SHAPE_LOWER
  if (firstCase !== UPPER) return SHAPE_MIXED
  if (lowers === 0) return uppers === 1 ? SHAPE_INITIAL : SHAPE_CAPITALS
  return uppers === 1 ? SHAPE_CAPITALISED : SHAPE_INNER
}

const reader = new Reader()
