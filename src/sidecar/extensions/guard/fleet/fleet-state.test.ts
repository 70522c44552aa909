import { expect, test } from 'vitest'
import { closedBecause, FOR_EVER_MS } from './fleet-state.ts'
import { fleetDenial } from './fleet-denial.ts'

/* What an agent's log says while the bank of a fleet is closed: why, how long, and whether somebody has to do something. */

const ref = { key: 'k', budget: 'daily', scope: 'fleet', value: '', window: '2026-11-21', cap: 5e9, endsAt: 1 } as const
const said = (closed: string | undefined): string =>
  fleetDenial(ref, 1e7, { code: 'asking', away: undefined, closed, now: 0 }).message

test.each([
  [
    closedBecause(0, 6_400),
    'Redis was found empty, so other sidecars have 7 s more to say what was spent before. Then it opens by itself: try again in 7 s',
  ],
  [closedBecause(0, FOR_EVER_MS), 'Redis is empty, and new_bank is operator: open it with POST /api/guard/fleet/open'],
  [
    closedBecause(1, 0),
    'Redis has lost what it knew, and 1 sidecar that was there before has not said yet what was spent. It opens by itself when that is said, or the window has ended; a person opens it with POST /api/guard/fleet/open',
  ],
])('%s', (closed, text) => {
  expect(said(closed)).toBe(
    `budget daily (fleet, 2026-11-21): this call may cost 0.01 USD, and the bank of the fleet is closed: ${text}`,
  )
})

test('an open bank has no such reason', () => expect(closedBecause(0, 0)).toBeUndefined())
