import { ALNUM, DIGIT, LETTER } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { isPasswordValue, isSecretValue, traitsOf } from './secret-value.ts'

const SPACE = 0x20
const COLON = 0x3a
const DOT = 0x2e

/** Words in a sentence that lead to a secret further on: "authentication failed for abc", "Incorrect API key provided: abc". */
const LEADING: ReadonlySet<string> = new Set(
  'key token secret apikey authentication authorization credential credentials'.split(' '),
)
const PASSWORDS: ReadonlySet<string> = new Set('password passwd pwd passphrase passcode'.split(' '))
const SENTENCE_BYTES_MAX = 48
const WORD_BYTES_MAX = 12
const SECRET_BYTES_MIN = 20
const SECRET_BYTES_MAX = 512
const PASSWORD_BYTES_MIN = 6
/** Without punctuation between, the word may mean something else. */
const CONFIDENCE = 0.7
const PASSWORD_BYTES_MAX = 64

/** Sets range and type of a secret in the words behind `at`, the last letter of a word that names it. */
export function findInSentence(subject: Subject, at: number): boolean {
  if (subject.at(at + 1) !== SPACE) return false
  return PASSWORDS.has(subject.word) ? findPassword(subject, at + 2) : LEADING.has(subject.word) && findKey(subject, at)
}

/** A value that can be nothing but a key, behind words of small letters. */
function findKey(subject: Subject, at: number): boolean {
  const stop = Math.min(subject.end, at + SENTENCE_BYTES_MAX)
  let from = Math.max(at + 2, subject.sentenceUntil)
  while (from < stop) {
    const end = subject.runEnd(from, LETTER, WORD_BYTES_MAX)
    const isWord = end > from && isLowerCase(subject, from, end)
    if (isWord && subject.at(end) === SPACE) from = end + 1
    else if (isWord && subject.at(end) === COLON && subject.at(end + 1) === SPACE) from = end + 2
    else break
  }
  subject.sentenceUntil = from
  const to = bareEnd(subject, from, Math.min(subject.end, from + SECRET_BYTES_MAX))
  if (to - from < SECRET_BYTES_MIN || !isSecretValue(subject, from, to, false, 'maybe')) return false
  subject.type = 'SECRET'
  subject.confidence = CONFIDENCE
  return subject.matched(from, to)
}

/** "user ann and password Adm1n#24": right behind the word, and what no word and no name of code is. */
function findPassword(subject: Subject, from: number): boolean {
  const to = bareEnd(subject, from, Math.min(subject.end, from + PASSWORD_BYTES_MAX))
  if (to - from < PASSWORD_BYTES_MIN || !subject.is(from, ALNUM) || !isPasswordValue(subject, from, to, false))
    return false
  const { digits, upper, lower, symbols, joints } = traitsOf(subject, from, to)
  const isMixed = digits > 0 && lower > 0 && (upper > 0 || symbols > 0) && joints === 0
  // `Password2` is one of two fields.
  if (!isMixed || (digits === 1 && symbols === 0 && subject.is(to - 1, DIGIT))) return false
  subject.type = 'PASSWORD'
  subject.confidence = CONFIDENCE
  return subject.matched(from, to)
}

function isLowerCase(subject: Subject, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((subject.at(at) & 0x20) === 0) return false
  return true
}

const endsBare = new Set(Array.from(' \t\r\n"\'`<>&;)]}\\|,', (char) => char.charCodeAt(0)))

/** Where a value without quotes ends; the full stop of a sentence is none of it. */
export function bareEnd(subject: Subject, from: number, stop: number): number {
  let at = from
  while (at < stop && !endsBare.has(subject.at(at))) at++
  while (at > from && subject.at(at - 1) === DOT) at--
  subject.steps += at - from
  return at
}
