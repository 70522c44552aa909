import { FOLD_ALNUM, FOLD_GAP, FOLD_NOTHING, foldKind } from './decode/fold-kind.ts'
import {
  candidate,
  reserve,
  TRIGGER_AT,
  TRIGGER_AWS,
  TRIGGER_BREAK,
  TRIGGER_BEARER,
  TRIGGER_CODE,
  TRIGGER_COLON,
  TRIGGER_DASH,
  TRIGGER_DIGITS,
  TRIGGER_ENCODED,
  TRIGGER_ENTITY,
  TRIGGER_ESCAPE,
  TRIGGER_FOLD,
  TRIGGER_FORM,
  TRIGGER_GITHUB,
  TRIGGER_GOOGLE,
  TRIGGER_IBAN,
  TRIGGER_IPV4,
  TRIGGER_JWT,
  TRIGGER_PART,
  TRIGGER_PEM,
  TRIGGER_PERCENT,
  TRIGGER_PLUS,
  TRIGGER_SECRET,
  TRIGGER_SK,
  TRIGGER_SLACK,
  TRIGGER_SPACED,
  TRIGGER_SSN,
  TRIGGER_STRIPE,
  TRIGGER_TOKEN,
  TRIGGER_TRIPLES,
  TRIGGER_WORD,
} from './triggers.ts'
import type { Candidates, Scan } from './triggers.ts'
import { isWordEnd } from './word-list.ts'
import type { WordList } from './word-list.ts'

/** The scanner in plain TypeScript: the same candidates as kernel/scan.as.ts (a property test), at about a tenth of its speed. */
export function createPortableScanner(words: WordList): Scan {
  const hasWords = words.words.length > 0
  return (bytes, start, end, found) => {
    text = bytes
    textStart = start
    textEnd = end
    let tokenLength = 0
    let wordLength = 0
    let spaced = 0
    let spacedBefore = 0
    for (let at = start; at < end; at++) {
      const bits = BITS[bytes[at] as number] as number
      tokenLength = (bits & TOKEN) === 0 ? 0 : tokenLength + 1
      wordLength = (bits & ALNUM) === 0 || isEscapeLetter(at) ? 0 : wordLength + 1
      const kind = bits & KINDS
      if (kind !== 0) put(found, at, kind === LITERAL ? literalAt(at) : kind === DIGIT ? digitAt(at) : otherAt(at))
      if (tokenLength === TOKEN_LENGTH) put(found, at, TRIGGER_TOKEN)
      if (wordLength > 0 && hasWords && isWordEnd(bytes, end, at) && words.find(bytes, start, end, at))
        put(found, at, TRIGGER_WORD)
      if (kind === DIGIT && isTriples(at)) put(found, at, TRIGGER_TRIPLES)
      if (wordLength === CODE_LENGTH && isCode(at)) put(found, at, TRIGGER_CODE)
      if ((bytes[at] === 0x0a || bytes[at] === 0x6e) && isBreak(at)) put(found, at, TRIGGER_BREAK)
      const before = spacedBefore
      spacedBefore = spaced
      spaced = kind === DIGIT && !isDigit(byte(at - 1)) && !isDigit(byte(at + 1)) ? before + 1 : 0
      if (spaced === SPACED_LENGTH && isSpaced(at)) put(found, at, TRIGGER_SPACED)
      if (tokenLength === ENCODED_LENGTH && isEncoded(at)) put(found, at, TRIGGER_ENCODED)
    }
    text = new Uint8Array(0)
  }
}

function put(found: Candidates, at: number, trigger: number): void {
  if (trigger < 0) return
  reserve(found, 1)
  found.entries[found.length++] = candidate(at, trigger)
}

const TOKEN_LENGTH = 16
const CODE_LENGTH = 8
const CODE_LENGTH_MAX = 24
const CODE_DIGITS = 4
const SPACED_LENGTH = 8
const ENCODED_LENGTH = 12

const LITERAL = 1
const DIGIT = 2
const OTHER = 3
const KINDS = 3
const TOKEN = 4
const ALNUM = 8
/** What a byte can be the last one of, and its classes. */
const BITS = new Uint8Array(256)
for (const char of ':abcdefABCDEF') BITS[char.charCodeAt(0)] = OTHER
for (const char of '@(u/J-_AaxpIrRtT%&"') BITS[char.charCodeAt(0)] = LITERAL
for (const char of '0123456789') BITS[char.charCodeAt(0)] = DIGIT
for (let byte = 0x80; byte < 256; byte++) BITS[byte] = OTHER
for (const char of '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ')
  BITS[char.charCodeAt(0)] = (BITS[char.charCodeAt(0)] as number) | TOKEN | ALNUM
for (const char of '-_') BITS[char.charCodeAt(0)] = (BITS[char.charCodeAt(0)] as number) | TOKEN

// One scan at a time: module variables are worth a third of the time against closing over them.
let text: Uint8Array = new Uint8Array(0)
let textStart = 0
let textEnd = 0

/** Zero outside of the text. */
const byte = (at: number): number => (at >= textStart && at < textEnd ? (text[at] as number) : 0)
const isDigit = (c: number): boolean => c >= 0x30 && c <= 0x39
const isLetter = (c: number): boolean => (c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a
const isAlnum = (c: number): boolean => isDigit(c) || isLetter(c)
const isHex = (c: number): boolean => isDigit(c) || ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x66)
const isUpper = (c: number): boolean => c >= 0x41 && c <= 0x5a
/** What values are made of. */
const isInValue = (c: number): boolean => isToken(c) || c === 0x2b || (c >= 0x2e && c <= 0x3a) || c === 0x40
const isToken = (c: number): boolean => isAlnum(c) || c === 0x2d || c === 0x5f
const isNumberGap = (c: number): boolean => c === 0x20 || c === 0x2d || c === 0x2e || c === 0x29

const isText = (at: number, expected: string): boolean => {
  for (let i = 0; i < expected.length; i++) if (byte(at + i) !== expected.charCodeAt(i)) return false
  return true
}
const isWordIgnoringCase = (at: number, lowerCase: string): boolean => {
  for (let i = 0; i < lowerCase.length; i++) if ((byte(at + i) | 0x20) !== lowerCase.charCodeAt(i)) return false
  return true
}
const isTokenRun = (at: number, length: number): boolean => {
  for (let i = 0; i < length; i++) if (!isToken(byte(at + i))) return false
  return true
}
/** The letter of \n, \r, \t, \b or \f. */
const isEscapeLetter = (at: number): boolean => {
  const c = byte(at)
  return byte(at - 1) === 0x5c && (c === 0x6e || c === 0x72 || c === 0x74 || c === 0x62 || c === 0x66)
}
/** A letter or digit that is text, not the letter of an escape. */
const isWord = (at: number): boolean => isAlnum(byte(at)) && !isEscapeLetter(at)

function digitAt(p: number): number {
  if (byte(p - 1) === 0x2b) return plusAt(p) === TRIGGER_PLUS ? TRIGGER_PLUS : isForm(p) ? TRIGGER_FORM : -1
  if (isDigit(byte(p - 5)) && isDigit(byte(p - 6)) && isDigit(byte(p - 7)) && !isDigit(byte(p - 8))) {
    const trigger = isDigit(byte(p - 1)) || isDigit(byte(p - 4)) ? digitsAt(p) : ssnAt(p)
    if (trigger >= 0) return trigger
  }
  if (byte(p - 1) === 0x2e) return ipv4At(p)
  if (byte(p - 1) === 0x3a) return colonAt(p)
  return ibanAt(p)
}

function otherAt(p: number): number {
  if (byte(p) >= 0x80) return isFold(p) ? TRIGGER_FOLD : -1
  return byte(p - 1) === 0x3a ? colonAt(p) : -1
}

function literalAt(p: number): number {
  switch (byte(p)) {
    case 0x40: // @
      return isAddressSign(p) ? TRIGGER_AT : -1
    case 0x28: // (
      return byte(p - 1) === 0x2b ? plusAt(p) : -1
    case 0x78: // x
      if (byte(p - 1) === 0x5c) return isUsefulCode(hexAt(p + 1, 2)) ? TRIGGER_ESCAPE : -1
      return isText(p - 2, 'xo') && isLetter(byte(p + 1)) && byte(p + 2) === 0x2d ? TRIGGER_SLACK : -1
    case 0x75: // u
      return byte(p - 1) === 0x5c && isUsefulCode(hexAt(p + 1, 4)) ? TRIGGER_ESCAPE : -1
    case 0x22: // a quote
      return isPartEnd(p) ? TRIGGER_PART : -1
    case 0x25: // %
      return isHex(byte(p + 1)) && isHex(byte(p + 2)) ? TRIGGER_PERCENT : -1
    case 0x26: // &
      return isEntity(p) ? TRIGGER_ENTITY : -1
    case 0x2f: // a slash behind a backslash
      return byte(p - 1) === 0x5c ? TRIGGER_ESCAPE : -1
    case 0x4a: // J
      return isText(p - 2, 'ey') && isTokenRun(p + 1, 8) ? TRIGGER_JWT : -1
    case 0x2d: // -
      return isText(p - 2, 'sk') && isTokenRun(p + 1, 8) ? TRIGGER_SK : dashAt(p)
    case 0x5f: // _
      return underscoreAt(p)
    case 0x41: // A
      return isText(p - 3, 'AKI') || isText(p - 3, 'ASI') ? TRIGGER_AWS : otherAt(p)
    case 0x61: // a
      return isText(p - 3, 'AIz') ? TRIGGER_GOOGLE : otherAt(p)
    case 0x70: // p
      return isText(p - 3, 'xap') && byte(p + 1) === 0x2d ? TRIGGER_SLACK : -1
    case 0x49: // I
      return isText(p - 4, '-BEG') && byte(p + 1) === 0x4e ? TRIGGER_PEM : -1
    case 0x72: // r
    case 0x52:
      return isWordIgnoringCase(p - 3, 'bearer') && byte(p + 3) === 0x20 ? TRIGGER_BEARER : -1
    default: // t
      return isWordIgnoringCase(p - 5, 'secret') ? TRIGGER_SECRET : -1
  }
}

const isForm = (p: number): boolean => isDigit(byte(p - 2)) && (isDigit(byte(p - 3)) || isDigit(byte(p + 1)))

/** The number that so many hex digits write; -1 when they are none. */
function hexAt(p: number, digits: number): number {
  let code = 0
  for (let i = 0; i < digits; i++) {
    if (!isHex(byte(p + i))) return -1
    code = (code << 4) | nibble(byte(p + i))
  }
  return code
}

/** An ASCII character, but not a control or one of `"'<>`, which are escaped everywhere; what stands for one, or for nothing (fold-kind.ts). */
function isUsefulCode(code: number): boolean {
  if (code < 0x80) return code >= 0x20 && code !== 0x22 && code !== 0x27 && code !== 0x3c && code !== 0x3e
  if (code < 0x2000) {
    if (code === 0xa0 || code === 0xad) return true
    if (code >= 0x660 && code < 0x700) return (code & 15) < 10 && ((code & 0xf0) === 0x60 || (code & 0xf0) === 0xf0)
    return (code >= 0x900 && code < 0xe00 && ((code & 0x7f) - 0x66) >>> 0 < 10) || (code >= 0xe50 && code < 0xe5a)
  }
  if (code < 0x2070) return code <= 0x2013 || (code >= 0x2028 && code < 0x2030) || code >= 0x205f
  return code === 0x3000 || code === 0xd835 || code === 0xfeff || (code > 0xff00 && code < 0xff5f)
}

function isAddressSign(p: number): boolean {
  const before = byte(p - 1)
  if (before === 0x22) return isAlnum(byte(byte(p - 2) === 0x5c ? p - 3 : p - 2))
  return before > 0x20 && before !== 0x60 && !isEscapeLetter(p - 1)
}

function underscoreAt(p: number): number {
  if (isText(p - 2, 'sk') || isText(p - 2, 'rk')) {
    return isText(p + 1, 'live') || isText(p + 1, 'test') ? TRIGGER_STRIPE : -1
  }
  if (isText(p - 3, 'gh')) return 'pousr'.includes(String.fromCharCode(byte(p - 1))) ? TRIGGER_GITHUB : -1
  return isText(p - 6, 'ub_pat') ? TRIGGER_GITHUB : -1
}

function plusAt(p: number): number {
  let digits = 0
  for (let i = 0; i < 20; i++) {
    const c = byte(p + i)
    if (isDigit(c)) digits++
    else if (!isNumberGap(c) && c !== 0x28 && c !== 0x2f) break
  }
  return digits >= 7 ? TRIGGER_PLUS : -1
}

function digitsAt(p: number): number {
  if (!isDigit(byte(p - 2))) return -1
  const a = byte(p - 3)
  const b = byte(p - 4)
  const c = byte(p - 1)
  if (!isDigit(c) && !(isDigit(a) && isDigit(b) && (c === 0x2d || c === 0x2f))) return -1
  if (!isDigit(a) && !isDigit(b)) return -1
  if (!(isDigit(a) || isNumberGap(a)) || !(isDigit(b) || isNumberGap(b)) || isWord(p - 8)) return -1
  const isFraction = byte(p - 8) === 0x2e && byte(p - 9) === 0x30 && !isDigit(byte(p - 10))
  return isFraction ? -1 : TRIGGER_DIGITS
}

function ssnAt(p: number): number {
  const gap = byte(p - 1)
  if ((gap !== 0x2d && gap !== 0x20) || byte(p - 4) !== gap || isWord(p - 8)) return -1
  if (!isDigit(byte(p - 2)) || !isDigit(byte(p - 3))) return -1
  return isDigit(byte(p + 1)) && isDigit(byte(p + 2)) && isDigit(byte(p + 3)) ? TRIGGER_SSN : -1
}

function ipv4At(p: number): number {
  let dot = p - 2
  if (!isDigit(byte(dot))) return -1
  while (isDigit(byte(dot)) && dot > p - 5) dot--
  if (byte(dot) !== 0x2e || !isDigit(byte(dot - 1))) return -1
  let q = p + 1
  if (isDigit(byte(q))) q++
  if (isDigit(byte(q))) q++
  return byte(q) === 0x2e && isDigit(byte(q + 1)) ? TRIGGER_IPV4 : -1
}

/** p is behind a colon. */
function colonAt(p: number): number {
  if (!isHex(byte(p - 2)) && byte(p - 2) !== 0x3a) return -1
  if (byte(p) === 0x3a) return TRIGGER_COLON
  let q = p
  for (let colons = 0; colons < 2; colons++) {
    let length = 0
    for (; length < 5 && isHex(byte(q)); length++) q++
    if (length === 5 || byte(q) !== 0x3a) return -1
    q++
  }
  return TRIGGER_COLON
}

function dashAt(p: number): number {
  if (byte(p - 3) !== 0x2d || byte(p - 6) !== 0x2d) return -1
  return isHex(byte(p - 1)) && isHex(byte(p - 2)) && isHex(byte(p - 4)) && isHex(byte(p - 5)) ? TRIGGER_DASH : -1
}

function ibanAt(p: number): number {
  if (!isDigit(byte(p - 1)) || !isLetter(byte(p - 2)) || !isLetter(byte(p - 3)) || isWord(p - 4)) return -1
  let more = 0
  for (let i = 1; i <= 16; i++) {
    const c = byte(p + i)
    if (isAlnum(c)) more++
    else if (c !== 0x20 && c !== 0x2d) break
  }
  return more >= 11 ? TRIGGER_IBAN : -1
}

/** `&#`, or two to eight letters and a semicolon. */
function isEntity(p: number): boolean {
  if (byte(p + 1) === 0x23) return true
  let letters = 0
  while (letters < 9 && isLetter(byte(p + 1 + letters))) letters++
  return letters >= 2 && letters < 9 && byte(p + 1 + letters) === 0x3b
}

/** Stands between or beside what makes it worth a look. */
function isFold(p: number): boolean {
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

/** Three digits, gap, three digits, gap, digit. */
function isTriples(p: number): boolean {
  if (!isGroupGap(byte(p - 1)) || !isGroupGap(byte(p - 5))) return false
  return [2, 3, 4, 6, 7, 8].every((i) => isDigit(byte(p - i)))
}
const isGroupGap = (c: number): boolean => c === 0x20 || c === 0x2d || c === 0x2e

/** p is the eighth letter or digit of a word: whether it ends soon enough, and holds enough digits and a letter. */
function isCode(p: number): boolean {
  let digits = 0
  let length = 0
  for (let at = p - CODE_LENGTH + 1; isAlnum(byte(at)); at++) {
    if (++length > CODE_LENGTH_MAX) return false
    if (isDigit(byte(at))) digits++
  }
  return digits >= CODE_DIGITS && digits < length
}

/** p is the last byte of a line break, or the letter of \\n: whether what stands around looks like a value that goes on. */
function isBreak(p: number): boolean {
  let before = p - 1
  if (byte(p) === 0x6e) {
    if (byte(before) !== 0x5c) return false
    while (byte(before) === 0x5c && p - before < ESCAPES_MAX) before--
  }
  if (!isJoined(byte(before)) || !isJoined(byte(p + 1))) return false
  if (digitsWithin(before - BREAK_DIGITS_WITHIN + 1) >= BREAK_DIGITS && digitsWithin(p + 1) >= BREAK_DIGITS) return true
  return hasAt(before, -1) || hasAt(p + 1, 1)
}

const ESCAPES_MAX = 9
const BREAK_DIGITS = 2
const BREAK_DIGITS_WITHIN = 12
const BREAK_AT_WITHIN = 24

/** Letters, digits, and what may stand between them in a value: `()+-.:@_`. */
const isJoined = (c: number): boolean =>
  isToken(c) || c === 0x28 || c === 0x29 || c === 0x2b || c === 0x2e || c === 0x3a || c === 0x40

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
function isSpaced(p: number): boolean {
  const gap = byte(p - 1)
  if (!isGroupGap(gap) && gap !== 0x5f) return false
  for (let i = 3; i < 2 * SPACED_LENGTH - 1; i += 2) if (byte(p - i) !== gap) return false
  return true
}

/** p is the twelfth token character of a run: whether they are base64 of nine bytes of text, or hex of four to six. */
function isEncoded(p: number): boolean {
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

const nibble = (c: number): number => (c & 15) + (c > 0x39 ? 9 : 0)
/** What a token character stands for in base64url. */
const sextet = (c: number): number =>
  isDigit(c) ? c + 4 : c >= 0x61 ? c - 71 : c === 0x5f ? 63 : c === 0x2d ? 62 : c - 65

/** Bytes of a character of UTF-8 that are still to come; -1 when the byte is not part of a text. */
function textState(state: number, c: number): number {
  if (state !== 0) return state > 0 && (c & 0xc0) === 0x80 ? state - 1 : -1
  if (c < 0x80) return (c >= 0x20 && c < 0x7f) || c === 0x09 || c === 0x0a || c === 0x0d ? 0 : -1
  return c < 0xc2 ? -1 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : -1
}

/** p is a quote: whether what stands before it is part of a value, and the next string goes on with digits or stands in the next object. */
function isPartEnd(p: number): boolean {
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
