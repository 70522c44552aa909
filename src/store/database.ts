import { closeSync, openSync, renameSync, rmSync } from 'node:fs'
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { loadSqlite } from '../sqlite/load-sqlite.ts'

/** Goes up with every change of the tables. */
export const STORE_VERSION = 2

/** How long a write waits for another process that writes to the same file. */
const BUSY_TIMEOUT_MS = 250

export type Row = Readonly<Record<string, SQLOutputValue>>

/** What to do with a file of another version, or one that is broken: its content is recent telemetry, so a fresh file takes its place. */
export interface SetAside {
  readonly reason: string
  readonly file: string
}

/**
 * Opens the store's file, 0600, and makes the tables. A file that cannot be used (other version, damaged) is renamed to `<path>.<suffix>` and
 * reported through `onSetAside`. Throws when the file can't be opened or created.
 */
export function openDatabase(path: string, suffix: string, onSetAside: (what: SetAside) => void): DatabaseSync {
  closeSync(openSync(path, 'a', 0o600))
  let reason = 'it is damaged'
  let database: DatabaseSync | undefined
  try {
    database = connect(path)
    const version = numberOf(database.prepare('PRAGMA user_version').get(), 'user_version')
    if (version === STORE_VERSION || version === 0) return prepareTables(database)
    reason = `its version is ${version}, this program writes version ${STORE_VERSION}`
    database.close()
  } catch (error) {
    if (database?.isOpen === true) database.close()
    if (!isDamage(error)) throw error
  }
  const file = `${path}.${suffix}`
  renameSync(path, file)
  for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true })
  onSetAside({ reason, file })
  closeSync(openSync(path, 'a', 0o600))
  return prepareTables(connect(path))
}

/** For a second process, such as a command that only looks. Throws when there is no file. */
export function openReadOnly(path: string): DatabaseSync {
  const { DatabaseSync } = loadSqlite()
  return new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
}

function connect(path: string): DatabaseSync {
  const { DatabaseSync } = loadSqlite()
  return new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
}

const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26
function isDamage(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'errcode' in error ? error.errcode : undefined
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB
}

function prepareTables(database: DatabaseSync): DatabaseSync {
  // auto_vacuum has to come before the first table, or it has no effect.
  database.exec(`
    PRAGMA auto_vacuum = INCREMENTAL;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA journal_size_limit = 16777216;
    PRAGMA temp_store = MEMORY;
    BEGIN;
    ${TABLES}
    PRAGMA user_version = ${STORE_VERSION};
    COMMIT;
  `)
  return database
}

/*
 * span: what the waterfall needs, small rows in the order of the run. body: the span as it came over the wire, read for one span at a time.
 * origin: resource and scope of spans and log records, once for many. Amounts are billionths of a dollar, so that sums do not depend on the order.
 */
const TABLES = `
CREATE TABLE IF NOT EXISTS run (
  id INTEGER PRIMARY KEY, trace BLOB NOT NULL UNIQUE, rank TEXT NOT NULL, agent TEXT NOT NULL, service TEXT NOT NULL,
  failed INTEGER NOT NULL, error_type TEXT NOT NULL, request_start_us INTEGER NOT NULL, request_end_us INTEGER NOT NULL,
  has_root INTEGER NOT NULL, start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, seen_ms INTEGER NOT NULL, conversation TEXT NOT NULL,
  spans INTEGER NOT NULL, spans_dropped INTEGER NOT NULL, bytes INTEGER NOT NULL, model_calls INTEGER NOT NULL, unpriced_calls INTEGER NOT NULL,
  tool_calls INTEGER NOT NULL, tool_errors INTEGER NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
  cost_nano INTEGER NOT NULL, redactions INTEGER NOT NULL, loop INTEGER NOT NULL, denied INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS run_by_start ON run (start_us, trace);
CREATE INDEX IF NOT EXISTS run_by_agent ON run (agent, start_us);
CREATE INDEX IF NOT EXISTS run_by_seen ON run (seen_ms);
CREATE TABLE IF NOT EXISTS span (
  run INTEGER NOT NULL, span BLOB NOT NULL, parent BLOB NOT NULL, start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, role INTEGER NOT NULL,
  name TEXT NOT NULL, subject TEXT NOT NULL, failed INTEGER NOT NULL, error_type TEXT NOT NULL, input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL, cost_nano INTEGER, redactions INTEGER NOT NULL, body INTEGER NOT NULL, PRIMARY KEY (run, span)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS call_by_parent ON span (run, parent, role) WHERE role >= 2;
CREATE TABLE IF NOT EXISTS body (id INTEGER PRIMARY KEY, origin INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS origin (
  id INTEGER PRIMARY KEY, used_ms INTEGER NOT NULL, resource BLOB NOT NULL, scope BLOB NOT NULL, UNIQUE (resource, scope)
) STRICT;
CREATE TABLE IF NOT EXISTS log (
  id INTEGER PRIMARY KEY, trace BLOB NOT NULL, span BLOB NOT NULL, time_us INTEGER NOT NULL, digest BLOB NOT NULL, origin INTEGER NOT NULL,
  bytes BLOB NOT NULL, UNIQUE (trace, span, time_us, digest)
) STRICT;
CREATE INDEX IF NOT EXISTS log_by_time ON log (time_us);
CREATE TABLE IF NOT EXISTS series (
  id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, name TEXT NOT NULL, kind INTEGER NOT NULL, cumulative INTEGER NOT NULL,
  attributes TEXT NOT NULL, bounds TEXT NOT NULL, used_us INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS point (
  series INTEGER NOT NULL, time_us INTEGER NOT NULL, start_us INTEGER NOT NULL, value REAL NOT NULL, min REAL, max REAL, buckets BLOB,
  PRIMARY KEY (series, time_us)
) STRICT, WITHOUT ROWID;
`

/** Values of a row whose columns this folder declared itself; a missing row or NULL gives 0 or the empty value. */
export function numberOf(row: Row | undefined, column: string): number {
  const value = row?.[column]
  return typeof value === 'number' ? value : 0
}
export function numberOrNull(row: Row, column: string): number | null {
  const value = row[column]
  return typeof value === 'number' ? value : null
}
export function textOf(row: Row | undefined, column: string): string {
  const value = row?.[column]
  return typeof value === 'string' ? value : ''
}
export function bytesOf(row: Row | undefined, column: string): Buffer {
  const value = row?.[column]
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.alloc(0)
}
