import type { Payload } from '../component.ts'
import { unpooledPayload } from '../payload.ts'
import type { Batching } from './queue-config.ts'
import type { QueueStorage, StoredBatch } from './queue-storage.ts'

/** Batches are not put together beyond this. */
const GROUP_BYTES_MAX = 16 * 1024 * 1024
const ONE_BY_ONE: Batching = { flushMs: 0, sizeMin: 0, sizeMax: Infinity, unit: 'items' }

/** Takes what goes in one request: the next batch, or several as `batch` says; nothing when none waits. */
export function takeGroup(
  storage: QueueStorage,
  { unit, sizeMin, sizeMax }: Batching = ONE_BY_ONE,
): readonly StoredBatch[] {
  const group: StoredBatch[] = []
  let size = 0
  let bytes = 0
  for (let next = storage.peek(); next !== undefined; next = storage.peek()) {
    if (group.length > 0 && (size + next[unit] > sizeMax || bytes + next.bytes > GROUP_BYTES_MAX)) break
    const batch = storage.take()
    if (batch === undefined) break
    group.push(batch)
    size += batch[unit]
    bytes += batch.bytes
    if (size >= sizeMin) break
  }
  return group
}

/** Requests one behind the other are one request: their fields are repeated. */
export function together(payloads: readonly [Payload, ...Payload[]]): Payload {
  const [first] = payloads
  if (payloads.length === 1) return first
  const items = payloads.reduce((sum, payload) => sum + payload.items, 0)
  const bytes = Buffer.concat(payloads.map((payload) => payload.bytes))
  return unpooledPayload(first.signal, bytes, items)
}
