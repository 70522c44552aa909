import type { Random } from './random.ts'

/** One way into the sidecar that takes what strangers send. */
export interface FuzzTarget {
  /** An input that follows from the random numbers alone. */
  input(random: Random): Buffer
  /** Takes the input, and throws when something is not as it must be. What the code refuses with an error of its own is no fault. */
  run(input: Buffer): void | Promise<void>
  /** Looks whether all is still well; after a number of inputs, and at the end. Throws when not. */
  check?(): Promise<void>
  close?(): Promise<void>
}

/** Something that must hold did not. */
export class FuzzFault extends Error {
  override readonly name = 'FuzzFault'
}

export function must(condition: boolean, message: string): asserts condition {
  if (!condition) throw new FuzzFault(message)
}
