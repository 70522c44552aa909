import type { JsonCursor } from './json-cursor.ts'

/** Strings up to this size are copied faster byte by byte than by a call. */
const LOOP_BYTES_MAX = 64

const NO_DIGIT = 0xff
const hexDigits = digitTable('0123456789abcdef', 'ABCDEF', 10)
const base64Digits = digitTable('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', '-_', 62)

/*
 * Each function writes the string that the cursor went over last to the output and returns the offset behind it. The output has
 * room for what the string takes in JSON.
 */

/** Unescapes a string. Lone surrogates become U+FFFD. Returns -1 at bytes that are not UTF-8, or with `repair` writes U+FFFD for each. */
export function writeText(cursor: JsonCursor, output: Uint8Array, start: number, repair = false): number {
  const { bytes, escapes, escapeCount, to: end } = cursor
  let at = cursor.from
  let to = start
  for (let i = 0; i < escapeCount && to >= 0; i++) {
    const escape = escapes[i] as number
    to = writePlain(cursor, at, escape, output, to, repair)
    if (to < 0) return -1
    at = escape + 2
    const kind = bytes[escape + 1] as number
    if (kind !== 0x75) {
      output[to++] = unescaped(cursor, kind)
      continue
    }
    let code = hex4(cursor, at)
    at += 4
    if (code >= 0xd800 && code < 0xdc00 && i + 1 < escapeCount && escapes[i + 1] === at && bytes[at + 1] === 0x75) {
      const low = hex4(cursor, at + 2)
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
        at += 6
        i++
      }
    }
    to = writeCharacter(output, to, code >= 0xd800 && code < 0xe000 ? 0xfffd : code)
  }
  return writePlain(cursor, at, end, output, to, repair)
}

export function copyText(bytes: Uint8Array, from: number, end: number, output: Uint8Array, to: number): number {
  const size = end - from
  if (size > LOOP_BYTES_MAX) output.set(bytes.subarray(from, end), to)
  else for (let i = 0; i < size; i++) output[to + i] = bytes[from + i] as number
  return to + size
}

/** Throws when it is not hex. */
export function writeHex(cursor: JsonCursor, output: Uint8Array, start: number): number {
  const { bytes, to: end } = cursor
  let to = start
  for (let at = cursor.from; at < end; at += 2) {
    const high = hexDigits[bytes[at] as number] as number
    const low = at + 1 < end ? (hexDigits[bytes[at + 1] as number] as number) : NO_DIGIT
    if ((high | low) > 15) throw cursor.malformed('no hex')
    output[to++] = high * 16 + low
  }
  return to
}

/** Both alphabets, with and without padding. Throws when it is not base64. */
export function writeBase64(cursor: JsonCursor, output: Uint8Array, start: number): number {
  // Some JSON writers escape the slash.
  const raw = cursor.escapeCount > 0 ? withoutEscapedSlashes(cursor) : cursor.bytes.subarray(cursor.from, cursor.to)
  let end = raw.length
  while (end > 0 && raw[end - 1] === 0x3d && raw.length - end < 2) end--
  if (end % 4 === 1) throw cursor.malformed('no base64')
  let to = start
  let bits = 0
  let have = 0
  for (let i = 0; i < end; i++) {
    const digit = base64Digits[raw[i] as number] as number
    if (digit === NO_DIGIT) throw cursor.malformed('no base64')
    bits = ((bits << 6) | digit) & 0xffff
    have += 6
    if (have < 8) continue
    have -= 8
    output[to++] = (bits >> have) & 0xff
  }
  return to
}

/** Bytes of the UTF-8 sequence of a character beyond ASCII that starts there, 0 when there is none (Unicode, table 3-7). */
function utf8Size(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] as number
  const size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0
  if (size === 0 || at + size > end) return 0
  const second = bytes[at + 1] as number
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < least || second > most) return 0
  for (let i = 2; i < size; i++) if (((bytes[at + i] as number) & 0xc0) !== 0x80) return 0
  return size
}

/** Text without escapes. */
function writePlain(
  { bytes, ascii }: JsonCursor,
  from: number,
  end: number,
  output: Uint8Array,
  start: number,
  repair: boolean,
): number {
  if (ascii) return copyText(bytes, from, end, output, start)
  let to = start
  for (let at = from; at < end;) {
    const byte = bytes[at] as number
    if (byte < 0x80) {
      output[to++] = byte
      at++
      continue
    }
    const size = utf8Size(bytes, at, end)
    if (size === 0) {
      if (!repair) return -1
      to = writeCharacter(output, to, 0xfffd)
      at++
    }
    for (let i = 0; i < size; i++) output[to++] = bytes[at++] as number
  }
  return to
}

function unescaped(cursor: JsonCursor, kind: number): number {
  switch (kind) {
    case 0x22:
    case 0x5c:
    case 0x2f:
      return kind
    case 0x6e:
      return 0x0a
    case 0x74:
      return 0x09
    case 0x72:
      return 0x0d
    case 0x62:
      return 0x08
    case 0x66:
      return 0x0c
    default:
      throw cursor.malformed('an escape that JSON does not have')
  }
}

function hex4(cursor: JsonCursor, at: number): number {
  let code = 0
  for (let i = at; i < at + 4; i++) {
    const digit = i < cursor.to ? (hexDigits[cursor.bytes[i] as number] as number) : NO_DIGIT
    if (digit === NO_DIGIT) throw cursor.malformed('an escape that JSON does not have')
    code = code * 16 + digit
  }
  return code
}

function writeCharacter(output: Uint8Array, at: number, code: number): number {
  let to = at
  if (code < 0x80) output[to++] = code
  else if (code < 0x800) output[to++] = 0xc0 | (code >> 6)
  else if (code < 0x10000) {
    output[to++] = 0xe0 | (code >> 12)
    output[to++] = 0x80 | ((code >> 6) & 0x3f)
  } else {
    output[to++] = 0xf0 | (code >> 18)
    output[to++] = 0x80 | ((code >> 12) & 0x3f)
    output[to++] = 0x80 | ((code >> 6) & 0x3f)
  }
  if (code >= 0x80) output[to++] = 0x80 | (code & 0x3f)
  return to
}

function withoutEscapedSlashes({ bytes, from, to }: JsonCursor): Buffer {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1')
  return Buffer.from(text.replaceAll('\\/', '/'), 'latin1')
}

function digitTable(digits: string, others: string, from: number): Uint8Array {
  const table = new Uint8Array(256).fill(NO_DIGIT)
  for (let i = 0; i < digits.length; i++) table[digits.charCodeAt(i)] = i
  for (let i = 0; i < others.length; i++) table[others.charCodeAt(i)] = from + i
  return table
}
