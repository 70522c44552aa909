import { IN_LABEL } from '../../keyed-value.ts'
import { LETTER } from '../../subject.ts'
import type { Subject } from '../../subject.ts'
import { ANY_LETTER, letterBit, NEIGHBOUR_BYTES_MAX } from '../../word-needs.ts'

/** Words of which the one that stands out calls a rule; the others must stand beside it. */
interface Phrase {
  /** Letters before the word, and behind it. */
  readonly before: string
  readonly behind: string
}

const GAP_BYTES_MAX = NEIGHBOUR_BYTES_MAX
const LABEL_BYTES_MAX = 128
const COMPOUND_LETTERS_MIN = 10

/**
 * Phrases that name a value: "ssn, national insurance, *driver license". The last word that is not common calls the rule, or the one with the star. They
 * are found in sentences and in names (`nationalInsurance`, `driver_license_number`).
 */
export class CuePhrases {
  readonly #phrases = new Map<string, Phrase[]>()
  readonly words: readonly string[]
  /** As they are read. */
  readonly phrases: readonly string[]

  constructor(phrases: string) {
    this.phrases = phrases.replaceAll('*', '').split(', ')
    for (const phrase of phrases.split(',')) {
      const words = phrase.trim().split(' ')
      const starred = words.findIndex((word) => word.startsWith('*'))
      const index = starred < 0 ? rarest(words) : starred
      const word = (words[index] as string).replace('*', '')
      const same = this.#phrases.get(word) ?? []
      same.push({ before: words.slice(0, index).join(''), behind: words.slice(index + 1).join('') })
      this.#phrases.set(word, same)
    }
    // The longest first: "wallet address" before "wallet".
    for (const same of this.#phrases.values())
      same.sort((a, b) => b.before.length + b.behind.length - a.before.length - a.behind.length)
    this.words = [...this.#phrases.keys()]
  }

  /** The letters between which the word can be one of a phrase (WordNeeds). */
  readonly neighbours = (word: string): readonly [before: number, behind: number, secondBefore: number] => {
    let [left, right, second] = [0, 0, 0]
    for (const { before, behind } of this.#phrases.get(word) ?? []) {
      left |= before === '' ? ANY_LETTER : letterBit(before.charCodeAt(before.length - 1))
      second |= before.length < 2 ? ANY_LETTER : letterBit(before.charCodeAt(before.length - 2))
      right |= behind === '' ? ANY_LETTER : letterBit(behind.charCodeAt(0))
    }
    return [left, right, second]
  }

  /** The last letter of the phrase around the word that ends at `at`; undefined when there is none. */
  endOf(subject: Subject, at: number): number | undefined {
    if (at === IN_LABEL) return this.#isInLabel(subject) ? IN_LABEL : undefined
    if (isRestOfWord(subject)) return undefined
    for (const { before, behind } of this.#phrases.get(subject.word) ?? []) {
      const end = behindLetters(subject, at, behind)
      if (end !== undefined && hasLettersBefore(subject, subject.wordStart, before)) return end
    }
    return undefined
  }

  #isInLabel({ word, label }: Subject): boolean {
    const phrases = this.#phrases.get(word) ?? []
    if (phrases.some(({ before, behind }) => before === '' && behind === '')) return true
    let letters = ''
    for (let i = 0; i < Math.min(label.length, LABEL_BYTES_MAX); i++) {
      const letter = (label[i] as number) | 0x20
      if (letter >= 0x61 && letter <= 0x7a) letters += String.fromCharCode(letter)
    }
    return phrases.some(({ before, behind }) => letters.includes(before + word + behind))
  }
}

/** Words of which texts are full. */
const COMMON = new Set(
  'id ids no nr num number numbers nummer numero numer code card my address file service reference security record records'.split(
    ' ',
  ),
)

/** The last word that is not common. */
function rarest(words: readonly string[]): number {
  const index = words.findLastIndex((word) => !COMMON.has(word))
  if (index < 0) throw new TypeError(`only common words: ${words.join(' ')}`)
  return index
}

/** The word ends a longer one: only long ones name the same then, as in "Sozialversicherungsnummer". */
function isRestOfWord(subject: Subject): boolean {
  const { bytes, start, word, wordStart } = subject
  if (subject.isEscapeLetter(wordStart)) return true
  if (word.length >= COMPOUND_LETTERS_MIN || wordStart === start) return false
  const [before, first] = [bytes[wordStart - 1] as number, bytes[wordStart] as number]
  return before >= 0x61 && before <= 0x7a && first >= 0x61 && bytes[wordStart - 2] !== 0x5c
}

/** The last of the letters when they stand behind `at`, whatever else is between. */
function behindLetters(subject: Subject, at: number, letters: string): number | undefined {
  let last = at
  for (let i = 0; i < letters.length; i++) {
    let next = last + 1
    while (next < last + GAP_BYTES_MAX && !subject.is(next, LETTER)) next++
    if ((subject.at(next) | 0x20) !== letters.charCodeAt(i)) return undefined
    last = next
  }
  subject.steps += last - at
  // "driver license" in `drivers_licenses`.
  return letters !== '' && (subject.at(last + 1) | 0x20) === 0x73 && !subject.is(last + 2, LETTER) ? last + 1 : last
}

function hasLettersBefore(subject: Subject, start: number, letters: string): boolean {
  let first = start
  for (let i = letters.length - 1; i >= 0; i--) {
    let before = first - 1
    while (before > first - GAP_BYTES_MAX && !subject.is(before, LETTER)) before--
    if ((subject.at(before) | 0x20) !== letters.charCodeAt(i)) return false
    first = before
  }
  subject.steps += start - first
  return (
    letters === '' ||
    !subject.is(first - 1, LETTER) ||
    subject.isEscapeLetter(first - 1) ||
    (subject.at(first) & 0x20) === 0 ||
    letters.length >= COMPOUND_LETTERS_MIN
  )
}
