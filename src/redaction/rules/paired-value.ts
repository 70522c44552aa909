import { ALNUM, SPACE } from '../subject.ts'
import type { Subject } from '../subject.ts'
import type { KeyName } from './secret-key-name.ts'

/** A value of a key that keyed-value.ts has no eye for. */
export interface PairedValue extends KeyName {
  readonly from: number
  readonly to: number
  /** It may be anything that is called with the key. */
  readonly isArgument: boolean
}

const NAME_BYTES_MAX = 64
const GAP_BYTES_MAX = 24
const VALUE_BYTES_MAX = 1024
const QUOTE = 0x22
const APOSTROPHE = 0x27
const BACKSLASH = 0x5c

/**
 * `<add key="password" value="…"/>`, arguments (`set('api_key', '…')`), and quotes that are doubled instead of escaped, as in CSV: `""password"":""…""`. `at` is the last
 * letter of a word of the key.
 */
export function pairedValue(subject: Subject, at: number): PairedValue | undefined {
  const keyTo = endOfName(subject, at + 1)
  const quoteEnd = behindQuote(subject, keyTo)
  const byte = subject.at(quoteEnd)
  const isQuoted = quoteEnd > keyTo
  if (!isQuoted && byte !== SPACE_BYTE && byte !== COLON && byte !== EQUALS) return undefined
  const isArgument = isQuoted && byte === COMMA
  const from = isArgument
    ? openedBy(subject, quoteEnd + 1)
    : isQuoted && subject.is(quoteEnd, SPACE)
      ? attributeStart(subject, quoteEnd)
      : doubledStart(subject, isQuoted ? doubledEnd(subject, quoteEnd) : quoteEnd)
  if (from < 0) return undefined
  const to = endOfValue(subject, from, subject.at(from - 1))
  if (to < 0) return undefined
  const keyFrom = startOfName(subject, subject.wordStart)
  const { bytes: keyBytes, wordStart: phraseFrom } = subject
  return { from, to, isArgument, keyBytes, keyFrom, keyTo, phraseFrom, isProse: false }
}

/** Behind the quote that follows, or -1. */
function openedBy(subject: Subject, at: number): number {
  const next = behindBlanks(subject, at)
  const from = behindQuote(subject, next)
  return from === next ? -1 : from
}

/** Behind ` value="`, or -1. */
function attributeStart(subject: Subject, at: number): number {
  const word = behindBlanks(subject, at)
  if (!isValueWord(subject, word)) return -1
  const equals = behindBlanks(subject, word + 5)
  return subject.at(equals) === EQUALS ? openedBy(subject, equals + 1) : -1
}

/** Behind the second quote of a key, or -1: after one quote alone, two more are an empty value. */
function doubledEnd(subject: Subject, at: number): number {
  const end = behindQuote(subject, at)
  return end === at ? -1 : end
}

/** Behind `: ""`, or -1. */
function doubledStart(subject: Subject, at: number): number {
  if (at < 0) return -1
  const separator = behindBlanks(subject, at)
  if (subject.at(separator) !== EQUALS && subject.at(separator) !== COLON) return -1
  const next = behindBlanks(subject, separator + 1)
  const first = behindQuote(subject, next)
  const second = behindQuote(subject, first)
  return second > first && first > next && behindQuote(subject, second) === second ? second : -1
}

/** `["…"]`, as dumps of headers write their values: the first one. `at` is the bracket. */
export function firstElement(subject: Subject, at: number): { from: number; to: number } | undefined {
  if (subject.at(at) !== OPEN_BRACKET) return undefined
  const from = openedBy(subject, at + 1)
  if (from < 0) return undefined
  const to = endOfValue(subject, from, subject.at(from - 1))
  return to < 0 ? undefined : { from, to }
}

const OPEN_BRACKET = 0x5b
const COLON = 0x3a
const COMMA = 0x2c
const EQUALS = 0x3d
const SPACE_BYTE = 0x20
const DASH = 0x2d
const UNDERSCORE = 0x5f
const DOT = 0x2e

const isName = (subject: Subject, at: number): boolean => {
  const byte = subject.at(at)
  return subject.is(at, ALNUM) || byte === DASH || byte === UNDERSCORE || byte === DOT
}

function endOfName(subject: Subject, start: number): number {
  let at = start
  while (at < start + NAME_BYTES_MAX && isName(subject, at)) at++
  return at
}

function startOfName(subject: Subject, start: number): number {
  let at = start
  while (at > start - NAME_BYTES_MAX && isName(subject, at - 1)) at--
  return at
}

/** Behind a quote with the backslashes before it, or `at`. */
function behindQuote(subject: Subject, at: number): number {
  let next = at
  while (next < at + GAP_BYTES_MAX && subject.at(next) === BACKSLASH) next++
  const byte = subject.at(next)
  return byte === QUOTE || byte === APOSTROPHE ? next + 1 : at
}

function behindBlanks(subject: Subject, start: number): number {
  let at = start
  while (at < start + GAP_BYTES_MAX && subject.is(at, SPACE)) at++
  return at
}

function isValueWord(subject: Subject, at: number): boolean {
  for (let i = 0; i < 5; i++) if ((subject.at(at + i) | 0x20) !== 'value'.charCodeAt(i)) return false
  return true
}

/** Where the quote that closes the value stands, or the backslashes before it; -1 when it is empty or has no end. */
function endOfValue(subject: Subject, from: number, quote: number): number {
  const stop = Math.min(subject.end, from + VALUE_BYTES_MAX)
  let at = from
  while (at < stop && subject.at(at) !== quote) at++
  subject.steps += at - from
  if (at === stop) return -1
  while (at > from && subject.at(at - 1) === BACKSLASH) at--
  return at > from ? at : -1
}
