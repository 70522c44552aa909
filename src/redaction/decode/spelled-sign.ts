import type { Search } from '../rule-search.ts'
import { NO_UNIT } from './unit.ts'
import type { Unit } from './unit.ts'

/** `[at]`, `(dot)`, `{AT}`, with the blanks around it, as people write addresses that machines should not find. */
export function spelledAt(bytes: Uint8Array, start: number, end: number, at: number, unit: Unit): number {
  const sign = spelledSign(bytes, end, at + 1)
  if (sign === NO_UNIT) return NO_UNIT
  const close = at + (sign === AT ? 3 : 4)
  if (close >= end || bytes[close] !== closing(bytes[at] as number)) return NO_UNIT
  unit.from = at > start && bytes[at - 1] === 0x20 ? at - 1 : at
  unit.to = close + 1 < end && bytes[close + 1] === 0x20 ? close + 2 : close + 1
  return sign
}

const AT = 0x40
const DOT = 0x2e

/** Asks the scanner for the words; what they stand for is not a match but makes the value worth a look as plainText. */
export const SPELLED: Search = {
  type: '',
  confidence: 0,
  triggers: [],
  words: ['at', 'dot'],
  needs: { isBracketed: true },
  find: () => false,
}

/** Whether the word that ends at `at` stands between brackets and is a sign. */
export function isSpelledSign(bytes: Uint8Array, start: number, end: number, at: number): boolean {
  if (!isClosing(at + 1 < end ? (bytes[at + 1] as number) : 0)) return false
  return spelledSign(bytes, end, at - 1) === AT || (at - 2 >= start && spelledSign(bytes, end, at - 2) === DOT)
}

const isClosing = (byte: number): boolean => byte === 0x29 || byte === 0x5d || byte === 0x7d
const closing = (open: number): number => (open === 0x28 ? 0x29 : open + 2)

function spelledSign(bytes: Uint8Array, end: number, at: number): number {
  if (at + 2 > end) return NO_UNIT
  const a = (bytes[at] as number) | 0x20
  const b = (bytes[at + 1] as number) | 0x20
  if (a === 0x61 && b === 0x74) return AT
  return a === 0x64 && b === 0x6f && at + 2 < end && ((bytes[at + 2] as number) | 0x20) === 0x74 ? DOT : NO_UNIT
}
