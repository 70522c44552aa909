import type { ComponentContext, Counter, Signal } from '../component.ts'
import { itemsName } from '../count-items.ts'

/** Why a queue dropped items that the backend was never asked about again. */
export type DropReason = 'full' | 'age' | 'unreadable' | 'too_large' | 'retries'

/** What a queue counts, with the stock collector's names where it has one. Items in = sent + failed + held. */
export interface QueueCounters {
  readonly sent: Counter
  readonly failed: Counter
  readonly refused: Counter
  readonly rejected: Counter
  readonly partial: Counter
  readonly retries: Counter
  readonly splits: Counter
  readonly truncated: Counter
  dropped(reason: DropReason): Counter
}

export function queueCounters(
  { id, metrics }: Pick<ComponentContext, 'id' | 'metrics'>,
  signal: Signal,
): QueueCounters {
  const items = itemsName[signal]
  const labels = { exporter: id }
  const stock = (name: string, text: string): Counter =>
    metrics.counter(`otelcol_exporter_${name}_${items}`, text, labels)
  const own = (name: string, text: string): Counter => metrics.counter(`spanwarden_exporter_${name}`, text, labels)
  return {
    sent: stock('sent', 'Items that the backend has taken.'),
    failed: stock('send_failed', 'Items that were dropped: refused by the backend, or given up here.'),
    refused: stock(
      'enqueue_failed',
      'Items that the queue did not take because it or its disk was full, or it was closed.',
    ),
    rejected: own(
      `rejected_${items}`,
      'Items that the backend refused for good, those of partial successes among them.',
    ),
    partial: own('partial_successes', 'Requests of which the backend took a part.'),
    retries: own('retries', 'Requests that the backend did not take and that are tried again.'),
    splits: own('splits', 'Requests that were too large for the backend and went in two.'),
    truncated: own(
      `truncated_${items}`,
      'Items that were too large for the backend and lost the end of their longest values.',
    ),
    dropped: (reason) =>
      metrics.counter(`spanwarden_exporter_dropped_${items}`, 'Items that were given up here, by reason.', {
        ...labels,
        reason,
      }),
  }
}
