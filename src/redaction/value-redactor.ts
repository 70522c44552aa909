import { decoderAt, isPlainTextTrigger } from './decode/decoders.ts'
import type { Decoder } from './decode/decoders.ts'
import { joinTexts } from './decode/hidden-texts.ts'
import { plainText } from './decode/plain-text.ts'
import { isSpelledSign } from './decode/spelled-sign.ts'
import { isEndGlued, isStartGlued } from './glued.ts'
import { JsonNumbers, leaveEscapeWhole } from './json-text.ts'
import type { KeyedMatches } from './keys/keyed-matches.ts'
import { bordersOf, mergeMatches, originsOf, withReplacements } from './matches.ts'
import type { Derived, Match } from './matches.ts'
import { isOwnMark } from './own-marks.ts'
import { LIMIT_TYPE } from './placeholders.ts'
import type { Placeholders } from './placeholders.ts'
import type { IsAllowed, Pattern, Redaction } from './redactor.ts'
import { ReplacedText } from './replaced-text.ts'
import type { RuleSearch } from './rule-search.ts'
import { CLASS, TOKEN } from './subject.ts'
import { noCandidates, positionOf, TRIGGER_COUNT, TRIGGER_WORD, triggerOf } from './triggers.ts'
import type { Candidates, Scan } from './triggers.ts'

/** Texts made from a value (encodings resolved, matches replaced) are searched again, at most so deep; what still hides something is masked. */
const ROUNDS_MAX = 4
/** Steps that a byte of a made text costs before a rule has looked at it: making and scanning it. */
const MADE_STEPS = 4
/** A replacement can make a rule match that looked at the replaced bytes: none looks further. */
const NEIGHBOUR_BYTES = 64
/** Steps of a candidate, whatever the rules do with it. */
const CANDIDATE_STEPS = 8
const NOTHING: readonly Redaction[] = []

/** A range of bytes that is looked at by itself. */
export interface Value {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

/** What values are searched with. */
export interface Parts {
  readonly rules: RuleSearch
  readonly keys: KeyedMatches
  readonly patterns: readonly Pattern[]
  readonly isAllowed: IsAllowed | undefined
  readonly placeholders: Placeholders
  readonly scan: Scan
}

/** Says what to replace in one value: what rules, keys and patterns find in it and in the texts that its encodings hide. */
export class ValueRedactor {
  readonly #rules: RuleSearch
  readonly #keys: KeyedMatches
  readonly #patterns: readonly Pattern[]
  readonly #isAllowed: IsAllowed | undefined
  readonly #placeholders: Placeholders
  readonly #scan: Scan
  /** Of a text made from a value: used up before a next one is made. */
  readonly #madeCandidates = noCandidates()
  readonly #replaced = new ReplacedText()
  /** By round: one is done with before its round begins again. */
  readonly #searches: ValueSearch[] = []
  /** Beyond so many steps of the subject values are masked. */
  stepsMax = 0

  constructor({ rules, keys, patterns, isAllowed, placeholders, scan }: Parts) {
    this.#rules = rules
    this.#keys = keys
    this.#patterns = patterns
    this.#isAllowed = isAllowed
    this.#placeholders = placeholders
    this.#scan = scan
  }

  /** `found`: candidates from the one with the index `first` on. */
  redactions(value: Value, found: Candidates, first: number): readonly Redaction[] {
    return this.#redactionsOf(value, found, first, 0)
  }

  #redactionsOf(value: Value, candidates: Candidates, first: number, round: number): readonly Redaction[] {
    const search = (this.#searches[round] ??= new ValueSearch())
    search.clear()
    if (!this.#findMatches(value, candidates, first, search)) return this.#masked(value)
    const { matches, missed } = search
    this.#findPatterns(value, matches)
    if (round === 0) {
      this.#rules.findInLabel(matches)
      this.#keys.find(this.#rules.subject, matches)
    } else this.#keys.findWithin(this.#rules.subject, matches)
    const texts = this.#hiddenTexts(value, search)
    if (matches.length === 0 && texts.length === 0) return NOTHING
    const limit = this.#placeholders.indexOf(LIMIT_TYPE)
    for (const text of texts) {
      if (round === ROUNDS_MAX || !this.#takeSteps(text.bytes.length * MADE_STEPS)) return this.#masked(value)
      const found = this.#matchesIn(text.bytes, round + 1)
      if (found.some(({ start, end, rule }) => rule === limit && text.origin(start, end) === undefined))
        return this.#masked(value)
      for (const match of originsOf(text, found)) matches.push(match)
    }
    return this.#settle(value, matches, missed, round)
  }

  /** What else is to be searched: the whole value without its encodings, and what is hidden in places of it, as one text. */
  #hiddenTexts({ bytes, start, end }: Value, { matches, hidden, isEncoded }: ValueSearch): readonly Derived[] {
    if (hidden.length === 0 && !isEncoded) return hidden
    const plain = isEncoded ? plainText(bytes, start, end) : undefined
    const borders = hidden.some(({ seam }) => seam !== undefined) ? bordersOf(matches) : undefined
    const texts = hidden.filter(({ seam }) => seam === undefined || borders?.(seam) !== true)
    const joined = texts.length > 1 ? [joinTexts(texts)] : texts
    return plain === undefined ? joined : [...joined, plain]
  }

  /** Runs the rules and decoders at the candidates in the value. False when the limits are reached. */
  #findMatches({ bytes, start, end }: Value, found: Candidates, first: number, search: ValueSearch): boolean {
    const rules = this.#rules
    rules.subject.reset(bytes, start, end)
    decodedUntil.fill(start)
    if (isStartGlued(bytes, start, end)) rules.findAtStart(search.matches)
    if (isEndGlued(bytes, start, end)) rules.findAtEnd(search.matches)
    const { entries, length } = found
    for (let i = first; i < length; i++) {
      const entry = entries[i] as number
      const position = positionOf(entry)
      if (position >= end) break
      const trigger = triggerOf(entry)
      if (isPlainTextTrigger[trigger] === 1) search.isEncoded = true
      else if (decoderAt[trigger] !== undefined) decodeAt(trigger, bytes, start, end, position, search.hidden)
      else if (!rules.find(trigger, position, search.matches)) {
        search.missed.push(entry)
        if (trigger === TRIGGER_WORD && isSpelledSign(bytes, start, end, position)) search.isEncoded = true
      }
      if (!this.#takeSteps(CANDIDATE_STEPS)) return false
    }
    return true
  }

  /** False when the batch has used up what it may take. */
  #takeSteps(steps: number): boolean {
    this.#rules.subject.steps += steps
    return this.#rules.subject.steps <= this.stepsMax
  }

  #findPatterns({ bytes, start, end }: Value, matches: Match[]): void {
    for (const [rule, pattern] of this.#patterns.entries()) {
      if (!pattern.mayMatch(bytes, start, end)) continue
      pattern.find(bytes, start, end, (from, to, confidence = pattern.confidence) =>
        matches.push({ start: from, end: to, rule, confidence }),
      )
    }
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
    let redactions = this.#resolve(value, matches, round)
    for (let turn = round; redactions.length > 0; turn++) {
      const near = nextToRedactions(redactions, missed)
      if (!isRunCut(value, redactions)) {
        if (near.length === 0) break
        if (!this.#isChanged(this.#replaced.of(bytes, start, end, redactions), start, redactions, near)) break
      }
      if (turn === ROUNDS_MAX) return this.#masked(value)
      const redacted = withReplacements(bytes, start, end, redactions)
      const more = this.#matchesIn(redacted.bytes, turn + 1)
      if (more.length === 0) break
      redactions = this.#resolve(value, [...this.#asMatches(redactions), ...originsOf(redacted, more)], round)
    }
    return redactions
  }

  /** Whether one of the candidates matches in the redacted text, or a new one may stand behind a replacement. */
  #isChanged(text: Uint8Array, start: number, redactions: readonly Redaction[], near: readonly number[]): boolean {
    const { subject } = this.#rules
    subject.reset(text, 0, text.length)
    const found: Match[] = []
    let next = 0
    let moved = -start
    for (const entry of near) {
      const position = positionOf(entry)
      for (let one = redactions[next]; one !== undefined && one.end <= position; one = redactions[++next]) {
        moved += one.replacement.length - one.end + one.start
      }
      this.#rules.find(triggerOf(entry), position + moved, found)
      if (found.length === 0) continue
      if (found.some((match) => !isOwnMark(text, match.start, match.end))) return true
    }
    return false
  }

  #resolve({ bytes, start, end }: Value, matches: readonly Match[], round: number): Redaction[] {
    const numbers = new JsonNumbers(bytes, start, end)
    const redactions: Redaction[] = []
    const merged = mergeMatches(round === 0 ? this.#keys.kept(matches) : matches)
    for (const match of merged) {
      leaveEscapeWhole(bytes, start, match)
      if (match.start >= match.end || isOwnMark(bytes, match.start, match.end)) continue
      if (this.#isAllowed?.(bytes, { start, end }, match.start, match.end, merged.length === 1) === true) continue
      const quote = numbers.quoteAround(match)
      const last = redactions.at(-1)
      // Two matches in one number of JSON, which is replaced as a whole.
      if (last !== undefined && match.start < last.end)
        redactions[redactions.length - 1] = { ...last, end: Math.max(last.end, match.end) }
      else redactions.push(this.#placeholders.redaction(bytes, match, quote))
    }
    return redactions
  }

  #masked({ bytes, start, end }: Value): readonly Redaction[] {
    const isJson = bytes[start] === 0x7b || bytes[start] === 0x5b
    const rule = this.#placeholders.indexOf(LIMIT_TYPE)
    return [this.#placeholders.redaction(bytes, { start, end, rule, confidence: 1 }, isJson ? '"' : '')]
  }

  #asMatches(redactions: readonly Redaction[]): Match[] {
    return redactions.map(({ start, end, type, confidence, text }) => ({
      start,
      end,
      rule: this.#placeholders.indexOf(type),
      confidence,
      ...(text === undefined ? {} : { text }),
    }))
  }
}

/** Whether a run of token characters goes on beside a replacement: what is left of it has other borders, and other candidates. */
const isRunCut = ({ bytes, start, end }: Value, redactions: readonly Redaction[]): boolean =>
  redactions.some(
    (one) => (one.end < end && isToken(bytes, one.end)) || (one.start > start && isToken(bytes, one.start - 1)),
  )

const isToken = (bytes: Uint8Array, at: number): boolean => ((CLASS[bytes[at] as number] as number) & TOKEN) !== 0

/** What is found out about one value. */
class ValueSearch {
  readonly matches: Match[] = []
  /** Candidates where no rule matched. */
  readonly missed: number[] = []
  /** Readable forms of parts of the value. */
  readonly hidden: Derived[] = []
  /** Whether something stands in the value that plainText would resolve. */
  isEncoded = false

  clear(): void {
    // Setting the length gives the memory back.
    if (this.matches.length > 0) this.matches.length = 0
    if (this.missed.length > 0) this.missed.length = 0
    if (this.hidden.length > 0) this.hidden.length = 0
    this.isEncoded = false
  }
}

/** By trigger: up to where its decoder has read. */
const decodedUntil = new Int32Array(TRIGGER_COUNT)

function decodeAt(trigger: number, bytes: Uint8Array, start: number, end: number, at: number, hidden: Derived[]): void {
  if (at < (decodedUntil[trigger] as number)) return
  const { until, text } = (decoderAt[trigger] as Decoder)(bytes, start, end, at)
  decodedUntil[trigger] = until
  if (text !== undefined) hidden.push(text)
}

/** The candidates that stand so near to a replaced range that their rule could have looked into it. All ascend. */
function nextToRedactions(redactions: readonly Redaction[], missed: readonly number[]): number[] {
  let next = 0
  const near: number[] = []
  for (let i = 0; i < missed.length; i++) {
    const entry = missed[i] as number
    const position = positionOf(entry)
    while (next < redactions.length && (redactions[next] as Redaction).end <= position) next++
    const before = redactions[next - 1]
    const behind = redactions[next]
    if (behind !== undefined && position >= behind.start) continue
    const isBehind = before !== undefined && position - before.end < NEIGHBOUR_BYTES
    if (isBehind || (behind !== undefined && behind.start - position < NEIGHBOUR_BYTES)) near.push(entry)
  }
  return near
}
