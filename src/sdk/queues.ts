import type { Notices } from './notices.ts'

/** What waits and what runs: the queues that the agent declares, and its root invocations under way. */
export class Queues {
  readonly #notices: Notices
  readonly #depths = new Map<string, () => number>()
  #running = 0
  #onChange: (started: boolean) => void = () => undefined

  constructor(notices: Notices) {
    this.#notices = notices
  }

  /** Declares a queue, or replaces the one of that name. Returns a function that takes it out again. */
  add(name: string, depth: () => number): () => void {
    if (this.#depths.size >= queuesMax && !this.#depths.has(name)) {
      this.#notices.warn('queues', `more than ${queuesMax} queues are declared, further ones are not reported`)
      return () => undefined
    }
    this.#depths.set(name, depth)
    return () => {
      if (this.#depths.get(name) === depth) this.#depths.delete(name)
    }
  }

  onRequestsChange(listener: (started: boolean) => void): void {
    this.#onChange = listener
  }

  requestStarted(): void {
    this.#running += 1
    this.#onChange(true)
  }

  requestEnded(): void {
    this.#running -= 1
    this.#onChange(false)
  }

  /** Depth by queue name. A queue whose function fails or gives no number is left out and counted. */
  depths(): Map<string, number> {
    const depths = new Map([[running, this.#running]])
    for (const [name, depth] of this.#depths) {
      try {
        const value = depth()
        if (!Number.isFinite(value)) throw new TypeError('not a number')
        depths.set(name, (name === running ? this.#running : 0) + value)
      } catch (error) {
        this.#notices.fault('reading the depth of a queue', error)
      }
    }
    return depths
  }
}

const running = 'running'
const queuesMax = 100
