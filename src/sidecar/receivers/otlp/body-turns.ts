import type { OwnMetrics, ServiceName } from '../../component.ts'

/** Bytes of bodies that are worked on before the event loop looks at everything else: some 50 ms where much is redacted, 3 ms where little is. */
export const TURN_BYTES_MAX = 256 * 1024
/** The first is the end of the turn that the body was worked on in; at the second a connection that has come is accepted, at the third it is read and answered. */
const LOOKS = 3

interface Waiting {
  readonly bytes: number
  resolve(): void
}

/**
 * Bodies are worked on one after the other, all at once each, and may be there at the same time: between them come health, the guard's answers and whatever else
 * the process has to do, so that nobody waits longer than for one. What waits here is in the receiver's memory, which is bounded.
 */
export class BodyTurns {
  readonly #waiting: Waiting[] = []
  /** Since the last look. */
  #bytes = 0
  #isLooking = false

  constructor(metrics: OwnMetrics) {
    const text = 'Requests with a whole body that wait until the event loop has looked at everything else.'
    metrics.gauge('spanwarden_receiver_waiting_requests', text, {}, () => this.#waiting.length)
  }

  /** Undefined: now. Else resolves when it is the turn of a body of so many bytes; the work on it has to begin at once. */
  next(bytes: number): Promise<void> | undefined {
    if (this.#isLooking) {
      return new Promise((resolve) => this.#waiting.push({ bytes, resolve }))
    }
    this.#count(bytes)
    return undefined
  }

  /** What waits is let through by then. */
  close(): void {}

  #count(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes < TURN_BYTES_MAX) return
    this.#bytes = 0
    this.#isLooking = true
    this.#look(LOOKS)
  }

  /** In between, all that has come from outside is dealt with. */
  #look(left: number): void {
    setImmediate(() => (left > 1 ? this.#look(left - 1) : this.#goOn()))
  }

  #goOn(): void {
    this.#isLooking = false
    while (!this.#isLooking) {
      const first = this.#waiting.shift()
      if (first === undefined) return
      this.#count(first.bytes)
      first.resolve()
    }
  }
}

/** One for all receivers: they share the event loop. */
export const bodyTurns: ServiceName<BodyTurns> = {
  name: 'body_turns',
  create: ({ metrics }) => new BodyTurns(metrics),
}
