import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { cleared, isSound, reserve, settled, suspended } from './account.ts'
import type { Account, BudgetDenial } from './account.ts'
import type { AccountRef } from './budget.ts'
import { LedgerClock } from './ledger-clock.ts'
import { openLedgerFile } from './ledger-file.ts'
import { BookedTotals } from './booked-totals.ts'
import { accountState, holdRow, keysIn, numberIn, openHold, textIn } from './ledger-rows.ts'
import type { HoldRow } from './ledger-rows.ts'
import { isAmount, NANO_USD_MAX } from './nano-usd.ts'
import type { NanoUsd } from './nano-usd.ts'
import { together } from './together.ts'

export interface LedgerOptions {
  /** File, made with mode 0600; `:memory:` for tests. */
  readonly path: string
  /** How long a lock of another process is waited for when it is opened. */
  readonly waitMs?: number | undefined
  /** Unix ms. */
  now(): number
}

export interface HoldRequest {
  /** Chosen by who asks, unique: asking again with it holds nothing more. */
  readonly id: string
  /** What the call can cost at most. */
  readonly amount: NanoUsd
  readonly accounts: readonly AccountRef[]
  /** Process whose lease the hold lives by. */
  readonly process: string
  /** What the call is, for whoever looks at open holds: no content. */
  readonly model?: string
  readonly trace?: string
  readonly span?: string
  /** Booked though it is beyond the caps: who asks lets the call go on in any case. */
  readonly isBeyondCap?: boolean
}

export type Denial = BudgetDenial | 'CLOCK_SKEW' | 'RECOVERING'

export type HoldResult =
  | { readonly isGranted: true }
  | { readonly isGranted: false; readonly code: Denial; readonly account?: AccountState }

/** What is known of a hold at its end. */
export interface Outcome {
  readonly spent: NanoUsd
  /** Calls whose outcome nobody knows: taken for spent, and told apart. */
  readonly unknown?: NanoUsd
}

export interface Settlement {
  /** False when it was settled before: nothing was booked. */
  readonly isBooked: boolean
  /** By how much more was spent than held: a bound did not hold. */
  readonly overBound: NanoUsd
}

export interface AccountState extends Account {
  readonly budget: string
  readonly scope: string
  readonly value: string
  readonly window: string
  readonly endsAt: number
}

export interface OpenHold {
  readonly id: string
  readonly amount: NanoUsd
  readonly process: string
  readonly model: string
  readonly createdAt: number
  readonly state: 'open' | 'suspense'
}

export interface KnownHold extends Omit<OpenHold, 'state'> {
  /** As in the file: `open`, `suspense`, `settled`. */
  readonly state: string
}

/**
 * What was spent and what may be, in a file that survives crashes: every change is a transaction that is synced to disk when it returns. One process writes;
 * everything is synchronous, and changes made inside `together` share one sync. While another process holds a lock on the file, changes throw LedgerLockedError.
 */
export class Ledger {
  /** The file, for the other books in it: what they change inside of `together` is one transaction with what the ledger does. */
  readonly database: DatabaseSync
  readonly clock: LedgerClock
  readonly booked = new BookedTotals()
  readonly #sql: Statements

  /** Throws when the file can't be opened, or is one of a newer version. A damaged one is never replaced: the spend of today is in it. */
  constructor({ path, waitMs, now }: LedgerOptions) {
    this.database = openLedgerFile(path, waitMs)
    this.clock = new LedgerClock(this.database, now)
    this.#sql = prepare(this.database)
  }

  /** Runs the changes in one transaction, so that they cost one sync. None is there when one of them throws. */
  together<T>(change: () => T): T {
    if (this.database.isTransaction) return change()
    try {
      const result = together(this.database, change)
      this.booked.commit()
      return result
    } finally {
      this.booked.rollback()
    }
  }

  /** Before something is done that a change of the ledger must follow. Throws LedgerLockedError. */
  checkUnlocked(): void {
    this.together(() => {})
  }

  /** Holds the amount in all accounts, or in none. */
  hold(request: HoldRequest): HoldResult {
    if (!isAmount(request.amount)) throw new RangeError(`a hold of ${request.amount} is none`)
    return this.together(() => this.#hold(request))
  }

  #hold(request: HoldRequest): HoldResult {
    const { id, amount, accounts: refs, process, model = '', trace = '', span = '', isBeyondCap = false } = request
    const known = this.#sql.hold.get(id)
    if (known !== undefined) return { isGranted: true }
    const at = this.clock.tick()
    if (at === undefined) return { isGranted: false, code: 'CLOCK_SKEW' }
    if (this.isRecovering) return { isGranted: false, code: 'RECOVERING' }
    const decision = reserve(
      refs.map((ref) => ({ ...this.#account(ref), ...(isBeyondCap ? { cap: NANO_USD_MAX } : {}) })),
      amount,
    )
    if (!decision.isGranted) {
      const ref = refs.find(({ key }) => key === decision.account.key) as AccountRef
      return { isGranted: false, code: decision.code, account: { ...ref, ...decision.account } }
    }
    for (const [i, account] of decision.accounts.entries())
      this.#write({ ...account, cap: refs[i]?.cap ?? account.cap }, refs[i]?.endsAt)
    const keys = JSON.stringify(refs.map(({ key }) => key))
    this.#sql.addHold.run(id, amount, keys, process, model, trace, span, at)
    return { isGranted: true }
  }

  /**
   * Books what a part of an open hold was spent on: the hold is smaller by it. `step` goes up with every call, and a step that was booked is not booked again.
   * False when nothing was booked. Throws RangeError when more is spent than is held.
   */
  spend(id: string, step: number, amount: NanoUsd): boolean {
    return this.together(() => {
      const hold = this.#open(id)
      if (hold === undefined || step <= hold.step) return false
      if (!isAmount(amount) || amount > hold.amount) throw new RangeError(`${amount} of a hold of ${hold.amount}`)
      for (const account of this.#accountsOf(hold)) this.#book(account, settled(account, amount, amount))
      this.#sql.shrink.run(hold.amount - amount, step, id)
      return true
    })
  }

  /**
   * Ends a hold, once: what it held and was not spent is free again. One that was taken for spent because nobody has said what became of it is lowered; what
   * whoever held it does not know itself is lowered by `clear` only, so that its word may come twice.
   */
  settle(id: string, { spent, unknown = 0 }: Outcome): Settlement {
    if (!isAmount(spent) || !isAmount(unknown)) throw new RangeError(`${spent} and ${unknown} are no outcome`)
    return this.together(() => {
      const at = this.clock.atLeastLast()
      const hold = this.#open(id) ?? this.#inSuspense(id)
      if (hold === undefined || hold.step === LAST_STEP) return { isBooked: false, overBound: 0 }
      for (const account of this.#accountsOf(hold)) {
        const change = hold.state === 'suspense' ? cleared : settled
        this.#book(account, change(account, hold.amount, spent, unknown))
      }
      this.#sql.end.run(unknown > 0 ? 'suspense' : 'settled', unknown > 0 ? unknown : spent, LAST_STEP, at, id)
      return { isBooked: true, overBound: Math.min(Math.max(0, spent + unknown - hold.amount), NANO_USD_MAX) }
    })
  }

  /** What was in suspense has cost so much. Throws RangeError when it is not in suspense. */
  clear(id: string, spent: NanoUsd): void {
    if (!isAmount(spent)) throw new RangeError(`${spent} is no outcome`)
    this.together(() => {
      const at = this.clock.atLeastLast()
      const hold = this.#inSuspense(id)
      if (hold === undefined) throw new RangeError(`no hold ${id} is in suspense`)
      for (const account of this.#accountsOf(hold)) this.#book(account, cleared(account, hold.amount, spent, 0))
      this.#sql.end.run('settled', spent, LAST_STEP, at, id)
    })
  }

  /** The process is alive: its holds stand until then, in Unix ms. */
  renew(process: string, until: number): void {
    this.together(() => {
      this.clock.tick()
      this.#sql.renew.run(process, until)
    })
  }

  /** Holds of processes whose lease is over, or that have none, are taken for spent. Returns their ids. */
  expire(): string[] {
    return this.together(() => {
      const at = this.clock.tick()
      if (at === undefined) return []
      const ids = this.#sql.orphans.all(at).map((row) => textIn(row, 'id'))
      for (const id of ids) this.#suspend(id, at)
      this.#sql.forget.run(at)
      return ids
    })
  }

  #suspend(id: string, at: number): void {
    const hold = this.#open(id)
    if (hold === undefined) return
    for (const account of this.#accountsOf(hold)) this.#book(account, suspended(account, hold.amount))
    this.#sql.end.run('suspense', hold.amount, hold.step, at, id)
  }

  /** Open holds and those in suspense, newest first. */
  holds(limit = 1000): OpenHold[] {
    return this.#sql.holds.all(limit).map(openHold)
  }

  /** A hold, whatever became of it. */
  find(id: string): KnownHold | undefined {
    const row = this.#sql.hold.get(id)
    if (row === undefined) return undefined
    const [amount, createdAt] = [numberIn(row, 'amount'), numberIn(row, 'created')]
    return {
      id,
      amount,
      process: textIn(row, 'process'),
      model: textIn(row, 'model'),
      createdAt,
      state: textIn(row, 'state'),
    }
  }

  /** Names of budgets with an account whose window is not over. */
  budgets(): string[] {
    return this.#sql.budgets.all(this.clock.lastMs).map((row) => textIn(row, 'budget'))
  }

  /** Of the accounts of a budget whose window is not over, that with the least left. */
  tightest(budget: string): AccountState | undefined {
    const row = this.#sql.tightest.get(budget, this.clock.lastMs)
    return row === undefined ? undefined : accountState(row)
  }

  /** Accounts of a budget whose window is not over. */
  accountsOf(budget: string, limit = 10_000): AccountState[] {
    return this.#sql.ofBudget.all(budget, this.clock.lastMs, limit).map(accountState)
  }

  /** Accounts whose window is not over, those first whose window ends first. */
  accounts(limit = 10_000): AccountState[] {
    return this.#sql.accounts.all(this.clock.lastMs, limit).map(accountState)
  }

  account(key: string): AccountState | undefined {
    const row = this.#sql.account.get(key)
    return row === undefined ? undefined : accountState(row)
  }

  /** After a restore: what was spent since the backup is not in the books, so nothing is granted until a person says what was. */
  get isRecovering(): boolean {
    return numberIn(this.#sql.meta.get('recovering'), 'value') === 1
  }

  set isRecovering(value: boolean) {
    this.together(() => this.#sql.setMeta.run('recovering', value ? 1 : 0))
  }

  /** What the books say against themselves: empty when they are in order. */
  problems(): string[] {
    return this.together(() => {
      const found = this.#sql.accounts
        .all(Number.NEGATIVE_INFINITY, -1)
        .map(accountState)
        .filter((account) => !isSound(account))
        .map(
          ({ key, committed, held, suspense }) => `${key}: committed ${committed}, held ${held}, suspense ${suspense}`,
        )
      const held = new Map<string, number>()
      for (const row of this.#sql.openHolds.all())
        for (const key of keysIn(row)) held.set(key, (held.get(key) ?? 0) + numberIn(row, 'amount'))
      for (const [key, sum] of held) {
        const account = this.account(key)
        if (account?.held !== sum) found.push(`${key}: ${account?.held ?? 0} is held, its holds are ${sum}`)
      }
      return found
    })
  }

  /**
   * Forgets accounts and holds whose window, or end, was before the time (Unix ms); those in suspense as well: their window is long over. Accounts of runs go at
   * their end, which is a while behind their last hold.
   */
  prune(before: number): void {
    this.together(() => {
      for (const row of this.#sql.oldSuspense.all(before, FORGOTTEN_MAX)) {
        const { amount, keys } = holdRow(row)
        for (const key of keys) this.#sql.lessSuspense.run(amount, key)
        this.#sql.dropHold.run(textIn(row, 'id'))
      }
      this.#sql.pruneHolds.run(before)
      this.#sql.pruneAccounts.run(before, Math.max(before, this.clock.lastMs))
    })
  }

  close(): void {
    this.database.close()
  }

  #account(ref: AccountRef): Account {
    const row = this.#sql.account.get(ref.key)
    if (row !== undefined) return { ...accountState(row), cap: ref.cap }
    this.#sql.addAccount.run(ref.key, ref.budget, ref.scope, ref.value, ref.window, ref.endsAt, ref.cap)
    return { key: ref.key, cap: ref.cap, committed: 0, held: 0, suspense: 0 }
  }

  /** `endsAt`: not before that. */
  #write({ key, cap, committed, held, suspense }: Account, endsAt = 0): void {
    this.#sql.write.run(cap, committed, held, suspense, endsAt, key)
  }

  #book(before: AccountState, after: Account): void {
    this.booked.add(before, after.committed - before.committed)
    this.#write(after)
  }

  #accountsOf({ keys }: HoldRow): AccountState[] {
    return keys.map((key) => accountState(this.#sql.account.get(key) ?? missing(key)))
  }

  #open(id: string): HoldRow | undefined {
    const hold = this.#sql.hold.get(id)
    return hold === undefined || hold['state'] !== 'open' ? undefined : holdRow(hold)
  }

  #inSuspense(id: string): HoldRow | undefined {
    const hold = this.#sql.hold.get(id)
    return hold === undefined || hold['state'] !== 'suspense' ? undefined : holdRow(hold)
  }
}

/** Of a hold whose end was told: no other step comes behind it. */
const LAST_STEP = Number.MAX_SAFE_INTEGER
/** Holds in suspense that are forgotten in one transaction; the rest goes with the next. */
const FORGOTTEN_MAX = 10_000

function missing(key: string): never {
  throw new Error(`the ledger holds money in an account that it does not have: ${key}`)
}

type Statements = { readonly [Name in keyof typeof SQL]: StatementSync }

const SQL = {
  meta: 'SELECT value FROM meta WHERE key = ?',
  setMeta: 'INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  account: 'SELECT * FROM account WHERE key = ?',
  addAccount: 'INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0)',
  write: 'UPDATE account SET cap = ?, committed = ?, held = ?, suspense = ?, ends_at = max(ends_at, ?) WHERE key = ?',
  accounts: 'SELECT * FROM account WHERE ends_at = 0 OR ends_at > ? ORDER BY ends_at, key LIMIT ?',
  budgets: 'SELECT DISTINCT budget FROM account WHERE ends_at > ?',
  ofBudget: 'SELECT * FROM account WHERE budget = ? AND (ends_at = 0 OR ends_at > ?) ORDER BY key LIMIT ?',
  tightest: `SELECT * FROM account WHERE budget = ? AND (ends_at = 0 OR ends_at > ?) ORDER BY cap - committed - held, key LIMIT 1`,
  hold: 'SELECT * FROM hold WHERE id = ?',
  addHold: `INSERT INTO hold VALUES (?, ?, ?, ?, ?, ?, ?, 0, 'open', ?, 0)`,
  shrink: 'UPDATE hold SET amount = ?, step = ? WHERE id = ?',
  end: 'UPDATE hold SET state = ?, amount = ?, step = ?, ended = ? WHERE id = ?',
  holds: `SELECT * FROM hold WHERE state IN ('open', 'suspense') ORDER BY created DESC, id DESC LIMIT ?`,
  openHolds: `SELECT * FROM hold WHERE state = 'open'`,
  renew:
    'INSERT INTO process VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET lease_until = max(lease_until, excluded.lease_until)',
  orphans: `SELECT id FROM hold WHERE state = 'open' AND process NOT IN (SELECT id FROM process WHERE lease_until > ?) ORDER BY created`,
  forget: `DELETE FROM process WHERE lease_until <= ?`,
  // A hold ends behind its beginning, which has an index: nothing else is read.
  pruneHolds: `DELETE FROM hold WHERE state = 'settled' AND created < ?1 AND ended < ?1`,
  oldSuspense: `SELECT * FROM hold WHERE state = 'suspense' AND created < ?1 AND ended < ?1 ORDER BY created LIMIT ?2`,
  // A sum that is full has lost count, and stays as it is.
  lessSuspense: `UPDATE account SET suspense = CASE suspense WHEN ${NANO_USD_MAX} THEN suspense ELSE max(0, suspense - ?) END WHERE key = ?`,
  dropHold: 'DELETE FROM hold WHERE id = ?',
  pruneAccounts: `DELETE FROM account WHERE ends_at > 0 AND held = 0 AND suspense = 0 AND (ends_at < ?1 OR (window = 'run' AND ends_at < ?2))`,
} as const

const prepare = (database: DatabaseSync): Statements => {
  const made: Partial<Record<keyof typeof SQL, StatementSync>> = {}
  for (const [name, text] of Object.entries(SQL)) made[name as keyof typeof SQL] = database.prepare(text)
  return made as Statements
}
