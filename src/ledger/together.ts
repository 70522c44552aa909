import type { DatabaseSync } from 'node:sqlite'

/** Runs the changes in one transaction, so that they cost one sync; within another they are part of it. None is there when one of them throws. */
export function together<T>(database: DatabaseSync, change: () => T): T {
  if (database.isTransaction) return change()
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = change()
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
