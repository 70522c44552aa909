import { randomness } from '../randomness.ts'
import type { RuleType } from '../rule.ts'
import type { Subject } from '../subject.ts'

/**
 * The form of a vendor's keys, written as its example would be: literal text, and in braces what is random: a class and how many of it. `glpat-{w20+}`,
 * `pat{a14}.{x64}`, `tskey-{w20-60}`. Classes: `d` digits, `x` hex digits, `u` upper case and digits, `l` letters, `a` letters and digits, `w` = a, `-` and `_`,
 * `e` = w, `.` and `=`, `m` = w, `+`, `/` and `=`, `t` = w, `.` and `~`, `b` = base64 with its padding. In front: `~` for any case, `?` for a form so plain that its random part must look random.
 */
export interface KeyShape {
  readonly type: RuleType
  readonly prefix: string
  readonly isAnyCase: boolean
  readonly isPlain: boolean
  readonly parts: readonly ShapePart[]
}

interface ShapePart {
  readonly literal: string
  /** A bit of CLASSES. */
  readonly bit: number
  readonly min: number
  readonly max: number
  /** It has no bytes but letters, digits, `-` and `_`. */
  readonly isRun: boolean
}

/** Longest run of one class. */
const PART_BYTES_MAX = 4096

const CLASSES = new Uint16Array(256)
const CLASS_BITS: Readonly<Record<string, number>> = {
  d: 1,
  x: 2,
  u: 4,
  l: 8,
  a: 16,
  w: 32,
  e: 64,
  b: 128,
  m: 256,
  t: 512,
}
const put = (chars: string, classes: string): void => {
  for (const char of chars) {
    for (const name of classes) CLASSES[char.charCodeAt(0)] = (CLASSES[char.charCodeAt(0)] as number) | bitOf(name)
  }
}
put('0123456789', 'dxuawebmt')
put('abcdef', 'xlawebmt')
put('ABCDEF', 'xulawebmt')
put('ghijklmnopqrstuvwxyz', 'lawebmt')
put('GHIJKLMNOPQRSTUVWXYZ', 'ulawebmt')
put('-_', 'wemt')
put('.', 'et')
put('~', 't')
put('=', 'em')
put('+/', 'bm')

function bitOf(name: string): number {
  const bit = CLASS_BITS[name]
  if (bit === undefined) throw new TypeError(`no class of characters ${name}`)
  return bit
}

export function parseKeyShape(type: RuleType, form: string): KeyShape {
  const [, flags = '', prefix = '', rest = ''] = /^([~?]*)([^{]*)(.*)$/.exec(form) ?? []
  const parts = Array.from(
    rest.matchAll(/\{([a-z])(\d+)(?:-(\d+)|(\+))?\}|[^{}]+/g),
    ([all, name, low, high, isOpen]) => {
      if (name === undefined) return { literal: all, bit: 0, min: 0, max: 0, isRun: false }
      const min = Number(low)
      const max = isOpen === undefined ? Number(high ?? low) : PART_BYTES_MAX
      return { literal: '', bit: bitOf(name), min, max, isRun: !'ebmt'.includes(name) }
    },
  )
  return { type, prefix, isAnyCase: flags.includes('~'), isPlain: flags.includes('?'), parts }
}

/** End of a key of this shape that begins at `from`, or -1. It must not go on as a word. */
export function keyShapeEnd(subject: Subject, shape: KeyShape, from: number): number {
  const { prefix, isAnyCase, parts } = shape
  if (!hasText(subject, from, prefix, isAnyCase)) return -1
  const start = from + prefix.length
  let at = start
  let last = 0
  for (const { literal, bit, min, max } of parts) {
    if (bit === 0) {
      if (!hasText(subject, at, literal, isAnyCase)) return -1
      at += literal.length
      continue
    }
    const end = runEnd(subject, at, bit, max)
    if (end - at < min) return -1
    // Longer than any key: what begins within would be walked again and again.
    if (end - at === PART_BYTES_MAX) subject.keyUntil = end
    at = end
    last = bit
  }
  if (last === BASE64) for (let i = 0; i < 3 && subject.at(at) === 0x3d; i++) at++
  if (subject.isWord(at)) return -1
  return shape.isPlain && !looksWhole(subject, from, start, at) ? -1 : at
}

/** It is random, and no part of a longer text in base64. */
function looksWhole(subject: Subject, from: number, start: number, to: number): boolean {
  const before = subject.at(from - 1)
  const behind = subject.at(to)
  if (before === PLUS || before === SLASH || behind === PLUS || behind === SLASH || behind === 0x3d) return false
  return randomness(subject.bytes, start, to) >= RANDOM_MIN
}

const PLUS = 0x2b
const SLASH = 0x2f
const BASE64 = 128
const RANDOM_MIN = 6

function hasText(subject: Subject, at: number, text: string, isAnyCase: boolean): boolean {
  for (let i = 0; i < text.length; i++) {
    const expected = text.charCodeAt(i)
    const byte = subject.at(at + i)
    if (byte !== expected && !(isAnyCase && isSameLetter(byte, expected))) return false
  }
  return true
}

const isSameLetter = (a: number, b: number): boolean =>
  (a | 0x20) === (b | 0x20) && (a | 0x20) >= 0x61 && (a | 0x20) <= 0x7a

function runEnd(subject: Subject, from: number, bit: number, max: number): number {
  const { bytes } = subject
  const stop = Math.min(subject.end, from + max)
  let at = from
  while (at < stop && ((CLASSES[bytes[at] as number] as number) & bit) !== 0) at++
  subject.steps += at - from
  return at
}

/** A key of this shape, for examples: the same one every time. */
export function exampleOfShape({ prefix, parts }: KeyShape): string {
  let n = 7
  const next = (chars: string): string => {
    n = (n * 1_103_515_245 + 12_345) % 2_147_483_648
    return chars.charAt(Math.floor(n / 65_536) % chars.length)
  }
  const body = parts.map(
    ({ literal, bit, min }) => literal + Array.from({ length: min }, () => next(EXAMPLE_CHARS[bit] ?? '')).join(''),
  )
  return prefix + body.join('')
}

const DIGITS = '0123456789'
const LETTERS = 'qwxzkjvbhgfpym'
const MIXED = `${DIGITS}${LETTERS}${LETTERS.toUpperCase()}`
const EXAMPLE_CHARS: Readonly<Record<number, string>> = {
  1: DIGITS,
  2: `${DIGITS}abcdef`,
  4: `${DIGITS}${LETTERS.toUpperCase()}`,
  8: LETTERS,
  16: MIXED,
  32: MIXED,
  64: MIXED,
  128: MIXED,
  256: MIXED,
  512: MIXED,
}
