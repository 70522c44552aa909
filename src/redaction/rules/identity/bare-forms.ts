import type { Subject } from '../../subject.ts'
import { TRIGGER_CODE, TRIGGER_DIGITS, TRIGGER_SSN, TRIGGER_TRIPLES } from '../../triggers.ts'
import { standsAlone } from './written-id.ts'
import type { WrittenId } from './written-id.ts'

const ANY_DIGIT = 1
const UPPER = 2
const LETTER = 3
const UPPER_OR_DIGIT = 4
const CLASS_OF: Record<string, number> = { 9: ANY_DIGIT, A: UPPER, a: LETTER, X: UPPER_OR_DIGIT }

/** One way to write an id, byte for byte: `9` is a digit, `A` an upper-case letter, `a` a letter, `X` either of digit and upper case; all else stands for itself. */
export interface BareForm {
  readonly bytes: Uint8Array
  readonly trigger: number
  /** From the first byte to the position of the trigger. */
  readonly offset: number
  /** See Rule.heads. */
  readonly heads: readonly string[]
}

export function bareForm(form: string): BareForm {
  const bytes = Uint8Array.from(form, (char) => CLASS_OF[char] ?? char.charCodeAt(0))
  const first = firstTrigger(form)
  const heads = first.trigger === TRIGGER_CODE ? [`w${form.length}`] : digitHeads(form.slice(first.offset - 7))
  return { bytes, ...first, heads }
}

function digitHeads(form: string): readonly string[] {
  const digits = /^\d*/.exec(form)?.[0] ?? ''
  const next = form.charAt(digits.length)
  const head = `${digits.length}${/[A-Za-z]/.test(next) ? 'A' : next}`
  return next === 'X' ? [head, ...digitHeads(form.replace('X', '9'))] : [head]
}

/** Which trigger a text of this form has for certain. */
function firstTrigger(form: string): { trigger: number; offset: number } {
  const digits = form.replaceAll(/[A-Za-z]/g, 'A').replaceAll(/\d/g, '9')
  if (/^9{8}/.test(digits)) return { trigger: TRIGGER_DIGITS, offset: 7 }
  if (/^[9A]{8,24}$/.test(digits) && digits.includes('A')) return { trigger: TRIGGER_CODE, offset: 7 }
  if (form === '999-99-9999') return { trigger: TRIGGER_SSN, offset: 7 }
  const run = /(?<![9A])(?:9{8}|9{3}[-. ]9{4}|9{4}[-. ]9{3}|9{6}[-/ ]9)/.exec(digits)
  if (run !== null) return { trigger: TRIGGER_DIGITS, offset: run.index + 7 }
  const triples = /(?<![9A])9{3}[-. ]9{3}[-. ]9/.exec(digits)
  if (triples !== null) return { trigger: TRIGGER_TRIPLES, offset: triples.index + 8 }
  throw new TypeError(`no trigger finds ${form}`)
}

/** Reads the id that has its trigger at `at`; returns where it begins, or -1. */
export function readBare(subject: Subject, at: number, { bytes, offset }: BareForm, id: WrittenId): number {
  const from = at - offset
  if (from < subject.start) return -1
  id.clear()
  for (let i = 0; i < bytes.length; i++) {
    const byte = subject.at(from + i)
    if (!isOf(byte, bytes[i] as number)) {
      subject.steps += i
      return -1
    }
    if (isAlnum(byte)) id.push(byte)
  }
  subject.steps += bytes.length
  return standsAlone(subject, from, from + bytes.length) ? from : -1
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39
const isUpper = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a
const isLetter = (byte: number): boolean => isUpper(byte & 0xdf) && byte >= 0x41
const isAlnum = (byte: number): boolean => isDigit(byte) || isLetter(byte)

function isOf(byte: number, expected: number): boolean {
  if (expected === ANY_DIGIT) return isDigit(byte)
  if (expected === UPPER) return isUpper(byte)
  if (expected === LETTER) return isLetter(byte)
  return expected === UPPER_OR_DIGIT ? isDigit(byte) || isUpper(byte) : byte === expected
}
