import { DIGIT, LETTER } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { endOfPostalCode } from './postal-code.ts'
import { behindBreak, isCapitalized, isNameByte, PARTICLES } from './street.ts'

const BLOCK_BYTES_MAX = 128
const TOKENS_MAX = 20
const WORD_BYTES_MAX = 24
const BEFORE_BYTES_MAX = 72

/**
 * End of an address that a word has announced ("my address is …"), whatever its streets are called: words with a capital and numbers, of which there must be
 * one of each, over lines and commas; -1 when there is none. It ends with the sentence, a word in lower case, or before "Mobile:".
 */
export function endOfBlock(subject: Subject, from: number): number {
  if (beginsInProse(subject, from)) return -1
  let at = from
  let end = -1
  let numbers = 0
  let names = 0
  for (let tokens = 0; tokens < TOKENS_MAX && at < from + BLOCK_BYTES_MAX; tokens++) {
    const token = tokens === 0 ? at : behindBreak(subject, at)
    const lines = linesBetween(subject, at, token)
    if ((tokens > 0 && token === at) || lines > 1) break
    // On a line of its own behind two numbers: a phone number rather than a postal code.
    if (lines === 1 && numbers >= 2 && subject.is(token, DIGIT)) break
    const to = endOfToken(subject, token)
    if (to < 0) break
    const isNumber = subject.is(token, DIGIT) || subject.hasText(token, WITHOUT_NUMBER)
    const isName = isCapitalized(subject, token) || isElided(subject, token)
    if (isNumber || (isName && subject.is(to - 3, DIGIT))) numbers++
    if (!isNumber && isName) names++
    if (isNumber || isName) end = to
    at = to
  }
  subject.steps += at - from
  return numbers > 0 && names > 0 && numbers <= 5 ? end : -1
}

/** A word of four letters or more in lower case: told by one look, for most often there is one. */
function beginsInProse(subject: Subject, from: number): boolean {
  const to = Math.min(subject.end, from + WORD_BYTES_MAX)
  let at = from
  while (at < to && (subject.bytes[at] as number) >= 0x61 && (subject.bytes[at] as number) <= 0x7a) at++
  return at - from > 3 && subject.at(at) === 0x20 && !PARTICLES.has(subject.bytes, from, at)
}

/** Where the street before a flat begins ("8846 Patricia Cliff, Apt. 065", "Allika 46, Suite 501"), or -1. */
export function startOfStreet(subject: Subject, unitStart: number): number {
  const stop = Math.max(subject.start, unitStart - BEFORE_BYTES_MAX)
  let at = unitStart
  let numberStart = -1
  let wordsStart = -1
  for (let tokens = 0; tokens < 7; tokens++) {
    const end = beforeBreak(subject, at)
    if (end === at || end <= stop) break
    let from = end
    if (subject.at(from - 1) === 0x2e) from--
    while (from > stop && from > end - WORD_BYTES_MAX && isNameByte(subject, from - 1)) from--
    while (from < end && (subject.at(from) & 0xc0) === 0x80) from++
    if (from >= end || isEscape(subject, from)) break
    if (subject.is(from, DIGIT)) {
      const digits = subject.runEnd(from, DIGIT, 7)
      if (digits - from > 6 || end - digits > 2) break
      numberStart = from
    } else if (isCapitalized(subject, from)) wordsStart = from
    else if (!PARTICLES.has(subject.bytes, from, end)) break
    at = from
  }
  subject.steps += unitStart - at
  if (numberStart < 0 || wordsStart < 0) return -1
  return wordsStart < numberStart && numberStart + 8 > unitStart - 4 ? wordsStart : numberStart
}

/** Before a comma, blanks and at most one end of line, with the mark of quoted mail. */
function beforeBreak(subject: Subject, start: number): number {
  let at = start
  let lines = 0
  while (at > start - 6) {
    const byte = subject.at(at - 1)
    if (byte === 0x0a) lines++
    const isMark = byte === 0x3e && lines === 0
    if (lines > 1 || (byte !== 0x20 && byte !== 0x2c && byte !== 0x0a && byte !== 0x0d && !isMark)) break
    at--
  }
  return at
}

const isEscape = (subject: Subject, at: number): boolean => subject.at(at - 1) === 0x5c

function linesBetween(subject: Subject, from: number, to: number): number {
  let lines = 0
  for (let at = from; at < to; at++)
    if (subject.at(at) === 0x0a || (subject.at(at) === 0x5c && subject.at(at + 1) === 0x6e)) lines++
  return lines
}

/** End of one word or number of an address, or -1: with the dot of "Apt." and "St.". */
function endOfToken(subject: Subject, from: number): number {
  if (subject.hasText(from, WITHOUT_NUMBER))
    return from + WITHOUT_NUMBER.length + (subject.hasText(from + 3, '.,') ? 1 : 0)
  const code = endOfPostalCode(subject, from)
  let to = code > 0 ? code : from
  if (code < 0) while (to < from + WORD_BYTES_MAX && isNameByte(subject, to)) to++
  while (to > from && subject.at(to - 1) === 0x27) to--
  const next = subject.at(to)
  if (to === from || next === 0x3a || next === 0x40) return -1
  if (subject.is(from, DIGIT)) {
    const digits = subject.runEnd(from, DIGIT, 8) - from
    if (next === 0x2f && digits <= 4) return endOfSecondNumber(subject, to)
    return digits > 6 || (next === 0x2e && subject.is(to + 1, DIGIT)) ? -1 : to
  }
  const isAbbreviated =
    next === 0x2e && subject.at(to + 1) === 0x20 && (to - from <= 5 || subject.hasText(to - 3, 'str'))
  if (isAbbreviated && !subject.is(to + 2, LETTER)) return to + 1
  if (isAbbreviated && isCapitalized(subject, to + 2) && to - from <= 4) return to + 1
  const isName = isCapitalized(subject, from) || PARTICLES.has(subject.bytes, from, to) || isElided(subject, from)
  return isName || to - from <= 3 ? to : -1
}

/** Spanish: no house number. */
const WITHOUT_NUMBER = 's/n'

/** l'Abbaye, d'Or */
const isElided = (subject: Subject, at: number): boolean =>
  subject.at(at + 1) === 0x27 && isCapitalized(subject, at + 2)

/** 5/5: house and flat, but no date of three numbers. */
function endOfSecondNumber(subject: Subject, slash: number): number {
  const to = subject.runEnd(slash + 1, DIGIT, 5)
  if (to === slash + 1) return slash
  return to > slash + 4 || subject.at(to) === 0x2f || subject.isWord(to) ? -1 : to
}
