import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import * as z from 'zod'
import { KILL_TEXT_CHARACTERS_MAX } from '../../../ledger/kill-book.ts'
import type { KillEntry, KillOrder } from '../../../ledger/kill-book.ts'

/** Stops that the ledger could not take; one more stops the fleet: nothing that was to be stopped may run because there is no room. */
const STOPS_MAX = 1000

/** Where a stop is written: `file` is in place of the ledger until it can be written, `memory` where no file can be either. */
export type StopKept = 'ledger' | 'file' | 'memory'

/** Stops that are in force while the ledger can't be written, because another process has locked it or its disk is full. In a file of their own they outlive a restart. */
export class UnwrittenStops {
  readonly #path: string
  readonly #now: () => number
  #entries: KillEntry[]
  #isOnDisk = true

  constructor(path: string, now: () => number) {
    this.#path = path
    this.#now = now
    this.#entries = this.#read()
  }

  all(): readonly KillEntry[] {
    return this.#entries
  }

  add(order: KillOrder): KillEntry {
    const isFull = this.#entries.length >= STOPS_MAX && order.scope !== 'fleet'
    const { scope, value, reason, person } = isFull
      ? { ...order, scope: 'fleet' as const, value: 'fleet', reason: `more than ${STOPS_MAX} things are stopped` }
      : order
    const [why, who] = [reason, person].map((text) => text.trim().slice(0, KILL_TEXT_CHARACTERS_MAX))
    const named = scope === 'fleet' ? 'fleet' : value
    const known = this.#entries.find((one) => one.scope === scope && one.value === named)
    if (known !== undefined) return known
    const at = Math.floor(this.#now())
    const entry = {
      scope,
      value: named,
      state: 'stopped',
      reason: why ?? '',
      person: who ?? '',
      at,
      change: 0,
    } as const
    this.#entries = [...this.#entries, entry]
    this.#write()
    return entry
  }

  /** They are in the ledger now, all of them. */
  clear(): void {
    if (this.#entries.length === 0) return
    this.#entries = []
    this.#write()
  }

  kept(scope: string, value: string): StopKept {
    if (!this.#entries.some((one) => one.scope === scope && one.value === value)) return 'ledger'
    return this.#isOnDisk ? 'file' : 'memory'
  }

  #read(): KillEntry[] {
    let text: string
    try {
      text = readFileSync(this.#path, 'utf8')
    } catch (error) {
      return isMissing(error) ? [] : [this.#unreadable()]
    }
    try {
      return z.array(shape).parse(JSON.parse(text))
    } catch {
      return [this.#unreadable()]
    }
  }

  /** Something was stopped, and nobody knows what. */
  #unreadable(): KillEntry {
    const reason = `what is stopped can't be read in ${this.#path}`
    return {
      scope: 'fleet',
      value: 'fleet',
      state: 'stopped',
      reason,
      person: 'spanwarden',
      at: this.#now(),
      change: 0,
    }
  }

  #write(): void {
    try {
      if (this.#entries.length === 0) rmSync(this.#path, { force: true })
      else writeSynced(this.#path, JSON.stringify(this.#entries))
      this.#isOnDisk = true
    } catch {
      this.#isOnDisk = false
    }
  }
}

function writeSynced(path: string, text: string): void {
  const file = openSync(`${path}.new`, 'w', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(`${path}.new`, path)
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'

const shape = z.object({
  scope: z.enum(['fleet', 'agent', 'tenant', 'run', 'tool', 'model']),
  value: z.string(),
  state: z.literal('stopped'),
  reason: z.string(),
  person: z.string(),
  at: z.number(),
  change: z.number(),
})
