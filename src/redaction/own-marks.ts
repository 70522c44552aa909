/**
 * What this program itself puts in the place of values: placeholders (`[REDACTED:EMAIL]`), pseudonyms (`<EMAIL:4f…>`) and masks (`****1111`). No rule takes them
 * again, so that redacting twice is redacting once. What merely looks like one may hold at most MARK_CHARS_MAX letters and digits of its own.
 */
export const MASK = '****'
/** Letters and digits that a mask leaves at most. */
export const MASK_KEEP_MAX = 8
/** Letters and digits of a pseudonym: 80 bits of an HMAC in base32. */
export const PSEUDONYM_CHARS = 16
/** The longest mark: bytes looked at to find out whether a match stands in one. */
export const MARK_BYTES_MAX = 80
const TYPE_BYTES_MAX = 40
const KEY_ID_BYTES_MAX = 16

/** Whether bytes[start, end) is a mark, or stands inside of a pseudonym or placeholder. */
export function isOwnMark(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > MARK_BYTES_MAX) return false
  if (bytes[start] === ASTERISK) return isMask(bytes, start, end)
  const stop = Math.max(0, start - MARK_BYTES_MAX)
  for (let at = start; at >= stop; at--) {
    const byte = bytes[at] as number
    if (byte === OPEN_ANGLE) return pseudonymEnd(bytes, at) >= end
    if (byte === OPEN_BRACKET) return placeholderEnd(bytes, at) >= end
    // Between the bracket and the match stands nothing but what marks are made of.
    if (at < start && !isMarkByte(byte)) return false
  }
  return false
}

const ASTERISK = 0x2a
const OPEN_ANGLE = 0x3c
const CLOSE_ANGLE = 0x3e
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COLON = 0x3a
const TILDE = 0x7e
const AT = 0x40

const isUpper = (byte: number): boolean => (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f || isDigit(byte)
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39
const isLower = (byte: number): boolean => byte >= 0x61 && byte <= 0x7a
const isBase32 = (byte: number): boolean => isLower(byte) || (byte >= 0x32 && byte <= 0x37)
const isMarkByte = (byte: number): boolean => isUpper(byte) || isLower(byte) || byte === COLON || byte === TILDE

/** End of the pseudonym that begins at the `<`, or -1: `<TYPE:abcdefghij234567>`, `<TYPE:abcdefghij234567~k3>`. */
function pseudonymEnd(bytes: Uint8Array, open: number): number {
  const colon = runEnd(bytes, open + 1, TYPE_BYTES_MAX, isUpper)
  if (colon === open + 1 || bytes[colon] !== COLON) return -1
  const tokenEnd = runEnd(bytes, colon + 1, PSEUDONYM_CHARS, isBase32)
  if (tokenEnd !== colon + 1 + PSEUDONYM_CHARS) return -1
  if (bytes[tokenEnd] === CLOSE_ANGLE) return tokenEnd + 1
  if (bytes[tokenEnd] !== TILDE) return -1
  const keyEnd = runEnd(bytes, tokenEnd + 1, KEY_ID_BYTES_MAX, (byte) => isLower(byte) || isDigit(byte))
  return keyEnd > tokenEnd + 1 && bytes[keyEnd] === CLOSE_ANGLE ? keyEnd + 1 : -1
}

const REDACTED = new TextEncoder().encode('[REDACTED:')

function placeholderEnd(bytes: Uint8Array, open: number): number {
  for (let i = 0; i < REDACTED.length; i++) if (bytes[open + i] !== REDACTED[i]) return -1
  const from = open + REDACTED.length
  const end = runEnd(bytes, from, TYPE_BYTES_MAX, isUpper)
  return end > from && bytes[end] === CLOSE_BRACKET ? end + 1 : -1
}

/** `****`, `****1111`, `****@example.com`. */
function isMask(bytes: Uint8Array, start: number, end: number): boolean {
  const kept = start + MASK.length
  if (runEnd(bytes, start, MASK.length, (byte) => byte === ASTERISK) !== kept || end < kept) return false
  if (bytes[kept] === AT) return runEnd(bytes, kept + 1, MARK_BYTES_MAX, isDomainByte) >= end
  return end - kept <= MASK_KEEP_MAX && runEnd(bytes, kept, MASK_KEEP_MAX, isKept) >= end
}

const isKept = (byte: number): boolean => isLower(byte) || isDigit(byte) || (byte >= 0x41 && byte <= 0x5a)
const isDomainByte = (byte: number): boolean => isKept(byte) || byte === 0x2d || byte === 0x2e

function runEnd(bytes: Uint8Array, start: number, max: number, isIn: (byte: number) => boolean): number {
  const stop = Math.min(bytes.length, start + max)
  let at = start
  while (at < stop && isIn(bytes[at] as number)) at++
  return at
}
