import { FuzzFault } from '../fuzz-target.ts'
import type { FuzzTarget } from '../fuzz-target.ts'
import { RequestMutator } from '../request-mutator.ts'
import type { Seeds } from '../seeds.ts'

/** Bugs of the kinds that the fuzzer is for, planted behind what only a changed request gets to. It must find each. */
export const canaries = {
  /** Reads a length and believes it. */
  crash: planted((input) => {
    for (let at = 0; at + 5 < input.length; at++)
      if (input[at] === 0x0a && input.subarray(at + 1, at + 6).equals(Buffer.from('ffffffff0f', 'hex')))
        throw new RangeError('read beyond the end')
  }),
  /** Does not end for a value that is nested deep. */
  hang: planted((input) => {
    if (input.length < 4000 && input.includes('[[[[[[[[')) for (;;) if (Number.isNaN(input.length)) return
  }),
  /** Takes memory for what a request claims, not for what it holds. */
  memory: planted((input) => {
    if (input.includes(Buffer.from('ffffffffffffffffff01', 'hex'))) kept.push(Buffer.alloc(64 * 1024 * 1024, 1))
  }),
  /** Loses an item now and then. */
  fault: planted((input) => {
    if (input.includes(Buffer.from('eda080', 'hex'))) throw new FuzzFault('items are lost')
  }),
} as const

const kept: Buffer[] = []

function planted(run: (input: Buffer) => void): (seeds: Seeds) => FuzzTarget {
  return ({ protobuf }) => {
    const mutator = new RequestMutator(protobuf)
    return { input: (random) => mutator.mutate(random), run }
  }
}
