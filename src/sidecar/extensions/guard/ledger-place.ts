import { existsSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Ledger } from '../../../ledger/ledger.ts'

/** In the state folder: whoever puts an older state there says so with it, before the start. */
export const RESTORED_FILE = 'RESTORED'

/** The ledger in a folder, and whether it is the file that the sidecar has written there. */
export class LedgerPlace {
  readonly #path: string
  readonly #restored: string

  constructor(stateFolder: string) {
    this.#path = join(stateFolder, 'ledger.db')
    this.#restored = join(stateFolder, RESTORED_FILE)
  }

  /**
   * Why the books may be older than what was spent; undefined when nothing speaks for it. A file that was put there from a backup was made later than the one that
   * the ledger remembers to be: no copy keeps that time.
   */
  problem({ database }: Ledger): string | undefined {
    if (existsSync(this.#restored)) return `the file ${RESTORED_FILE} is in the state folder`
    const known = database.prepare(KNOWN).get()?.['value']
    const born = this.#born()
    return known === undefined || born === undefined || known === born ? undefined : 'ledger.db is a copy'
  }

  /** From now on this is the file. */
  accept(ledger: Ledger): void {
    ledger.together(() => ledger.database.exec(FORGET))
    this.remember(ledger)
    rmSync(this.#restored, { force: true })
  }

  /** To be called when it was written to: what is new can't be told from what does not tell. */
  remember(ledger: Ledger): void {
    if (ledger.database.prepare(KNOWN).get() !== undefined) return
    const born = this.#born()
    if (born !== undefined) ledger.together(() => ledger.database.prepare(REMEMBER).run(born))
  }

  /** In microseconds. Where the file system does not tell, it is 0, or the time of the last change. */
  #born(): number | undefined {
    const { birthtimeNs, ctimeNs } = statSync(this.#path, { bigint: true })
    return birthtimeNs <= 0n || birthtimeNs === ctimeNs ? undefined : Number(birthtimeNs / 1000n)
  }
}

const KNOWN = `SELECT value FROM meta WHERE key = 'born'`
const FORGET = `DELETE FROM meta WHERE key = 'born'`
const REMEMBER = `INSERT INTO meta VALUES ('born', ?)`
