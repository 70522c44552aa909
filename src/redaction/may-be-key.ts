import { ABBREVIATIONS, COUNTS, FILLERS, VERBS } from './key-fillers.ts'
import { isNameByte, keyBytesMax } from './key-gap.ts'
import { ALNUM, CLASS, LETTER } from './subject.ts'

/** Whether keyedValue may find a value behind the word bytes[from, to): never false where it does. */
export function mayBeKey(bytes: Uint8Array, start: number, end: number, from: number, to: number): boolean {
  const stop = Math.min(end, to + keyBytesMax)
  let at = to
  while (at < stop && isNameByte[bytes[at] as number] === 1) at++
  while (at > to && (bytes[at - 1] === DOT || bytes[at - 1] === DASH)) at--
  if (at >= end) return false
  const byte = bytes[at] as number
  switch (byte) {
    case SPACE:
    case TAB:
      return mayLeadFrom(bytes, end, at) || (from > start && isNameByte[bytes[from - 1] as number] === 1)
    case DASH:
      return bytes[at + 1] === GREATER
    case BACKSLASH:
    case QUOTE:
    case APOSTROPHE:
    case BACKTICK:
      return isQuoteEnd(bytes, end, at)
    default:
      // Behind the key of an attribute comes the tag of its value on the wire: what is called so is told by the label.
      if (byte < SPACE && byte !== LINE_FEED && byte !== CARRIAGE_RETURN) return true
      return byte === COLON || byte === EQUALS || byte === GREATER || byte === CLOSE_BRACKET || byte === ASTERISK
  }
}

const WORD_BYTES_MAX = 10
const WORDS_MAX = 5
/** Where fillers go on for longer, keyedValue is asked. */
const FILLER_BYTES_MAX = 24
/** Between a name and its value, behind blanks or fillers. */
const SEPARATORS = new Uint8Array(128)
for (const char of ':=>-#*') SEPARATORS[char.charCodeAt(0)] = 1
const isLetter = (byte: number): boolean => ((CLASS[byte] as number) & LETTER) !== 0

/** Blanks, fillers and what leads to the value behind them. */
function mayLeadFrom(bytes: Uint8Array, end: number, blank: number): boolean {
  let at = blank
  let isLed = false
  for (let words = 0; words <= WORDS_MAX; words++) {
    while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++
    const byte = at < end ? (bytes[at] as number) : 0
    if (byte >= 0x80 || SEPARATORS[byte] === 1) return true
    const stop = Math.min(end, at + WORD_BYTES_MAX)
    let to = at
    while (to < stop && (isLetter(bytes[to] as number) || (bytes[to] as number) >= 0x80)) to++
    if (to === at) return isLed
    const isVerb = VERBS.has(bytes, at, to)
    if (!isVerb && !FILLERS.has(bytes, at, to)) return isLed
    isLed = isVerb || COUNTS.has(bytes, at, to)
    const isAbbreviation = bytes[to] === DOT && ABBREVIATIONS.has(bytes, at, to)
    at = isAbbreviation ? to + 1 : to
    if (at - blank > FILLER_BYTES_MAX) return true
  }
  return true
}

/** A quote with its backslashes, behind which no word goes on. */
function isQuoteEnd(bytes: Uint8Array, end: number, start: number): boolean {
  let at = start
  while (at < end && bytes[at] === BACKSLASH) at++
  const byte = at < end ? bytes[at] : 0
  const isQuote = byte === QUOTE || byte === APOSTROPHE || byte === BACKTICK
  return isQuote && (at + 1 >= end || ((CLASS[bytes[at + 1] as number] as number) & ALNUM) === 0)
}

const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const APOSTROPHE = 0x27
const ASTERISK = 0x2a
const DASH = 0x2d
const DOT = 0x2e
const COLON = 0x3a
const EQUALS = 0x3d
const GREATER = 0x3e
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const BACKTICK = 0x60
