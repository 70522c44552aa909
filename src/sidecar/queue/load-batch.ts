import type { Payload } from '../component.ts'
import type { StoredBatch } from './queue-storage.ts'

/** After how long a batch that can't be read now is tried again, in milliseconds. */
export const LOAD_RETRY_MS = 1000

/**
 * Reads a batch from where it waits, again and again while the system lacks what that takes. Undefined when it is gone for good; `left`, when `mayGoOn` resolves
 * with false before: it stays where it is.
 */
export async function loadBatch(
  batch: Pick<StoredBatch, 'load'>,
  mayGoOn: () => Promise<boolean>,
): Promise<Payload | undefined | 'left'> {
  for (;;) {
    try {
      return await batch.load()
    } catch {
      if (!(await mayGoOn())) return 'left'
    }
  }
}
