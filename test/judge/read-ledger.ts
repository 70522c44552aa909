import { DatabaseSync } from 'node:sqlite'

export interface BookedAccount {
  readonly budget: string
  readonly value: string
  readonly window: string
  readonly cap: number
  readonly committed: number
  readonly held: number
  readonly suspense: number
}
export interface BookedHolds {
  readonly open: number
  readonly suspense: number
  readonly settled: number
}

/** The ledger's file as it lies on disk, read without any code of the ledger. */
export function readLedger(path: string): { readonly accounts: readonly BookedAccount[]; readonly holds: BookedHolds } {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const accounts = database.prepare('SELECT * FROM account ORDER BY key').all()
    const holds = database.prepare('SELECT state, count(*) AS count FROM hold GROUP BY state').all()
    const countOf = (state: string): number => Number(holds.find((row) => row['state'] === state)?.['count'] ?? 0)
    return {
      accounts: accounts.map((row) => ({
        budget: String(row['budget']),
        value: String(row['value']),
        window: String(row['window']),
        cap: Number(row['cap']),
        committed: Number(row['committed']),
        held: Number(row['held']),
        suspense: Number(row['suspense']),
      })),
      holds: { open: countOf('open'), suspense: countOf('suspense'), settled: countOf('settled') },
    }
  } finally {
    database.close()
  }
}
