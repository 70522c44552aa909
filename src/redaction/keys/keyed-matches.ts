import type { Match } from '../matches.ts'
import type { Rule, RuleType } from '../rule.ts'
import type { Subject } from '../subject.ts'
import { TRIGGER_WORD } from '../triggers.ts'
import { KeyFinder } from './key-finder.ts'
import type { KeyMatches } from './key-finder.ts'
import { findKeyed, keyWords } from './key-search.ts'
import { typeOfKind } from './key-value.ts'
import type { PathRules } from './path-rules.ts'

/** Told of what keys name, as ranges of bytes: it is sensitive elsewhere as well. */
export interface Learner {
  learn(type: RuleType, bytes: Uint8Array, from: number, to: number): void
  /** Given and family name of one person. */
  learnPerson(bytes: Uint8Array, givenFrom: number, givenTo: number, familyFrom: number, familyTo: number): void
}

/** What keys name, as matches of the types that apply. */
export class KeyedMatches implements KeyMatches {
  /** At the words of keys; not a rule of its own: it finds for those whose type a key tells. */
  readonly search: Rule
  readonly #finder: KeyFinder
  readonly #indexOf: ReadonlyMap<RuleType, number>
  readonly #learner: Learner
  readonly #hasPaths: boolean
  #exempt: { readonly from: number; readonly to: number }[] = []
  #matches: Match[] = []
  #bytes: Uint8Array = new Uint8Array(0)

  constructor(indexOf: ReadonlyMap<RuleType, number>, learner: Learner, paths?: PathRules) {
    this.#learner = learner
    this.#indexOf = indexOf
    this.#hasPaths = paths !== undefined && !paths.isEmpty
    this.#finder = new KeyFinder(this, this.#hasPaths ? paths : undefined)
    this.search = {
      type: 'KEYED',
      family: 'personal',
      summary: 'Values under keys that tell what they are.',
      triggers: [TRIGGER_WORD],
      words: keyWords((kind) => indexOf.has(typeOfKind(kind) ?? '')),
      needs: { isKey: true },
      confidence: 0.95,
      find: (subject, at) => this.#findOutside(subject, at),
      examples: { matches: [], misses: [] },
    }
  }

  #findOutside(subject: Subject, at: number): boolean {
    if (!findKeyed(subject, at)) return false
    if (subject.confidence > PROSE_CONFIDENCE_MAX && this.#indexOf.has(subject.type))
      this.#learner.learn(subject.type, subject.bytes, subject.from, subject.to)
    return true
  }

  /** Whether all values are to be read, whatever they hold. */
  get isAlwaysOn(): boolean {
    return this.#hasPaths
  }

  /** Adds what the keys in the value, and its label, name; and takes away what its paths exempt. */
  find(subject: Subject, matches: Match[]): void {
    const { bytes, start, end, label } = subject
    this.#exempt.length = 0
    if (!subject.hasKeys && label.length === 0 && !this.#hasPaths) return
    this.#matches = matches
    this.#bytes = bytes
    this.#finder.find(bytes, start, end, label)
    if (subject.hasKeys || this.#hasPaths) subject.steps += end - start
  }

  /** Adds what the keys name in a text that was made from the value. */
  findWithin({ bytes, start, end, hasKeys }: Subject, matches: Match[]): void {
    if (!hasKeys) return
    const exempt = this.#exempt
    this.#exempt = []
    this.#matches = matches
    this.#bytes = bytes
    this.#finder.find(bytes, start, end, NO_LABEL)
    this.#exempt = exempt
  }

  /** The matches that no path exempts: a match that goes beyond an exempt value is not its own. */
  kept(matches: readonly Match[]): readonly Match[] {
    if (this.#exempt.length === 0) return matches
    const ranges = this.#exempt.toSorted((a, b) => a.from - b.from || b.to - a.to)
    let at = 0
    let to = -1
    return matches
      .toSorted((a, b) => a.start - b.start)
      .filter(({ start, end }) => {
        for (let next = ranges[at]; next !== undefined && next.from <= start; next = ranges[++at])
          to = Math.max(to, next.to)
        return end > to
      })
  }

  match(type: RuleType, from: number, to: number, confidence: number): void {
    const rule = this.#indexOf.get(type)
    if (rule === undefined || isBorder(this.#bytes[from])) return
    this.#matches.push({ start: from, end: to, rule, confidence })
    this.#learner.learn(type, this.#bytes, from, to)
  }

  blocked(type: RuleType, from: number, to: number): void {
    const rule = this.#indexOf.get(type)
    if (rule !== undefined) this.#matches.push({ start: from, end: to, rule, confidence: 1 })
  }

  person(givenFrom: number, givenTo: number, familyFrom: number, familyTo: number): void {
    if (this.#indexOf.has('PERSON')) this.#learner.learnPerson(this.#bytes, givenFrom, givenTo, familyFrom, familyTo)
  }

  exempt(from: number, to: number): void {
    this.#exempt.push({ from, to })
  }
}

const NO_LABEL = new Uint8Array(0)
/** `:`, `,`, `]` and `}` begin no value: what does was read across strings, in a text whose escapes are resolved. */
const isBorder = (byte: number | undefined): boolean => byte === 0x3a || byte === 0x2c || byte === 0x5d || byte === 0x7d
/** What a sentence says is not sure enough to be looked for elsewhere. */
const PROSE_CONFIDENCE_MAX = 0.8
