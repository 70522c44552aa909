import type { DatabaseSync } from 'node:sqlite'

/** What of the limits whose keys begin so is counted in the ledger's file: `max` keys, in their order. */
export function rateKeys(database: DatabaseSync, prefix: string, max: number): string[] {
  const range = [prefix, `${prefix}\u{10ffff}`]
  return database
    .prepare(KEYS)
    .all(...range, ...range, ...range, max)
    .map((row) => String(row['key']))
}

const KEYS = ['rate_log', 'rate_count', 'rate_slot']
  .map((table) => `SELECT key FROM ${table} WHERE key >= ? AND key < ?`)
  .join(' UNION ')
  .concat(' ORDER BY key LIMIT ?')
