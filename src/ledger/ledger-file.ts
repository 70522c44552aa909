import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { loadSqlite } from '../sqlite/load-sqlite.ts'
import { NANO_USD_MAX } from './nano-usd.ts'
import { BUSY_TIMEOUT_MS, isBusy, LedgerLockedError } from './together.ts'

/** Goes up with every change of the tables. */
export const LEDGER_VERSION = 3

/**
 * Opens the ledger's file, 0600 in a folder of 0700, and makes its tables. Every commit is synced to disk. Throws when it is of a newer version, or damaged;
 * LedgerLockedError after `waitMs`.
 */
export function openLedgerFile(path: string, waitMs: number = BUSY_TIMEOUT_MS): DatabaseSync {
  if (path !== ':memory:') {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600))
  }
  const { DatabaseSync } = loadSqlite()
  const database = new DatabaseSync(path, { timeout: waitMs })
  try {
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0)
    if (version > LEDGER_VERSION)
      throw new Error(`${path} is of version ${version}, this program knows ${LEDGER_VERSION}: run the newer program`)
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA journal_size_limit = 4194304;
      BEGIN;
      ${TABLES}
      ${READABLE}
      PRAGMA user_version = ${LEDGER_VERSION};
      COMMIT;
      PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
    `)
    return database
  } catch (error) {
    database.close()
    throw isBusy(error) ? new LedgerLockedError(error) : error
  }
}

/*
 * account: a budget of one scope in one window (account.ts); ends_at 0 = never. hold: what a call, or a slice that a process spends by itself, may cost;
 * amount is what is left of it, and in suspense what is taken for spent. process: whose holds are alive, and until when. Times in Unix ms, money in nano-USD.
 *
 * Since version 2 (what a file of version 1 does not have is made empty): rate_call: a call that was admitted, and what it took of each limit; rate_log: the
 * calls in a sliding window; rate_count: the state of a limit without a log, or the calls of a day; rate_slot: calls under way. kill: what is not running.
 * past_run: what runs of an agent were like. Since version 3: audit_mark: how far the audit log has come, in one row.
 */
const TABLES = `
CREATE TABLE IF NOT EXISTS account (
  key TEXT PRIMARY KEY, budget TEXT NOT NULL, scope TEXT NOT NULL, value TEXT NOT NULL, window TEXT NOT NULL, ends_at INTEGER NOT NULL,
  cap INTEGER NOT NULL, committed INTEGER NOT NULL, held INTEGER NOT NULL, suspense INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS account_by_end ON account (ends_at);
CREATE INDEX IF NOT EXISTS account_by_budget ON account (budget, ends_at);
CREATE TABLE IF NOT EXISTS hold (
  id TEXT PRIMARY KEY, amount INTEGER NOT NULL, accounts TEXT NOT NULL, process TEXT NOT NULL, model TEXT NOT NULL, trace TEXT NOT NULL,
  span TEXT NOT NULL, step INTEGER NOT NULL, state TEXT NOT NULL, created INTEGER NOT NULL, ended INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS hold_by_state ON hold (state, created);
CREATE TABLE IF NOT EXISTS process (id TEXT PRIMARY KEY, lease_until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rate_call (
  id TEXT PRIMARY KEY, at INTEGER NOT NULL, state TEXT NOT NULL, taken TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rate_call_by_time ON rate_call (at);
CREATE TABLE IF NOT EXISTS rate_log (key TEXT, at INTEGER, id TEXT, PRIMARY KEY (key, at, id)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rate_log_by_time ON rate_log (at);
CREATE TABLE IF NOT EXISTS rate_count (
  key TEXT, window TEXT, value INTEGER NOT NULL, ends_at INTEGER NOT NULL, PRIMARY KEY (key, window)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rate_slot (key TEXT, id TEXT, process TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (key, id)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS kill (
  scope TEXT, value TEXT, state TEXT NOT NULL, reason TEXT NOT NULL, person TEXT NOT NULL, at INTEGER NOT NULL, changes INTEGER NOT NULL,
  PRIMARY KEY (scope, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS past_run (
  agent TEXT NOT NULL, ended_at INTEGER NOT NULL, nano_usd INTEGER NOT NULL, wall_ms REAL NOT NULL, minutes INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS past_run_by_agent ON past_run (agent, ended_at);
CREATE TABLE IF NOT EXISTS audit_mark (one INTEGER PRIMARY KEY, seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`

/** Sums that a release before this one wrote and no program can read: it failed on them at each start. */
const READABLE = `
UPDATE account SET committed = min(committed, ${NANO_USD_MAX}), suspense = min(suspense, ${NANO_USD_MAX})
  WHERE committed > ${NANO_USD_MAX} OR suspense > ${NANO_USD_MAX};
UPDATE past_run SET nano_usd = min(nano_usd, ${NANO_USD_MAX}) WHERE nano_usd > ${NANO_USD_MAX};
`
