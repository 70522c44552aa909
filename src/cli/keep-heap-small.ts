import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Keeps the runtime's memory for young objects at its first size, for the rest of the process. Batches lie in buffers, and what else they need is small and
 * soon forgotten: else the start alone makes that memory 32 MiB large. To be called before much is loaded.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}

const START_IS_OVER_MS = 1000

/** What the start left is collected once, shortly after it: a process that waits for batches makes nothing, and would keep 4 MiB of it for good. */
export function collectAfterStart(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    if (typeof collect === 'function') collect()
  }, START_IS_OVER_MS).unref()
}
