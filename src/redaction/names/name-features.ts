import type { Run } from './name-runs.ts'
import { takesDot } from './name-runs.ts'
import { BREAK, CODE, HASH_START, hashStep, SIGN, WORD } from './name-tokens.ts'
import { caseOf, foldedOf, NO_LETTER } from './letters.ts'
import type { NameTokens } from './name-tokens.ts'
import type { WordSets } from './word-sets.ts'

/** Features of one word; each is a hash, the model has a weight for each label in its place. */
export const FEATURES_MAX = 64

const EDGE = 0x1000001
const LINE_END = 0x1000002
const NUMBER = 0x1000003

/** What is known about a word of a run and its neighbours, as hashes. */
export class NameFeatures {
  readonly hashes = new Int32Array(FEATURES_MAX)
  length = 0
  readonly #sets: WordSets
  readonly #letters = new Int32Array(LETTERS_MAX)

  constructor(sets: WordSets) {
    this.#sets = sets
  }

  /** Of the word number `index` of a run. */
  read(bytes: Uint8Array, tokens: NameTokens, run: Run, index: number): void {
    this.length = 0
    const at = run.words[index] as number
    const word = tokens.hash[at] as number
    const shape = tokens.shape[at] as number
    const mask = this.#maskAt(tokens, at)
    const isFirst = index === 0
    const isLast = index === run.length - 1
    const before = wordBefore(tokens, at)
    const before2 = wordBefore(tokens, before)
    const behind = wordBehind(tokens, at)
    const behind2 = wordBehind(tokens, behind)
    const b1 = valueAt(tokens, before)
    const b2 = valueAt(tokens, before2)
    const n1 = valueAt(tokens, behind)
    const n2 = valueAt(tokens, behind2)
    const start = isFirst && startsSentence(tokens, at) ? 1 : 0
    const maskBefore = isFirst ? this.#maskAt(tokens, before) : this.#maskAt(tokens, run.words[index - 1] as number)
    const maskBehind = isLast ? this.#maskAt(tokens, behind) : this.#maskAt(tokens, run.words[index + 1] as number)
    const place = (isFirst ? 1 : 0) | (isLast ? 2 : 0) | (start << 2)
    const shapeBefore = shapeAt(tokens, before)
    const shapeBehind = shapeAt(tokens, behind)

    this.#add(1, shape, place)
    this.#add(2, word, 0)
    this.#add(3, word, place)
    this.#add(4, mask, shape)
    this.#add(5, mask, place)
    this.#add(6, mask, maskBehind + (isLast ? 1000 : 0))
    this.#add(7, maskBefore + (isFirst ? 1000 : 0), mask)
    this.#add(8, b1, 0)
    this.#add(9, n1, 0)
    this.#add(10, b1, b2)
    this.#add(11, n1, n2)
    this.#add(12, b2, 0)
    this.#add(13, n2, 0)
    this.#add(14, b1, n1)
    this.#add(15, b1, mask)
    this.#add(16, n1, mask)
    this.#add(17, shapeBefore * 16 + shape, shapeBehind + (place << 4))
    this.#add(18, run.length * 32 + index, 0)
    if (!isFirst || !isLast) {
      this.#add(19, tokens.hash[run.words[run.length - 1] as number] as number, isLast ? 1 : 0)
      this.#add(20, tokens.hash[run.words[0] as number] as number, isFirst ? 1 : 0)
      this.#add(21, this.#maskAt(tokens, run.words[run.length - 1] as number), index + (isLast ? 100 : 0))
    }
    // What stands around the whole run tells about each of its words.
    const runBefore = valueAt(tokens, wordBefore(tokens, run.words[0] as number))
    const runBehind = valueAt(tokens, wordBehind(tokens, run.words[run.length - 1] as number))
    if (!isFirst) this.#add(22, runBefore, isLast ? 1 : 0)
    if (!isLast) this.#add(23, runBehind, isFirst ? 1 : 0)
    this.#add(24, runBefore, runBehind)
    const key = keyBefore(tokens, run.words[0] as number)
    if (key !== 0) {
      this.#add(25, key, 0)
      this.#add(26, key, mask)
    }
    this.#addLetters(bytes, tokens, at, 30, true)
    if (isFirst && tokens.kind[before] === WORD && before >= 0) this.#addEnding(bytes, tokens, before, 40)
    if (isLast && behind >= 0 && tokens.kind[behind] === WORD) this.#addEnding(bytes, tokens, behind, 41)
    for (let set = 0; set < 8; set++) if ((mask & (1 << set)) !== 0) this.#add(50, set, start)
    if (mask === 0) this.#add(50, 99, start)
  }

  #add(kind: number, first: number, second: number): void {
    let hash = Math.imul(kind, 0x9e3779b1 | 0) ^ first
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b | 0)
    hash = Math.imul(hash ^ (hash >>> 13) ^ second, 0xc2b2ae35 | 0)
    this.hashes[this.length++] = hash ^ (hash >>> 16)
  }

  #maskAt(tokens: NameTokens, at: number): number {
    if (at < 0) return 256
    const kind = tokens.kind[at]
    if (kind !== WORD) return 257 + (kind as number)
    const mask = this.#sets.maskOf(tokens.hash[at] as number)
    return mask === 0 && tokens.part[at] !== 0 ? this.#sets.maskOf(tokens.part[at] as number) : mask
  }

  /** Beginnings and ends of the word. */
  #addLetters(bytes: Uint8Array, tokens: NameTokens, at: number, kind: number, starts: boolean): void {
    const letters = this.#letters
    const count = lettersOf(bytes, tokens.start[at] as number, tokens.end[at] as number, letters)
    let hash = HASH_START
    for (let i = 1; i <= 4 && i <= count; i++) {
      hash = hashStep(hash, letters[count - i] as number)
      if (i > 1) this.#add(kind + i, hash, 0)
    }
    if (!starts) return
    hash = HASH_START
    for (let i = 0; i < 4 && i < count; i++) {
      hash = hashStep(hash, letters[i] as number)
      if (i > 1) this.#add(kind + 5 + i, hash, 0)
    }
  }

  #addEnding(bytes: Uint8Array, tokens: NameTokens, at: number, kind: number): void {
    const letters = this.#letters
    const count = lettersOf(bytes, tokens.start[at] as number, tokens.end[at] as number, letters)
    if (count < 4) return
    this.#add(
      kind,
      letters[count - 1] as number,
      ((letters[count - 2] as number) << 10) + (letters[count - 3] as number),
    )
  }
}

const LETTERS_MAX = 32

/** The folded letters of a word in UTF-8; the rest of a long word is left out. */
function lettersOf(bytes: Uint8Array, start: number, end: number, letters: Int32Array): number {
  let count = 0
  for (let at = start; at < end && count < LETTERS_MAX;) {
    const byte = bytes[at] as number
    let point = byte
    let size = 1
    if (byte >= 0xc2 && byte < 0xe0) {
      point = ((byte & 0x1f) << 6) | ((bytes[at + 1] as number) & 0x3f)
      size = 2
    } else if (byte >= 0xe0) {
      point = ((byte & 0x0f) << 12) | (((bytes[at + 1] as number) & 0x3f) << 6) | ((bytes[at + 2] as number) & 0x3f)
      size = 3
    }
    if (caseOf(point) !== NO_LETTER) letters[count++] = foldedOf(point)
    at += size
  }
  return count
}

const DOT = 0x2e

/** The token before, over the dot of an abbreviation; -1 at an edge. */
function wordBefore(tokens: NameTokens, at: number): number {
  if (at <= 0) return -1
  const before = at - 1
  if (before > 0 && tokens.kind[before] === SIGN && tokens.hash[before] === DOT && takesDot(tokens, before - 1))
    return before - 1
  return before
}

function wordBehind(tokens: NameTokens, at: number): number {
  if (at < 0) return -1
  const behind = at + 1
  if (behind >= tokens.length) return -1
  if (tokens.kind[behind] === SIGN && tokens.hash[behind] === DOT && takesDot(tokens, at))
    return behind + 1 < tokens.length ? behind + 1 : -1
  return behind
}

/** The word that a value stands behind in JSON, YAML, forms and lists: `"city": "`, `city=`, `**City:** `. 0 if there is none. */
function keyBefore(tokens: NameTokens, at: number): number {
  const colon = overSigns(tokens, at - 1)
  if (colon < 0 || tokens.kind[colon] !== SIGN) return 0
  if (tokens.hash[colon] !== COLON && tokens.hash[colon] !== EQUALS) return 0
  const key = overSigns(tokens, colon - 1)
  if (key < 0 || tokens.kind[key] === SIGN || tokens.kind[key] === BREAK) return 0
  return tokens.hash[key] as number
}

/** The next token backwards that is no quote, asterisk or bracket; a few at most. */
function overSigns(tokens: NameTokens, from: number): number {
  let at = from
  while (at >= 0 && at > from - 5 && tokens.kind[at] === SIGN && AROUND_KEYS.has(tokens.hash[at] as number)) at--
  return at
}

function valueAt(tokens: NameTokens, at: number): number {
  if (at < 0) return EDGE
  const kind = tokens.kind[at]
  if (kind === BREAK) return LINE_END
  if (kind === CODE) return NUMBER
  return tokens.hash[at] as number
}

function shapeAt(tokens: NameTokens, at: number): number {
  if (at < 0) return 15
  const kind = tokens.kind[at]
  return kind === WORD ? (tokens.shape[at] as number) : 8 + (kind as number)
}

/** Whether a word stands where every word has a capital: behind a full stop, at the start of a line; quotes and brackets between do not count. */
function startsSentence(tokens: NameTokens, at: number): boolean {
  for (let before = at - 1; before >= 0 && before > at - 5; before--) {
    const kind = tokens.kind[before]
    if (kind === BREAK) return true
    if (kind !== SIGN) return false
    const sign = tokens.hash[before] as number
    if (ENDS.has(sign)) return !takesDot(tokens, before - 1) || sign !== DOT
    if (!OPENS.has(sign)) return false
  }
  return at < 5
}

const signs = (text: string): ReadonlySet<number> => new Set([...text].map((sign) => sign.codePointAt(0) as number))
const COLON = 0x3a
const EQUALS = 0x3d
const AROUND_KEYS = signs('"\'`*_[{(\\')
const ENDS = signs('.!?:;…•*>|#')
const OPENS = signs('"\'“”‘’«»()[]{}`-–—_')
