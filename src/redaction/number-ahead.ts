import { ALNUM, DIGIT, LETTER } from './subject.ts'
import type { Subject } from './subject.ts'
import type { WordSet } from './word-set.ts'

/** What may stand between a word and the number that it announces. */
export interface Announcement {
  /** Words that change nothing: "card number is …". */
  readonly fillers: WordSet
  /** Words that end the search: they announce something themselves, or say that the number is something else. */
  readonly others?: WordSet
  /** Whether other words may stand between, in one sentence; default no. */
  readonly isSentence?: boolean
  readonly bytesMax: number
}

/** Where the number begins (its first digit, or -1), and whether nothing but fillers stands before it. One object is used for all. */
export interface NumberAhead {
  readonly at: number
  readonly isNext: boolean
}

const WORDS_MAX = 7
const found = { at: -1, isNext: false }

/** Punctuation, quotes and escapes between a word and its value. */
const GAPS = new Uint8Array(128)
for (const char of ' \t\r\n:="\'\\,.()#-_>*`/+;&|[') GAPS[char.charCodeAt(0)] = 1
/** What of these can stand within a sentence. */
const SENTENCE_GAPS = new Uint8Array(128)
for (const char of " ,:'(#-*") SENTENCE_GAPS[char.charCodeAt(0)] = 1

/** The number behind the word that ends at `wordEnd`. A placeholder or value between ends the search: redacting twice stays redacting once. */
export function numberAhead(subject: Subject, wordEnd: number, announcement: Announcement): NumberAhead {
  const { bytes } = subject
  const { fillers, others, isSentence = false, bytesMax } = announcement
  const stop = Math.min(subject.end, wordEnd + bytesMax)
  let isPlain = isSentence
  let words = 0
  let at = wordEnd
  found.at = -1
  found.isNext = true
  for (; at < stop && !subject.is(at, DIGIT); at++) {
    const byte = bytes[at] as number
    if (subject.is(at, LETTER) && !subject.isEscapeLetter(at)) {
      const end = endOfWord(subject, at)
      if (words++ === WORDS_MAX || (others !== undefined && others.has(bytes, at, end))) break
      if (!fillers.has(bytes, at, end)) found.isNext = false
      at = end - 1
    } else if (byte >= 0x80) found.isNext = found.isNext && byte < 0xe0
    else {
      if (GAPS[byte] === 0 && !subject.is(at, LETTER)) break
      // The dot of "Dr." ends no sentence.
      if (SENTENCE_GAPS[byte] === 0 && (byte !== 0x2e || endsLongWord(subject, at))) isPlain = false
    }
    if (!found.isNext && !isPlain) break
  }
  subject.steps += at - wordEnd
  if (at < stop && subject.is(at, DIGIT)) found.at = at
  return found
}

/** Where the first word or number begins that is no filler, or -1 when the search ends before. */
export function valueAhead(subject: Subject, wordEnd: number, fillers: WordSet, bytesMax: number): number {
  const { bytes } = subject
  const stop = Math.min(subject.end, wordEnd + bytesMax)
  let at = wordEnd
  while (at < stop) {
    const byte = bytes[at] as number
    if (subject.is(at, ALNUM) && !subject.isEscapeLetter(at)) {
      const end = endOfWord(subject, at)
      if (end === at || subject.is(end, DIGIT) || !fillers.has(bytes, at, end)) break
      at = end
    } else if (isForeignLetter(byte)) break
    else if (byte >= 0x80 || GAPS[byte] === 1 || subject.is(at, LETTER)) at++
    else break
  }
  subject.steps += at - wordEnd
  return at < stop && (subject.isWord(at) || isForeignLetter(subject.at(at))) ? at : -1
}

/** First byte of a letter beyond ASCII; dashes, quotes and blanks beyond it begin with 0xc2 and 0xe2. */
const isForeignLetter = (byte: number): boolean => byte >= 0xc3 && byte !== 0xe2

const endsLongWord = (subject: Subject, end: number): boolean =>
  subject.is(end - 1, LETTER) &&
  subject.is(end - 2, LETTER) &&
  subject.is(end - 3, LETTER) &&
  subject.is(end - 4, LETTER)

const WORD_BYTES_MAX = 24

function endOfWord(subject: Subject, start: number): number {
  let at = start
  while (at < start + WORD_BYTES_MAX && (subject.is(at, LETTER) || subject.at(at) >= 0x80)) at++
  return at
}
