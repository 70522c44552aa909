import { ALNUM, DIGIT, LETTER } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { WordSet } from '../word-set.ts'
import { endOfPostalCode } from './postal-code.ts'

const NAME_WORDS_MAX = 4
const WORD_BYTES_MAX = 24
const LOCALITY_BYTES_MAX = 96
const LOCALITY_WORDS_MAX = 9

/** Words of names in lower case. */
export const PARTICLES = new WordSet(
  'de la le les du des d del della delle dei di da do dos das el los las von van der den het zu am an im in sur sous of the y e i',
)
/** Words before a street's name that are none of it: "2 way street", "5 minute drive". */
const NO_NAMES = new WordSet(
  'way ways minute minutes hour hours min day days mile miles km lane lanes letter letters step steps more part parts percent block blocks of the a to from in on ' +
    'and or is was were people items times years year',
)

/** An upper-case letter, or the first byte of one beyond ASCII. */
export const isCapitalized = (subject: Subject, at: number): boolean => {
  const byte = subject.at(at)
  return (byte >= 0x41 && byte <= 0x5a) || byte >= 0xc3
}

export const isNameByte = (subject: Subject, at: number): boolean => {
  const byte = subject.at(at)
  return subject.isWord(at) || byte >= 0x80 || byte === 0x27 || byte === 0x2d
}

/** Where the number before a street's name of one to four words begins, or -1. `wordStart` is the word behind the name. */
export function nameStart(subject: Subject, wordStart: number, wordEnd: number, isCapital: boolean): number {
  let at = wordStart
  for (let words = 0; words < NAME_WORDS_MAX; words++) {
    let end = at - 1
    if (subject.at(end) !== 0x20) return -1
    if (subject.at(end - 1) === 0x2e) end--
    let from = end
    while (from > end - WORD_BYTES_MAX && isNameByte(subject, from - 1)) from--
    subject.steps += end - from
    if (from === end) return -1
    const isOrdinal = subject.is(from, DIGIT) && subject.is(end - 1, LETTER) && end - from >= 3
    if (subject.is(from, DIGIT) && !isOrdinal) return -1
    if (NO_NAMES.has(subject.bytes, from, end)) return -1
    if (isCapital && !isOrdinal && !isCapitalized(subject, from) && !PARTICLES.has(subject.bytes, from, end)) return -1
    const number = numberBefore(subject, from, wordEnd - wordStart >= 4)
    if (number >= 0) return number
    at = from
  }
  return -1
}

/** Where the house number before `position` begins: 12, 221B, 12 bis, 4-6; or -1. No year and no part of a longer number. */
export function numberBefore(subject: Subject, position: number, mayHaveComma: boolean): number {
  let end = position - 1
  if (subject.at(end) !== 0x20) return -1
  if (mayHaveComma && subject.at(end - 1) === 0x2c) end--
  for (const text of [' bis', ' ter']) if (subject.hasText(end - 4, text)) end -= 4
  let from = end
  if (subject.is(from - 1, LETTER) && subject.is(from - 2, DIGIT)) from--
  const digits = from
  while (
    from > digits - 7 &&
    (subject.is(from - 1, DIGIT) || (subject.at(from - 1) === 0x2d && subject.is(from - 2, DIGIT)))
  )
    from--
  if (from === digits || digits - from > 6 || subject.isWord(from - 1)) return -1
  const before = subject.at(from - 1)
  if (
    before === 0x24 ||
    before === 0x23 ||
    ((before === 0x2e || before === 0x2d || before === 0x2f || before === 0x3a || before === 0x2c) &&
      subject.is(from - 2, ALNUM))
  )
    return -1
  const isYear = digits - from === 4 && (subject.hasText(from, '19') || subject.hasText(from, '20'))
  return isYear && isPreposition(subject, from) ? -1 : from
}

const PREPOSITIONS = new WordSet('in of since by until the during before after from')

function isPreposition(subject: Subject, position: number): boolean {
  const end = position - 1
  let from = end
  while (from > end - 8 && subject.is(from - 1, LETTER)) from--
  return PREPOSITIONS.has(subject.bytes, from, end)
}

/** Where the word with a capital before `position` begins, or `position`: "Kölner" of "Kölner Straße". */
export function nameBefore(subject: Subject, position: number): number {
  const end = position - 1
  let from = end
  while (from > end - WORD_BYTES_MAX && isNameByte(subject, from - 1)) from--
  subject.steps += end - from
  return subject.at(end) === 0x20 && from < end && isCapitalized(subject, from) ? from : position
}

/** End of the name that follows a word for a street: one to six words, the last one with a capital; or -1. */
export function nameEnd(subject: Subject, start: number): number {
  let at = subject.at(start) === 0x2e ? start + 1 : start
  let end = -1
  for (let words = 0; words < 6; words++) {
    if (subject.at(at) !== 0x20) break
    const from = at + 1
    const to = endOfName(subject, from)
    if (to === from || subject.is(from, DIGIT)) break
    if (isCapitalized(subject, from)) end = to
    else if (!PARTICLES.has(subject.bytes, from, to) && subject.at(from + 1) !== 0x27) break
    at = to
  }
  return end
}

/** End of a house number behind the name of a street: " 12", ", 12a", " nº 12", " 4-6"; or -1. */
export function endOfStreetNumber(subject: Subject, start: number): number {
  let at = start
  if (subject.at(at) === 0x2c) at++
  if (subject.at(at) !== 0x20) return -1
  at++
  for (const text of ['n° ', 'nº ', 'nr. ', 'Nr. ', 'no. ', 'No. ', '# ']) {
    const length = new TextEncoder().encode(text).length
    if (subject.at(at) === text.charCodeAt(0) && hasBytes(subject, at, text)) at += length
  }
  if (subject.hasText(at, 's/n')) return at + 3
  let end = subject.runEnd(at, DIGIT, 6)
  if (end === at || end > at + 5) return -1
  if (subject.at(end) === 0x2d && subject.is(end + 1, DIGIT)) end = subject.runEnd(end + 1, DIGIT, 5)
  if (subject.is(end, LETTER) && !subject.isWord(end + 1)) end++
  const next = subject.at(end)
  if (
    subject.isWord(end) ||
    ((next === 0x2e || next === 0x2d || next === 0x2f || next === 0x3a) && subject.is(end + 1, DIGIT))
  )
    return -1
  return next === 0x25 ? -1 : end
}

function hasBytes(subject: Subject, at: number, text: string): boolean {
  const bytes = encoder.encode(text)
  return bytes.every((byte, i) => subject.at(at + i) === byte)
}
const encoder = new TextEncoder()

const UNITS = new WordSet('suite ste apt apartment unit floor fl room rm flat appartement piso planta wohnung whg lgh')

/** End of a flat or suite behind a street (", Apt 4B", " Suite 394", " #12") or at `start`; `start` when there is none. */
export function unitEnd(subject: Subject, start: number): number {
  let at = behindBreak(subject, start)
  if (subject.at(at) === 0x23 && subject.is(at + 1, DIGIT)) return subject.runEnd(at + 1, ALNUM, 6)
  let end = at
  while (end < at + 12 && subject.is(end, LETTER)) end++
  if (!UNITS.has(subject.bytes, at, end)) return start
  at = subject.at(end) === 0x2e ? end + 1 : end
  if (subject.at(at) !== 0x20) return start
  at = subject.at(at + 1) === 0x23 ? at + 2 : at + 1
  const to = subject.runEnd(at, ALNUM, 7)
  const hasDigit = subject.is(at, DIGIT) || subject.is(at + 1, DIGIT)
  const isJoined =
    (subject.at(to) === 0x2e || subject.at(to) === 0x2d || subject.at(to) === 0x3a) && subject.is(to + 1, DIGIT)
  return hasDigit && to - at <= 6 && !isJoined ? to : start
}

/**
 * End of city, state, postal code and country behind a street, or `start`: words with a capital up to the last postal code. Without a postal code
 * the names behind a street may be anything.
 */
export function endOfLocality(subject: Subject, start: number): number {
  let at = start
  for (let words = 0; words < LOCALITY_WORDS_MAX && at < start + LOCALITY_BYTES_MAX; words++) {
    const from = behindBreak(subject, at)
    if (from === at) break
    const code = endOfPostalCode(subject, from)
    if (code > 0 && (subject.is(from, DIGIT) || isCapitalized(subject, from)))
      return words === 0 ? cityEnd(subject, code) : code
    const to = endOfName(subject, from)
    if (to === from || (!isCapitalized(subject, from) && !PARTICLES.has(subject.bytes, from, to))) break
    at = to
  }
  return start
}

function endOfName(subject: Subject, from: number): number {
  let to = from
  while (to < from + WORD_BYTES_MAX && isNameByte(subject, to)) to++
  subject.steps += to - from
  while (to > from && (subject.at(to - 1) === 0x27 || subject.at(to - 1) === 0x2d)) to--
  return to
}

const CITY_WORDS_MAX = 4

/** Where the postal code comes first the city follows: 10115 Berlin, 97419 La Seyne-sur-Mer. */
function cityEnd(subject: Subject, start: number): number {
  let end = start
  let at = start
  for (let words = 0; words < CITY_WORDS_MAX; words++) {
    if (subject.at(at) !== 0x20) break
    const to = endOfName(subject, at + 1)
    if (isCapitalized(subject, at + 1) && subject.at(to) !== 0x3a) end = to
    else if (to === at + 1 || !PARTICLES.has(subject.bytes, at + 1, to)) break
    at = to
  }
  return end
}

const BREAK_BYTES_MAX = 8

/** Behind what separates the parts of an address: a comma, blanks, an end of line (an escaped one too), the mark of quoted mail. */
export function behindBreak(subject: Subject, start: number): number {
  let at = start
  while (at < start + BREAK_BYTES_MAX) {
    const byte = subject.at(at)
    if (byte === 0x20 || byte === 0x2c || byte === 0x0a || byte === 0x0d) at++
    else if (byte === 0x5c && (subject.at(at + 1) === 0x6e || subject.at(at + 1) === 0x72)) at += 2
    else if (byte === 0x3e && at > start) at++
    else break
  }
  return at
}
