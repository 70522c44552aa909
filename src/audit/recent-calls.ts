import type { AuditRecord } from './audit-line.ts'

export interface RecentCall {
  readonly attempt?: AuditRecord | undefined
  readonly outcome?: AuditRecord | undefined
}

/** Outcomes whose attempts are looked for; of more, the newest are forgotten first. */
const OPEN_OUTCOMES_MAX = 100_000

/** The newest calls of one kind, from lines that are handed in from the newest to the oldest. */
export class RecentCalls {
  readonly #countMax: number
  readonly #outcomes = new Map<string, AuditRecord>()
  readonly #calls: RecentCall[] = []

  constructor(countMax: number) {
    this.#countMax = countMax
  }

  get isFull(): boolean {
    return this.#calls.length >= this.#countMax
  }

  addOlder(record: AuditRecord): void {
    const id = idOf(record)
    if (this.isFull) {
      if (record.event === 'attempt') this.#outcomes.delete(id)
      return
    }
    const outcome = this.#outcomes.get(id)
    if (record.event === 'attempt') {
      this.#outcomes.delete(id)
      this.#calls.push({ attempt: record, outcome })
    } else if (outcome === undefined && this.#outcomes.size < OPEN_OUTCOMES_MAX) this.#outcomes.set(id, record)
  }

  /** Attempts that were there, and are older than what is looked for: their outcomes are no calls without an attempt. */
  pass(calls: Iterable<string>): void {
    for (const id of calls) this.#outcomes.delete(id)
  }

  /** Of the whole log, an outcome without an attempt is a call, too: the line of the attempt was lost. */
  calls(isWhole: boolean): readonly RecentCall[] {
    if (!isWhole || this.#outcomes.size === 0) return this.#calls
    const orphans = [...this.#outcomes.values()].map((outcome): RecentCall => ({ outcome }))
    return [...this.#calls, ...orphans].sort((a, b) => seqOf(b) - seqOf(a)).slice(0, this.#countMax)
  }

  ring(): CallRing {
    return new CallRing(this.#countMax)
  }
}

/** The last calls of a file that is read from its beginning. */
export class CallRing {
  readonly #countMax: number
  readonly #calls = new Map<string, { readonly attempt: AuditRecord; outcome?: AuditRecord }>()
  /** Their attempts are in an older file. */
  readonly #others = new Map<string, AuditRecord>()
  /** Calls of which newer ones took the place; of more, the last are not remembered. */
  readonly passed = new Set<string>()
  #isFull = false
  firstSeq = Infinity

  constructor(countMax: number) {
    this.#countMax = countMax
  }

  add(record: AuditRecord): void {
    this.firstSeq = Math.min(this.firstSeq, record.seq)
    const id = idOf(record)
    const call = this.#calls.get(id)
    if (record.event === 'attempt') {
      this.#calls.set(id, { attempt: record })
      if (this.#calls.size <= this.#countMax) return
      const [oldest = ''] = this.#calls.keys()
      this.#calls.delete(oldest)
      if (this.passed.size < OPEN_OUTCOMES_MAX) this.passed.add(oldest)
      this.#isFull = true
    } else if (call !== undefined) call.outcome = record
    // With enough calls of this file, none of an older one is looked for.
    else if (!this.#isFull && this.#others.size < OPEN_OUTCOMES_MAX) this.#others.set(id, record)
  }

  /** From the newest line to the oldest. */
  backwards(): AuditRecord[] {
    const records = [...this.#others.values()]
    for (const { attempt, outcome } of this.#calls.values()) records.push(attempt, ...(outcome ? [outcome] : []))
    return records.sort((a, b) => b.seq - a.seq)
  }
}

const seqOf = ({ attempt, outcome }: RecentCall): number => (attempt ?? outcome)?.seq ?? 0

const idOf = ({ fields }: AuditRecord): string => (typeof fields['call'] === 'string' ? fields['call'] : '')
