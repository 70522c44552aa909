import { createHmac, randomBytes } from 'node:crypto'
import { RefusedError } from '../../component.ts'
import type { HtpasswdEntry } from './htpasswd.ts'

/** Results that are remembered, of good and of bad passwords: as keyed hashes, the newest. */
const RESULTS_MAX = 1000
/** Checks that wait for their turn; a further one is told to come again. */
const WAITING_MAX = 16

/**
 * Checks names and passwords. A hash that is slow by intention is computed once for each password, one at a time; who guesses in between waits, those who are
 * known don't.
 */
export class PasswordChecker {
  /** Of this process only: what is remembered is of no use elsewhere. */
  readonly #key = randomBytes(32)
  readonly #results = new Map<string, boolean>()
  readonly #checks = new Map<string, Promise<boolean>>()
  #last: Promise<unknown> = Promise.resolve()
  #entries: ReadonlyMap<string, HtpasswdEntry> = new Map()

  use(entries: ReadonlyMap<string, HtpasswdEntry>): void {
    this.#entries = entries
  }

  /** At once when the result is known. Throws RefusedError `busy` when too many wait. */
  accepts(user: string, password: string): boolean | Promise<boolean> {
    const known = this.#entries.get(user)
    // An unknown name costs as much as a wrong password: else the time would tell which names there are.
    const [entry = known] = known === undefined ? this.#entries.values() : [known]
    if (entry === undefined) return false
    const id = this.#idOf(user, password, entry)
    const result = this.#results.get(id)
    if (result !== undefined) return result
    const running = this.#checks.get(id)
    if (running !== undefined) return running
    if (this.#checks.size >= WAITING_MAX) {
      throw new RefusedError('busy', 'too many passwords are being checked', { retryAfterMs: 1000 })
    }
    const check = this.#last.then(async () => {
      try {
        return this.#remember(id, (await entry.matches(password)) && known !== undefined)
      } finally {
        this.#checks.delete(id)
      }
    })
    this.#checks.set(id, check)
    this.#last = check.catch(() => {})
    return check
  }

  #idOf(user: string, password: string, { encoded }: HtpasswdEntry): string {
    const parts = [user, password, encoded].map((part) => `${Buffer.byteLength(part)}:${part}`)
    return createHmac('sha256', this.#key).update(parts.join('')).digest('base64')
  }

  #remember(id: string, result: boolean): boolean {
    this.#results.set(id, result)
    if (this.#results.size > RESULTS_MAX) {
      const [oldest] = this.#results.keys()
      if (oldest !== undefined) this.#results.delete(oldest)
    }
    return result
  }
}
