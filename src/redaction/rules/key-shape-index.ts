import type { RuleType } from '../rule.ts'
import { CLASS, DIGIT, TOKEN } from '../subject.ts'
import type { Subject } from '../subject.ts'
import { keyShapeEnd } from './key-shape.ts'
import type { KeyShape } from './key-shape.ts'

/** Finds keys by the first two bytes of what may be one: one look into a table for each place where a key could begin. */
export class KeyShapeIndex {
  /** For each pair of ASCII bytes the list of shapes that begin with it, counted from 1: small enough to stay in the fastest cache. */
  readonly #listOfPair = new Uint8Array(128 * 128)
  readonly #lists: KeyShape[][] = []
  readonly #pairsOfType = new Map<RuleType, number[]>()
  readonly #byWord = new Map<string, { shape: KeyShape; offset: number }[]>()
  /** Those that begin with something random: they are told by what stands in their middle. */
  readonly #random: KeyShape[] = []

  constructor(shapes: readonly KeyShape[]) {
    const byPair = new Map<number, KeyShape[]>()
    for (const shape of shapes) {
      const word = startingWord(shape)
      if (word !== undefined) add(this.#byWord, word.text, { shape, offset: word.offset })
      if (shape.prefix === '') this.#random.push(shape)
      else if (word === undefined || isRun(shape.prefix)) for (const pair of pairsOf(shape)) add(byPair, pair, shape)
    }
    for (const [pair, found] of byPair) {
      this.#listOfPair[pair] = this.#listOf(found)
      for (const type of new Set(found.map((shape) => shape.type))) add(this.#pairsOfType, type, pair)
    }
  }

  /** Words (TRIGGER_WORD) at which keys of the type may begin. */
  wordsOf(type: RuleType): readonly string[] {
    return [...this.#byWord].filter(([, found]) => found.some(({ shape }) => shape.type === type)).map(([word]) => word)
  }

  /** Pairs of bytes with which keys of the type begin in a run of token characters (`Rule.pairs`). */
  pairsOf(type: RuleType): readonly number[] {
    return this.#pairsOfType.get(type) ?? []
  }

  /** At TRIGGER_WORD. Sets the type of what it finds. */
  findAtWord(subject: Subject): boolean {
    for (const { shape, offset } of this.#byWord.get(subject.word) ?? []) {
      if (isKey(subject, shape, subject.wordStart - offset)) return true
    }
    return false
  }

  /** At TRIGGER_TOKEN. Sets the type of what it finds. */
  findInRun(subject: Subject, at: number): boolean {
    const { bytes } = subject
    const from = Math.max(subject.start, at - RUN_BYTES + 1)
    const list = this.#listOfPair[((bytes[from] as number) << 7) | (bytes[from + 1] as number)] as number
    if (list > 0) for (const shape of this.#lists[list - 1] as KeyShape[]) if (isKey(subject, shape, from)) return true
    return this.#findByMiddle(subject, from)
  }

  #findByMiddle(subject: Subject, from: number): boolean {
    const before = subject.at(from - 1)
    let start = -1
    if (before === COLON || before === BAR || before === PERCENT) start = startOfDigits(subject, from - 1)
    else if (before === TILDE || before === DOT) start = beforeTilde(subject, from)
    if (start < 0) return false
    // Telegram puts its tokens behind `bot` in paths.
    const isGlued = subject.hasText(start - 3, 'bot')
    return this.#random.some((shape) => isKey(subject, shape, start, isGlued))
  }

  /** Number of the list that holds just these. */
  #listOf(shapes: KeyShape[]): number {
    const same = this.#lists.findIndex(
      (list) => list.length === shapes.length && list.every((one, i) => one === shapes[i]),
    )
    if (same >= 0) return same + 1
    if (this.#lists.length === LISTS_MAX) throw new RangeError(`keys have more than ${LISTS_MAX} beginnings`)
    return this.#lists.push(shapes)
  }
}

const LISTS_MAX = 255

/** Length of a run of TRIGGER_TOKEN. */
const RUN_BYTES = 16
const COLON = 0x3a
const BAR = 0x7c
const PERCENT = 0x25
const TILDE = 0x7e
const DOT = 0x2e
const DIGITS_MAX = 16

/** Of `123456789:AA…` (Telegram), `123456789012345|…` (Facebook), or -1. */
function startOfDigits(subject: Subject, end: number): number {
  let at = end
  while (at > end - DIGITS_MAX && subject.is(at - 1, DIGIT)) at--
  subject.steps += end - at
  return at === end ? -1 : at
}

/** Start of `abc8Q~…` (Azure), whose rest may hold dots and tildes, or -1. */
function beforeTilde(subject: Subject, from: number): number {
  const stop = from - TILDE_BYTES_MAX
  let at = from - 1
  while (at > stop && (subject.is(at, TOKEN) || subject.at(at) === DOT || subject.at(at) === TILDE)) {
    if (subject.at(at) === TILDE && subject.at(at - 1) === 0x51) return at - 5
    at--
  }
  subject.steps += from - at
  return -1
}

const TILDE_BYTES_MAX = 32

function isKey(subject: Subject, shape: KeyShape, from: number, isGlued = false): boolean {
  // A key within a key would be looked at again and again.
  if (from < subject.keyUntil || (!isGlued && subject.isWord(from - 1))) return false
  const to = keyShapeEnd(subject, shape, from)
  if (to < 0) return false
  subject.keyUntil = to
  subject.type = shape.type
  return subject.matched(from, to)
}

function add<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [item])
  else list.push(item)
}

const isRun = (text: string): boolean =>
  Array.from(text).every((char) => ((CLASS[char.charCodeAt(0)] as number) & TOKEN) !== 0)

/** The word by which a key is found; undefined when it begins with a run that is long enough to be found by itself. */
function startingWord({ prefix, parts }: KeyShape): { text: string; offset: number } | undefined {
  const [first, second] = parts
  if (prefix === '' && first !== undefined && first.min === first.max && /^.[a-z0-9]{4,}\W/.test(second?.literal ?? ''))
    return { text: second?.literal.slice(1, -1) ?? '', offset: first.min + 1 }
  const ending = endingWord(parts)
  if (prefix === '' && ending !== undefined) return ending
  const [, before = '', text = ''] = /^([^A-Za-z0-9]*)([A-Za-z0-9]{2,})[^A-Za-z0-9]/.exec(prefix) ?? []
  return text === '' || leadingRun({ prefix, parts }) >= RUN_BYTES
    ? undefined
    : { text: text.toLowerCase(), offset: before.length }
}

/** Of `{a6}_{a29}_mmk`: the word that ends it. */
function endingWord(parts: KeyShape['parts']): { text: string; offset: number } | undefined {
  const text = /^_([a-z]{3,})$/.exec(parts.at(-1)?.literal ?? '')?.[1]
  if (text === undefined || parts.some(({ min, max }) => min !== max)) return undefined
  return { text, offset: parts.reduce((sum, { literal, min }) => sum + literal.length + min, -text.length) }
}

/** How many token characters every key of a shape begins with. */
function leadingRun({ prefix, parts }: Pick<KeyShape, 'prefix' | 'parts'>): number {
  if (!isRun(prefix)) return 0
  let length = prefix.length
  for (const part of parts) {
    if (part.bit === 0 ? !isRun(part.literal) : !part.isRun) break
    length += part.literal.length + part.min
  }
  return length
}

/** The first two bytes of all keys of a shape. */
function pairsOf({ prefix, isAnyCase }: KeyShape): readonly number[] {
  const [first = '', second = ''] = prefix
  const cases = (char: string): string[] =>
    isAnyCase ? [...new Set([char.toLowerCase(), char.toUpperCase()])] : [char]
  const seconds = second === '' ? Array.from({ length: 128 }, (_, i) => String.fromCharCode(i)) : cases(second)
  return cases(first).flatMap((a) => seconds.map((b) => (a.charCodeAt(0) << 7) | b.charCodeAt(0)))
}
