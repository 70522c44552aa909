import type { MemoryLimits } from './memory-gate.ts'

export interface LimitOptions {
  readonly limit_mib: number
  readonly spike_limit_mib: number
  readonly limit_percentage: number
  readonly spike_limit_percentage: number
}

const MIB = 1024 * 1024
/** Of the limit, as in the stock collector. */
const SPIKE_SHARE = 0.2

/** `limit_mib` comes before `limit_percentage`, which is of `totalBytes`. */
export function memoryLimits(options: LimitOptions, totalBytes: number): MemoryLimits {
  const {
    limit_mib: mib,
    spike_limit_mib: spikeMib,
    limit_percentage: part,
    spike_limit_percentage: spikePart,
  } = options
  const hardBytes = mib > 0 ? mib * MIB : (totalBytes * part) / 100
  const spikeBytes = mib > 0 ? spikeMib * MIB : (totalBytes * spikePart) / 100
  return { hardBytes, softBytes: hardBytes - (spikeBytes > 0 ? spikeBytes : hardBytes * SPIKE_SHARE) }
}
