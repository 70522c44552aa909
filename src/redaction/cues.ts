import { LETTER, Subject } from './subject.ts'

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
 * Whether one of the words (lower case, letters only) stands before `position`, with nothing but punctuation and filler words between: in the text or, where
 * that begins, at the end of the value's label. Sees `customerPhone` and `phone_number`. Keeping to words makes redaction stable: a
 * placeholder or a value between ends the search.
 */
export function hasCueBefore(subject: Subject, position: number, words: ReadonlySet<string>): boolean {
  const found = findCue(subject, position, words)
  if (found !== 'open' || subject.label.length === 0) return found === 'cue'
  label.reset(subject.label, 0, subject.label.length)
  return findCue(label, label.end, words) === 'cue'
}

/** The same without the label, for words that speak against a match. */
export const hasCueInText = (subject: Subject, position: number, words: ReadonlySet<string>): boolean =>
  findCue(subject, position, words) === 'cue'

const label = new Subject()

/** `open`: there is nothing between the start of the text and `position` that would end the search. */
function findCue(subject: Subject, position: number, words: ReadonlySet<string>): 'cue' | 'none' | 'open' {
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
    while (
      wordStart > subject.start &&
      wordEnd - wordStart <= WORD_BYTES_MAX &&
      subject.is(wordStart - 1, LETTER) &&
      !isCamelBorder(bytes, wordStart)
    )
      wordStart--
    if (wordEnd - wordStart > WORD_BYTES_MAX) break
    const before = wordStart - 1
    if (subject.isEscapeLetter(wordStart)) wordStart++
    const word = lowerCase(bytes, wordStart, wordEnd)
    if (words.has(word)) {
      subject.steps += position - before
      return 'cue'
    }
    if (word !== '' && !FILLERS.has(word)) break
    at = before
  }
  subject.steps += position - at
  return at < subject.start ? 'open' : 'none'
}

const WORD_BYTES_MAX = 20

/** The upper-case letter at `position` begins a word behind a lower-case one. */
const isCamelBorder = (bytes: Uint8Array, position: number): boolean =>
  ((bytes[position] as number) & 0x20) === 0 && ((bytes[position - 1] as number) & 0x20) !== 0

function lowerCase(bytes: Uint8Array, start: number, end: number): string {
  let word = ''
  for (let at = start; at < end; at++) word += String.fromCharCode((bytes[at] as number) | 0x20)
  return word
}
