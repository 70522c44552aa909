import { SPELLED } from './decode/spelled-sign.ts'
import { isGlued } from './glued.ts'
import { KeyedMatches } from './keys/keyed-matches.ts'
import { blockedTypes, PathRules } from './keys/path-rules.ts'
import type { PathGlobs } from './keys/path-rules.ts'
import { KnownMatches } from './known-matches.ts'
import { LIVE_TYPE } from './known-values.ts'
import type { KnownValues } from './known-values.ts'
import { LIMIT_TYPE, Placeholders } from './placeholders.ts'
import type { RuleType } from './rule.ts'
import { RuleSearch } from './rule-search.ts'
import { rules as allRules } from './rules.ts'
import { createScanner } from './scanner.ts'
import { mergeCandidates, noCandidates, positionOf, SCAN_BYTES_MAX } from './triggers.ts'
import type { Candidates, Scan } from './triggers.ts'
import type { TraceValues } from './trace-values.ts'
import { utf16Length } from './utf16-length.ts'
import { ValueRedactor } from './value-redactor.ts'
import type { WordList } from './word-list.ts'

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
  /** Values that are taken out wherever they stand. */
  readonly live?: KnownValues
  /** Memory of what keys name in each trace: it is taken out wherever it stands in the trace (`enterTrace`). */
  readonly traces?: TraceValues
  /** The scanner, for tests. */
  readonly createScanner?: (words: WordList, pairs?: readonly number[]) => Scan
}

export interface RedactionLimits {
  /** Bytes that rules may look at for each byte of a batch, on average. Beyond it values are masked as a whole. */
  readonly stepsPerByteMax: number
  /** The same for small batches: steps that every batch has. */
  readonly stepsMin: number
}

/** Real traces need about one step a byte; the most expensive text known (test) needs about 60. */
export const redactionLimits: RedactionLimits = { stepsPerByteMax: 24, stepsMin: 200_000 }

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

export type ReportMatch = (from: number, to: number, confidence?: number) => void

/** Something of the user's that is looked for beside the rules. */
export interface Pattern {
  readonly type: RuleType
  readonly confidence: number
  /** Whether bytes[start, end) may hold a match: cheap, and never a no where there is one. */
  mayMatch(bytes: Uint8Array, start: number, end: number): boolean
  /** Reports the ranges of the value bytes[start, end) that match, with a confidence where it is not the pattern's. */
  find(bytes: Uint8Array, start: number, end: number, report: ReportMatch): void
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
  /** What is asked about from now on, and the next text, is of this trace. */
  enterTrace(id: string | undefined): void
  /**
   * Where values may stand that were learnt in the batch itself, in the traces that were entered: positions, ascending. Who asks again about the values around them gets
   * all there is to replace.
   */
  recall(): readonly number[]
  /** Whether such a value, learnt in the trace that was entered last, stands at the position in the value bytes[start, end). */
  isRecalled(position: number, start: number, end: number): boolean
  /** One text alone. Offsets of the hits are UTF-16 code units of the text that was handed in. */
  redactText(text: string, label?: string): RedactedText
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

/** Shared by all values without a match. */
const NOTHING: readonly Redaction[] = []
const NO_LABEL = new Uint8Array(0)
const encoder = new TextEncoder()

/** Throws when a batch is larger than 64 MiB or an unknown rule is asked for. */
export function createRedactor(options: RedactorOptions = {}): Redactor {
  return new RuleRedactor(options)
}

class RuleRedactor implements Redactor {
  readonly #rules: RuleSearch
  readonly #keys: KeyedMatches
  readonly #known: KnownMatches
  readonly #patterns: readonly Pattern[]
  readonly #values: ValueRedactor
  readonly #limits: RedactionLimits
  readonly #scan: Scan
  readonly #candidates = noCandidates()
  /** Whether a pattern may match somewhere in the batch: then every value is looked at. */
  #hasPatterns = false
  #bytes: Uint8Array = new Uint8Array(0)
  #cursor = 0
  #cursorStart = 0

  constructor({
    rules: types,
    limits,
    createScanner: create = createScanner,
    patterns = [],
    replacement,
    isAllowed,
    paths = {},
    live,
    traces,
  }: RedactorOptions) {
    const chosen =
      types === undefined
        ? allRules.filter(({ isDefault }) => isDefault !== false)
        : allRules.filter(({ type }) => types.includes(type))
    const unknown = types?.find((type) => !chosen.some((rule) => rule.type === type))
    if (unknown !== undefined) throw new TypeError(`no redaction rule ${unknown}`)
    // What matches carry: the patterns, the rules, what is not a rule.
    const others = [...blockedTypes(paths), LIVE_TYPE]
    const names = [...patterns.map(({ type }) => type), ...allRules.map(({ type }) => type), ...others, LIMIT_TYPE]
    const indexOf = new Map([
      ...chosen.map((rule) => [rule.type, patterns.length + allRules.indexOf(rule)] as const),
      ...others.map((type) => [type, names.lastIndexOf(type)] as const),
    ])
    this.#known = new KnownMatches(live, traces)
    this.#keys = new KeyedMatches(indexOf, this.#known, new PathRules(paths))
    this.#rules = new RuleSearch([...chosen, this.#keys.search, this.#known.search, SPELLED], indexOf)
    this.#patterns = patterns
    this.#limits = { ...redactionLimits, ...limits }
    const scanRules = create(this.#rules.words, this.#rules.pairs)
    this.#scan = (bytes, start, end, found) => {
      const first = found.length
      scanRules(bytes, start, end, found)
      this.#rules.dropVain(bytes, start, end, found, first)
      this.#known.scan(bytes, start, end, found)
    }
    this.#values = new ValueRedactor({
      rules: this.#rules,
      keys: this.#keys,
      patterns,
      isAllowed,
      placeholders: new Placeholders(names, replacement),
      scan: this.#scan,
    })
  }

  get steps(): number {
    return this.#rules.subject.steps
  }

  scan(bytes: Uint8Array): void {
    this.#known.begin()
    this.#scanAll(bytes)
  }

  #scanAll(bytes: Uint8Array): void {
    if (bytes.length > SCAN_BYTES_MAX)
      throw new RangeError(`a batch of more than ${SCAN_BYTES_MAX} bytes cannot be redacted`)
    this.#bytes = bytes
    this.#candidates.length = 0
    this.#cursor = 0
    this.#cursorStart = 0
    this.#rules.subject.steps = 0
    this.#values.stepsMax = this.#limits.stepsMin + this.#limits.stepsPerByteMax * bytes.length
    this.#scan(bytes, 0, bytes.length, this.#candidates)
    this.#hasPatterns = this.#patterns.some((pattern) => pattern.mayMatch(bytes, 0, bytes.length))
  }

  redactions(start: number, end: number, label = NO_LABEL): readonly Redaction[] {
    const isQuiet = this.#nextCandidate(start) >= end && !isGlued(this.#bytes, start, end)
    if (isQuiet && label.length === 0 && !this.#isAlwaysOn) return NOTHING
    this.#rules.subject.label = label
    const redactions = this.#values.redactions({ bytes: this.#bytes, start, end }, this.#candidates, this.#cursor)
    if (redactions.length > 0) this.#known.learnFound(this.#bytes, redactions)
    return redactions
  }

  enterTrace(id: string | undefined): void {
    this.#known.enter(id)
  }

  recall(): readonly number[] {
    if (!this.#known.recall()) return []
    const found = noCandidates()
    this.#known.scanLearnt(this.#bytes, 0, this.#bytes.length, found)
    mergeCandidates(this.#candidates, found)
    this.#cursor = this.#cursorStart = 0
    return Array.from(found.entries.subarray(0, found.length), positionOf)
  }

  isRecalled(position: number, start: number, end: number): boolean {
    const { subject } = this.#rules
    subject.reset(this.#bytes, start, end)
    return this.#known.isLearntAt(subject, position)
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

  redactText(text: string, label = ''): RedactedText {
    const bytes = encoder.encode(text)
    this.#known.beginText()
    this.#scanAll(bytes)
    const labelBytes = label === '' ? NO_LABEL : encoder.encode(label)
    const decoder = new TextDecoder()
    const hits: RedactedText['hits'][number][] = []
    let redacted = ''
    let at = 0
    let unit = 0
    for (const { start, end, type, confidence, replacement } of this.redactions(0, bytes.length, labelBytes)) {
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
}

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
