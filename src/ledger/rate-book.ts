import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { gcra, gcraRate } from '../limits/rates/gcra.ts'
import { quietUntil } from '../limits/rates/quiet-hours.ts'
import { SLIDING_LOG_MAX } from '../limits/rates/rate-limit.ts'
import type { RateRef } from '../limits/rates/rate-limit.ts'
import type { LedgerClock } from './ledger-clock.ts'
import { together } from './together.ts'
import { windowAt } from './windows.ts'

/** A slot of a process that has no lease yet is its own for so long. */
export const SLOT_MS_MIN = 15_000

export interface RateRequest {
  /** Chosen by who asks, unique: asking again with it takes nothing more. */
  readonly id: string
  /** Process that calls: when its lease ends, so do its calls under way. */
  readonly process: string
  readonly refs: readonly RateRef[]
}

export type RateDenial = 'RATE_LIMITED' | 'QUIET_HOURS' | 'CLOCK_SKEW'

export type RateResult =
  | { readonly isAdmitted: true }
  | {
      readonly isAdmitted: false
      readonly code: RateDenial
      /** The limit that stands in the way, the first of several. */
      readonly ref?: RateRef
      /** When all limits would admit the call, if no other call came first; undefined when that depends on calls under way, or never comes. */
      readonly retryAfterMs?: number
    }

/** What became of an admitted call. Only a call that is known not to have been made is given back. */
export type CallEnd = 'executed' | 'unknown' | 'not_executed'

export interface RateState {
  readonly used: number
  readonly limit: number
}

/**
 * Admits calls within limits, in the ledger's file. A call counts when it is admitted; one that is denied takes nothing. All limits of a call are looked at in
 * one transaction, and it takes from all of them or from none.
 */
export class RateBook {
  readonly #database: DatabaseSync
  readonly #clock: LedgerClock
  readonly #sql: Statements

  /** Both are the ledger's. */
  constructor({ database, clock }: { readonly database: DatabaseSync; readonly clock: LedgerClock }) {
    this.#database = database
    this.#clock = clock
    this.#sql = prepare(database)
  }

  admit(request: RateRequest): RateResult {
    return this.#decide(request, true)
  }

  /** What `admit` would say now; takes nothing. */
  look(request: RateRequest): RateResult {
    return this.#decide(request, false)
  }

  #decide({ id, process, refs }: RateRequest, takes: boolean): RateResult {
    if (refs.length === 0) return { isAdmitted: true }
    return together(this.#database, () => {
      if (this.#sql.call.get(id) !== undefined) return { isAdmitted: true }
      const now = this.#clock.tick()
      if (now === undefined) return { isAdmitted: false, code: 'CLOCK_SKEW' }
      const places = refs.map((ref) => this.#place(ref, now))
      const full = places.find((place) => place.isFull)
      if (full !== undefined) return denial(full, places, now)
      if (!takes) return { isAdmitted: true }
      const taken = places.flatMap((place) => this.#take(place, id, process, now))
      this.#sql.addCall.run(id, now, JSON.stringify(taken))
      return { isAdmitted: true }
    })
  }

  /** A call has ended: its slots are free. False when it was not admitted, or had ended before. */
  end(id: string, how: CallEnd): boolean {
    return together(this.#database, () => {
      const row = this.#sql.call.get(id)
      if (row?.['state'] !== 'open') return false
      this.#sql.endCall.run(how, id)
      this.#sql.freeSlots.run(id)
      if (how === 'not_executed') for (const taken of takenIn(row['taken'])) this.#giveBack(taken, id)
      return true
    })
  }

  /** Frees the slots of processes whose lease is over; their calls go on counting. Returns how many slots were freed. */
  expire(): number {
    return together(this.#database, () => {
      const now = this.#clock.tick()
      return now === undefined ? 0 : Number(this.#sql.freeDead.run(now - SLOT_MS_MIN, now).changes)
    })
  }

  /** What of a limit is used now. */
  used({ key, rule }: RateRef): RateState {
    const now = this.#clock.atLeastLast()
    switch (rule.kind) {
      case 'quiet':
        return { used: quietUntil(rule, now) === undefined ? 0 : 1, limit: 1 }
      case 'concurrent':
        return { used: count(this.#sql.slots.get(key, now - SLOT_MS_MIN, now)), limit: rule.limit }
      case 'day':
        return { used: count(this.#sql.count.get(key, windowAt('day', now, rule.timeZone).id)), limit: rule.limit }
      case 'window': {
        if (rule.limit <= SLIDING_LOG_MAX)
          return { used: count(this.#sql.logged.get(key, now - rule.windowMs)), limit: rule.limit }
        const { intervalMicros } = gcraRate(rule.limit, rule.windowMs)
        const ahead = count(this.#sql.count.get(key, '')) - now * 1_000
        return { used: Math.max(0, Math.ceil(ahead / intervalMicros)), limit: rule.limit }
      }
    }
  }

  /** Forgets calls, and what they took, that were admitted before the time (Unix ms): it is to be earlier than the longest window. */
  prune(before: number): void {
    together(this.#database, () => {
      this.#sql.pruneLog.run(before)
      this.#sql.pruneCounts.run(before)
      this.#sql.pruneCalls.run(before)
    })
  }

  /** How a limit stands for a call that comes now. */
  #place(ref: RateRef, now: number): Place {
    const { key, rule } = ref
    switch (rule.kind) {
      case 'quiet': {
        const until = quietUntil(rule, now)
        return { ref, isFull: until !== undefined, freeAt: until ?? now }
      }
      case 'concurrent': {
        const isFull = count(this.#sql.slots.get(key, now - SLOT_MS_MIN, now)) >= rule.limit
        return { ref, isFull, freeAt: isFull ? undefined : now }
      }
      case 'day': {
        const { id: window, endsAt } = windowAt('day', now, rule.timeZone)
        const isFull = count(this.#sql.count.get(key, window)) >= rule.limit
        return { ref, isFull, freeAt: isFull ? (rule.limit > 0 ? endsAt : undefined) : now, window, endsAt }
      }
      case 'window':
        return rule.limit > SLIDING_LOG_MAX
          ? this.#gcraPlace(ref, rule.limit, rule.windowMs, now)
          : this.#logPlace(ref, rule.limit, rule.windowMs, now)
    }
  }

  /** Exact: the call that is `limit` calls back must have left the window. */
  #logPlace(ref: RateRef, limit: number, windowMs: number, now: number): Place {
    if (limit === 0) return { ref, isFull: true, freeAt: undefined }
    const oldest = this.#sql.nth.get(ref.key, limit - 1)?.['at']
    const freeAt = typeof oldest === 'number' ? oldest + windowMs : now
    return { ref, isFull: freeAt > now, freeAt: Math.max(now, freeAt), endsAt: now - windowMs }
  }

  #gcraPlace(ref: RateRef, limit: number, windowMs: number, now: number): Place {
    const tat = count(this.#sql.count.get(ref.key, ''))
    const decision = gcra(gcraRate(limit, windowMs), tat, now)
    return decision.isAdmitted
      ? { ref, isFull: false, freeAt: now, before: tat, after: decision.tat }
      : { ref, isFull: true, freeAt: now + decision.retryAfterMs }
  }

  #take(
    { ref: { key, rule }, window = '', endsAt = 0, before = 0, after = 0 }: Place,
    id: string,
    process: string,
    now: number,
  ): Taken[] {
    switch (rule.kind) {
      case 'quiet':
        return []
      case 'concurrent':
        this.#sql.addSlot.run(key, id, process, now)
        return []
      case 'day':
        this.#sql.addCount.run(key, window, endsAt)
        return [{ key, window }]
      case 'window':
        if (rule.limit > SLIDING_LOG_MAX) {
          this.#sql.setCount.run(key, after, Math.ceil(after / 1_000))
          return [{ key, before, after }]
        }
        this.#sql.dropLog.run(key, endsAt)
        this.#sql.addLog.run(key, now, id)
        return [{ key, at: now }]
    }
  }

  #giveBack({ key, window, before, after, at }: Taken, id: string): void {
    if (at !== undefined) this.#sql.unlog.run(key, at, id)
    if (window !== undefined) this.#sql.uncount.run(key, window)
    // The row of places can be put back only as it was: what came behind was let in because of it.
    if (after !== undefined && before !== undefined) this.#sql.putBack.run(before, key, after)
  }
}

interface Place {
  readonly ref: RateRef
  readonly isFull: boolean
  /** Unix ms; undefined when nobody knows. */
  readonly freeAt: number | undefined
  /** Of a day: its id. */
  readonly window?: string
  /** Of a day its end; of a sliding window the time up to which calls have left it. */
  readonly endsAt?: number
  /** The theoretical arrival time before and after the call, in microseconds. */
  readonly before?: number
  readonly after?: number
}

/** What a call took of one limit. */
interface Taken {
  readonly key: string
  readonly window?: string
  readonly at?: number
  readonly before?: number
  readonly after?: number
}

function denial({ ref }: Place, places: readonly Place[], now: number): RateResult {
  const code = ref.rule.kind === 'quiet' ? 'QUIET_HOURS' : 'RATE_LIMITED'
  const denied = { isAdmitted: false, code, ref } as const
  let at = now
  for (const { freeAt } of places) {
    if (freeAt === undefined) return denied
    at = Math.max(at, freeAt)
  }
  // Other quiet hours may have begun by then.
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const later = Math.max(
      at,
      ...places.map(({ ref: { rule } }) => (rule.kind === 'quiet' && quietUntil(rule, at)) || at),
    )
    if (later === at) return { ...denied, retryAfterMs: at - now }
    at = later
  }
  return denied
}

/** Quiet hours that follow one another without a gap are followed so often. */
const ROUNDS_MAX = 8

const count = (row: Record<string, unknown> | undefined): number => {
  const value = row?.['value']
  return typeof value === 'number' ? value : 0
}

/** Written by this file only. */
const takenIn = (text: unknown): Taken[] => JSON.parse(String(text)) as Taken[]

type Statements = { readonly [Name in keyof typeof SQL]: StatementSync }

/** A process is alive while its lease is, and at first without one. */
const ALIVE = `(at > ? OR process IN (SELECT id FROM process WHERE lease_until > ?))`

const SQL = {
  call: 'SELECT * FROM rate_call WHERE id = ?',
  addCall: `INSERT INTO rate_call VALUES (?, ?, 'open', ?)`,
  endCall: 'UPDATE rate_call SET state = ? WHERE id = ?',
  nth: 'SELECT at FROM rate_log WHERE key = ? ORDER BY at DESC LIMIT 1 OFFSET ?',
  logged: 'SELECT count(*) AS value FROM rate_log WHERE key = ? AND at > ?',
  addLog: 'INSERT INTO rate_log VALUES (?, ?, ?)',
  dropLog: 'DELETE FROM rate_log WHERE key = ? AND at <= ?',
  unlog: 'DELETE FROM rate_log WHERE key = ? AND at = ? AND id = ?',
  count: 'SELECT value FROM rate_count WHERE key = ? AND window = ?',
  addCount: 'INSERT INTO rate_count VALUES (?, ?, 1, ?) ON CONFLICT (key, window) DO UPDATE SET value = value + 1',
  setCount: `INSERT INTO rate_count VALUES (?, '', ?, ?) ON CONFLICT (key, window) DO UPDATE SET value = excluded.value, ends_at = excluded.ends_at`,
  uncount: 'UPDATE rate_count SET value = value - 1 WHERE key = ? AND window = ? AND value > 0',
  putBack: `UPDATE rate_count SET value = ? WHERE key = ? AND window = '' AND value = ?`,
  slots: `SELECT count(*) AS value FROM rate_slot WHERE key = ? AND ${ALIVE}`,
  addSlot: 'INSERT INTO rate_slot VALUES (?, ?, ?, ?)',
  freeSlots: 'DELETE FROM rate_slot WHERE id = ?',
  freeDead: `DELETE FROM rate_slot WHERE NOT ${ALIVE}`,
  pruneLog: 'DELETE FROM rate_log WHERE at < ?',
  pruneCounts: 'DELETE FROM rate_count WHERE ends_at < ?',
  pruneCalls: 'DELETE FROM rate_call WHERE at < ? AND id NOT IN (SELECT id FROM rate_slot)',
} as const

const prepare = (database: DatabaseSync): Statements => {
  const made: Partial<Record<keyof typeof SQL, StatementSync>> = {}
  for (const [name, text] of Object.entries(SQL)) made[name as keyof typeof SQL] = database.prepare(text)
  return made as Statements
}
