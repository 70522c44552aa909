import { ABBREVIATIONS, COUNTS, FILLERS, VERBS } from './key-fillers.ts'
import { gapBytesMax, isNameByte, isQuote, keyBytesMax, skipBlanks, skipEmphasis, skipQuote } from './key-gap.ts'
import { ALNUM, LETTER } from './subject.ts'
import type { Subject } from './subject.ts'
import { keyedValueBytesMax, readValue } from './read-value.ts'

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

const PROSE_BYTES_MAX = 40
const PROSE_WORDS_MAX = 5

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
    if (asker !== subject || subject.keyedAt < 0) nameFrom = readFrom = nameTo = -1
    asker = subject
    subject.keyedAt = at
    isFound = findValue(subject, at)
  }
  return isFound ? found : undefined
}

/** Who asked last, about the word at `keyedAt`. */
let asker: Subject | undefined
let isFound = false
/** The bytes around the last word that can stand in a name: words of one name are asked about one after the other. */
let nameFrom = -1
let readFrom = -1
let nameTo = -1

function findValue(subject: Subject, at: number): boolean {
  const { bytes } = subject
  const keyTo = endOfName(subject, at + 1)
  let next = keyTo
  // Behind a name most often comes something that is no value: told by one look.
  if (mayFollowName[subject.at(next)] !== 1 || keyTo - at > keyBytesMax) return false
  const keyFrom = startOfName(subject, subject.wordStart)
  if (keyTo - keyFrom > keyBytesMax) return false
  found.reset(subject, bytes, keyFrom, keyTo)
  const quoteEnd = skipQuote(subject, next)
  found.isKeyQuoted = quoteEnd > next && isQuote(subject.at(keyFrom - 1))
  next = quoteEnd
  if (subject.at(next) === CLOSE_BRACKET) next++
  next = skipEmphasis(subject, next)
  const value = behindSeparator(subject, next)
  subject.steps += next - keyFrom
  if (value < 0) return false
  return readValue(subject, value, found, value > 0 && subject.at(value - 1) === GREATER && isElement(subject))
}

const COLON = 0x3a
const EQUALS = 0x3d
const COMMA = 0x2c
const DASH = 0x2d
const DOT = 0x2e
const LESS = 0x3c
const GREATER = 0x3e
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b

/** The one object that is handed out. */
export class FoundValue implements KeyedValue {
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
  #phraseFrom = -1
  #subject: Subject | undefined
  phraseTo = 0
  isKeyQuoted = false
  isProse = false

  reset(subject: Subject, keyBytes: Uint8Array, keyFrom: number, keyTo: number): void {
    this.#subject = subject
    this.#phraseFrom = -1
    this.keyBytes = keyBytes
    this.keyFrom = keyFrom
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

  /** Few ask. */
  get phraseFrom(): number {
    if (this.#phraseFrom < 0 && this.#subject !== undefined)
      this.#phraseFrom = this.delimiter === 'whole' ? this.keyFrom : startOfPhrase(this.#subject, this.keyFrom)
    return this.#phraseFrom
  }
}

const found = new FoundValue()

const mayFollowName = new Uint8Array(256)
for (const char of ' \t\r\n"\'`\\:=>]-*') mayFollowName[char.charCodeAt(0)] = 1

function labelledValue(subject: Subject): KeyedValue | undefined {
  subject.keyedAt = -1
  const { label, start, end } = subject
  if (label.length === 0 || start === end || end - start > keyedValueBytesMax) return undefined
  found.reset(subject, label, 0, label.length)
  found.set('whole', start, end, true)
  return found
}

function endOfName(subject: Subject, start: number): number {
  const { bytes } = subject
  const stop = Math.min(subject.end, start + keyBytesMax)
  const isInside = start >= readFrom && start <= nameTo
  let at = isInside ? nameTo : start
  while (at < stop && isNameByte[bytes[at] as number] === 1) at++
  subject.steps += isInside ? at - nameTo : at - start
  if (!isInside) {
    nameFrom = -1
    readFrom = start
  }
  nameTo = at
  while (at > start && (bytes[at - 1] === DOT || bytes[at - 1] === DASH)) at--
  return at
}

/** To be asked behind the end. */
function startOfName(subject: Subject, start: number): number {
  const stop = Math.max(subject.start, start - keyBytesMax - 1)
  let at = start
  if (nameFrom >= 0 && nameFrom <= start) at = Math.max(nameFrom, stop)
  else {
    while (at > stop && isNameByte[subject.at(at - 1)] === 1 && !subject.isEscapeLetter(at - 1)) at--
    subject.steps += start - at
    nameFrom = at
  }
  while (at < start && (subject.at(at) === DOT || subject.at(at) === DASH)) at++
  return at
}

function startOfPhrase(subject: Subject, start: number): number {
  const stop = Math.max(subject.start, start - keyBytesMax)
  let at = start
  while (at > stop && (subject.isWord(at - 1) || (subject.at(at - 1) === 0x20 && subject.isWord(at - 2)))) at--
  return at
}

/** Where the value begins, or -1. */
function behindSeparator(subject: Subject, start: number): number {
  const at = skipBlanks(subject, start, found.isKeyQuoted)
  const byte = subject.at(at)
  const second = subject.at(at + 1)
  if (byte === COLON && second === COLON) return -1
  if (byte === COLON || byte === EQUALS) {
    const end = skipEmphasis(subject, at + (second === EQUALS || second === GREATER ? 2 : 1))
    return behindType(subject, skipBlanks(subject, end, found.isKeyQuoted))
  }
  if (byte === DASH && second === GREATER) return skipBlanks(subject, at + 2, found.isKeyQuoted)
  if (byte === GREATER) return isElement(subject) ? at + 1 : -1
  if (byte === COMMA && found.isKeyQuoted) return behindPair(subject, at + 1)
  if (at === start || found.isKeyQuoted) return -1
  const isFlag = subject.at(found.keyFrom - 1) === DASH && subject.at(found.keyFrom - 2) === DASH
  return isFlag ? at : behindFillers(subject, at)
}

/** `password: string = "…"`: behind the type. */
function behindType(subject: Subject, start: number): number {
  const end = subject.runEnd(start, LETTER, gapBytesMax)
  if (found.isKeyQuoted || end === start) return start
  const at = skipBlanks(subject, end, found.isKeyQuoted)
  return subject.at(at) === EQUALS && at > end && subject.at(at + 1) !== EQUALS
    ? skipBlanks(subject, at + 1, found.isKeyQuoted)
    : start
}

/** `<key>` or `<ns:key>`. */
function isElement(subject: Subject): boolean {
  if (subject.at(found.keyFrom - 1) === LESS) return true
  if (subject.at(found.keyFrom - 1) !== COLON) return false
  let at = found.keyFrom - 1
  while (at > found.keyFrom - gapBytesMax && subject.is(at - 1, ALNUM)) at--
  return subject.at(at - 1) === LESS
}

/** `"key": "password", "value": …`, as OTLP and many others write attributes: behind the `"value":`. */
function behindPair(subject: Subject, start: number): number {
  const name = skipQuote(subject, skipBlanks(subject, start, found.isKeyQuoted))
  if (!subject.hasText(name, 'value')) return -1
  const colon = skipBlanks(subject, skipQuote(subject, name + 5), found.isKeyQuoted)
  if (subject.at(colon) !== COLON) return -1
  const value = skipBlanks(subject, colon + 1, found.isKeyQuoted)
  if (subject.at(value) !== OPEN_BRACE) return value
  const type = skipQuote(subject, skipBlanks(subject, value + 1, found.isKeyQuoted))
  if (!subject.hasText(type, 'stringValue')) return value
  const inner = skipBlanks(subject, skipQuote(subject, type + 11), found.isKeyQuoted)
  return subject.at(inner) === COLON ? skipBlanks(subject, inner + 1, found.isKeyQuoted) : value
}

/** Behind "is", "number is", "of the account is", "number:", "number". */
function behindFillers(subject: Subject, start: number): number {
  const { bytes } = subject
  const stop = start + PROSE_BYTES_MAX
  let at = start
  let isLed = false
  found.isProse = true
  for (let words = 0; at < stop && words < PROSE_WORDS_MAX; words++) {
    const end = wordEnd(subject, at)
    if (end === at) break
    const isVerb = VERBS.has(bytes, at, end)
    if (!isVerb && !FILLERS.has(bytes, at, end)) break
    if (!isVerb) found.phraseTo = end
    isLed = isVerb || COUNTS.has(bytes, at, end)
    const isAbbreviation = ABBREVIATIONS.has(bytes, at, end)
    at = end
    if (isAbbreviation && subject.at(at) === DOT) at++
    at = skipBlanks(subject, skipEmphasis(subject, at), found.isKeyQuoted)
    const byte = subject.at(at)
    if (byte === COLON || byte === EQUALS || byte === 0x23)
      return skipBlanks(subject, skipEmphasis(subject, at + 1), found.isKeyQuoted)
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
