import type { Derived } from '../matches.ts'
import { foldAt } from './fold.ts'
import { jsonEscapeAt, percentAt, referenceAt } from './escapes.ts'
import { spelledAt } from './spelled-sign.ts'
import { TextBuilder } from './text-builder.ts'
import { NO_UNIT, NOTHING } from './unit.ts'
import type { Unit } from './unit.ts'

/**
 * The value as a reader would see it: escapes of JSON and of URLs and references of HTML are resolved, of all levels at once (`\\\\u0040`, `%2540` and
 * `&amp;#64;` are all `@`, so that JSON in strings in JSON hides nothing); characters that look like ASCII become ASCII, and those that are not seen go; `+`
 * between digits is a blank, `[at]` a sign. What is none of these stays as it is. Undefined when nothing was resolved.
 */
export function plainText(bytes: Uint8Array, start: number, end: number): Derived | undefined {
  let text: TextBuilder | undefined
  let copied = start
  for (let at = start; at < end;) {
    const byte = bytes[at] as number
    if (SPECIAL[byte] === 0) {
      at++
      continue
    }
    unit.from = at
    const code = readUnit(bytes, start, end, at, byte)
    if (code === NO_UNIT) {
      at = Math.max(at + 1, unit.to)
      continue
    }
    const from = Math.max(unit.from, copied)
    text ??= new TextBuilder(end - start)
    text.copy(bytes, copied, from)
    if (code !== NOTHING) {
      if (unit.isByte) text.put(code, from, unit.to)
      else text.putCharacter(code, from, unit.to)
    }
    at = copied = unit.to
  }
  text?.copy(bytes, copied, end)
  return text
}

const unit: Unit = { from: 0, to: 0, isByte: false }

function readUnit(bytes: Uint8Array, start: number, end: number, at: number, byte: number): number {
  unit.to = at + 1
  unit.isByte = false
  switch (byte) {
    case 0x5c: // backslash
      return jsonEscapeAt(bytes, at, end, unit)
    case 0x25: // %
      return percentAt(bytes, at, end, unit)
    case 0x26: // &
      return referenceAt(bytes, at, end, unit)
    case 0x2b: // +
      return at > start && at + 1 < end && isBlankOfForm(bytes, at) ? 0x20 : NO_UNIT
    case 0x28: // brackets
    case 0x5b:
    case 0x7b:
      return spelledAt(bytes, start, end, at, unit)
    default:
      return foldAt(bytes, at, end, unit)
  }
}

const SPECIAL = new Uint8Array(256)
for (const char of '\\%&+([{') SPECIAL[char.charCodeAt(0)] = 1
for (const lead of [0xc2, 0xcd, 0xd8, 0xd9, 0xdb, 0xe0, 0xe2, 0xe3, 0xef, 0xf0, 0xf3]) SPECIAL[lead] = 1

const PERCENT = 0x25
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39
const isUpper = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a
const isAlnum = (byte: number): boolean => isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a)

/** As forms write a blank: beside a digit, or between capitals. A `+` between other letters is left, addresses have it. */
function isBlankOfForm(bytes: Uint8Array, at: number): boolean {
  const before = bytes[at - 1] as number
  const behind = bytes[at + 1] as number
  // The digit of an escape is none.
  if (bytes[at - 6] === 0x5c && bytes[at - 5] === 0x75) return false
  if (isDigit(before)) return isAlnum(behind) || behind === PERCENT
  return (isDigit(behind) && isAlnum(before)) || (isUpper(before) && isUpper(behind))
}
