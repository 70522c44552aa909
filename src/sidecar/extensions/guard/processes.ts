import type { GuardPeer } from '../../../control/guard-server.ts'
import type { Hello } from '../../../control/guard-messages.ts'
import type { ProcessIdentity } from '../../../control/process-proof.ts'

export interface KnownProcess {
  readonly hello: Hello
  readonly identity: ProcessIdentity
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

  /** False for another process than the one that goes by this id: it must not speak for that, nor end its connection. */
  mayJoin({ hello, identity }: GuardPeer): boolean {
    const known = this.isAlive(hello.process) ? this.#byId.get(hello.process) : undefined
    if (known === undefined) return true
    const isSame = SAME.every((name) => known.hello[name] === hello[name])
    return isSame && ('unproven' in known.identity || markOf(known.identity) === markOf(identity))
  }

  /** A connection that the process had before ends. */
  joined(peer: GuardPeer): void {
    const known = this.#byId.get(peer.hello.process)
    if (known?.peer !== undefined && known.peer !== peer) known.peer.refuse('the process has a newer connection')
    const { hello, identity } = peer
    this.#byId.set(hello.process, { hello, identity, peer, leaseUntil: known?.leaseUntil ?? 0, inFlight: 0 })
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

/** What a process says the same over each of its connections. */
const SAME = ['pid', 'startedAt', 'agent', 'tenant'] as const
const markOf = (identity: ProcessIdentity): string | undefined => ('mark' in identity ? identity.mark : undefined)
