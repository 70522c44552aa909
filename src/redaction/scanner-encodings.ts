import { nibble, sextet, textState } from './decode/encoded-text.ts'
import { FOLD_ALNUM, FOLD_GAP, FOLD_NOTHING, foldKind } from './decode/fold-kind.ts'
import { byte, isAlnum, isDigit, isGroupGap, isHex, isLetter, isToken, isUpper } from './scanner-bytes.ts'

/** Single digits with gaps, and token characters that may be base64: where their triggers stand. */
export const SPACED_LENGTH = 8
export const ENCODED_LENGTH = 12

/** The number that so many hex digits write; -1 when they are none. */
export function hexAt(p: number, digits: number): number {
  let code = 0
  for (let i = 0; i < digits; i++) {
    if (!isHex(byte(p + i))) return -1
    code = (code << 4) | nibble(byte(p + i))
  }
  return code
}

/** The escape whose `u` is at `p`: useful by itself, or a letter beyond ASCII that hides where a value begins (`\u53f7AKIA…`). */
export function isUsefulEscape(p: number): boolean {
  const code = hexAt(p + 1, 4)
  if (isUsefulCode(code)) return true
  const next = byte(p + 5)
  return code >= 0x80 && (isDigit(next) || next === 0x2b || next === 0x28 || (code >= 0x2e80 && isLetter(next)))
}

/** An ASCII character, but not a control or one of `"'<>`, which are escaped everywhere; what stands for one, or for nothing (fold-kind.ts). */
export function isUsefulCode(code: number): boolean {
  if (code < 0x80) return code >= 0x20 && code !== 0x22 && code !== 0x27 && code !== 0x3c && code !== 0x3e
  if (code < 0x2000) {
    if (code === 0xa0 || code === 0xad) return true
    if (code >= 0x660 && code < 0x700) return (code & 15) < 10 && ((code & 0xf0) === 0x60 || (code & 0xf0) === 0xf0)
    return (code >= 0x900 && code < 0xe00 && ((code & 0x7f) - 0x66) >>> 0 < 10) || (code >= 0xe50 && code < 0xe5a)
  }
  if (code < 0x2070) return code <= 0x2013 || (code >= 0x2028 && code < 0x2030) || code >= 0x205f
  return code === 0x3000 || code === 0xd835 || code === 0xfeff || (code > 0xff00 && code < 0xff5f)
}

/** `&#`, or two to eight letters and a semicolon. */
export function isEntity(p: number): boolean {
  if (byte(p + 1) === 0x23) return true
  let letters = 0
  while (letters < 9 && isLetter(byte(p + 1 + letters))) letters++
  return letters >= 2 && letters < 9 && byte(p + 1 + letters) === 0x3b
}

/** Stands between or beside what makes it worth a look. */
export function isFold(p: number): boolean {
  const kind = foldKind(byte(p), byte(p + 1), byte(p + 2), byte(p + 3))
  if (kind === 0) return false
  if ((kind & 15) === FOLD_ALNUM) return true
  const before = byte(p - 1)
  const behind = byte(p + (kind >> 4))
  switch (kind & 15) {
    case FOLD_NOTHING:
      return isInValue(before) || isInValue(behind)
    case FOLD_GAP:
      return isDigit(before) || isDigit(behind) || (isUpper(before) && isUpper(behind))
    default:
      return isAlnum(before) && isAlnum(behind)
  }
}

/** What values are made of. */
const isInValue = (c: number): boolean => isToken(c) || c === 0x2b || (c >= 0x2e && c <= 0x3a) || c === 0x40

/** p is the last byte of a line break, or the letter of \\n: whether what stands around looks like a value that goes on. */
export function isBreak(p: number): boolean {
  let before = p - 1
  if (byte(p) === 0x6e) {
    if (byte(before) !== 0x5c) return false
    while (byte(before) === 0x5c && p - before < ESCAPES_MAX) before--
  }
  if (!isJoined(byte(before)) || !isJoined(byte(p + 1))) return false
  if (hasAt(before, -1)) return !hasAt(p + 1, 1)
  if (hasAt(p + 1, 1)) return true
  const left = digitsWithin(before - BREAK_DIGITS_WITHIN + 1)
  const right = digitsWithin(p + 1)
  if (left < BREAK_DIGITS_MIN || right < BREAK_DIGITS_MIN || left + right < BREAK_DIGITS) return false
  return !isLineEnd(behindRun(before, -1)) || !isLineEnd(behindRun(p + 1, 1))
}

const ESCAPES_MAX = 9
/** On each side of a break, and on both together. */
const BREAK_DIGITS_MIN = 2
const BREAK_DIGITS = 6
const BREAK_DIGITS_WITHIN = 12
const BREAK_AT_WITHIN = 24

/** Letters, digits, and what may stand between them in a value: `()+-.:@_`. */
const isJoined = (c: number): boolean =>
  isToken(c) || c === 0x28 || c === 0x29 || c === 0x2b || c === 0x2e || c === 0x3a || c === 0x40

/** The byte that ends the run from here on; something else than a line end when it is long. */
function behindRun(from: number, step: number): number {
  let at = from
  while (Math.abs(at - from) < BREAK_AT_WITHIN && isJoined(byte(at))) at += step
  return byte(at)
}

/** Both lines hold nothing else: a list. */
const isLineEnd = (c: number): boolean => c === 0x0a || c === 0x0d || c === 0x5c || c === 0x22 || c === 0

function digitsWithin(from: number): number {
  let digits = 0
  for (let i = 0; i < BREAK_DIGITS_WITHIN; i++) if (isDigit(byte(from + i))) digits++
  return digits
}

function hasAt(from: number, step: number): boolean {
  for (let i = 0; i < BREAK_AT_WITHIN; i++) {
    const c = byte(from + i * step)
    if (c === 0x40) return true
    if (!isJoined(c)) return false
  }
  return false
}

/** p is the eighth of single digits with something between: whether that is the same gap everywhere. */
export function isSpaced(p: number): boolean {
  const gap = byte(p - 1)
  if (!isGroupGap(gap) && gap !== 0x5f) return false
  for (let i = 3; i < 2 * SPACED_LENGTH - 1; i += 2) if (byte(p - i) !== gap) return false
  return true
}

/** p is the twelfth token character of a run: whether they are base64 of nine bytes of text, or hex of four to six. */
export function isEncoded(p: number): boolean {
  const from = p - ENCODED_LENGTH + 1
  let state = 0
  for (let i = 0; i < ENCODED_LENGTH && state >= 0; i += 4) {
    const bits =
      (sextet(byte(from + i)) << 18) |
      (sextet(byte(from + i + 1)) << 12) |
      (sextet(byte(from + i + 2)) << 6) |
      sextet(byte(from + i + 3))
    state = textState(textState(textState(state, bits >> 16), (bits >> 8) & 255), bits & 255)
  }
  if (state >= 0) return true
  let at = byte(from) === 0x30 && (byte(from + 1) | 0x20) === 0x78 ? from + 2 : from
  for (state = 0; at < p && state >= 0; at += 2) {
    if (!isHex(byte(at)) || !isHex(byte(at + 1))) return false
    state = textState(state, (nibble(byte(at)) << 4) | nibble(byte(at + 1)))
  }
  return state >= 0
}

/** p is a quote: whether what stands before it is part of a value, and the next string goes on with digits or stands in the next object. */
export function isPartEnd(p: number): boolean {
  let last = p - 1
  while (byte(last) === 0x5c && p - last < ESCAPES_MAX) last--
  const isDigitBefore = isDigit(byte(last)) || (byte(last) === 0x20 && isDigit(byte(last - 1)))
  if (!isDigitBefore && !isJoined(byte(last))) return false
  let at = behindBlanks(p + 1)
  const isObject = byte(at) === 0x7d
  if (isObject) at = behindBlanks(at + 1)
  if (byte(at) !== 0x2c) return false
  at = behindBlanks(at + 1)
  if (isObject) return byte(at) === 0x7b
  const quote = at
  while (byte(at) === 0x5c && at - quote < ESCAPES_MAX) at++
  if (!isDigitBefore || byte(at) !== 0x22) return false
  return isDigit(byte(at + 1)) || (byte(at + 1) === 0x20 && isDigit(byte(at + 2)))
}

function behindBlanks(from: number): number {
  let at = from
  while (at - from < BLANKS_MAX && (byte(at) === 0x20 || byte(at) === 0x0a)) at++
  return at
}

const BLANKS_MAX = 12
