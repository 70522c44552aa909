import { isDenial } from './denial-error.ts'
import type { DenialError } from './denial-error.ts'

/** What the model is shown in place of a tool's result, in the form of the library that runs the tool. */
export type ShowDenial = (denial: DenialError) => unknown

/**
 * Runs a tool's work by `run`, which asks the guard before. A denial becomes what `show` makes of it; what the work itself throws stays what it is, denials of calls inside included.
 * `shown` is told first.
 */
export async function runShowingDenial(
  run: (work: () => unknown) => unknown,
  work: () => unknown,
  show: ShowDenial,
  shown: (denial: DenialError) => void,
): Promise<unknown> {
  let hasBegun = false
  try {
    return await run(() => {
      hasBegun = true
      return work()
    })
  } catch (error) {
    if (hasBegun || !isDenial(error)) throw error
    const made = show(error)
    shown(error)
    return made
  }
}
