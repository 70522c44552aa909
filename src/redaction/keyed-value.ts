import { ALNUM, DIGIT, LETTER, SPACE } from './subject.ts'
import type { Subject } from './subject.ts'
import { WordSet } from './word-set.ts'

/** How a value behind a key ends. */
export type Delimiter =
  | 'quoted' // by the quote that opened it, at `escapes` backslashes
  | 'bare' // by a blank or punctuation; `lineTo` is the end of its line
  | 'number' // a number of JSON: the engine puts quotes around its replacement
  | 'element' // by the tag of XML
  | 'open' // it is an object or array: `from` = `to` = its bracket
  | 'whole' // it is the whole value whose label is the key

/** What stands behind a key. One object is used for all: it is valid until the next call. */
export interface KeyedValue {
  /** The value without its quotes. */
  readonly from: number
  readonly to: number
  /** Of a bare value: where its line ends; it may hold blanks and punctuation (`name: Mia Li`). Else `to`. */
  readonly lineTo: number
  readonly delimiter: Delimiter
  /** Backslashes before each quote of the value: 0, 1, 3, 7, … by the depth of JSON in strings. */
  readonly escapes: number
  /** The quote that opened the value, else 0. */
  readonly quote: number
  /** Whether the end of the value was seen: a text may be cut off in its middle. */
  readonly isClosed: boolean
  /** The whole name that the word is a part of (`customer_email`, `db.password`, `X-Api-Key`): keyBytes[keyFrom, keyTo). */
  readonly keyBytes: Uint8Array
  readonly keyFrom: number
  readonly keyTo: number
  /** Where the words before the name begin, when only single blanks stand between: `Date of birth`. */
  readonly phraseFrom: number
  /** Where the words behind the name end that belong to it: `First name`, `Zip code`. */
  readonly phraseTo: number
  /** The name stands in quotes, so that what follows is most likely JSON or code. */
  readonly isKeyQuoted: boolean
  /** Words instead of punctuation lead to the value: "the password is …". */
  readonly isProse: boolean
}

/** Given as `at` to rules of TRIGGER_WORD whose word stands in the value's label (`subject.label`), not in its text. */
export const IN_LABEL = -1

export const keyBytesMax = 64
const GAP_BYTES_MAX = 16
const PROSE_BYTES_MAX = 40
export const keyedValueBytesMax = 16_384

/**
 * The value that a word names. `at` is the last letter of the word (`subject.wordStart` its first), which may be a part of a name, in quotes or not: JSON at any depth of
 * escaping, `key=value`, `key: value`, `key => value`, flags (`--key value`), headers, YAML, XML elements, pairs (`"name": "key", "value": …`), and sentences
 * ("the key is …", "key number …"). With `at` = IN_LABEL the value is all of the text, if it has a label. A value never goes beyond a quote that closes
 * a string around it. Undefined when there is none; empty values, `null` and booleans are none.
 */
export function keyedValue(subject: Subject, at: number): KeyedValue | undefined {
  if (at < 0) return labelledValue(subject)
  // Several rules ask about the same word, one after the other.
  if (asker !== subject || subject.keyedAt !== at) {
    asker = subject
    subject.keyedAt = at
    isFound = findValue(subject, at)
  }
  return isFound ? found : undefined
}

/** Who asked last, about the word at `keyedAt`. */
let asker: Subject | undefined
let isFound = false

function findValue(subject: Subject, at: number): boolean {
  const { bytes } = subject
  const keyTo = endOfName(subject, at + 1)
  let next = keyTo
  // Behind a name most often comes something that is no value: told by one look.
  if (mayFollowName[subject.at(next)] !== 1) return false
  const keyFrom = startOfName(subject, subject.wordStart)
  if (keyTo - keyFrom > keyBytesMax) return false
  found.reset(bytes, keyFrom, keyTo)
  const quoteEnd = skipQuote(subject, next)
  found.isKeyQuoted = quoteEnd > next && isQuote(subject.at(keyFrom - 1))
  next = quoteEnd
  if (subject.at(next) === CLOSE_BRACKET) next++
  next = skipEmphasis(subject, next)
  const value = behindSeparator(subject, next)
  subject.steps += next - keyFrom
  if (value < 0) return false
  found.phraseFrom = startOfPhrase(subject, keyFrom)
  return readValue(subject, value)
}

const BACKSLASH = 0x5c
const QUOTE = 0x22
const APOSTROPHE = 0x27
const BACKTICK = 0x60
const COLON = 0x3a
const CLOSE_BRACE = 0x7d
const ASTERISK = 0x2a
const EQUALS = 0x3d
const COMMA = 0x2c
const DASH = 0x2d
const DOT = 0x2e
const LESS = 0x3c
const GREATER = 0x3e
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b

class Found implements KeyedValue {
  from = 0
  to = 0
  lineTo = 0
  delimiter: Delimiter = 'bare'
  escapes = 0
  quote = 0
  isClosed = true
  keyBytes: Uint8Array = new Uint8Array(0)
  keyFrom = 0
  keyTo = 0
  phraseFrom = 0
  phraseTo = 0
  isKeyQuoted = false
  isProse = false

  reset(keyBytes: Uint8Array, keyFrom: number, keyTo: number): void {
    this.keyBytes = keyBytes
    this.keyFrom = this.phraseFrom = keyFrom
    this.keyTo = this.phraseTo = keyTo
    this.isKeyQuoted = this.isProse = false
  }

  set(delimiter: Delimiter, from: number, to: number, isClosed: boolean): true {
    this.delimiter = delimiter
    this.from = from
    this.to = this.lineTo = to
    this.isClosed = isClosed
    this.quote = this.escapes = 0
    return true
  }
}

const found = new Found()

const isQuote = (byte: number): boolean => byte === QUOTE || byte === APOSTROPHE || byte === BACKTICK
const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x09

const mayFollowName = new Uint8Array(256)
for (const char of ' \t\r\n"\'`\\:=>]-*') mayFollowName[char.charCodeAt(0)] = 1

function labelledValue(subject: Subject): KeyedValue | undefined {
  subject.keyedAt = -1
  const { label, start, end } = subject
  if (label.length === 0 || start === end || end - start > keyedValueBytesMax) return undefined
  found.reset(label, 0, label.length)
  found.set('whole', start, end, true)
  return found
}

/** Letters, digits, `_`, `-`, `.`, `$` and all beyond ASCII. A dot or dash ends no name. */
const isNameByte = (subject: Subject, at: number): boolean => {
  const byte = subject.at(at)
  return subject.isWord(at) || byte === 0x5f || byte === DASH || byte === DOT || byte === 0x24 || byte >= 0x80
}

function endOfName(subject: Subject, start: number): number {
  const stop = Math.min(subject.end, start + keyBytesMax)
  let at = start
  while (at < stop && isNameByte(subject, at)) at++
  while (at > start && (subject.at(at - 1) === DOT || subject.at(at - 1) === DASH)) at--
  return at
}

function startOfName(subject: Subject, start: number): number {
  const stop = Math.max(subject.start, start - keyBytesMax - 1)
  let at = start
  while (at > stop && isNameByte(subject, at - 1)) at--
  while (at < start && (subject.at(at) === DOT || subject.at(at) === DASH)) at++
  return at
}

function startOfPhrase(subject: Subject, start: number): number {
  const stop = Math.max(subject.start, start - keyBytesMax)
  let at = start
  while (at > stop && (subject.isWord(at - 1) || (subject.at(at - 1) === 0x20 && subject.isWord(at - 2)))) at--
  return at
}

/** Behind a quote with its backslashes, or `at` when there is none. */
function skipQuote(subject: Subject, at: number): number {
  let next = at
  while (next < at + GAP_BYTES_MAX && subject.at(next) === BACKSLASH) next++
  return isQuote(subject.at(next)) ? next + 1 : at
}

/** `**key:** value` and `**key**: value` of Markdown. */
function skipEmphasis(subject: Subject, start: number): number {
  let at = start
  while (at < start + 3 && subject.at(at) === ASTERISK) at++
  return at
}

/** Blanks; and where JSON or code is likely, line ends too. */
function skipBlanks(subject: Subject, start: number): number {
  const stop = start + GAP_BYTES_MAX
  let at = start
  while (at < stop) {
    if (isBlank(subject.at(at)) || (found.isKeyQuoted && subject.is(at, SPACE))) at++
    else if (found.isKeyQuoted && escapedLineEnd(subject, at) > at) at = escapedLineEnd(subject, at)
    else break
  }
  return at
}

/** Behind `\n`, `\r` or `\t` at any depth of escaping, or `at`. */
function escapedLineEnd(subject: Subject, at: number): number {
  let letter = at
  while (letter < at + GAP_BYTES_MAX && subject.at(letter) === BACKSLASH) letter++
  const byte = subject.at(letter)
  return letter > at && (byte === 0x6e || byte === 0x72 || byte === 0x74) ? letter + 1 : at
}

/** Where the value begins, or -1. */
function behindSeparator(subject: Subject, start: number): number {
  const at = skipBlanks(subject, start)
  const byte = subject.at(at)
  const second = subject.at(at + 1)
  if (byte === COLON && second === COLON) return -1
  if (byte === COLON || byte === EQUALS) {
    const end = skipEmphasis(subject, at + (second === EQUALS || second === GREATER ? 2 : 1))
    return behindType(subject, skipBlanks(subject, end))
  }
  if (byte === DASH && second === GREATER) return skipBlanks(subject, at + 2)
  if (byte === GREATER) return isElement(subject) ? at + 1 : -1
  if (byte === COMMA && found.isKeyQuoted) return behindPair(subject, at + 1)
  if (at === start || found.isKeyQuoted) return -1
  const isFlag = subject.at(found.keyFrom - 1) === DASH && subject.at(found.keyFrom - 2) === DASH
  return isFlag ? at : behindFillers(subject, at)
}

/** `password: string = "…"`: behind the type. */
function behindType(subject: Subject, start: number): number {
  const end = subject.runEnd(start, LETTER, GAP_BYTES_MAX)
  if (found.isKeyQuoted || end === start) return start
  const at = skipBlanks(subject, end)
  return subject.at(at) === EQUALS && at > end && subject.at(at + 1) !== EQUALS ? skipBlanks(subject, at + 1) : start
}

/** `<key>` or `<ns:key>`. */
function isElement(subject: Subject): boolean {
  if (subject.at(found.keyFrom - 1) === LESS) return true
  if (subject.at(found.keyFrom - 1) !== COLON) return false
  let at = found.keyFrom - 1
  while (at > found.keyFrom - GAP_BYTES_MAX && subject.is(at - 1, ALNUM)) at--
  return subject.at(at - 1) === LESS
}

/** `"key": "password", "value": …`, as OTLP and many others write attributes: behind the `"value":`. */
function behindPair(subject: Subject, start: number): number {
  const name = skipQuote(subject, skipBlanks(subject, start))
  if (!subject.hasText(name, 'value')) return -1
  const colon = skipBlanks(subject, skipQuote(subject, name + 5))
  if (subject.at(colon) !== COLON) return -1
  const value = skipBlanks(subject, colon + 1)
  if (subject.at(value) !== OPEN_BRACE) return value
  const type = skipQuote(subject, skipBlanks(subject, value + 1))
  if (!subject.hasText(type, 'stringValue')) return value
  const inner = skipBlanks(subject, skipQuote(subject, type + 11))
  return subject.at(inner) === COLON ? skipBlanks(subject, inner + 1) : value
}

/** Words that may stand between a name and its value in a sentence; behind those of the second set the value comes. */
const FILLERS = new WordSet(
  'number numbers no nr num code id name names value of on for file the this that my your his her our their its new current old account user customer here',
)
const VERBS = new WordSet('is are was were be equals to as ist lautet es est è é jest')
/** Behind these a value may come at once: "account number 123". */
const COUNTS = new WordSet('number no nr num code')
const ABBREVIATIONS = new WordSet('no nr num')

/** Behind "is", "number is", "of the account is", "number:", "number". */
function behindFillers(subject: Subject, start: number): number {
  const { bytes } = subject
  const stop = start + PROSE_BYTES_MAX
  let at = start
  let isLed = false
  found.isProse = true
  while (at < stop) {
    const end = wordEnd(subject, at)
    if (end === at) break
    const isVerb = VERBS.has(bytes, at, end)
    if (!isVerb && !FILLERS.has(bytes, at, end)) break
    if (!isVerb) found.phraseTo = end
    isLed = isVerb || COUNTS.has(bytes, at, end)
    const isAbbreviation = ABBREVIATIONS.has(bytes, at, end)
    at = end
    if (isAbbreviation && subject.at(at) === DOT) at++
    at = skipBlanks(subject, skipEmphasis(subject, at))
    const byte = subject.at(at)
    if (byte === COLON || byte === EQUALS || byte === 0x23) return skipBlanks(subject, skipEmphasis(subject, at + 1))
    if (at === end) break
  }
  subject.steps += at - start
  if (!isLed && subject.at(at) === 0x23) return at + 1
  return isLed ? at : -1
}

function wordEnd(subject: Subject, start: number): number {
  let at = start
  while (at < start + 10 && (subject.is(at, LETTER) || subject.at(at) >= 0x80)) at++
  return at
}

function readValue(subject: Subject, start: number): boolean {
  let at = start
  while (at < start + GAP_BYTES_MAX && subject.at(at) === BACKSLASH) at++
  const byte = subject.at(at)
  if (isQuote(byte)) return !closesText(subject, at + 1) && readQuoted(subject, byte, at - start, at + 1)
  if (at > start || at >= subject.end) return false
  if (byte === OPEN_BRACE || byte === OPEN_BRACKET) return found.set('open', at, at, false)
  if (subject.at(start - 1) === GREATER && isElement(subject)) return readElement(subject, at)
  return readBare(subject, at)
}

/** Whether the quote behind a key without quotes ends the string that the key stands in (`"password:": null`): punctuation of JSON follows. */
const closesText = (subject: Subject, behind: number): boolean =>
  !found.isKeyQuoted && [COLON, COMMA, CLOSE_BRACKET, CLOSE_BRACE].includes(subject.at(skipBlanks(subject, behind)))

/**
 * To the quote that closes the value: one of its depth. n backslashes before the opening quote stand before the closing one too, where each backslash of the value itself
 * adds 2n+2; fewer mean that a string around it closes.
 */
function readQuoted(subject: Subject, quote: number, escapes: number, from: number): boolean {
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
      return setQuoted(quote, escapes, from, at - Math.min(slashes, byte === quote ? escapes : slashes), byte === quote)
    }
    slashes = 0
  }
  subject.steps += stop - from
  return setQuoted(quote, escapes, from, stop - slashes, false)
}

function setQuoted(quote: number, escapes: number, from: number, to: number, isClosed: boolean): boolean {
  if (to <= from) return false
  found.set('quoted', from, to, isClosed)
  found.quote = quote
  found.escapes = escapes
  return true
}

function readElement(subject: Subject, from: number): boolean {
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

function readBare(subject: Subject, from: number): boolean {
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
