import { setFlagsFromString } from 'node:v8'

/**
 * Keeps the runtime's memory for young objects at its first size, for the rest of the process. Batches lie in buffers, and what else they need is small and
 * soon forgotten: else the start alone makes that memory 32 MiB large. To be called before much is loaded.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
}
