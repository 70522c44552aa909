import { NO_UNIT, NOTHING } from './unit.ts'
import type { Unit } from './unit.ts'

const BACKSLASH = 0x5c

const SINGLE = new Int16Array(128).fill(NO_UNIT)
for (const [letter, code] of [
  ['n', 10],
  ['r', 13],
  ['t', 9],
  ['b', 8],
  ['f', 12],
  ['/', 0x2f],
  ['"', 0x22],
] as const)
  SINGLE[letter.charCodeAt(0)] = code

/**
 * The escape of JSON that begins with the backslashes at `at`, of whatever level. Backslashes that begin none become one. Halves of a surrogate pair
 * count as characters of their own: no rule is about them.
 */
export function jsonEscapeAt(bytes: Uint8Array, at: number, end: number, unit: Unit): number {
  let letter = at
  while (letter < end && bytes[letter] === BACKSLASH) letter++
  const byte = letter < end ? (bytes[letter] as number) : 0
  const digits = byte === 0x75 ? 4 : byte === 0x78 ? 2 : 0
  const code = digits > 0 ? hexNumber(bytes, letter + 1, end, digits) : byte < 128 ? (SINGLE[byte] as number) : NO_UNIT
  unit.to = code < 0 ? letter : letter + 1 + digits
  // One backslash and nothing behind it that could be an escape: as it was.
  return code >= 0 ? code : letter - at > 1 ? BACKSLASH : NO_UNIT
}

/** `%40`, `%2540`, `%252540`: a byte of UTF-8. */
export function percentAt(bytes: Uint8Array, at: number, end: number, unit: Unit): number {
  let digits = at + 1
  while (digits + 3 < end && bytes[digits] === 0x32 && bytes[digits + 1] === 0x35 && isHexPair(bytes, digits + 2))
    digits += 2
  const code = hexNumber(bytes, digits, end, 2)
  if (code < 0) return NO_UNIT
  unit.to = digits + 2
  unit.isByte = true
  return code
}

const isHexPair = (bytes: Uint8Array, at: number): boolean =>
  hexValue(bytes[at] as number) >= 0 && hexValue(bytes[at + 1] as number) >= 0

/** Of HTML, as far as they stand for ASCII, for a blank or for nothing. */
const NAMED = new Map<string, number>(
  Object.entries({
    commat: 0x40,
    period: 0x2e,
    lowbar: 0x5f,
    plus: 0x2b,
    colon: 0x3a,
    semi: 0x3b,
    comma: 0x2c,
    hyphen: 0x2d,
    dash: 0x2d,
    ndash: 0x2d,
    mdash: 0x2d,
    minus: 0x2d,
    sol: 0x2f,
    bsol: BACKSLASH,
    quot: 0x22,
    apos: 0x27,
    lt: 0x3c,
    gt: 0x3e,
    amp: 0x26,
    nbsp: 0x20,
    ensp: 0x20,
    emsp: 0x20,
    thinsp: 0x20,
    num: 0x23,
    equals: 0x3d,
    lpar: 0x28,
    rpar: 0x29,
    lsqb: 0x5b,
    rsqb: 0x5d,
    excl: 0x21,
    quest: 0x3f,
    percnt: 0x25,
    dollar: 0x24,
    ast: 0x2a,
    Tab: 0x09,
    NewLine: 0x0a,
    shy: NOTHING,
    zwnj: NOTHING,
    zwj: NOTHING,
  }),
)
const NAME_BYTES_MAX = 8
const CODE_MAX = 0x10ffff

/** `&#64;`, `&#x40;`, `&commat;`, and the same with `&amp;` for its `&`. */
export function referenceAt(bytes: Uint8Array, at: number, end: number, unit: Unit): number {
  let name = at + 1
  while (name + 4 < end && isAmp(bytes, name) && isReference(bytes[name + 4] as number)) name += 4
  if (bytes[name] === 0x23 && name + 1 < end) return numberedReference(bytes, name + 1, end, unit)
  let text = ''
  let stop = name
  for (; stop < end && text.length < NAME_BYTES_MAX && isLetter(bytes[stop] as number); stop++)
    text += String.fromCharCode(bytes[stop] as number)
  if (stop >= end || bytes[stop] !== 0x3b) return NO_UNIT
  unit.to = stop + 1
  return NAMED.get(text) ?? NO_UNIT
}

/** `amp;` */
const isAmp = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === 0x61 && bytes[at + 1] === 0x6d && bytes[at + 2] === 0x70 && bytes[at + 3] === 0x3b
const isReference = (byte: number): boolean => byte === 0x23 || isLetter(byte)
const isLetter = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a

function numberedReference(bytes: Uint8Array, first: number, end: number, unit: Unit): number {
  const isHex = ((bytes[first] as number) | 0x20) === 0x78
  let at = isHex ? first + 1 : first
  const digits = at
  let code = 0
  for (; at < end && code <= CODE_MAX; at++) {
    const value = hexValue(bytes[at] as number)
    if (value < 0 || (!isHex && value > 9)) break
    code = code * (isHex ? 16 : 10) + value
  }
  if (at === digits || code > CODE_MAX) return NO_UNIT
  unit.to = bytes[at] === 0x3b && at < end ? at + 1 : at
  return code
}

/** Exactly so many hex digits, or NO_UNIT. */
function hexNumber(bytes: Uint8Array, at: number, end: number, digits: number): number {
  if (at + digits > end) return NO_UNIT
  let code = 0
  for (let i = at; i < at + digits; i++) {
    const value = hexValue(bytes[i] as number)
    if (value < 0) return NO_UNIT
    code = code * 16 + value
  }
  return code
}

const hexValue = (byte: number): number => {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
