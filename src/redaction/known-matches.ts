import { plainText } from './decode/plain-text.ts'
import { KnownValues } from './known-values.ts'
import type { RuleType } from './rule.ts'
import { rules } from './rules.ts'
import type { Subject } from './subject.ts'
import type { Trace, TraceValues } from './trace-values.ts'
import { TRIGGER_KNOWN } from './triggers.ts'
import type { Candidates } from './triggers.ts'

/** What was found by its form or name, and is worth knowing in the rest of its trace. */
const TYPES_LEARNT: ReadonlySet<RuleType> = new Set([
  'DATE_OF_BIRTH',
  ...rules.filter(({ family }) => family === 'secrets' || family === 'identity').map(({ type }) => type),
])
const LEARNT_BYTES_MAX = 256
/** Two names and what stands between their keys. */
const HEARD_BYTES_MAX = 1_024
/** Different values that are taken up from one batch or text: what keys name beyond them is taken out where it stands, but not looked for elsewhere. */
export const heardPerBatchMax = 8_192

/**
 * Values that are taken out wherever they stand: those that everybody must not see (live secrets), and what keys have named in the trace at hand. A batch is gone through
 * once, in which values are learnt, and then `recall` tells where the learnt ones stand.
 */
export class KnownMatches {
  readonly search = {
    type: 'KNOWN',
    confidence: 0.9,
    triggers: [TRIGGER_KNOWN],
    find: (subject: Subject, at: number): boolean => this.#find(subject, at),
  }
  readonly #live: KnownValues | undefined
  readonly #traces: TraceValues | undefined
  readonly #learnt = new KnownValues()
  /** Of whom the learnt values are, and how many they had learnt by then. */
  readonly #indexed = new Map<Trace, number>()
  /** Traces that were entered since the batch began. */
  readonly #entered = new Set<Trace>()
  /** Hashes of what was said to be learnt since the batch began: most of it is said many times. */
  readonly #heard = new Set<number>()
  #trace: Trace | undefined

  constructor(live: KnownValues | undefined, traces: TraceValues | undefined) {
    this.#live = live
    this.#traces = traces
  }

  /** A batch begins, of traces that are entered later. */
  begin(): void {
    this.#entered.clear()
    this.#heard.clear()
    this.enter(undefined)
    this.#index()
  }

  /** A text alone, of the trace that was entered before. */
  beginText(): void {
    this.#entered.clear()
    this.#heard.clear()
    if (this.#trace !== undefined) this.#entered.add(this.#trace)
    this.#index()
  }

  /** What follows is of this trace. */
  enter(id: string | undefined): void {
    this.#trace = id === undefined ? undefined : this.#traces?.trace(id)
    this.#learnt.owner = this.#trace?.owner ?? 0
    if (this.#trace !== undefined) this.#entered.add(this.#trace)
  }

  /** Takes up what was learnt since the batch began; false when there is nothing. */
  recall(): boolean {
    return this.#index() && this.#learnt.size > 0
  }

  /** The values of the traces that were entered. Returns whether they are others than before. */
  #index(): boolean {
    const isSame =
      this.#indexed.size === this.#entered.size &&
      [...this.#entered].every((trace) => this.#indexed.get(trace) === trace.version)
    if (isSame) return false
    this.#learnt.clear()
    this.#indexed.clear()
    for (const trace of this.#entered) {
      for (const value of trace.values()) this.#learnt.add(value, trace.owner)
      this.#indexed.set(trace, trace.version)
    }
    return true
  }

  scan(bytes: Uint8Array, start: number, end: number, found: Candidates): void {
    this.#live?.scan(bytes, start, end, found)
    this.scanLearnt(bytes, start, end, found)
  }

  scanLearnt(bytes: Uint8Array, start: number, end: number, found: Candidates): void {
    this.#learnt.scan(bytes, start, end, found)
  }

  /** Whether a value that was learnt in the trace at hand stands at the candidate in the subject. */
  isLearntAt(subject: Subject, at: number): boolean {
    return this.#learnt.find(subject, at)
  }

  #find(subject: Subject, at: number): boolean {
    return this.#live?.find(subject, at) === true || this.#learnt.find(subject, at)
  }

  /** What a key of the trace at hand names. */
  learn(type: RuleType, bytes: Uint8Array, from: number, to: number): void {
    if (this.#trace !== undefined && to - from <= LEARNT_BYTES_MAX && this.#isNew(type, bytes, from, to))
      this.#trace.learn(type, textOf(bytes, from, to))
  }

  learnPerson(bytes: Uint8Array, givenFrom: number, givenTo: number, familyFrom: number, familyTo: number): void {
    if (familyTo - familyFrom > LEARNT_BYTES_MAX || givenTo - givenFrom > LEARNT_BYTES_MAX) return
    if (
      this.#trace !== undefined &&
      this.#isNew('', bytes, Math.min(givenFrom, familyFrom), Math.max(givenTo, familyTo))
    )
      this.#trace.learnPerson(textOf(bytes, givenFrom, givenTo), textOf(bytes, familyFrom, familyTo))
  }

  /** Not learnt in this batch already; false when there is too much to learn. */
  #isNew(type: RuleType, bytes: Uint8Array, from: number, to: number): boolean {
    if (this.#heard.size >= heardPerBatchMax || to - from > HEARD_BYTES_MAX) return false
    let hash = (this.#trace?.owner ?? 0) + type.length
    for (let at = from; at < to; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
    if (this.#heard.has(hash)) return false
    this.#heard.add(hash)
    return true
  }

  /** What rules have found. */
  learnFound(bytes: Uint8Array, redactions: readonly FoundValue[]): void {
    if (this.#trace === undefined) return
    for (const { type, start, end, confidence, text } of redactions) {
      if (type === 'PERSON' ? confidence < NAME_CONFIDENCE_MIN : !TYPES_LEARNT.has(type)) continue
      const found = text ?? bytes.subarray(start, end)
      if (type !== 'PERSON') this.learn(type, found, 0, found.length)
      else if (found.length <= LEARNT_BYTES_MAX && this.#isNew(type, found, 0, found.length))
        this.#trace.learnWholeName(textOf(found, 0, found.length))
    }
  }
}

/** A name that is less sure is taken out where it stands, and not looked for elsewhere: what is none would spread. */
const NAME_CONFIDENCE_MIN = 0.75

interface FoundValue {
  readonly type: RuleType
  readonly confidence: number
  readonly start: number
  readonly end: number
  readonly text?: Uint8Array
}

const decoder = new TextDecoder()

function textOf(bytes: Uint8Array, from: number, to: number): string {
  const plain = plainText(bytes, from, to)
  return decoder.decode(plain === undefined ? bytes.subarray(from, to) : plain.bytes)
}
