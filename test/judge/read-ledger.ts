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

export interface Books {
  readonly accounts: readonly BookedAccount[]
  readonly holds: BookedHolds
}

/** The ledgers of all sidecars as they lie on disk, read without any code of the ledger. */
export function readLedgers(paths: readonly string[]): Books {
  const books = paths.map(readLedger)
  const sumOf = (state: keyof BookedHolds): number => books.reduce((sum, { holds }) => sum + holds[state], 0)
  return {
    accounts: books.flatMap(({ accounts }) => accounts),
    holds: { open: sumOf('open'), suspense: sumOf('suspense'), settled: sumOf('settled') },
  }
}

function readLedger(path: string): Books {
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
