import { totalmem } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { ProcessMemory } from './memory-gate.ts'

/** Memory that this process may use: what its control group (v1 or v2) leaves it, else all of the host. */
export function availableBytes(constrained: number = process.constrainedMemory(), total: number = totalmem()): number {
  // Without a limit it is 0, or a number beyond all memory.
  return constrained > 0 && constrained < total ? constrained : total
}

/**
 * The heap and what buffers hold beside it. Not the resident size: that does not fall when memory is freed, so a gate that is closed by it could stay so
 * for ever. The process takes about 50 MiB beyond this, as the stock collector does.
 */
export const processMemory: ProcessMemory = {
  usedBytes() {
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  },
  collect() {
    collector ??= exposedCollector()
    collector()
  },
}

let collector: (() => void) | undefined

/** Node's own, which it hands out only when asked for: the flag has to be set before the context is made. */
function exposedCollector(): () => void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  return typeof collect === 'function' ? () => void Reflect.apply(collect, undefined, []) : () => {}
}
