import {
  byte,
  isAlnum,
  isDigit,
  isEscapeLetter,
  isGroupGap,
  isHex,
  isLetter,
  isNumberGap,
  isText,
  isTokenRun,
  isWord,
  isWordIgnoringCase,
  setText,
} from './scanner-bytes.ts'
import {
  ENCODED_LENGTH,
  hexAt,
  isBreak,
  isEncoded,
  isEntity,
  isFold,
  isPartEnd,
  isSpaced,
  isUsefulCode,
  isUsefulEscape,
  SPACED_LENGTH,
} from './scanner-encodings.ts'
import {
  candidate,
  reserve,
  TRIGGER_AT,
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
  TRIGGER_IBAN,
  TRIGGER_IPV4,
  TRIGGER_JWT,
  TRIGGER_LONG,
  TRIGGER_PART,
  TRIGGER_PEM,
  TRIGGER_PERCENT,
  TRIGGER_PLUS,
  TRIGGER_SK,
  TRIGGER_SPACED,
  TRIGGER_SSN,
  TRIGGER_TOKEN,
  TRIGGER_TRIPLES,
  TRIGGER_WORD,
} from './triggers.ts'
import type { Candidates, Scan } from './triggers.ts'
import { isWordEnd } from './word-list.ts'
import type { WordList } from './word-list.ts'

/** The scanner in plain TypeScript: the same candidates as kernel/scan.as.ts (a property test), at about a tenth of its speed. */
export function createPortableScanner(words: WordList, pairs?: readonly number[]): Scan {
  const hasWords = words.words.length > 0
  const isPair = pairsOf(pairs)
  return (bytes, start, end, found) => {
    setText(bytes, start, end)
    let tokenLength = 0
    let wordLength = 0
    let spaced = 0
    let spacedBefore = 0
    for (let at = start; at < end; at++) {
      const bits = BITS[bytes[at] as number] as number
      tokenLength = (bits & TOKEN) === 0 ? 0 : tokenLength + 1
      wordLength = (bits & ALNUM) === 0 || (bytes[at - 1] === 0x5c && isEscapeLetter(at)) ? 0 : wordLength + 1
      const kind = bits & KINDS
      if (kind !== 0) put(found, at, kind === LITERAL ? literalAt(at) : kind === DIGIT ? digitAt(at) : otherAt(at))
      if (tokenLength >= TOKEN_LENGTH && mayBeginKey(at, tokenLength, isPair)) put(found, at, TRIGGER_TOKEN)
      if (wordLength === LONG_LENGTH) put(found, at, TRIGGER_LONG)
      const isInside = (bits & LOWER) !== 0 && ((BITS[bytes[at + 1] as number] as number) & LOWER) !== 0
      if (
        wordLength > 0 &&
        hasWords &&
        (!isInside || at + 1 === end) &&
        isWordEnd(bytes, end, at) &&
        words.find(bytes, start, end, at)
      )
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
    setText(NO_BYTES, 0, 0)
  }
}

function put(found: Candidates, at: number, trigger: number): void {
  if (trigger < 0) return
  reserve(found, 1)
  found.entries[found.length++] = candidate(at, trigger)
}

const NO_BYTES = new Uint8Array(0)
const TOKEN_LENGTH = 16
const LONG_LENGTH = 25
const CODE_LENGTH = 8
const CODE_LENGTH_MAX = 24
const CODE_DIGITS = 4

const LITERAL = 1
const DIGIT = 2
const OTHER = 3
const KINDS = 3
const TOKEN = 4
const ALNUM = 8
const LOWER = 16
/** What a byte can be the last one of, and its classes. */
const BITS = new Uint8Array(256)
for (const char of ':abcdefABCDEF') BITS[char.charCodeAt(0)] = OTHER
for (const char of '@(u/J-xIrR%&"') BITS[char.charCodeAt(0)] = LITERAL
for (const char of '0123456789') BITS[char.charCodeAt(0)] = DIGIT
for (let byte = 0x80; byte < 256; byte++) BITS[byte] = OTHER
for (const char of '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ')
  BITS[char.charCodeAt(0)] = (BITS[char.charCodeAt(0)] as number) | TOKEN | ALNUM
for (const char of 'abcdefghijklmnopqrstuvwxyz') BITS[char.charCodeAt(0)] = (BITS[char.charCodeAt(0)] as number) | LOWER
for (const char of '-_') BITS[char.charCodeAt(0)] = (BITS[char.charCodeAt(0)] as number) | TOKEN

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
      return byte(p - 1) === 0x5c && isUsefulCode(hexAt(p + 1, 2)) ? TRIGGER_ESCAPE : -1
    case 0x75: // u
      return byte(p - 1) === 0x5c && isUsefulEscape(p) ? TRIGGER_ESCAPE : -1
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
    case 0x49: // I
      return isText(p - 4, '-BEG') && byte(p + 1) === 0x4e ? TRIGGER_PEM : -1
    case 0x72: // r
    default:
      return isWordIgnoringCase(p - 3, 'bearer') && byte(p + 3) === 0x20 ? TRIGGER_BEARER : -1
  }
}

const FORM_BYTES = 12
const FORM_DIGITS_MIN = 6

/** p is behind a `+`: six digits with nothing but pluses and gaps between. */
function isForm(p: number): boolean {
  if (!isDigit(byte(p - 2))) return false
  let digits = 0
  for (let at = p; at < p + FORM_BYTES && isOfForm(byte(at)); at++) if (isDigit(byte(at))) digits++
  for (let at = p - 1; at > p - FORM_BYTES && isOfForm(byte(at)); at--) if (isDigit(byte(at))) digits++
  return digits >= FORM_DIGITS_MIN
}

/** Digits and `+()-./`. */
const isOfForm = (c: number): boolean =>
  isDigit(c) || c === 0x2b || c === 0x28 || c === 0x29 || (c >= 0x2d && c <= 0x2f)

function isAddressSign(p: number): boolean {
  const before = byte(p - 1)
  if (before === 0x22) return isAlnum(byte(byte(p - 2) === 0x5c ? p - 3 : p - 2))
  return before > 0x20 && before !== 0x60 && !isEscapeLetter(p - 1)
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

/** Three digits, gap, three digits, gap, digit. */
function isTriples(p: number): boolean {
  if (!isGroupGap(byte(p - 1)) || !isGroupGap(byte(p - 5))) return false
  return [2, 3, 4, 6, 7, 8].every((i) => isDigit(byte(p - i)))
}

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

/** By pair: 1 where a rule asked for it. */
function pairsOf(pairs: readonly number[] | undefined): Uint8Array {
  const isPair = new Uint8Array(128 * 128).fill(pairs === undefined ? 1 : 0)
  for (const pair of pairs ?? []) isPair[pair] = 1
  return isPair
}

/** p is the sixteenth character, or a later one, of a run. */
function mayBeginKey(p: number, length: number, isPair: Uint8Array): boolean {
  const from = p - TOKEN_LENGTH + 1
  const before = byte(from - 1)
  if (length === TOKEN_LENGTH && BEHIND_WHICH.has(before)) return true
  if (isPair[(byte(from) << 7) | byte(from + 1)] === 0 || (isAlnum(byte(from)) && isEscapeLetter(from))) return false
  return !isAlnum(before) || isEscapeLetter(from - 1)
}

const BEHIND_WHICH = new Set([':', '|', '%', '~', '.'].map((char) => char.charCodeAt(0)))
