import type { Fleet } from './fleet.ts'
import { TAKEN } from './fleet-state.ts'

/** For people, in /readyz: what does not work without the bank, and what now. Undefined when all is well. */
export function fleetProblem(fleet: Pick<Fleet, 'away' | 'unheard' | 'closedFor'> | undefined): string | undefined {
  if (fleet === undefined) return undefined
  const { away, unheard } = fleet
  if (away === TAKEN) return away
  if (away !== undefined) {
    const effect =
      unheard === undefined
        ? 'what was drawn of budgets can be spent, no more, and rates of the fleet deny'
        : 'calls with side effects are denied, and so is what would need more of a budget'
    return `the bank of the fleet is away (${away}): ${effect}. It goes on by itself when Redis is back: look at Redis, and at extensions.guard.fleet.url`
  }
  const closed = fleet.closedFor(0)
  return closed === undefined ? undefined : `the bank of the fleet gives nothing of budgets now: ${closed}`
}
