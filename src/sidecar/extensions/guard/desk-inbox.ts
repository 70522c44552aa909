import type { Admit, Hello, Hold, Renew, Settle, Spend, ToolOutcome } from '../../../control/guard-messages.ts'
import type { GuardPeer } from '../../../control/guard-server.ts'
import type { Clock } from '../../component.ts'

export type Booked = Renew | Hold | Spend | Settle | Admit | ToolOutcome
export type Entry = { readonly peer: GuardPeer; readonly message: Booked | Hello }

/** Messages that wait while the ledger is locked. Beyond it connections are ended: whoever comes again says again what is not in the books. */
const WAITING_MAX = 20_000
/** Between two looks whether it still is. */
const LOCKED_MS_MIN = 50
const LOCKED_MS_MAX = 500

export interface DeskInboxOptions {
  readonly clock: Clock
  /** Nothing of the entries is in the books unless they are `booked`. `locked`: another process writes, and they can be tried again. */
  book(entries: readonly Entry[]): 'booked' | 'locked' | 'failed'
  /** It can't be booked, not by itself either. */
  failed(entry: Entry): void
  /** There is no room for it: its connection is to be ended. */
  full(entry: Entry): void
}

/** What agents have said and is not in the books yet: that of one turn of the event loop, and more while another process holds a lock on them. */
export class DeskInbox {
  readonly #options: DeskInboxOptions
  /** As much as the connections read in one turn, 64 kB each; while the books are locked, WAITING_MAX. */
  #entries: Entry[] = []
  #isDue = false
  readonly #gone = new WeakSet<GuardPeer>()
  #lockedMs = LOCKED_MS_MIN
  #cancelRetry: (() => void) | undefined
  #unlockedAt = Number.NEGATIVE_INFINITY

  constructor(options: DeskInboxOptions) {
    this.#options = options
  }

  add(entry: Entry): void {
    if (this.#cancelRetry !== undefined && this.#entries.length >= WAITING_MAX) return this.#options.full(entry)
    this.#entries.push(entry)
    this.wake()
  }

  /** Books, even nothing: there may be room for who waits. */
  wake(): void {
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => this.#flush())
  }

  /** What it has asked for it asks again over its next connection, or wants no more. */
  left(peer: GuardPeer): void {
    this.#gone.add(peer)
  }

  /** How long ago the last lock ended; 0 while there is one. */
  get unlockedMs(): number {
    return this.#cancelRetry === undefined ? this.#options.clock.monotonic() - this.#unlockedAt : 0
  }

  close(): void {
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    this.#entries = []
  }

  #flush(): void {
    this.#isDue = false
    if (this.#cancelRetry !== undefined) return
    const entries = this.#entries.splice(0)
    const result = this.#options.book(entries)
    if (result === 'locked') return this.#later(entries)
    if (this.#lockedMs > LOCKED_MS_MIN) this.#unlockedAt = this.#options.clock.monotonic()
    this.#lockedMs = LOCKED_MS_MIN
    if (result === 'booked') return
    // One of them may be at fault: each by itself.
    for (const [i, entry] of entries.entries()) {
      const single = this.#options.book([entry])
      if (single === 'locked') return this.#later(entries.slice(i))
      if (single === 'failed') this.#options.failed(entry)
    }
  }

  #later(entries: readonly Entry[]): void {
    // What was told stays, whoever told it.
    const isWanted = ({ peer, message }: Entry): boolean => TOLD.has(message.type) || !this.#gone.has(peer)
    this.#entries = [...entries, ...this.#entries].filter(isWanted)
    this.#cancelRetry = this.#options.clock.after(this.#lockedMs, () => {
      this.#cancelRetry = undefined
      this.#flush()
    })
    this.#lockedMs = Math.min(2 * this.#lockedMs, LOCKED_MS_MAX)
  }
}

const TOLD: ReadonlySet<string> = new Set(['spend', 'settle', 'outcome'])
