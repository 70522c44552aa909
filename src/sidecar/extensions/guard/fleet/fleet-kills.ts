import type { SliceBook } from '../../../../ledger/fleet/slice-book.ts'
import type { KillBook, KillEntry } from '../../../../ledger/kill-book.ts'
import type { SignalTimes } from '../stop-progress.ts'
import { BY_RULE } from '../kill-orders.ts'
import type { Stops } from '../stops.ts'
import type { Bank } from './bank.ts'

/** Changes that one look sends. */
const CHANGES_MAX = 1000

export interface FleetKillsOptions {
  readonly bank: Bank
  readonly book: SliceBook
  readonly kill: KillBook
  readonly stops: Stops
  /** For processes of this host that do not confirm what a person has stopped. */
  signals(): SignalTimes | undefined
  /** What the fleet has stopped, or resumed. */
  applied(entry: KillEntry): void
}

/**
 * Stops and resumes of this sidecar become those of the fleet, and the other way. What was stopped here and is not known there yet is never resumed from there; a bank that was
 * lost is told all that is stopped.
 */
export class FleetKills {
  readonly #options: FleetKillsOptions
  /** As the bank has it, by scope and value: what came from there is not sent back. */
  readonly #mirror = new Map<string, KillEntry['state']>()
  #isSending = false

  constructor(options: FleetKillsOptions) {
    this.#options = options
  }

  /** Version of the bank's stops that is known here. */
  get seen(): number {
    return Number(this.#options.book.fact('kill_seen') ?? 0)
  }

  /** The bank is another one: all that it has is to be read, and all that is stopped here to be told. */
  async tellAll(): Promise<void> {
    const { bank, book, kill } = this.#options
    this.#mirror.clear()
    book.setFact('kill_seen', '0')
    const change = kill.since(0, 1_000_000).at(-1)?.change ?? 0
    for (const entry of kill.list()) await bank.setKill(entry)
    book.setFact('kill_pushed', String(change))
  }

  /** Applies what the bank has told; in force when it returns. */
  apply(entries: readonly KillEntry[]): void {
    const { book, kill, stops, signals, applied } = this.#options
    let seen = this.seen
    for (const entry of [...entries].sort((a, b) => a.change - b.change)) {
      const { scope, value, state, reason, person } = entry
      const before = this.#mirror.get(keyOf(entry))
      this.#mirror.set(keyOf(entry), state)
      seen = Math.max(seen, entry.change)
      const own = kill.entry(scope, value)
      if (state === 'running') {
        // A stop that the bank has not seen yet is newer.
        if (own === undefined || (own.change > this.#pushed && before !== own.state)) continue
        stops.resume({ scope, value, reason, person, isConfirmed: true })
      } else {
        if (own !== undefined) continue
        const times = person === BY_RULE ? undefined : signals()
        void stops.stop({ scope, value, reason }, person, 0, times).catch(() => {})
      }
      applied(entry)
    }
    book.setFact('kill_seen', String(seen))
  }

  /** What changed here since the last time. Throws RedisAwayError: the rest goes with the next look. */
  async send(): Promise<void> {
    const { bank, book, kill } = this.#options
    if (this.#isSending) return
    this.#isSending = true
    try {
      for (const entry of kill.since(this.#pushed, CHANGES_MAX)) {
        if (this.#mirror.get(keyOf(entry)) !== entry.state) {
          await bank.setKill(entry)
          this.#mirror.set(keyOf(entry), entry.state)
        }
        book.setFact('kill_pushed', String(entry.change))
      }
    } finally {
      this.#isSending = false
    }
  }

  get #pushed(): number {
    return Number(this.#options.book.fact('kill_pushed') ?? 0)
  }
}

const keyOf = ({ scope, value }: Pick<KillEntry, 'scope' | 'value'>): string => JSON.stringify([scope, value])
