import type { Clock } from '../sidecar/component.ts'

/** Of a longer gap between two looks only so much was listening: the host slept, or this process was paused or starved. */
const GAP_MS_MAX = 5000

/** How long this process has listened. Whoever measures silence by it takes neither a clock that is set nor a host that wakes up for silence. It is looked at each second or so. */
export class ListeningClock {
  readonly #clock: Clock
  #listenedMs = 0
  #lookedMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lookedMs = clock.monotonic()
  }

  /** Milliseconds, which begin at 0 with each process. */
  look(): number {
    const nowMs = this.#clock.monotonic()
    this.#listenedMs += Math.min(nowMs - this.#lookedMs, GAP_MS_MAX)
    this.#lookedMs = nowMs
    return this.#listenedMs
  }
}
