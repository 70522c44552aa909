import { randomness } from '../randomness.ts'
import { ALNUM, DIGIT, LETTER } from '../subject.ts'
import type { Subject } from '../subject.ts'
import type { SecretKind } from './secret-key-name.ts'

/** Keys and tokens: shorter ones are words, numbers and placeholders as often as not. */
const SECRET_BYTES_MIN = 8
/** Longer values are documents. */
const SECRET_BYTES_MAX = 4096
const PASSWORD_BYTES_MIN = 4
const PASSWORD_BYTES_MAX = 128

/** What a value is made of. One object is used for all: it is valid until the next call. */
export interface ValueTraits {
  readonly length: number
  readonly digits: number
  readonly upper: number
  readonly lower: number
  /** `-`, `_`, `.`, `:` and `/`, which stand in names, paths and versions. */
  readonly joints: number
  /** `+`, `=` and `~`: those of base64. */
  readonly fillers: number
  /** All other punctuation of ASCII. */
  readonly symbols: number
  readonly blanks: number
  /** Beyond ASCII, control characters, escapes. */
  readonly others: number
  readonly isHex: boolean
  /** See randomness.ts. */
  readonly randomness: number
}

class Traits implements ValueTraits {
  length = 0
  digits = 0
  upper = 0
  lower = 0
  joints = 0
  fillers = 0
  symbols = 0
  blanks = 0
  others = 0
  isHex = true
  randomness = 0
}

const traits = new Traits()

/** The traits of bytes[from, to). */
export function traitsOf(subject: Subject, from: number, to: number): ValueTraits {
  const { bytes } = subject
  traits.length = to - from
  traits.digits = traits.upper = traits.lower = traits.joints = traits.fillers = traits.symbols = 0
  traits.blanks = traits.others = 0
  traits.isHex = true
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number
    if (byte >= 0x61 && byte <= 0x7a) {
      traits.lower++
      if (byte > 0x66) traits.isHex = false
    } else if (byte >= 0x30 && byte <= 0x39) traits.digits++
    else if (byte >= 0x41 && byte <= 0x5a) {
      traits.upper++
      if (byte > 0x46) traits.isHex = false
    } else {
      traits.isHex = false
      countOther(byte, bytes[at + 1] ?? 0)
    }
  }
  subject.steps += to - from
  traits.randomness = randomness(bytes, from, to)
  return traits
}

function countOther(byte: number, next: number): void {
  if (byte === 0x2d || byte === 0x5f || byte === 0x2e || byte === 0x3a || byte === 0x2f) traits.joints++
  else if (byte === 0x2b || byte === 0x3d || byte === 0x7e) traits.fillers++
  else if (byte === 0x20) traits.blanks++
  else if (byte === 0x5c && ESCAPES.has(next)) traits.others++
  else if (byte > 0x20 && byte < 0x7f) traits.symbols++
  else traits.others++
}

const ESCAPES = new Set(Array.from('unrtx"', (char) => char.charCodeAt(0)))

/** Whether the value is a key or token. */
export function isSecretValue(
  subject: Subject,
  from: number,
  to: number,
  isQuoted: boolean,
  kind: SecretKind,
): boolean {
  const isMaybe = kind === 'maybe'
  const length = to - from
  if (length < SECRET_BYTES_MIN || length > SECRET_BYTES_MAX || isTemplate(subject, from, to)) return false
  const found = traitsOf(subject, from, to)
  const { digits, upper, lower, joints, blanks, others, isHex } = found
  if (blanks > 0 || others > 0) return false
  if (upper + lower === 0) return isQuoted && !isMaybe && joints === 0 && digits >= NUMBER_DIGITS_MIN
  if (isLink(subject, from, to)) return false
  if (isUuid(subject, from, to, found)) return kind === 'secret'
  if (isHex && length >= HEX_BYTES_MIN && digits >= 4) return !isMaybe
  if (isMaybe && (isHex || length < MAYBE_BYTES_MIN)) return false
  if (found.randomness >= (isMaybe ? MAYBE_MIN : isQuoted ? QUOTED_MIN : BARE_MIN))
    return digits > 0 || (length >= WORD_BYTES_MIN ? isQuoted : found.randomness >= WORD_MIN)
  return isMixed(found)
}

/** Ids of clients are numbers at times: no shorter ones. */
const NUMBER_DIGITS_MIN = 15
const MAYBE_BYTES_MIN = 16
/** Letters up to `f` make no words, but common pairs. */
const HEX_BYTES_MIN = 20
/** Without a digit it may be a foreign word, or a name of code. */
const WORD_BYTES_MIN = 14
const WORD_MIN = 5
// Of randomness: names of code are below zero, keys of sixteen characters around ten.
const QUOTED_MIN = 0
const BARE_MIN = 1.5
const MAYBE_MIN = 8

/** No word of any language, though its pairs of letters happen to be common ones. */
const isMixed = ({ length, digits, upper, lower, joints, symbols, randomness: score }: ValueTraits): boolean =>
  length >= 10 && digits >= 2 && upper >= 2 && lower >= 2 && joints + symbols <= 1 && score >= -3

/** Whether it can be what stands in a header of HTTP to prove who asks: less is needed where the header's name says it all. */
export function isCredential(subject: Subject, from: number, to: number): boolean {
  if (to - from < SECRET_BYTES_MIN || to - from > SECRET_BYTES_MAX || isTemplate(subject, from, to)) return false
  const found = traitsOf(subject, from, to)
  if (found.digits === 0 || found.blanks + found.others > 0 || isCode(subject, from, to, found)) return false
  // The scheme of AWS is followed by what proves the request, one field after the other.
  if (isLink(subject, from, to) || subject.hasText(from, 'AWS4-HMAC-')) return false
  return found.randomness >= CREDENTIAL_MIN && found.upper + found.lower > 0
}

const CREDENTIAL_MIN = -3

/** Whether the value is a password that somebody chose: anything but a word, a number, a name of code. */
export function isPasswordValue(subject: Subject, from: number, to: number, isQuoted: boolean): boolean {
  const length = to - from
  if (length < PASSWORD_BYTES_MIN || length > PASSWORD_BYTES_MAX || isTemplate(subject, from, to)) return false
  const found = traitsOf(subject, from, to)
  const { digits, upper, lower, joints, fillers, symbols, blanks, others } = found
  if (others > 0 || blanks > (isQuoted ? 1 : 0)) return false
  if (blanks === 1 && (digits === 0 || symbols < 2)) return false
  if (upper + lower === 0) return digits === length && length <= PIN_DIGITS_MAX
  if (isLink(subject, from, to) || (subject.at(from) === 0x30 && (subject.at(from + 1) | 0x20) === 0x78)) return false
  if (digits + symbols + fillers === 0) return found.randomness >= WORD_MIN && length >= SECRET_BYTES_MIN
  // In quotes and with a digit it is a phrase that somebody chose, as `correct-horse-42`; without quotes a name of code.
  if (joints > 0 && symbols === 0 && !(isQuoted && digits > 0) && found.randomness < NAME_MAX) return false
  return isQuoted || !isCode(subject, from, to, found)
}

const PIN_DIGITS_MAX = 20
/** Names of code with a digit in them (`new-password-2`, `cfg.pass1`) are below. */
const NAME_MAX = -2

/** What is called, taken out of something, or put together: `get()`, `options?.password`, `this.a+1`. */
function isCode(subject: Subject, from: number, to: number, { digits, joints, symbols }: ValueTraits): boolean {
  if (joints > 0 && digits === 0 && symbols <= 1) return true
  for (let at = from; at < to; at++) if (CODE_CHARS.has(subject.at(at))) return true
  return false
}
const CODE_CHARS = new Set(Array.from('()[]{}<>,;"\'`\\', (char) => char.charCodeAt(0)))

/** Four to eight digits alone. */
export function isPinValue(subject: Subject, from: number, to: number): boolean {
  const end = subject.runEnd(from, DIGIT, 9)
  return end === to && to - from >= 4 && to - from <= 8
}

/** `${X}`, `{{x}}`, `<your key>`, `$TOKEN`, `%s`, `***`, `xxxx`, `sk-...`: the place of a value, not a value. */
function isTemplate(subject: Subject, from: number, to: number): boolean {
  const first = subject.at(from)
  const second = subject.at(from + 1)
  if (first === DOLLAR && (second === OPEN_BRACE || second === OPEN_ROUND || isName(subject, from + 1, to))) return true
  if (first === OPEN_ANGLE || first === OPEN_SQUARE) return true
  if (first === PERCENT && (to - from <= 3 || subject.at(to - 1) === PERCENT)) return true
  let same = 0
  for (let at = from; at < to; at++) {
    const byte = subject.at(at)
    const before = subject.at(at - 1)
    if (
      (byte === OPEN_BRACE && (before === OPEN_BRACE || before === DOLLAR)) ||
      (byte === OPEN_ROUND && before === DOLLAR)
    )
      return true
    same = at > from && (byte | 0x20) === (before | 0x20) && PLACEHOLDERS.has(byte) ? same + 1 : 0
    if (same === 2 && (byte | 0x20) !== 0x78) return true
    if (same === 3) return true
  }
  return false
}

const DOLLAR = 0x24
const PERCENT = 0x25
const OPEN_ROUND = 0x28
const OPEN_ANGLE = 0x3c
const OPEN_SQUARE = 0x5b
const OPEN_BRACE = 0x7b
/** Of which several in a row stand for something left out. */
const PLACEHOLDERS = new Set(Array.from('xX*.#•', (char) => char.charCodeAt(0)))

/** Letters and `_` to the end: a name of a shell or of PHP. */
function isName(subject: Subject, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (!subject.is(at, LETTER) && subject.at(at) !== 0x5f) return false
  return to > from
}

/** An address or a path: slashes, and words between. Base64 has slashes too. */
function isLink(subject: Subject, from: number, to: number): boolean {
  const first = subject.at(from)
  if (first === 0x2e && (subject.at(from + 1) === 0x2f || subject.at(from + 1) === 0x2e)) return true
  let slashes = 0
  for (let at = from; at < to; at++) {
    if (subject.at(at) !== 0x2f) continue
    if (at > from && subject.at(at - 1) === 0x3a && subject.at(at + 1) === 0x2f)
      return randomness(subject.bytes, from, to) < URL_MAX
    slashes++
  }
  return (
    slashes > 0 &&
    (first === 0x2f || subject.at(to - 1) === 0x2f || slashes > 2) &&
    randomness(subject.bytes, from, to) < PATH_MAX
  )
}
const PATH_MAX = 8
/** Addresses with a secret in their path are above. */
const URL_MAX = 12

function isUuid(subject: Subject, from: number, to: number, { length, joints }: ValueTraits): boolean {
  if (length !== 36 || joints !== 4) return false
  return [8, 13, 18, 23].every((offset) => subject.at(from + offset) === 0x2d) && subject.is(to - 1, ALNUM)
}
