import { gapBytesMax, isQuote, skipBlanks } from './key-gap.ts'
import type { FoundValue } from './keyed-value.ts'
import { DIGIT, SPACE } from './subject.ts'
import type { Subject } from './subject.ts'

export const keyedValueBytesMax = 16_384

/**
 * Where the value that begins at `start` ends, and how, into `found`. False when there is none. `isElement`: it stands between tags.
 */
export function readValue(subject: Subject, start: number, found: FoundValue, isElement: boolean): boolean {
  let at = start
  while (at < start + gapBytesMax && subject.at(at) === BACKSLASH) at++
  const byte = subject.at(at)
  if (isQuote(byte)) return !closesText(subject, at + 1, found) && readQuoted(subject, byte, at - start, at + 1, found)
  if (at > start || at >= subject.end) return false
  if (byte === OPEN_BRACE || byte === OPEN_BRACKET) return found.set('open', at, at, false)
  if (isElement) return readElement(subject, at, found)
  return readBare(subject, at, found)
}

/** Whether the quote behind a key without quotes ends the string that the key stands in (`"password:": null`): punctuation of JSON follows. */
const closesText = (subject: Subject, behind: number, found: FoundValue): boolean =>
  !found.isKeyQuoted &&
  [COLON, COMMA, CLOSE_BRACKET, CLOSE_BRACE].includes(subject.at(skipBlanks(subject, behind, found.isKeyQuoted)))

/**
 * To the quote that closes the value: one of its depth. n backslashes before the opening quote stand before the closing one too, where each backslash of the value itself
 * adds 2n+2; fewer mean that a string around it closes.
 */
function readQuoted(subject: Subject, quote: number, escapes: number, from: number, found: FoundValue): boolean {
  const { bytes } = subject
  const stop = Math.min(subject.end, from + keyedValueBytesMax)
  let slashes = 0
  for (let at = from; at < stop; at++) {
    const byte = bytes[at] as number
    if (byte === BACKSLASH) {
      slashes++
      continue
    }
    const isEnd =
      (byte === quote && (slashes < escapes || slashes % (2 * escapes + 2) === escapes)) ||
      (byte === QUOTE && byte !== quote)
    if (isEnd) {
      subject.steps += at - from
      return setQuoted(
        found,
        quote,
        escapes,
        from,
        at - Math.min(slashes, byte === quote ? escapes : slashes),
        byte === quote,
      )
    }
    slashes = 0
  }
  subject.steps += stop - from
  return setQuoted(found, quote, escapes, from, stop - slashes, false)
}

function setQuoted(
  found: FoundValue,
  quote: number,
  escapes: number,
  from: number,
  to: number,
  isClosed: boolean,
): boolean {
  if (to <= from) return false
  found.set('quoted', from, to, isClosed)
  found.quote = quote
  found.escapes = escapes
  return true
}

function readElement(subject: Subject, from: number, found: FoundValue): boolean {
  const { bytes } = subject
  const stop = Math.min(subject.end, from + keyedValueBytesMax)
  let at = from
  while (at < stop && bytes[at] !== LESS && bytes[at] !== QUOTE && bytes[at] !== BACKSLASH) at++
  subject.steps += at - from
  return at > from && found.set('element', from, at, bytes[at] === LESS && at < stop)
}

const endsBare = new Uint8Array(256)
for (const char of ' \t\r\n"\'`<>&;)]}\\|,') endsBare[char.charCodeAt(0)] = 1
/** Ends a line in which blanks and punctuation belong to the value. */
const endsLine = new Uint8Array(256)
for (const char of '\r\n"`<>\\|{}') endsLine[char.charCodeAt(0)] = 1

function readBare(subject: Subject, from: number, found: FoundValue): boolean {
  const { bytes } = subject
  const stop = Math.min(subject.end, from + keyedValueBytesMax)
  let to = Math.min(stop, subject.bareRun.end(subject, from, endsBare))
  let lineTo = Math.min(stop, subject.lineRun.end(subject, to, endsLine))
  const isClosed = to < stop
  while (to > from && bytes[to - 1] === DOT) to--
  while (lineTo > to && subject.is(lineTo - 1, SPACE)) lineTo--
  if (to === from) return false
  const isNumber = found.isKeyQuoted && isJsonNumber(subject, from, to)
  if (found.isKeyQuoted && isLiteral(subject, from, to)) return false
  found.set(isNumber ? 'number' : 'bare', from, to, isClosed)
  if (!isNumber) found.lineTo = lineTo
  return true
}

function isJsonNumber(subject: Subject, from: number, to: number): boolean {
  const first = subject.at(from) === DASH ? from + 1 : from
  if (!subject.is(first, DIGIT)) return false
  for (let at = first; at < to; at++) {
    const byte = subject.at(at)
    if (!subject.is(at, DIGIT) && byte !== DOT && byte !== 0x65 && byte !== 0x45 && byte !== 0x2b && byte !== DASH)
      return false
  }
  return true
}

const LITERALS = ['null', 'true', 'false', 'None', 'True', 'False', 'undefined', 'nil']
const isLiteral = (subject: Subject, from: number, to: number): boolean =>
  LITERALS.some((literal) => literal.length === to - from && subject.hasText(from, literal))

const BACKSLASH = 0x5c
const QUOTE = 0x22
const COLON = 0x3a
const CLOSE_BRACE = 0x7d
const COMMA = 0x2c
const DASH = 0x2d
const DOT = 0x2e
const LESS = 0x3c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
