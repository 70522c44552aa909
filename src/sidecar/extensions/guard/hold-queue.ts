import type { GuardPeer } from '../../../control/guard-server.ts'
import type { Hold } from '../../../control/guard-messages.ts'

/** Holds that wait; further ones are denied at once. */
export const WAITING_HOLDS_MAX = 2000

export interface WaitingHold {
  readonly peer: GuardPeer
  readonly message: Hold
  /** Key of the account that has no room now. */
  key: string
  /** Gives up the deadline. */
  readonly cancel: () => void
}

/** Holds for which only other open holds leave no room: first come, first served, in each account. */
export class HoldQueue {
  readonly #byAccount = new Map<string, Set<WaitingHold>>()
  readonly #byId = new Map<string, WaitingHold>()

  get size(): number {
    return this.#byId.size
  }

  isFull(): boolean {
    return this.#byId.size >= WAITING_HOLDS_MAX
  }

  isWaitedFor(key: string): boolean {
    return this.#byAccount.has(key)
  }

  find(id: string): WaitingHold | undefined {
    return this.#byId.get(id)
  }

  /** The accounts, and for each who waits, the first first. A snapshot. */
  lines(): WaitingHold[][] {
    return Array.from(this.#byAccount.values(), (line) => [...line])
  }

  add(waiting: WaitingHold): void {
    this.remove(waiting.message.id)
    this.#byId.set(waiting.message.id, waiting)
    this.#enter(waiting)
  }

  /** At the end of the line of another account. */
  move(waiting: WaitingHold, key: string): void {
    if (waiting.key === key || this.#byId.get(waiting.message.id) !== waiting) return
    this.#leave(waiting)
    waiting.key = key
    this.#enter(waiting)
  }

  remove(id: string): WaitingHold | undefined {
    const waiting = this.#byId.get(id)
    if (waiting === undefined) return undefined
    waiting.cancel()
    this.#byId.delete(id)
    this.#leave(waiting)
    return waiting
  }

  removeOf(peer: GuardPeer): void {
    for (const { peer: own, message } of this.#byId.values()) if (own === peer) this.remove(message.id)
  }

  #enter(waiting: WaitingHold): void {
    const line = this.#byAccount.get(waiting.key) ?? new Set()
    line.add(waiting)
    this.#byAccount.set(waiting.key, line)
  }

  #leave(waiting: WaitingHold): void {
    const line = this.#byAccount.get(waiting.key)
    line?.delete(waiting)
    if (line?.size === 0) this.#byAccount.delete(waiting.key)
  }
}
