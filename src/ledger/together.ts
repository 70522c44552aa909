import type { DatabaseSync } from 'node:sqlite'

/**
 * How long a change waits for another process that writes: nothing else is done meanwhile. Another one that writes 4 MB of the log back into the file takes
 * 110 to 160 ms.
 */
export const BUSY_TIMEOUT_MS = 250

/** Another process holds a lock on the ledger's file: nothing was written, and it can be tried again. */
export class LedgerLockedError extends Error {
  override readonly name = 'LedgerLockedError'

  constructor(cause: unknown) {
    super('another process holds a lock on ledger.db (a backup, a sqlite3 shell): end it', { cause })
  }
}

/** Files that were locked when they were asked last: one wait is enough, from then on they are only asked. */
const locked = new WeakSet<DatabaseSync>()

/**
 * Runs the changes in one transaction, so that they cost one sync; within another they are part of it. None is there when one of them throws. Throws
 * LedgerLockedError.
 */
export function together<T>(database: DatabaseSync, change: () => T): T {
  if (database.isTransaction) return change()
  begin(database)
  try {
    const result = change()
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function begin(database: DatabaseSync): void {
  try {
    database.exec('BEGIN IMMEDIATE')
  } catch (error) {
    if (!isBusy(error)) throw error
    if (!locked.has(database)) database.exec('PRAGMA busy_timeout = 0')
    locked.add(database)
    throw new LedgerLockedError(error)
  }
  if (locked.delete(database)) database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
}

/** SQLITE_BUSY, and what is told with more of it in the higher bits. */
export const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5
