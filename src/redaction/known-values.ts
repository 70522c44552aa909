import type { RuleType } from './rule.ts'
import { ALNUM, CLASS, DIGIT } from './subject.ts'
import type { Subject } from './subject.ts'
import { candidate, reserve, TRIGGER_KNOWN } from './triggers.ts'
import type { Candidates } from './triggers.ts'

/** What the values of the program's own credentials are called. */
export const LIVE_TYPE = 'LIVE_SECRET'

/** A value that is to be taken out wherever it stands. */
export interface KnownValue {
  readonly type: RuleType
  readonly bytes: Uint8Array
  /** ASCII letters of both cases are the same. */
  readonly isCaseless: boolean
  /** It must not be a part of a longer word or number. */
  readonly isWord: boolean
}

/** The same for a value that is not kept itself: `seal` of bytes of that length tells it. */
export interface SealedValue {
  readonly type: RuleType
  readonly bytesLength: number
  readonly sealed: string
  /** Three bytes of the value at `offset`, as `windowHash` makes them. */
  readonly window: number
  readonly offset: number
  /** `fingerprint` of the value: nearly always tells that `seal` need not be asked. */
  readonly fingerprint: number
  /** What stands around and belongs to it as well: characters of base64 that hold some of its bits. */
  readonly isBase64: boolean
}

/** A keyed hash of bytes[from, to) in hex, such as an HMAC: handed in, as this folder has no cryptography. */
export type Seal = (bytes: Uint8Array, from: number, to: number) => string

/** Shorter values are too common to be looked for. */
export const knownBytesMin = 3
export const knownBytesMax = 4_096
export const knownValuesMax = 65_536

const WINDOW = 3
const TABLE_SIZE = 65_536
/** The window of a value begins at most so far behind its start. */
const OFFSET_MAX = 24

interface Entry {
  readonly type: RuleType
  readonly length: number
  readonly offset: number
  readonly value: KnownValue | undefined
  readonly sealed: SealedValue | undefined
  /** Whom it is known to; 0 = everybody. */
  readonly owner: number
}

/**
 * A set of exact values, found hardly slower than by a loop over the bytes: three bytes of each value, where they are rarest among those of the others, are looked up in a table; what
 * they point to is compared as a whole.
 */
export class KnownValues {
  /** How many entries have their window at a hash, up to 255. */
  readonly #table = new Uint8Array(TABLE_SIZE)
  readonly #entries = new Map<number, Entry[]>()
  readonly #seal: Seal | undefined
  readonly #seed: number
  #count = 0
  /** Whose values count. */
  owner = 0

  constructor(seal?: Seal) {
    this.#seal = seal
    this.#seed = seal === undefined ? 0 : Number.parseInt(seal(new Uint8Array(0), 0, 0).slice(0, 8), 16)
  }

  /** A quick hash, keyed by what `seal` makes of nothing. */
  fingerprint(bytes: Uint8Array, from: number, to: number): number {
    let hash = this.#seed
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
    return hash >>> 0
  }

  get size(): number {
    return this.#count
  }

  clear(): void {
    if (this.#count === 0) return
    this.#table.fill(0)
    this.#entries.clear()
    this.#count = 0
  }

  /** Values that are too short, too long or too many are not taken up: false. */
  add(value: KnownValue, owner = 0): boolean {
    const { bytes, type } = value
    if (bytes.length < knownBytesMin || bytes.length > knownBytesMax || this.#count >= knownValuesMax) return false
    let offset = 0
    for (let at = 1; at <= Math.min(bytes.length - WINDOW, OFFSET_MAX); at++)
      if (this.#load(bytes, at) < this.#load(bytes, offset)) offset = at
    this.#put(windowHash(bytes, offset), { type, length: bytes.length, offset, value, sealed: undefined, owner })
    return true
  }

  addSealed(sealed: SealedValue): boolean {
    const { type, bytesLength: length, offset, window } = sealed
    if (length < knownBytesMin || length > knownBytesMax || this.#count >= knownValuesMax) return false
    this.#put(window, { type, length, offset, value: undefined, sealed, owner: 0 })
    return true
  }

  #load(bytes: Uint8Array, at: number): number {
    return this.#table[windowHash(bytes, at)] as number
  }

  #put(hash: number, entry: Entry): void {
    const entries = this.#entries.get(hash)
    if (entries === undefined) this.#entries.set(hash, [entry])
    else entries.push(entry)
    this.#table[hash] = Math.min(255, (this.#table[hash] as number) + 1)
    this.#count++
  }

  /** Adds a candidate for each place in bytes[start, end) where a value may stand; `found` stays in ascending order. */
  scan(bytes: Uint8Array, start: number, end: number, found: Candidates): void {
    if (this.#count === 0) return
    const table = this.#table
    const first = found.length
    for (let at = nextWindow(table, bytes, start, end); at < end; at = nextWindow(table, bytes, at - 1, end))
      if (this.#mayEnd(bytes, start, end, at, windowHash(bytes, at - 2))) add(found, at)
    if (first > 0 && found.length > first) found.entries.subarray(0, found.length).sort()
  }

  /** First and last byte of one of the entries are where they should be. */
  #mayEnd(bytes: Uint8Array, start: number, end: number, at: number, hash: number): boolean {
    for (const { offset, length, value } of this.#entries.get(hash) ?? []) {
      const from = at - WINDOW + 1 - offset
      if (from < start || from + length > end) continue
      if (value === undefined) return true
      if (isAlike(value.bytes, 0, bytes, from) && isAlike(value.bytes, length - 1, bytes, from + length - 1))
        return true
    }
    return false
  }

  /** Whether a value stands around the candidate; the longest is the match. */
  find(subject: Subject, at: number): boolean {
    const { bytes, start, end } = subject
    if (at - WINDOW + 1 < start) return false
    let isFound = false
    for (const entry of this.#entries.get(windowHash(bytes, at - WINDOW + 1)) ?? []) {
      const from = at - WINDOW + 1 - entry.offset
      const to = from + entry.length
      if (from < start || to > end || (entry.owner !== 0 && entry.owner !== this.owner)) continue
      if (isFound && to - from <= subject.to - subject.from) continue
      if (!this.#isAt(entry, subject, from, to)) continue
      isFound = subject.matched(from, to)
      subject.type = entry.type
      if (entry.sealed?.isBase64 === true) extendBase64(subject)
    }
    return isFound
  }

  #isAt({ value, sealed }: Entry, subject: Subject, from: number, to: number): boolean {
    const { bytes } = subject
    subject.steps += 4
    if (value !== undefined) return (!value.isWord || isWordAt(subject, from, to)) && isEqual(value, subject, from)
    if (sealed === undefined || this.#seal === undefined) return false
    subject.steps += to - from
    return this.fingerprint(bytes, from, to) === sealed.fingerprint && this.#seal(bytes, from, to) === sealed.sealed
  }
}

/** Of three bytes, whatever the case of letters. */
export const windowHash = (bytes: Uint8Array, at: number): number =>
  Math.imul(
    (((bytes[at] as number) | 0x20) << 16) |
      (((bytes[at + 1] as number) | 0x20) << 8) |
      ((bytes[at + 2] as number) | 0x20),
    MIX,
  ) >>> 16

const MIX = 0x9e3779b1

/** The last byte of the first window in bytes[start, end) that the table has; `end` when there is none. */
function nextWindow(table: Uint8Array, bytes: Uint8Array, start: number, end: number): number {
  if (start + WINDOW > end) return end
  let window = ((bytes[start] as number) << 8) | (bytes[start + 1] as number) | 0x2020
  for (let at = start + WINDOW - 1; at < end; at++) {
    window = ((window << 8) | (bytes[at] as number) | 0x20) & 0xffffff
    if (table[Math.imul(window, MIX) >>> 16] !== 0) return at
  }
  return end
}

function add(found: Candidates, at: number): void {
  reserve(found, 1)
  found.entries[found.length++] = candidate(at, TRIGGER_KNOWN)
}

const isAlike = (one: Uint8Array, at: number, other: Uint8Array, otherAt: number): boolean =>
  ((one[at] as number) | 0x20) === ((other[otherAt] as number) | 0x20)

function isEqual({ bytes, isCaseless }: KnownValue, subject: Subject, from: number): boolean {
  const text = subject.bytes
  let at = 0
  for (; at < bytes.length; at++) {
    const byte = bytes[at] as number
    const other = text[from + at] as number
    if (byte === other) continue
    if (!isCaseless || (byte | 0x20) !== (other | 0x20) || !isLetter(byte)) break
  }
  subject.steps += at
  return at === bytes.length
}

const isLetter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a

/** No letter, digit or `_` goes on before or behind it, and no number. */
function isWordAt(subject: Subject, from: number, to: number): boolean {
  if (isWordByte(subject, from) && isWordByte(subject, from - 1)) return false
  if (isWordByte(subject, to - 1) && isWordByte(subject, to)) return false
  if (!subject.is(from, DIGIT)) return true
  const before = subject.at(from - 1)
  if (before === 0x24 || (before === 0x2e && subject.is(from - 2, DIGIT))) return false
  return !(subject.at(to) === 0x2e && subject.is(to + 1, DIGIT))
}

const isWordByte = (subject: Subject, at: number): boolean => {
  const byte = subject.at(at)
  return byte >= 0x80 || byte === 0x5f || (((CLASS[byte] as number) & ALNUM) !== 0 && !subject.isEscapeLetter(at))
}

/** The rest of the encoded text around it. */
function extendBase64(subject: Subject): void {
  const stop = knownBytesMax
  let { from, to } = subject
  while (subject.from - from < stop && isBase64(subject.at(from - 1))) from--
  while (to - subject.to < stop && (isBase64(subject.at(to)) || subject.at(to) === 0x3d)) to++
  subject.steps += to - from
  subject.from = from
  subject.to = to
}

const isBase64 = (byte: number): boolean =>
  (byte < 0x80 && ((CLASS[byte] as number) & ALNUM) !== 0) ||
  byte === 0x2b ||
  byte === 0x2f ||
  byte === 0x2d ||
  byte === 0x5f
