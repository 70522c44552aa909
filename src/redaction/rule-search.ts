import { IN_LABEL } from './keyed-value.ts'
import type { Match } from './matches.ts'
import { isOwnMark } from './own-marks.ts'
import type { Rule, RuleType } from './rule.ts'
import { RuleHeads } from './rule-heads.ts'
import { ALNUM, DIGIT, LETTER, Subject, TOKEN } from './subject.ts'
import {
  TRIGGER_CODE,
  TRIGGER_COUNT,
  TRIGGER_DIGITS,
  TRIGGER_IBAN,
  TRIGGER_LONG,
  TRIGGER_SSN,
  TRIGGER_TOKEN,
  TRIGGER_WORD,
  positionOf,
  triggerOf,
} from './triggers.ts'
import type { Candidates } from './triggers.ts'
import { isWordEnd, WordList } from './word-list.ts'
import { NeedsOfWord, Surroundings } from './word-needs.ts'

/** Triggers of the start of a word, where the scanner missed it: see triggers.ts. */
const CODE_BYTES = 8
const TOKEN_BYTES = 16
const LONG_BYTES = 25
/** Words are looked for in so much of a value's first word. */
const START_WORD_BYTES_MAX = 64

/** What of a rule finds matches. */
export type Search = Pick<Rule, 'type' | 'confidence' | 'triggers' | 'words' | 'needs' | 'heads' | 'pairs' | 'find'>

/** Asks the rules about the candidates of one value after the other. */
export class RuleSearch {
  readonly words: WordList
  /** `pairs` of the rules; undefined where one of them looks at every run. */
  readonly pairs: readonly number[] | undefined
  readonly subject = new Subject()
  readonly #rulesAt: readonly (readonly Search[])[]
  /** By index of the word. */
  readonly #rulesOfWord: readonly (readonly Search[])[]
  /** By index of the word, what those rules need. */
  readonly #needsOfWord: readonly NeedsOfWord[]
  readonly #around = new Surroundings()
  readonly #digitHeads: RuleHeads
  readonly #codeHeads: RuleHeads
  readonly #indexOf: ReadonlyMap<RuleType, number>

  /** `indexOf`: what matches are to carry for the types of the rules. */
  constructor(rules: readonly Search[], indexOf: ReadonlyMap<RuleType, number>) {
    this.#indexOf = indexOf
    this.#rulesAt = Array.from({ length: TRIGGER_COUNT }, (_, trigger) =>
      firstOfEachSearch(rules.filter(({ triggers }) => triggers.includes(trigger))),
    )
    this.#digitHeads = new RuleHeads(this.#rulesAt[TRIGGER_DIGITS] as readonly Search[], DIGIT)
    this.#codeHeads = new RuleHeads(this.#rulesAt[TRIGGER_CODE] as readonly Search[], ALNUM)
    this.words = new WordList(rules.flatMap(({ words = [] }) => words))
    const ofRuns = rules.filter(({ triggers }) => triggers.includes(TRIGGER_TOKEN))
    this.pairs = ofRuns.some(({ pairs }) => pairs === undefined) ? undefined : ofRuns.flatMap(({ pairs = [] }) => pairs)
    const byWord = new Map<string, Search[]>(this.words.words.map((word) => [word, []]))
    for (const rule of rules) for (const word of new Set(rule.words)) byWord.get(word)?.push(rule)
    this.#rulesOfWord = this.words.words.map((word) => firstOfEachSearch(byWord.get(word) ?? []))
    this.#needsOfWord = this.words.words.map(
      (word, i) =>
        new NeedsOfWord(
          word,
          (this.#rulesOfWord[i] as readonly Search[]).map(({ needs }) =>
            typeof needs === 'function' ? needs(word) : needs,
          ),
        ),
    )
  }

  /** Takes out those of the candidates from the one with the index `first` on that are words around which no rule can find anything. */
  dropVain(bytes: Uint8Array, start: number, end: number, found: Candidates, first: number): void {
    const { entries, length } = found
    let kept = first
    this.#around.begin()
    for (let i = first; i < length; i++) {
      const entry = entries[i] as number
      if (triggerOf(entry) === TRIGGER_WORD && this.#isVain(bytes, start, end, positionOf(entry))) continue
      entries[kept++] = entry
    }
    found.length = kept
  }

  #isVain(bytes: Uint8Array, start: number, end: number, position: number): boolean {
    const { words } = this
    if (!words.find(bytes, start, end, position)) return true
    this.#around.reset(bytes, start, end, position)
    for (let i = 0; i < words.foundCount; i++)
      if ((this.#needsOfWord[words.found[i] as number] as NeedsOfWord).isAnyMet(this.#around)) return false
    return true
  }

  /** Adds what the rules find at the candidate in the value that the subject holds. Returns whether they found something. */
  find(trigger: number, position: number, matches: Match[]): boolean {
    if (trigger === TRIGGER_WORD) return this.#findWords(position, matches)
    if (trigger === TRIGGER_DIGITS)
      return this.#findEach(this.#digitHeads.at(this.subject, position), trigger, position, matches)
    if (trigger === TRIGGER_CODE)
      return this.#findEach(this.#codeHeads.at(this.subject, position), trigger, position, matches)
    return this.#findEach(this.#rulesAt[trigger] as readonly Search[], trigger, position, matches)
  }

  /** The triggers that begin with a word, at the start of a value that isGlued. */
  findAtStart(matches: Match[]): void {
    const { subject } = this
    const { bytes, start, end } = subject
    if (subject.is(start, DIGIT)) {
      this.find(TRIGGER_DIGITS, start + 7, matches)
      this.find(TRIGGER_SSN, start + 7, matches)
    } else if (subject.is(start, LETTER) && subject.is(start + 2, DIGIT)) this.find(TRIGGER_IBAN, start + 3, matches)
    const wordEnd = subject.runEnd(start, ALNUM, START_WORD_BYTES_MAX)
    for (let at = start; at < wordEnd; at++) if (isWordEnd(bytes, end, at)) this.#findWords(at, matches)
    if (wordEnd >= start + CODE_BYTES) this.find(TRIGGER_CODE, start + CODE_BYTES - 1, matches)
    if (subject.runEnd(start, TOKEN, TOKEN_BYTES) === start + TOKEN_BYTES)
      this.find(TRIGGER_TOKEN, start + TOKEN_BYTES - 1, matches)
    if (subject.runEnd(start, ALNUM, LONG_BYTES) === start + LONG_BYTES)
      this.find(TRIGGER_LONG, start + LONG_BYTES - 1, matches)
  }

  /** The word at the end of a value that isGlued. */
  findAtEnd(matches: Match[]): void {
    const { end } = this.subject
    this.#findWords(end - 1, matches)
  }

  /** The words in what the value is called. */
  findInLabel(matches: Match[]): void {
    const { words, subject } = this
    const { label } = subject
    for (let at = 0; at < label.length; at++) {
      if (!isWordEnd(label, label.length, at) || !words.find(label, 0, label.length, at)) continue
      for (let i = 0; i < words.foundCount; i++) {
        const index = words.found[i] as number
        subject.word = words.words[index] as string
        this.#findEach(this.#rulesOfWord[index] as readonly Search[], TRIGGER_WORD, IN_LABEL, matches)
      }
    }
  }

  /** The rules that asked for a word that ends here, longest word first. Also true when nothing can be found there whatever is replaced around it. */
  #findWords(position: number, matches: Match[]): boolean {
    const { subject, words } = this
    const { bytes, start, end } = subject
    if (!words.find(bytes, start, end, position)) return false
    // Types in our own marks are in capitals.
    if (((bytes[position] as number) & 0x20) === 0 && isOwnMark(bytes, position, position + 1)) return false
    const before = matches.length
    let asked = 0
    let finals = 0
    this.#around.begin()
    this.#around.reset(bytes, start, end, position)
    for (let i = 0; i < words.foundCount; i++) {
      const index = words.found[i] as number
      subject.word = words.words[index] as string
      subject.wordStart = position + 1 - subject.word.length
      const rules = this.#rulesOfWord[index] as readonly Search[]
      const needs = this.#needsOfWord[index] as NeedsOfWord
      const likely = needs.likely(this.#around)
      for (let k = 0; k < likely.length; k++) {
        const rule = likely[k] as number
        if (!needs.isMet(rule, this.#around)) continue
        asked++
        subject.isFinal = false
        this.#findOne(rules[rule] as Search, TRIGGER_WORD, position, matches)
        if (subject.isFinal) finals++
      }
    }
    return matches.length > before || (asked > 0 && finals === asked)
  }

  #findOne(rule: Search, trigger: number, position: number, matches: Match[]): void {
    const { subject } = this
    subject.confidence = rule.confidence
    subject.type = rule.type
    if (!rule.find(subject, position, trigger)) return
    const index = this.#indexOf.get(subject.type)
    if (index === undefined) return
    matches.push({ start: subject.from, end: subject.to, rule: index, confidence: subject.confidence })
  }

  #findEach(rules: readonly Search[], trigger: number, position: number, matches: Match[]): boolean {
    const before = matches.length
    for (let i = 0; i < rules.length; i++) this.#findOne(rules[i] as Search, trigger, position, matches)
    return matches.length > before
  }
}

/** Rules may share one `find`, which says by `subject.type` whose match it is. */
const firstOfEachSearch = (rules: readonly Search[]): readonly Search[] =>
  rules.filter((rule, i) => rules.findIndex(({ find }) => find === rule.find) === i)
