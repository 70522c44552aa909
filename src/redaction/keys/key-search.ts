import { isNameQuoted } from '../key-gap.ts'
import { keyedValue } from '../keyed-value.ts'
import type { KeyedValue } from '../keyed-value.ts'
import { CLASS, LETTER } from '../subject.ts'
import type { Subject } from '../subject.ts'
import * as kinds from './key-kind.ts'
import { keyKind, keysOfKind } from './key-kind.ts'
import type { KeyKind } from './key-kind.ts'
import { confidenceOf, isValueOf, typeOfKind } from './key-value.ts'

/**
 * What keys outside of JSON name (`first_name=Mia`, `zip: 12345`, `<surname>Li</surname>`, "date of birth is …"): at a word of `keyWords`. Where the key
 * stands in quotes, the text is left to the one who reads JSON (key-finder.ts): `subject.hasKeys` tells that there is something to read.
 */
export function findKeyed(subject: Subject, at: number): boolean {
  if (subject.hasKeys && isNameQuoted(subject, at)) return none(subject)
  const value = keyedValue(subject, at)
  if (value === undefined || value.delimiter === 'whole') return false
  if (value.isKeyQuoted) {
    subject.hasKeys = true
    return none(subject)
  }
  if (value.delimiter === 'open') return false
  const kind = outsideKind(subject, value)
  const to = valueEnd(subject, kind, value)
  const type = to > value.from ? typeOfKind(kind) : undefined
  if (type === undefined || !isValueOf(kind, subject.bytes, value.from, to)) return false
  subject.type = type
  subject.confidence = confidenceOf(kind) - (value.isProse ? 0.15 : 0)
  return subject.matched(value.from, to)
}

/** Whatever takes the place of a value beside it, the key stays one in quotes. */
function none(subject: Subject): false {
  subject.isFinal = true
  return false
}

function outsideKind(subject: Subject, value: KeyedValue): KeyKind {
  const own = keyKind(value.keyBytes, value.keyFrom, value.keyTo)
  const kind = own === kinds.NO_KIND || own > kinds.PERSON ? phraseKind(value) || own : own
  return kind === kinds.PERSON && isIdBetween(subject, value.keyTo, value.from) ? kinds.USER_ID : kind
}

/** "user ID is …", "patient id: …". */
function isIdBetween(subject: Subject, from: number, to: number): boolean {
  return subject.is(from + 1, LETTER) && to > from + 3 && subject.hasText(from, ' ') && isId(subject, from + 1)
}

const isId = (subject: Subject, at: number): boolean =>
  (subject.at(at) | 0x20) === 0x69 && (subject.at(at + 1) | 0x20) === 0x64 && !subject.isWord(at + 2)

/** "Date of birth", "Zip code": the last words of what stands before the value. */
function phraseKind({ keyBytes, phraseFrom, phraseTo, keyFrom, keyTo }: KeyedValue): KeyKind {
  if (phraseFrom === keyFrom && phraseTo === keyTo) return kinds.NO_KIND
  return keyKind(keyBytes, phraseFrom, phraseTo) || keyKind(keyBytes, keyFrom, phraseTo)
}

/** Up to where the value goes for sure; -1 when a key of this kind tells too little outside of JSON. */
function valueEnd(subject: Subject, kind: KeyKind, value: KeyedValue): number {
  const isExact = value.delimiter === 'quoted' || value.delimiter === 'element'
  switch (kind) {
    case kinds.GIVEN_NAME:
    case kinds.FAMILY_NAME:
    case kinds.FULL_NAME:
      if (isExact) return value.to
      if (isCapital(subject, value.from)) return nameEnd(subject, value, value.isProse ? 1 : 5)
      // In code a small letter begins a variable; in a query or an environment there are no blanks.
      return value.from === value.keyTo + 1 ? nameEnd(subject, value, 1) : -1
    case kinds.PERSON:
      return isExact ? value.to : isCapital(subject, value.from) && !value.isProse ? nameEnd(subject, value, 5) : -1
    case kinds.USER_NAME:
    case kinds.USER_ID:
      return value.isProse && !isTelling(subject, value) ? -1 : value.to
    case kinds.POSTAL_CODE:
    case kinds.ACCOUNT_ID:
    case kinds.PAYMENT_ID:
    case kinds.CARD_LAST4:
      return value.to
    case kinds.BIRTH_DATE:
      return isExact || subject.is(value.to - 1, DIGITS) ? value.to : -1
    case kinds.ADDRESS_LINE:
      if (isExact) return value.to
      return value.isProse ? -1 : lineEnd(subject, value)
    default:
      return isExact && kind > kinds.NO_KIND && kind <= kinds.LAST_LEAF && kind !== kinds.BARE_NAME ? value.to : -1
  }
}

const DIGITS = 1

/** More than a word: what a sentence calls an id holds a digit or `_`. */
function isTelling(subject: Subject, { from, to }: KeyedValue): boolean {
  for (let at = from; at < to && at < from + 64; at++)
    if (subject.is(at, DIGITS) || subject.at(at) === 0x5f) return true
  return false
}

const isCapital = (subject: Subject, at: number): boolean => {
  const byte = subject.at(at)
  return byte >= 0x80 || (byte >= 0x41 && byte <= 0x5a)
}

/** Words of letters with single blanks between; all but the first begin with a capital. -1 at names of code: `FileMode.ALL`. */
function nameEnd(subject: Subject, { from, lineTo }: KeyedValue, wordsMax: number): number {
  let end = from
  for (let words = 0, at = from; words < wordsMax; words++) {
    if (words > 0 && !isCapital(subject, at)) break
    const start = at
    while (at < lineTo && isNameByte(subject.at(at))) {
      if (subject.at(at) === 0x2e && subject.is(at + 1, LETTER)) return -1
      at++
    }
    if (at === start) break
    end = at
    if (subject.at(at) !== 0x20) break
    at++
  }
  while (end > from && subject.at(end - 1) === 0x2e) end--
  return end
}

const isNameByte = (byte: number): boolean =>
  byte >= 0x80 || byte === 0x27 || byte === 0x2d || byte === 0x2e || ((CLASS[byte] as number) & LETTER) !== 0

/** To the end of the line, or before `, next_key:`. */
function lineEnd(subject: Subject, { from, lineTo }: KeyedValue): number {
  for (let at = from; at < lineTo; at++) {
    const byte = subject.at(at)
    if (byte === 0x3b || byte === 0x7c || byte === 0x26 || byte === 0x09) return at
    if (byte !== 0x2c) continue
    let next = at + 1
    while (next < lineTo && (subject.at(next) === 0x20 || subject.isWord(next) || subject.at(next) === 0x5f)) next++
    if (subject.at(next) === 0x3a || subject.at(next) === 0x3d) return at
  }
  return lineTo
}

/** Words of so many keys, and keys of so much else, that the other word of the key has to do. */
const COMMON = new Set(
  (
    'name names code number id line of and day on de di da do no date current work type method e dt up key field source office physical order plus four on post pin second real ' +
    'card account primary emergency next end y et i in pila token instrument funding identifier uuid digits first4 screen record medical method billing shipping delivery'
  ).split(' '),
)

const NEVER = new Set('name names code id on of no'.split(' '))

/** Words at which `findKeyed` is to be called, for keys of the kinds that are asked for. */
export function keyWords(isAsked: (kind: KeyKind) => boolean): string[] {
  const words = new Set<string>()
  for (let kind = 1; kind <= kinds.PAYMENT; kind++) {
    if (!isAsked(kind)) continue
    for (const key of keysOfKind(kind)) {
      const parts = key.split('_').filter((part) => WORD.test(part))
      const telling = parts.filter((part) => !COMMON.has(part))
      for (const word of telling.length > 0 ? telling : parts.filter((part) => !NEVER.has(part))) words.add(word)
      const whole = parts.join('')
      if (parts.length > 1 && whole.length <= GLUED_LETTERS_MAX) words.add(whole)
    }
  }
  return [...words]
}

/** `firstname`, `dateofbirth`: longer ones are written with separators. */
const GLUED_LETTERS_MAX = 12
const WORD = /^[a-z0-9]{2,24}$/
