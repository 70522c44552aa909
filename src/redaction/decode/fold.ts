import { FOLD_ALNUM, FOLD_NOTHING, FOLD_PUNCTUATION, foldKind } from './fold-kind.ts'
import { NO_UNIT, NOTHING } from './unit.ts'
import type { Unit } from './unit.ts'

/** The ASCII character that the one at `at` stands for (fold-kind.ts). */
export function foldAt(bytes: Uint8Array, at: number, end: number, unit: Unit): number {
  const a = bytes[at] as number
  const b = at + 1 < end ? (bytes[at + 1] as number) : 0
  const c = at + 2 < end ? (bytes[at + 2] as number) : 0
  const d = at + 3 < end ? (bytes[at + 3] as number) : 0
  const kind = foldKind(a, b, c, d)
  if (kind === 0) return NO_UNIT
  unit.to = Math.min(end, at + (kind >> 4))
  switch (kind & 15) {
    case FOLD_NOTHING:
      return NOTHING
    case FOLD_ALNUM:
    case FOLD_PUNCTUATION:
      return asciiOf(a, b, c, d)
    default:
      return isDash(a, b, c) || (isNotToBreak(a, b, c) && isBetweenDigits(bytes, at, unit.to, end)) ? 0x2d : 0x20
  }
}

const isDash = (a: number, b: number, c: number): boolean =>
  a === 0xe2 && ((b === 0x80 && c >= 0x90 && c <= 0x95) || b === 0x88)

/** Who writes a blank that must not break says that what stands around it is one value, as a dash does. */
const isNotToBreak = (a: number, b: number, c: number): boolean =>
  a === 0xc2 || (a === 0xe2 && b === 0x80 && (c === 0xaf || c === 0x87))

const isBetweenDigits = (bytes: Uint8Array, from: number, to: number, end: number): boolean =>
  from > 0 && to < end && isDigit(bytes[from - 1] as number) && isDigit(bytes[to] as number)
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

function asciiOf(a: number, b: number, c: number, d: number): number {
  if (a < 0xe0) return 0x30 + (b & 15)
  if (a === 0xe0) return 0x30 + (b >= 0xb9 ? c - 0x90 : c - 0xa6)
  if (a === 0xef) return b === 0xb9 ? 0x40 : 0x20 + ((b & 1) << 6) + (c & 63)
  if (b === 0x9f) return 0x30 + (d - 0xb0)
  return mathematical(((c & 63) << 6) | (d & 63))
}

/** U+1D400 and on: alphabets in thirteen styles, from U+1D7CE on digits in five. */
function mathematical(offset: number): number {
  const block = offset - 0x400
  if (block >= DIGITS_AT) return 0x30 + ((block - DIGITS_AT) % 10)
  if (block < 0 || block >= LETTERS_END) return NO_UNIT
  const letter = block % 52
  return letter < 26 ? 0x41 + letter : 0x61 + letter - 26
}

const DIGITS_AT = 0x3ce
const LETTERS_END = 13 * 52
