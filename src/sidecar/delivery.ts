import type { Payload, Signal } from './component.ts'
import type { RetryConfig, SendingQueueConfig } from './queue/queue-config.ts'

/** What stands before a remote exporter. */
export interface SendingConfig {
  readonly queue: SendingQueueConfig
  readonly retry: RetryConfig
}

/** The way of a batch to one exporter: behind a sending queue, or at once for a local one. */
export interface Delivery {
  readonly exporterId: string
  readonly signal: Signal
  /** Items that wait or are under way. */
  readonly itemsHeld: number
  /** Whether batches are refused for want of room; a local exporter never refuses. */
  readonly isFull?: boolean
  /** Since when the backend has taken nothing, and what it said last; undefined while it takes what it is sent. */
  readonly failing?: { readonly sinceMs: number; readonly reason: string } | undefined
  /** Why the last batch could not be kept on disk, in the system's word (`ENOSPC`); undefined while the disk takes them. */
  readonly diskProblem?: string | undefined
  /** When what waits longest has come, Unix ms; undefined when nothing waits. */
  readonly oldestMs?: number | undefined
  /** Begins to send what an earlier process left, when the exporter has started. */
  start?(): void
  /** Other limits and waits from now on; what waits stays. `enabled` and `storage` are the same as before. */
  reconfigure?(config: SendingConfig): void
  /** Throws the RefusedError of `deliver` at this moment. Asked of all before one gets the batch, so that a refused batch is nowhere. */
  checkRoom(payload: Payload): void
  /** Retains the payload as long as it is needed. Rejects with RefusedError. */
  deliver(payload: Payload): Promise<void>
  /** Takes nothing new and waits until all is sent, at most `timeoutMs`. Returns the number of items that were lost. */
  drain(timeoutMs: number): Promise<number>
}
