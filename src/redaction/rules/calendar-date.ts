import { DIGIT, LETTER } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { WordSet } from '../word-set.ts'

/** A date as it is written: bytes [from, to). One object is used for all. */
export interface CalendarDate {
  readonly from: number
  readonly to: number
}

/** Names of months and their abbreviations in twelve languages. */
export const MONTHS = new WordSet(
  'january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec ' +
    'januar jänner februar feber märz maerz mai juni juli oktober dezember mär okt dez ' +
    'janvier février fevrier mars avril juin juillet août aout septembre octobre novembre décembre decembre janv févr avr juil déc ' +
    'enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre ene abr ago dic ' +
    'gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre gen mag giu lug set ott ' +
    'januari februari maart mei augustus december ' +
    'janeiro fevereiro março junho julho setembro outubro novembro dezembro fev ' +
    'januari februari augusti marts maj marras tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta ' +
    'stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia',
)

const found = { from: 0, to: 0 }
const WORD_BYTES_MAX = 20

/**
 * The date whose first number begins at `at`, with day and year: 1990-03-15, 15.3.1990, 3/15/90, 19900315, "15 March 1990", "March 15th, 1990",
 * "15 de marzo de 1990", 15-Mar-1990, a time behind it included. Undefined when there is none.
 */
export function readDate(subject: Subject, at: number): CalendarDate | undefined {
  found.from = at
  const first = subject.runEnd(at, DIGIT, 9)
  const length = first - at
  if (length === 8) return isCompact(subject, at) ? ended(subject, first) : undefined
  if (length === 4) return readYearFirst(subject, at, first)
  if (length > 2 || length === 0) return undefined
  const month = monthBefore(subject, at)
  if (month >= 0) {
    found.from = month
    return readYear(subject, behindOrdinal(subject, first))
  }
  const next = monthBehind(subject, behindOrdinal(subject, first))
  if (next > 0) return readYear(subject, next)
  return readNumeric(subject, at, first)
}

const number = (subject: Subject, from: number, to: number): number => {
  let value = 0
  for (let at = from; at < to; at++) value = value * 10 + subject.at(at) - 0x30
  return value
}

const isYear = (subject: Subject, from: number): boolean => subject.hasText(from, '19') || subject.hasText(from, '20')
const isSeparator = (byte: number): boolean => byte === 0x2d || byte === 0x2f || byte === 0x2e
/** Day and month in either order. */
const isDayAndMonth = (a: number, b: number): boolean =>
  a >= 1 && b >= 1 && ((a <= 12 && b <= 31) || (a <= 31 && b <= 12))

/** 19900315 or 15031990. */
function isCompact(subject: Subject, at: number): boolean {
  if (isYear(subject, at)) return isDayAndMonth(number(subject, at + 4, at + 6), number(subject, at + 6, at + 8))
  return isYear(subject, at + 4) && isDayAndMonth(number(subject, at, at + 2), number(subject, at + 2, at + 4))
}

function readYearFirst(subject: Subject, at: number, yearEnd: number): CalendarDate | undefined {
  const gap = subject.at(yearEnd)
  if (!isYear(subject, at) || (!isSeparator(gap) && gap !== 0x20)) return undefined
  const middle = yearEnd + 1
  let middleEnd = subject.runEnd(middle, DIGIT, 3)
  if (middleEnd === middle) {
    middleEnd = endOfWord(subject, middle)
    if (!MONTHS.has(subject.bytes, middle, middleEnd)) return undefined
  } else if (middleEnd > middle + 2) return undefined
  const day = middleEnd + 1
  const dayEnd = subject.runEnd(day, DIGIT, 3)
  if (subject.at(middleEnd) !== gap || dayEnd === day || dayEnd > day + 2) return undefined
  if (subject.is(middle, DIGIT) && !isDayAndMonth(number(subject, middle, middleEnd), number(subject, day, dayEnd)))
    return undefined
  return ended(subject, dayEnd)
}

/** Day, month and year with the same separator. */
function readNumeric(subject: Subject, at: number, firstEnd: number): CalendarDate | undefined {
  const gap = subject.at(firstEnd)
  if (!isSeparator(gap) && gap !== 0x20) return undefined
  const second = firstEnd + (gap === 0x2e && subject.at(firstEnd + 1) === 0x20 ? 2 : 1)
  const secondEnd = subject.runEnd(second, DIGIT, 3)
  if (secondEnd === second || secondEnd > second + 2 || subject.at(secondEnd) !== gap) return undefined
  if (!isDayAndMonth(number(subject, at, firstEnd), number(subject, second, secondEnd))) return undefined
  const year = secondEnd + (gap === 0x2e && subject.at(secondEnd + 1) === 0x20 ? 2 : 1)
  const yearEnd = subject.runEnd(year, DIGIT, 5)
  if (yearEnd === year + 4 ? !isYear(subject, year) : yearEnd !== year + 2 || gap === 0x20) return undefined
  return ended(subject, yearEnd)
}

/** The year behind a month or its day: ", 1990", " 1990", "-1990", " de 1990", " '90". */
function readYear(subject: Subject, start: number): CalendarDate | undefined {
  let at = start
  if (subject.at(at) === 0x2c || subject.at(at) === 0x2e) at++
  if (subject.at(at) === 0x20 || isSeparator(subject.at(at))) at++
  if (subject.hasText(at, 'de ')) at += 3
  else if (subject.hasText(at, 'del ')) at += 4
  const end = subject.runEnd(at, DIGIT, 5)
  return end === at + 4 && isYear(subject, at) ? ended(subject, end) : undefined
}

/** Behind 3rd, 1er, 15. and the like. */
function behindOrdinal(subject: Subject, at: number): number {
  const next = subject.at(at)
  if (next === 0x2e) return at + 1
  const end = endOfWord(subject, at)
  return end > at && end - at <= 3 && ORDINALS.has(subject.bytes, at, end) ? end : at
}
const ORDINALS = new WordSet('st nd rd th er ère º ª')

/** End of the month that follows the day, or -1. */
function monthBehind(subject: Subject, start: number): number {
  let at = start
  if (subject.at(at) === 0x20 || isSeparator(subject.at(at))) at++
  for (const word of ['of ', 'de ', 'del ', "d'"]) if (subject.hasText(at, word)) at += word.length
  const end = endOfWord(subject, at)
  return end > at && MONTHS.has(subject.bytes, at, end) ? end : -1
}

/** Where the month before the day begins ("March 3"), or -1. */
function monthBefore(subject: Subject, day: number): number {
  let end = day
  if (subject.at(end - 1) === 0x20) end--
  if (subject.at(end - 1) === 0x2e) end--
  let from = end
  while (from > end - WORD_BYTES_MAX && (subject.is(from - 1, LETTER) || subject.at(from - 1) >= 0x80)) from--
  return end < day && from < end && MONTHS.has(subject.bytes, from, end) ? from : -1
}

function endOfWord(subject: Subject, start: number): number {
  let at = start
  while (at < start + WORD_BYTES_MAX && (subject.is(at, LETTER) || subject.at(at) >= 0x80)) at++
  return at
}

/** With the time of an ISO date; nothing longer goes on behind. */
function ended(subject: Subject, end: number): CalendarDate | undefined {
  let to = end
  if (subject.at(to) === 0x54 && subject.is(to + 1, DIGIT)) {
    to++
    while (to < end + 32 && (subject.is(to, DIGIT) || TIME.has(subject.at(to)))) to++
    while (subject.at(to - 1) === 0x2e || subject.at(to - 1) === 0x2d) to--
  }
  if (subject.isWord(to)) return undefined
  const next = subject.at(to)
  if ((next === 0x2d || next === 0x2f || next === 0x2e) && subject.is(to + 1, DIGIT)) return undefined
  found.to = to
  return found
}

const TIME = new Set([0x3a, 0x2e, 0x2b, 0x2d, 0x5a])
