import { SPACE } from './subject.ts'
import type { Subject } from './subject.ts'

/** Bytes of blanks, backslashes and the like that may stand between a key and its value. */
export const gapBytesMax = 16

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
