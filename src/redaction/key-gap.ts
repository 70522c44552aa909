import { ALNUM, CLASS, SPACE } from './subject.ts'
import type { Subject } from './subject.ts'

/** Bytes of blanks, backslashes and the like that may stand between a key and its value. */
export const gapBytesMax = 16

/** Longer names are none. */
export const keyBytesMax = 64

/** Letters, digits, `_`, `-`, `.`, `$` and all beyond ASCII. A dot or dash ends no name. */
export const isNameByte = new Uint8Array(256).fill(1, 0x80)
for (let byte = 0; byte < 0x80; byte++)
  if (((CLASS[byte] as number) & ALNUM) !== 0 || '_-.$'.includes(String.fromCharCode(byte))) isNameByte[byte] = 1

const BACKSLASH = 0x5c
const ASTERISK = 0x2a

export const isQuote = (byte: number): boolean => byte === 0x22 || byte === 0x27 || byte === 0x60

const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x09

/** Behind a quote with its backslashes, or `at` when there is none. */
export function skipQuote(subject: Subject, at: number): number {
  let next = at
  while (next < at + gapBytesMax && subject.at(next) === BACKSLASH) next++
  return isQuote(subject.at(next)) ? next + 1 : at
}

/** Whether the name that the word ending at `at` is a part of stands in quotes. */
export function isNameQuoted(subject: Subject, at: number): boolean {
  let to = at + 1
  while (to <= at + keyBytesMax && isNameByte[subject.at(to)] === 1) to++
  while (to > at + 1 && isDotOrDash(subject.at(to - 1))) to--
  if (skipQuote(subject, to) === to) return false
  const { wordStart } = subject
  let from = wordStart
  while (from >= wordStart - keyBytesMax && isNameByte[subject.at(from - 1)] === 1 && !subject.isEscapeLetter(from - 1))
    from--
  while (from < wordStart && isDotOrDash(subject.at(from))) from++
  subject.steps += to - from
  return isQuote(subject.at(from - 1))
}

const isDotOrDash = (byte: number): boolean => byte === 0x2e || byte === 0x2d

/** `**key:** value` and `**key**: value` of Markdown. */
export function skipEmphasis(subject: Subject, start: number): number {
  let at = start
  while (at < start + 3 && subject.at(at) === ASTERISK) at++
  return at
}

/** Blanks; line ends too, where JSON or code is likely. */
export function skipBlanks(subject: Subject, start: number, isMultiline: boolean): number {
  const stop = start + gapBytesMax
  let at = start
  while (at < stop) {
    if (isBlank(subject.at(at)) || (isMultiline && subject.is(at, SPACE))) at++
    else if (isMultiline && escapedLineEnd(subject, at) > at) at = escapedLineEnd(subject, at)
    else break
  }
  return at
}

/** Behind `\n`, `\r` or `\t` at any depth of escaping, or `at`. */
function escapedLineEnd(subject: Subject, at: number): number {
  let letter = at
  while (letter < at + gapBytesMax && subject.at(letter) === BACKSLASH) letter++
  const byte = subject.at(letter)
  return letter > at && (byte === 0x6e || byte === 0x72 || byte === 0x74) ? letter + 1 : at
}
