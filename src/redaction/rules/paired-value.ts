import { ALNUM, SPACE } from '../subject.ts'
import type { Subject } from '../subject.ts'
import type { KeyName } from './secret-key-name.ts'

/** A value of a key that keyed-value.ts has no eye for. */
export interface PairedValue extends KeyName {
  readonly from: number
  readonly to: number
}

const NAME_BYTES_MAX = 64
const GAP_BYTES_MAX = 24
const VALUE_BYTES_MAX = 1024
const QUOTE = 0x22
const APOSTROPHE = 0x27
const BACKSLASH = 0x5c

/** `<add key="password" value="…"/>`, and quotes that are doubled instead of escaped, as in CSV: `""password"":""…""`. `at` is the last letter of a word of the key. */
export function pairedValue(subject: Subject, at: number): PairedValue | undefined {
  const keyTo = endOfName(subject, at + 1)
  let next = behindQuote(subject, keyTo)
  if (next === keyTo && subject.at(keyTo) !== SPACE_BYTE && subject.at(keyTo) !== COLON && subject.at(keyTo) !== EQUALS)
    return undefined
  const isAttribute = next > keyTo && subject.is(next, SPACE)
  if (!isAttribute && subject.at(next) === QUOTE) next++
  next = behindBlanks(subject, next)
  if (isAttribute) {
    if (!isValueWord(subject, next)) return undefined
    next = behindBlanks(subject, next + 5)
  }
  const separator = subject.at(next)
  if (separator !== EQUALS && (isAttribute || separator !== COLON)) return undefined
  next = behindBlanks(subject, next + 1)
  const from = isAttribute ? behindQuote(subject, next) : behindDoubled(subject, next)
  if (from === next) return undefined
  const to = endOfValue(subject, from, subject.at(from - 1))
  return to < 0
    ? undefined
    : {
        from,
        to,
        keyBytes: subject.bytes,
        keyFrom: startOfName(subject, subject.wordStart),
        keyTo,
        phraseFrom: subject.wordStart,
        isProse: false,
      }
}

/** `["…"]`, as dumps of headers write their values: the first one. `at` is the bracket. */
export function firstElement(subject: Subject, at: number): { from: number; to: number } | undefined {
  if (subject.at(at) !== OPEN_BRACKET) return undefined
  const next = behindBlanks(subject, at + 1)
  const from = behindQuote(subject, next)
  if (from === next) return undefined
  const to = endOfValue(subject, from, subject.at(from - 1))
  return to < 0 ? undefined : { from, to }
}

const OPEN_BRACKET = 0x5b
const COLON = 0x3a
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

function behindDoubled(subject: Subject, at: number): number {
  const isDoubled = subject.at(at) === QUOTE && subject.at(at + 1) === QUOTE && subject.at(at + 2) !== QUOTE
  return isDoubled ? at + 2 : at
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
