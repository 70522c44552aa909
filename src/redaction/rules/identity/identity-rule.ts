import { hasCueInText } from '../../cues.ts'
import type { Rule, RuleFamily, RuleType } from '../../rule.ts'
import { DIGIT } from '../../subject.ts'
import type { Subject } from '../../subject.ts'
import { TRIGGER_WORD } from '../../triggers.ts'
import { bareForm, readBare } from './bare-forms.ts'
import type { BareForm } from './bare-forms.ts'
import { CuePhrases } from './cue-phrases.ts'
import { namedValue } from './named-value.ts'
import {
  aroundBytesMax,
  DIGITS_BEFORE_MAX,
  DIGITS_BEHIND_MAX,
  isNearDigit,
  numberBefore,
  numbersAhead,
} from './numbers-around.ts'
import { idCharsMax, WrittenId } from './written-id.ts'

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
    needs: (word) => ({ digits: [DIGITS_BEFORE_MAX, DIGITS_BEHIND_MAX], neighbours: phrases.neighbours(word) }),
    heads: bare.flatMap(({ heads }) => heads),
    context: phrases.phrases,
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
    if (at >= 0 && !isNearDigit(subject, at)) return false
    const end = this.#phrases.endOf(subject, at)
    if (end === undefined) return false
    const value = namedValue(subject, at, end)
    if (value !== undefined) {
      const { from, limit } = value
      if (this.#matches(subject, from, limit, this.#isValid)) return true
      if (this.#isChecked && this.#findAhead(subject, from, Math.min(limit, from + aroundBytesMax), limit)) return true
      if (this.#named?.endOf(subject, at) === undefined || !this.#matches(subject, from, limit, isAny)) return false
      subject.confidence = UNCHECKED_CONFIDENCE
      return true
    }
    if (end < 0 || !this.#isChecked) return false
    // SSN257959759
    if (subject.is(end + 1, DIGIT) && this.#matches(subject, end + 1, end + 1 + idCharsMax, this.#isValid)) return true
    const limit = Math.min(subject.end, end + aroundBytesMax)
    if (this.#findAhead(subject, end + 1, limit, subject.end)) return true
    return this.#findBefore(subject, subject.wordStart)
  }

  /** An id that begins at `from`, the start of a word, and ends before `limit`. */
  #matches(subject: Subject, from: number, limit: number, isValid: (id: WrittenId) => boolean): boolean {
    id.read(subject, from, limit)
    for (const form of this.#forms) {
      const to = form.length > id.length ? 0 : (id.ends[form.length] as number)
      if (to === 0 || (subject.at(to) === 0x2d && subject.is(to + 1, DIGIT)) || !hasForm(form)) continue
      const { length } = id
      id.length = form.length
      const isId = isValid(id) && !id.isUniform()
      id.length = length
      if (isId) return subject.matched(from, subject.at(to) === 0x29 && subject.at(to - 2) === 0x28 ? to + 1 : to)
    }
    return false
  }

  #findAhead(subject: Subject, start: number, stop: number, limit: number): boolean {
    const { count, found } = numbersAhead(subject, start, stop)
    for (let i = 0; i < count; i++) if (this.#matches(subject, found[i] as number, limit, this.#isValid)) return true
    return false
  }

  /** "257-95-9759 is my SSN", "9434765919 (NHS)": an id that ends before the phrase. */
  #findBefore(subject: Subject, phrase: number): boolean {
    const { end, starts, length } = numberBefore(subject, phrase)
    for (const form of this.#forms) {
      const from = form.length > length ? -1 : (starts[form.length] as number)
      if (from >= 0 && this.#matches(subject, from, end, this.#isValid) && subject.to === end) return true
    }
    return false
  }
}

/** Of the characters read: `9` digits, `A` letters, `X` either. */
function hasForm(form: string): boolean {
  for (let i = 0; i < form.length; i++) {
    const expected = form.charCodeAt(i)
    if (expected !== 0x58 && (expected === 0x39) !== id.isDigit(i)) return false
  }
  return true
}
