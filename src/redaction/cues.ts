import { LETTER } from './subject.ts'
import type { Subject } from './subject.ts'

/** How far before a value a word that tells what it is may begin. */
const CUE_BYTES_MAX = 40

/** Words that may stand between the cue and the value: "phone number is 555 …", "call me at …". */
const FILLERS = new Set(
  (
    'number numbers no nr num is was are at on to the my our your his her their me us him from of for or and new old home work office main ' +
    'direct contact primary secondary customer user us value string text hash please via by with ending'
  ).split(' '),
)

/** Punctuation, quotes and escapes between words; a digit, an `@` or a bracket ends the search: another value stands between. */
const GAPS = new Uint8Array(128)
for (const char of ' \t\r\n:="\'\\,.(#-_>*`/+;&|') GAPS[char.charCodeAt(0)] = 1

/**
 * Whether one of the words (lower case, letters only) stands before `position`, with nothing but punctuation and filler words between.
 * Sees `customerPhone` and `phone_number`. Keeping to words makes redaction stable: a placeholder or a value between ends the search.
 */
export function hasCueBefore(subject: Subject, position: number, words: ReadonlySet<string>): boolean {
  const { bytes } = subject
  const stop = Math.max(subject.start, position - CUE_BYTES_MAX)
  let at = position - 1
  while (at >= stop) {
    const byte = bytes[at] as number
    if (!subject.is(at, LETTER)) {
      if (byte >= 128 || GAPS[byte] !== 1) break
      at--
      continue
    }
    const wordEnd = at + 1
    let wordStart = at
    while (wordStart > subject.start && subject.is(wordStart - 1, LETTER) && !isCamelBorder(bytes, wordStart))
      wordStart--
    if (wordEnd - wordStart > 20) break
    at = wordStart - 1
    if (subject.isEscapeLetter(wordStart)) wordStart++
    if (wordStart === wordEnd) continue
    const word = lowerCase(bytes, wordStart, wordEnd)
    if (words.has(word)) {
      subject.steps += position - at
      return true
    }
    if (!FILLERS.has(word)) break
  }
  subject.steps += position - at
  return false
}

/** The upper-case letter at `position` begins a word behind a lower-case one. */
const isCamelBorder = (bytes: Uint8Array, position: number): boolean =>
  ((bytes[position] as number) & 0x20) === 0 && ((bytes[position - 1] as number) & 0x20) !== 0

function lowerCase(bytes: Uint8Array, start: number, end: number): string {
  let word = ''
  for (let at = start; at < end; at++) word += String.fromCharCode((bytes[at] as number) | 0x20)
  return word
}
