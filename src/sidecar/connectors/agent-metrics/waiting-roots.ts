import { WAITING_SPANS_MAX } from './nesting.ts'

/** A request that is counted when nothing turns out to be around it. Ids are trace id and span id, as latin1. */
export interface PendingRequest {
  readonly kind: 'request'
  readonly service: number
  /** For health and alerts: the service may be one that several share. */
  readonly job?: string | undefined
  readonly agent: number
  readonly result: number
  readonly seconds?: number | undefined
  readonly failed: boolean
  readonly ids: string
}
export interface PendingTool {
  readonly kind: 'tool'
  readonly service: number
  readonly tool: number
  readonly result: number
  readonly agent: number
  readonly error: number
  readonly seconds?: number | undefined
  readonly ids: string
}
export type Pending = PendingRequest | PendingTool

export interface WaitingRoot {
  readonly deadlineMs: number
  readonly pending: Pending
}

/**
 * Root spans of services that have shown no agent. Whether they are requests is known only when none comes for a while: a first
 * agent span may come in a later batch than the root span above it, or than one before it.
 */
export class WaitingRoots {
  readonly #count: (pending: Pending) => void
  /** Oldest first. */
  #waiting: WaitingRoot[] = []

  constructor(count: (pending: Pending) => void) {
    this.#count = count
  }

  get state(): readonly WaitingRoot[] {
    return this.#waiting
  }

  add(pending: Pending, deadlineMs: number): void {
    this.#waiting.push({ pending, deadlineMs })
    if (this.#waiting.length <= WAITING_SPANS_MAX) return
    for (const { pending: oldest } of this.#waiting.splice(0, WAITING_SPANS_MAX / 10)) this.#count(oldest)
  }

  /** The service has agents: its roots are no requests. */
  forget(service: number): void {
    this.#waiting = this.#waiting.filter(({ pending }) => pending.service !== service)
  }

  expire(nowMs: number): void {
    const due = this.#waiting.filter(({ deadlineMs }) => deadlineMs <= nowMs)
    this.#waiting = this.#waiting.filter(({ deadlineMs }) => deadlineMs > nowMs)
    for (const { pending } of due) this.#count(pending)
  }
}
