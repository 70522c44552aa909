import type { GuardPeer } from '../../../control/guard-server.ts'
import type { Hello } from '../../../control/guard-messages.ts'

export interface KnownProcess {
  readonly hello: Hello
  /** Came over the socket file. */
  readonly isLocal: boolean
  /** Undefined while there is no connection. */
  peer: GuardPeer | undefined
  /** Milliseconds of the monotonic clock. */
  leaseUntil: number
  /** Calls under way, when it was last heard. */
  inFlight: number
}

/** The agents' processes that are connected, or whose lease is not over: those that may call something. */
export class Processes {
  readonly #byId = new Map<string, KnownProcess>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** A connection that the process had before ends. */
  joined(peer: GuardPeer): void {
    const known = this.#byId.get(peer.hello.process)
    if (known?.peer !== undefined && known.peer !== peer) known.peer.refuse('the process has a newer connection')
    const { hello, isLocal } = peer
    this.#byId.set(hello.process, { hello, isLocal, peer, leaseUntil: known?.leaseUntil ?? 0, inFlight: 0 })
  }

  renewed(peer: GuardPeer, leaseMs: number, inFlight: number): void {
    const known = this.#byId.get(peer.hello.process)
    if (known === undefined) return
    known.leaseUntil = this.#now() + leaseMs
    known.inFlight = inFlight
  }

  left(peer: GuardPeer): void {
    const known = this.#byId.get(peer.hello.process)
    if (known?.peer === peer) known.peer = undefined
  }

  /** Forgets those that can't call anything any more. */
  alive(): KnownProcess[] {
    for (const [id, { peer, leaseUntil }] of this.#byId)
      if (peer === undefined && leaseUntil <= this.#now()) this.#byId.delete(id)
    return [...this.#byId.values()]
  }

  connected(): GuardPeer[] {
    return [...this.#byId.values()].flatMap(({ peer }) => peer ?? [])
  }

  isConnected(id: string): boolean {
    return this.#byId.get(id)?.peer !== undefined
  }

  isAlive(id: string): boolean {
    const known = this.#byId.get(id)
    return known !== undefined && (known.peer !== undefined || known.leaseUntil > this.#now())
  }
}
