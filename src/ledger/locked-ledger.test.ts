import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, test } from 'vitest'
import { Ledger } from './ledger.ts'
import { BUSY_TIMEOUT_MS, LedgerLockedError } from './together.ts'

const open: { close(): void }[] = []
afterEach(() => {
  for (const one of open.splice(0)) one.close()
})
const path = (): string => join(mkdtempSync(join(tmpdir(), 'spanwarden-')), 'ledger.db')
const opened = <T extends { close(): void }>(one: T): T => {
  open.push(one)
  return one
}
const waitOf = (ledger: Ledger): unknown => ledger.database.prepare('PRAGMA busy_timeout').get()?.['timeout']

test('a lock of another process is waited for once, and what could not be written can be when it is gone', () => {
  const file = path()
  const ledger = opened(new Ledger({ path: file, now: () => 1000 }))
  const other = opened(new DatabaseSync(file))
  other.exec('BEGIN IMMEDIATE')
  expect(waitOf(ledger)).toBe(BUSY_TIMEOUT_MS)
  expect(() => ledger.renew('p', 2000)).toThrow(LedgerLockedError)
  expect(waitOf(ledger)).toBe(0)
  expect(() => ledger.renew('p', 2000)).toThrow(LedgerLockedError)
  // What is read goes on.
  expect([ledger.holds(), ledger.isRecovering]).toEqual([[], false])
  other.exec('ROLLBACK')
  ledger.renew('p', 2000)
  expect(waitOf(ledger)).toBe(BUSY_TIMEOUT_MS)
})

test('a ledger that is locked can not be opened, and can when it is not', () => {
  const file = path()
  new Ledger({ path: file, now: () => 0 }).close()
  const other = opened(new DatabaseSync(file))
  other.exec('BEGIN IMMEDIATE')
  expect(() => new Ledger({ path: file, waitMs: 0, now: () => 0 })).toThrow(LedgerLockedError)
  other.exec('ROLLBACK')
  expect(waitOf(opened(new Ledger({ path: file, waitMs: 0, now: () => 0 })))).toBe(BUSY_TIMEOUT_MS)
})
