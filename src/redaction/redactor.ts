import { JsonNumbers, leaveEscapeWhole, unescapeJson } from './json-text.ts'
import { IN_LABEL } from './keyed-value.ts'
import { BLOCKED_TYPE } from './keys/key-finder.ts'
import { KeyedMatches } from './keys/keyed-matches.ts'
import { PathRules } from './keys/path-rules.ts'
import type { PathGlobs } from './keys/path-rules.ts'
import { mergeMatches, originsOf, withReplacements } from './matches.ts'
import type { Match } from './matches.ts'
import { isOwnMark } from './own-marks.ts'
import type { Rule, RuleType } from './rule.ts'
import { rules as allRules } from './rules.ts'
import { createScanner } from './scanner.ts'
import { ALNUM, CLASS, DIGIT, LETTER, Subject, TOKEN } from './subject.ts'
import {
  noCandidates,
  positionOf,
  SCAN_BYTES_MAX,
  TRIGGER_CODE,
  TRIGGER_COUNT,
  TRIGGER_DIGITS,
  TRIGGER_ESCAPE,
  TRIGGER_IBAN,
  TRIGGER_SSN,
  TRIGGER_TOKEN,
  TRIGGER_WORD,
  triggerOf,
} from './triggers.ts'
import type { Candidates, Scan } from './triggers.ts'
import { isWordEnd, WordList } from './word-list.ts'

export interface RedactorOptions {
  /** Types of rules to apply; default all. */
  readonly rules?: readonly RuleType[]
  readonly limits?: Partial<RedactionLimits>
  /** Patterns of the user's: they are looked for in every value, and name what a rule finds as well. */
  readonly patterns?: readonly Pattern[]
  /** What takes the place of a match; without it, and where it is silent, the placeholder `[REDACTED:TYPE]`. */
  readonly replacement?: Replacement
  /** Whether a match stays where it is. */
  readonly isAllowed?: IsAllowed
  /** What is taken out, and what is left alone, by the path of keys that leads to it. */
  readonly paths?: PathGlobs
  /** The scanner, for tests. */
  readonly createScanner?: (words: WordList) => Scan
}

export interface RedactionLimits {
  /** Bytes that rules may look at for each byte of a batch, on average. Beyond it values are masked as a whole. */
  readonly stepsPerByteMax: number
  /** The same for small batches: steps that every batch has. */
  readonly stepsMin: number
}

/** Real traces need about one step a byte; the most expensive text known (test) needs about 60. */
export const redactionLimits: RedactionLimits = { stepsPerByteMax: 24, stepsMin: 200_000 }

/** What is put in the place of a value that was masked as a whole, because it took more work than the limits allow. */
export const LIMIT_TYPE = 'LIMIT'

/** One replacement in a value: bytes [start, end) become `replacement`. */
export interface Redaction {
  readonly start: number
  readonly end: number
  /** Name of the rule, or LIMIT. */
  readonly type: RuleType
  /** 0 to 1. */
  readonly confidence: number
  readonly replacement: Uint8Array
  /** What was found, decoded, when the range of the value holds it encoded. */
  readonly text?: Uint8Array
}

/** By the type of a match and its text, decoded. Undefined leaves the placeholder. */
export type Replacement = (type: RuleType, text: Uint8Array) => string | undefined

/** About bytes[from, to), found in the value bytes[start, end); `isOnly`: nothing else was found there. */
export type IsAllowed = (
  bytes: Uint8Array,
  value: { readonly start: number; readonly end: number },
  from: number,
  to: number,
  isOnly: boolean,
) => boolean

/** Something of the user's that is looked for beside the rules. */
export interface Pattern {
  readonly type: RuleType
  readonly confidence: number
  /** Whether bytes[start, end) may hold a match: cheap, and never a no where there is one. */
  mayMatch(bytes: Uint8Array, start: number, end: number): boolean
  /** Reports the ranges of the value bytes[start, end) that match. */
  find(bytes: Uint8Array, start: number, end: number, report: (from: number, to: number) => void): void
}

export interface Redactor {
  /** Takes up a batch: the values that `redactions` is asked about are ranges of these bytes, which must not change meanwhile. */
  scan(bytes: Uint8Array): void
  /**
   * Offset of the first candidate at or behind `position`. A value that ends there or before, and is not glued to its length (`isGlued`), holds nothing to
   * replace: who asks about many values in order asks this first.
   */
  nextCandidate(position: number): number
  /**
   * What to replace in the value bytes[start, end), ascending. Fast when values are asked for in the order of the bytes. `label`: what the value is
   * called, such as the key of an attribute; it tells like the words before a value do what the value is.
   */
  redactions(start: number, end: number, label?: Uint8Array): readonly Redaction[]
  /** One text alone. Offsets of the hits are UTF-16 code units of the text that was handed in. */
  redactText(text: string): RedactedText
  /** Bytes that rules have looked at since the last `scan`. */
  readonly steps: number
}

export interface RedactedText {
  readonly text: string
  readonly hits: readonly {
    readonly rule: RuleType
    readonly start: number
    readonly end: number
    readonly confidence: number
    /** What stands in its place in the result. */
    readonly replacement: string
  }[]
}

/** Texts made from a value (escapes resolved, matches replaced) are searched again, at most so deep; what still hides something is masked. */
const ROUNDS_MAX = 6
/** A replacement can make a rule match that looked at the replaced bytes: none looks further. */
const NEIGHBOUR_BYTES = 64
const NOTHING: readonly Redaction[] = []
const NO_LABEL = new Uint8Array(0)
/** Triggers of the start of a word, where the scanner missed it: see triggers.ts. */
const CODE_BYTES = 8
const TOKEN_BYTES = 16
/** Words are looked for in so much of a value's first word. */
const START_WORD_BYTES_MAX = 64
/** Shorter values hold nothing that any rule is about. */
const GLUED_BYTES_MIN = 4
const encoder = new TextEncoder()

/** Throws when a batch is larger than 64 MiB or an unknown rule is asked for. */
export function createRedactor(options: RedactorOptions = {}): Redactor {
  return new RuleRedactor(options)
}

class RuleRedactor implements Redactor {
  readonly #rulesAt: readonly (readonly Rule[])[]
  readonly #words: WordList
  /** By index of the word. */
  readonly #rulesOfWord: readonly (readonly Rule[])[]
  /** Of the rules that apply. */
  readonly #indexOf: ReadonlyMap<RuleType, number>
  readonly #limits: RedactionLimits
  readonly #scan: Scan
  readonly #subject = new Subject()
  readonly #candidates = noCandidates()
  /** Of a text made from a value: used up before a next one is made. */
  readonly #madeCandidates = noCandidates()
  /** By index of the rule; the last one is that of the limit. */
  readonly #placeholders: readonly string[]
  readonly #encoded: readonly Uint8Array[]
  /** Types by the index that matches carry: the patterns, the rules, the limit. */
  readonly #types: readonly RuleType[]
  readonly #keys: KeyedMatches
  readonly #patterns: readonly Pattern[]
  readonly #replacement: Replacement | undefined
  readonly #isAllowed: IsAllowed | undefined
  /** Whether a pattern may match somewhere in the batch: then every value is looked at. */
  #hasPatterns = false
  #bytes: Uint8Array = new Uint8Array(0)
  #cursor = 0
  #cursorStart = 0
  #stepsMax = 0

  constructor({
    rules: types,
    limits,
    createScanner: create = createScanner,
    patterns = [],
    replacement,
    isAllowed,
    paths = {},
  }: RedactorOptions) {
    const chosen =
      types === undefined
        ? allRules.filter(({ isDefault }) => isDefault !== false)
        : allRules.filter(({ type }) => types.includes(type))
    const unknown = types?.find((type) => !chosen.some((rule) => rule.type === type))
    if (unknown !== undefined) throw new TypeError(`no redaction rule ${unknown}`)
    this.#rulesAt = Array.from({ length: TRIGGER_COUNT }, (_, trigger) =>
      firstOfEachSearch(chosen.filter(({ triggers }) => triggers.includes(trigger))),
    )
    this.#types = [...patterns.map(({ type }) => type), ...allRules.map(({ type }) => type), BLOCKED_TYPE, LIMIT_TYPE]
    this.#indexOf = new Map([
      ...chosen.map((rule) => [rule.type, patterns.length + allRules.indexOf(rule)] as const),
      [BLOCKED_TYPE, this.#types.length - 2],
    ])
    this.#keys = new KeyedMatches(this.#indexOf, new PathRules(paths))
    const ofWords = [...chosen, this.#keys.search]
    this.#words = new WordList(ofWords.flatMap(({ words = [] }) => words))
    this.#rulesOfWord = this.#words.words.map((word) =>
      firstOfEachSearch(ofWords.filter(({ words = [] }) => words.includes(word))),
    )
    this.#patterns = patterns
    this.#replacement = replacement
    this.#isAllowed = isAllowed
    this.#placeholders = this.#types.map((type) => `[REDACTED:${type}]`)
    this.#encoded = this.#placeholders.map((placeholder) => encoder.encode(placeholder))
    this.#limits = { ...redactionLimits, ...limits }
    this.#scan = create(this.#words)
  }

  get steps(): number {
    return this.#subject.steps
  }

  scan(bytes: Uint8Array): void {
    if (bytes.length > SCAN_BYTES_MAX)
      throw new RangeError(`a batch of more than ${SCAN_BYTES_MAX} bytes cannot be redacted`)
    this.#bytes = bytes
    this.#candidates.length = 0
    this.#cursor = 0
    this.#cursorStart = 0
    this.#subject.steps = 0
    this.#stepsMax = this.#limits.stepsMin + this.#limits.stepsPerByteMax * bytes.length
    this.#scan(bytes, 0, bytes.length, this.#candidates)
    this.#hasPatterns = this.#patterns.some((pattern) => pattern.mayMatch(bytes, 0, bytes.length))
  }

  redactions(start: number, end: number, label = NO_LABEL): readonly Redaction[] {
    const isQuiet = this.#nextCandidate(start) >= end && !isGlued(this.#bytes, start, end)
    if (isQuiet && label.length === 0 && !this.#isAlwaysOn) return NOTHING
    this.#subject.label = label
    return this.#redactionsOf({ bytes: this.#bytes, start, end }, this.#candidates, this.#cursor, 0)
  }

  nextCandidate(position: number): number {
    if (this.#isAlwaysOn) return position
    return this.#nextCandidate(position)
  }

  /** Every value is looked at, also one without a candidate. */
  get #isAlwaysOn(): boolean {
    return this.#hasPatterns || this.#keys.isAlwaysOn
  }

  #nextCandidate(position: number): number {
    const { entries, length } = this.#candidates
    if (position < this.#cursorStart) this.#cursor = firstAt(this.#candidates, position)
    this.#cursorStart = position
    let cursor = this.#cursor
    while (cursor < length && positionOf(entries[cursor] as number) < position) cursor++
    this.#cursor = cursor
    return cursor === length ? SCAN_BYTES_MAX : positionOf(entries[cursor] as number)
  }

  redactText(text: string): RedactedText {
    const bytes = encoder.encode(text)
    this.scan(bytes)
    const decoder = new TextDecoder()
    const hits: RedactedText['hits'][number][] = []
    let redacted = ''
    let at = 0
    let unit = 0
    for (const { start, end, type, confidence, replacement } of this.redactions(0, bytes.length)) {
      const hit = unit + utf16Length(bytes, at, start)
      const hitEnd = hit + utf16Length(bytes, start, end)
      const put = decoder.decode(replacement)
      redacted += text.slice(unit, hit) + put
      hits.push({ rule: type, start: hit, end: hitEnd, confidence, replacement: put })
      at = end
      unit = hitEnd
    }
    return hits.length === 0 ? { text, hits } : { text: redacted + text.slice(unit), hits }
  }

  #redactionsOf(value: Value, found: Candidates, first: number, round: number): readonly Redaction[] {
    const { bytes, start, end } = value
    const matches: Match[] = []
    const missed: number[] = []
    const hasEscapes = this.#findMatches(value, found, first, matches, missed)
    if (hasEscapes === undefined) return this.#masked(value)
    this.#findPatterns(value, matches)
    if (round === 0) this.#findKeyed(matches)
    if (matches.length === 0 && !hasEscapes) return NOTHING
    const plain = hasEscapes ? unescapeJson(bytes, start, end) : undefined
    if (plain !== undefined) {
      if (round === ROUNDS_MAX) return this.#masked(value)
      this.#subject.steps += end - start
      matches.push(...originsOf(plain, this.#matchesIn(plain.bytes, round + 1)))
    }
    return this.#settle(value, matches, missed, round)
  }

  /**
   * Runs the rules at the candidates in the value; `missed` are the positions of those where none matched. Returns whether there are escapes to
   * resolve; undefined when the limits are reached.
   */
  #findMatches(
    { bytes, start, end }: Value,
    found: Candidates,
    first: number,
    matches: Match[],
    missed: number[],
  ): boolean | undefined {
    const subject = this.#subject
    subject.reset(bytes, start, end)
    if (isGlued(bytes, start, end)) this.#findAtStart(matches)
    const { entries, length } = found
    let hasEscapes = false
    for (let i = first; i < length; i++) {
      const entry = entries[i] as number
      const position = positionOf(entry)
      if (position >= end) break
      const trigger = triggerOf(entry)
      if (trigger === TRIGGER_ESCAPE) hasEscapes = true
      else if (!this.#tryRules(trigger, position, matches)) missed.push(position)
      subject.steps += 8
      if (subject.steps > this.#stepsMax) return undefined
    }
    return hasEscapes
  }

  #tryRules(trigger: number, position: number, matches: Match[]): boolean {
    if (trigger === TRIGGER_WORD) return this.#tryWords(position, matches)
    return this.#tryEach(this.#rulesAt[trigger] as readonly Rule[], trigger, position, matches)
  }

  /** The rules that asked for a word that ends here, longest word first. */
  #tryWords(position: number, matches: Match[]): boolean {
    const subject = this.#subject
    const words = this.#words
    if (!words.find(subject.bytes, subject.start, subject.end, position)) return false
    const before = matches.length
    for (let i = 0; i < words.foundCount; i++) {
      const index = words.found[i] as number
      subject.word = words.words[index] as string
      subject.wordStart = position + 1 - subject.word.length
      this.#tryEach(this.#rulesOfWord[index] as readonly Rule[], TRIGGER_WORD, position, matches)
    }
    return matches.length > before
  }

  #tryEach(rules: readonly Rule[], trigger: number, position: number, matches: Match[]): boolean {
    const subject = this.#subject
    const before = matches.length
    for (const rule of rules) {
      subject.confidence = rule.confidence
      subject.type = rule.type
      if (!rule.find(subject, position, trigger)) continue
      const { from: start, to: end, confidence, type } = subject
      const index = this.#indexOf.get(type)
      if (index !== undefined) matches.push({ start, end, rule: index, confidence })
    }
    return matches.length > before
  }

  /** What keys name: those in the value, and the one that the value is called by. */
  #findKeyed(matches: Match[]): void {
    const { label } = this.#subject
    for (let at = 0; at < label.length; at++) if (isWordEnd(label, label.length, at)) this.#tryLabel(label, at, matches)
    this.#keys.find(this.#subject, matches)
  }

  #tryLabel(label: Uint8Array, at: number, matches: Match[]): void {
    if (!this.#words.find(label, 0, label.length, at)) return
    for (let i = 0; i < this.#words.foundCount; i++) {
      const index = this.#words.found[i] as number
      this.#subject.word = this.#words.words[index] as string
      this.#tryEach(this.#rulesOfWord[index] as readonly Rule[], TRIGGER_WORD, IN_LABEL, matches)
    }
  }

  #findPatterns({ bytes, start, end }: Value, matches: Match[]): void {
    for (const [rule, pattern] of this.#patterns.entries()) {
      if (!pattern.mayMatch(bytes, start, end)) continue
      const { confidence } = pattern
      pattern.find(bytes, start, end, (from, to) => matches.push({ start: from, end: to, rule, confidence }))
    }
  }

  /** The triggers that begin with a word, at the start of a value. */
  #findAtStart(matches: Match[]): void {
    const subject = this.#subject
    const { bytes, start, end } = subject
    if (subject.is(start, DIGIT)) {
      this.#tryRules(TRIGGER_DIGITS, start + 7, matches)
      this.#tryRules(TRIGGER_SSN, start + 7, matches)
    } else if (subject.is(start, LETTER) && subject.is(start + 2, DIGIT))
      this.#tryRules(TRIGGER_IBAN, start + 3, matches)
    const wordEnd = subject.runEnd(start, ALNUM, START_WORD_BYTES_MAX)
    for (let at = start; at < wordEnd; at++) if (isWordEnd(bytes, end, at)) this.#tryWords(at, matches)
    if (wordEnd >= start + CODE_BYTES) this.#tryRules(TRIGGER_CODE, start + CODE_BYTES - 1, matches)
    if (subject.runEnd(start, TOKEN, TOKEN_BYTES) === start + TOKEN_BYTES)
      this.#tryRules(TRIGGER_TOKEN, start + TOKEN_BYTES - 1, matches)
  }
  /** All matches in a text made from a value. */
  #matchesIn(bytes: Uint8Array, round: number): Match[] {
    const found = this.#madeCandidates
    found.length = 0
    this.#scan(bytes, 0, bytes.length, found)
    return this.#asMatches(this.#redactionsOf({ bytes, start: 0, end: bytes.length }, found, 0, round))
  }

  /** Merges the matches, and searches again where a replacement gives a neighbour a new border: redacting twice is redacting once. */
  #settle(value: Value, matches: readonly Match[], missed: readonly number[], round: number): readonly Redaction[] {
    const { bytes, start, end } = value
    let redactions = this.#resolve(value, matches)
    for (let turn = round; isNextToMiss(redactions, missed); turn++) {
      if (turn === ROUNDS_MAX) return this.#masked(value)
      const redacted = withReplacements(bytes, start, end, redactions)
      const more = this.#matchesIn(redacted.bytes, turn + 1)
      if (more.length === 0) break
      redactions = this.#resolve(value, [...this.#asMatches(redactions), ...originsOf(redacted, more)])
    }
    return redactions
  }

  #resolve({ bytes, start, end }: Value, matches: readonly Match[]): Redaction[] {
    const numbers = new JsonNumbers(bytes, start, end)
    const redactions: Redaction[] = []
    const merged = mergeMatches(bytes === this.#bytes ? this.#keys.kept(matches) : matches)
    for (const match of merged) {
      leaveEscapeWhole(bytes, start, match)
      if (match.start >= match.end || isOwnMark(bytes, match.start, match.end)) continue
      if (this.#isAllowed?.(bytes, { start, end }, match.start, match.end, merged.length === 1) === true) continue
      const quote = numbers.quoteAround(match)
      const last = redactions.at(-1)
      // Two matches in one number of JSON, which is replaced as a whole.
      if (last !== undefined && match.start < last.end)
        redactions[redactions.length - 1] = { ...last, end: Math.max(last.end, match.end) }
      else redactions.push(this.#redaction(bytes, match, quote))
    }
    return redactions
  }

  #redaction(bytes: Uint8Array, match: Match, quote: string): Redaction {
    const { start, end, rule, confidence, text } = match
    const type = this.#types[rule] ?? LIMIT_TYPE
    const own = this.#replacement?.(type, text ?? bytes.subarray(start, end))
    const isPlain = own === undefined && quote === ''
    return {
      start,
      end,
      type,
      confidence,
      replacement: isPlain
        ? (this.#encoded[rule] as Uint8Array)
        : encoder.encode(quote + (own ?? (this.#placeholders[rule] as string)) + quote),
      ...(text === undefined ? {} : { text }),
    }
  }

  #masked({ bytes, start, end }: Value): readonly Redaction[] {
    const isJson = bytes[start] === 0x7b || bytes[start] === 0x5b
    return [this.#redaction(bytes, { start, end, rule: this.#types.length - 1, confidence: 1 }, isJson ? '"' : '')]
  }

  #asMatches(redactions: readonly Redaction[]): Match[] {
    return redactions.map(({ start, end, type, confidence, text }) => ({
      start,
      end,
      rule: this.#ruleIndex(type),
      confidence,
      ...(text === undefined ? {} : { text }),
    }))
  }

  #ruleIndex(type: Redaction['type']): number {
    const index = this.#types.indexOf(type)
    return index < 0 ? this.#types.length - 1 : index
  }
}

interface Value {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

/**
 * The byte before a value is its length on the wire. Where that looks like a part of a word, the scanner took the first word of the value for the rest of
 * another one, and missed the triggers that need its start.
 */
export const isGlued = (bytes: Uint8Array, start: number, end: number): boolean =>
  start > 0 &&
  end - start >= GLUED_BYTES_MIN &&
  ((CLASS[bytes[start - 1] as number] as number) & TOKEN) !== 0 &&
  ((CLASS[bytes[start] as number] as number) & TOKEN) !== 0

function firstAt({ entries, length }: Candidates, position: number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (positionOf(entries[middle] as number) < position) low = middle + 1
    else high = middle
  }
  return low
}

/** Rules may share one `find`, which says by `subject.type` whose match it is. */
const firstOfEachSearch = (rules: readonly Rule[]): readonly Rule[] =>
  rules.filter((rule, i) => rules.findIndex(({ find }) => find === rule.find) === i)

/** Whether a candidate that did not match stands so near to a replaced range that its rule could have looked into it. Both ascend. */
function isNextToMiss(redactions: readonly Redaction[], missed: readonly number[]): boolean {
  let next = 0
  for (const position of redactions.length === 0 ? [] : missed) {
    while (next < redactions.length && (redactions[next] as Redaction).end <= position) next++
    const before = redactions[next - 1]
    const behind = redactions[next]
    if (behind !== undefined && position >= behind.start) continue
    if (before !== undefined && position - before.end < NEIGHBOUR_BYTES) return true
    if (behind !== undefined && behind.start - position < NEIGHBOUR_BYTES) return true
  }
  return false
}

/** Code units of UTF-8 bytes that begin and end at characters. */
function utf16Length(bytes: Uint8Array, start: number, end: number): number {
  let units = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if ((byte & 0xc0) !== 0x80) units += byte >= 0xf0 ? 2 : 1
  }
  return units
}
