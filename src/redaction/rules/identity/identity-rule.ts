import { hasCueInText } from '../../cues.ts'
import type { Rule, RuleFamily, RuleType } from '../../rule.ts'
import { ALNUM, DIGIT } from '../../subject.ts'
import type { Subject } from '../../subject.ts'
import { TRIGGER_WORD } from '../../triggers.ts'
import { bareForm, readBare } from './bare-forms.ts'
import type { BareForm } from './bare-forms.ts'
import { CuePhrases } from './cue-phrases.ts'
import { hasDigit, namedValue } from './named-value.ts'
import { WrittenId } from './written-id.ts'

export interface IdentitySpec {
  readonly type: RuleType
  readonly family?: RuleFamily
  readonly summary: string
  /** Who lays down form and check digit. */
  readonly source: string
  /** Behind one of the phrases, without gaps and in any case: `9` is a digit, `A` a letter, `X` either. Single blanks, dashes, dots or slashes may stand between. */
  readonly forms: string
  /** Forms that are found without a word before them, exactly so written (bare-forms.ts), because hardly anything else looks like them. */
  readonly bare?: string
  /** Check digits, dates, ranges. */
  readonly isValid?: (id: WrittenId) => boolean
  /** What must hold without a phrase, too. */
  readonly isValidBare?: (id: WrittenId) => boolean
  readonly phrases: string
  /** Those of the phrases that mean nothing else: what directly follows them is taken even if it does not check, for a mistyped number is somebody's number, too. */
  readonly named?: string
  readonly confidence?: number
  readonly bareConfidence?: number
  readonly examples: Rule['examples']
}

/** How far behind its phrase an id with a check digit is looked for, when it is not simply its value. */
const WINDOW_BYTES = 40
/** Words with digits that are tried there. */
const TRIES_MAX = 2

/** Words that say that a number is none of a person, however well it fits. */
const OTHER_NUMBERS: ReadonlySet<string> = new Set(
  'account acct order invoice receipt sku item product article part serial ticket tracking shipment parcel model version build commit batch lot case flight booking isbn sequence'.split(
    ' ',
  ),
)

const UNCHECKED_CONFIDENCE = 0.6
const isAny = (): boolean => true

const id = new WrittenId()

/** An id that is found behind a phrase that names it and, in forms that nothing else has, everywhere. */
export function identityRule(spec: IdentitySpec): Rule {
  const phrases = new CuePhrases(spec.phrases)
  const bare = (spec.bare ?? '')
    .split(',')
    .filter(Boolean)
    .map((form) => bareForm(form.trim()))
  const confidence = spec.confidence ?? 0.9
  const finder = new IdentityFinder(spec, phrases, bare)
  return {
    type: spec.type,
    family: spec.family ?? 'identity',
    summary: spec.summary,
    source: spec.source,
    triggers: [...new Set([TRIGGER_WORD, ...bare.map(({ trigger }) => trigger)])],
    words: phrases.words,
    context: spec.phrases.replaceAll('*', '').split(', '),
    confidence,
    find: (subject, at, trigger) =>
      trigger === TRIGGER_WORD ? finder.findNamed(subject, at) : finder.findBare(subject, at, trigger),
    examples: spec.examples,
  }
}

class IdentityFinder {
  readonly #isValid: (id: WrittenId) => boolean
  readonly #isValidBare: (id: WrittenId) => boolean
  readonly #isChecked: boolean
  readonly #forms: readonly string[]
  readonly #bare: readonly BareForm[]
  readonly #bareConfidence: number
  readonly #phrases: CuePhrases
  readonly #named: CuePhrases | undefined

  constructor(spec: IdentitySpec, phrases: CuePhrases, bare: readonly BareForm[]) {
    this.#isValid = spec.isValid ?? (() => true)
    this.#isValidBare = spec.isValidBare ?? (() => true)
    this.#isChecked = spec.isValid !== undefined
    this.#forms = spec.forms.split(' ').toSorted((a, b) => b.length - a.length)
    this.#bare = bare
    this.#bareConfidence = spec.bareConfidence ?? 0.8
    this.#phrases = phrases
    this.#named = spec.named === undefined ? undefined : new CuePhrases(spec.named)
  }

  findBare(subject: Subject, at: number, trigger: number): boolean {
    for (const form of this.#bare) {
      if (form.trigger !== trigger) continue
      const from = readBare(subject, at, form, id)
      if (from < 0 || !this.#isValid(id) || !this.#isValidBare(id)) continue
      if (hasCueInText(subject, from, OTHER_NUMBERS)) continue
      subject.confidence = this.#bareConfidence
      return subject.matched(from, from + form.bytes.length)
    }
    return false
  }

  findNamed(subject: Subject, at: number): boolean {
    const end = this.#phrases.endOf(subject, at)
    if (end === undefined) return false
    const value = namedValue(subject, at, end)
    if (value !== undefined) {
      const { from, limit } = value
      if (this.#matches(subject, from, limit, this.#isValid)) return true
      if (this.#isChecked && this.#findWithin(subject, from, Math.min(limit, from + WINDOW_BYTES), limit)) return true
      if (this.#named?.endOf(subject, at) === undefined || !this.#matches(subject, from, limit, isAny)) return false
      subject.confidence = UNCHECKED_CONFIDENCE
      return true
    }
    if (end < 0 || !this.#isChecked) return false
    const limit = Math.min(subject.end, end + WINDOW_BYTES)
    if (this.#findWithin(subject, end + 1, limit, subject.end)) return true
    return this.#findBefore(subject, subject.wordStart)
  }

  /** An id that begins at `from`, the start of a word, and ends before `limit`. */
  #matches(subject: Subject, from: number, limit: number, isValid: (id: WrittenId) => boolean): boolean {
    id.read(subject, from, limit)
    for (const form of this.#forms) {
      const to = id.ends[form.length] as number
      if (to === 0 || (subject.at(to) === 0x2d && subject.is(to + 1, DIGIT)) || !hasForm(form)) continue
      const { length } = id
      id.length = form.length
      const isId = isValid(id) && !id.isUniform()
      id.length = length
      if (isId) return subject.matched(from, subject.at(to) === 0x29 && subject.at(to - 2) === 0x28 ? to + 1 : to)
    }
    return false
  }

  /** The first words with digits in [start, stop), up to a quote, a bracket or the end of the line. */
  #findWithin(subject: Subject, start: number, stop: number, limit: number): boolean {
    let tries = 0
    let at = start
    while (at < stop && tries < TRIES_MAX) {
      const byte = subject.at(at)
      if (endsWindow[byte] === 1) break
      if (!subject.is(at, ALNUM) || subject.isWord(at - 1)) {
        at++
        continue
      }
      const wordEnd = subject.runEnd(at, ALNUM, WINDOW_BYTES)
      if (hasDigit(subject, at, wordEnd)) {
        tries++
        if (!isJoined(subject, at) && this.#matches(subject, at, limit, this.#isValid)) return true
      }
      at = wordEnd
    }
    subject.steps += at - start
    return false
  }

  /** "257-95-9759 is my SSN", "9434765919 (NHS)": an id that ends before the phrase. */
  #findBefore(subject: Subject, phrase: number): boolean {
    const stop = Math.max(subject.start, phrase - WINDOW_BYTES)
    let end = phrase
    for (let words = 0; words < BETWEEN_MAX; words++) {
      while (end > stop && isBetween[subject.at(end - 1)] === 1) end--
      let start = end
      while (start > stop && subject.isWord(start - 1)) start--
      if (start === end) return false
      if (hasDigit(subject, start, end)) return this.#endsAt(subject, start, end)
      if (end - start > 6) return false
      end = start
    }
    return false
  }

  /** An id that ends with the word [start, end): its first groups may stand before it. */
  #endsAt(subject: Subject, start: number, end: number): boolean {
    let from = start
    for (let groups = 0; groups < GROUPS_MAX; groups++) {
      if (this.#matches(subject, from, end, this.#isValid) && subject.to === end) return true
      if (isGroupGap[subject.at(from - 1)] !== 1 || !subject.isWord(from - 2)) return false
      from -= 2
      while (from > subject.start && subject.isWord(from - 1) && end - from < WINDOW_BYTES) from--
      if (!hasDigit(subject, from, end)) return false
    }
    return false
  }
}

/** Words such as "is my" between an id and its phrase. */
const BETWEEN_MAX = 4
const GROUPS_MAX = 6

const flags = (chars: string): Uint8Array => {
  const table = new Uint8Array(256)
  for (const char of chars) table[char.charCodeAt(0)] = 1
  return table
}
const endsWindow = flags('"\\<>{}[]\n\r|;')
const isBetween = flags(' (,:=')
const isGroupGap = flags(' -./')

/** The word at `at` goes on what stands before it: the rest of a number. */
const isJoined = (subject: Subject, at: number): boolean => {
  const before = subject.at(at - 1)
  return (before === 0x2d || before === 0x2e || before === 0x2f) && subject.is(at - 2, DIGIT)
}

/** Of the characters read: `9` digits, `A` letters, `X` either. */
function hasForm(form: string): boolean {
  for (let i = 0; i < form.length; i++) {
    const expected = form.charCodeAt(i)
    if (expected !== 0x58 && (expected === 0x39) !== id.isDigit(i)) return false
  }
  return true
}
