import { expect, test } from 'vitest'
import { findRedis } from '../support/redis-server.ts'
import { runJudge } from './judge.ts'
import type { JudgeOptions } from './judge.ts'
import { planOf } from './plan.ts'
import { verdictOf } from './verdict.ts'
import type { Evidence } from './verdict.ts'

/* The short forms. By hand, ten minutes of them: node test/bench/judge.ts, and with --sidecars 3 */
/** A limit that did not hold is not tried again. */
const ONCE = { retry: 0, timeout: 300_000 }
const SHORT = { windowMs: 3_000, calls: 15, leaseMs: 2_000, isBundled: false }
test(
  'limits hold under kills, clock steps, cuts and lost answers, by the books of the model server',
  ONCE,
  async () => {
    const options = { ...SHORT, seed: 7, windows: 2, processes: 3, capCalls: 200, sidecars: 1, beginsCalm: true }
    expect(await violationsIn(options)).toEqual([])
  },
)

test.skipIf(findRedis() === undefined)(
  'limits of a fleet hold while Redis forgets, too (needs redis-server)',
  ONCE,
  async () => {
    const options = { ...SHORT, seed: 12, windows: 1, processes: 4, capCalls: 120, sidecars: 2, beginsCalm: false }
    expect(await violationsIn(options)).toEqual([])
  },
)

async function violationsIn(options: Omit<JudgeOptions, 'log'>): Promise<readonly string[]> {
  const said: string[] = []
  const { violations, lines } = await runJudge({ ...options, log: (line) => said.push(line) })
  if (violations.length > 0) console.log([...said, ...lines].join('\n'))
  return violations
}

test('the same seed is the same plan, another is another', () => {
  const of = (seed: number) =>
    planOf({ seed, windows: 5, agents: 3, windowMs: 1000, leaseMs: 1000, sidecars: 3, beginsCalm: true }).map((blows) =>
      JSON.stringify(blows),
    )
  expect(of(1)).toEqual(of(1))
  expect(of(1)).not.toEqual(of(2))
  expect(of(1)[0]).toBe('[]')
})

const bill = (nanoUsd: number, atMs: number) =>
  ({ what: 'model', agent: 'a', nanoUsd, begunMs: atMs, receivedMs: atMs, fate: 'answered' }) as const
const window = (index: number, inForceMs: number, turnedAtMs: number) => ({
  index,
  isCalm: false,
  inForceMs,
  turnedAtMs,
  used: 1,
})
const account = (committed: number, held = 0) => ({
  budget: 'fleet',
  value: 'fleet',
  window: '1',
  cap: 100,
  committed,
  held,
  suspense: 0,
})
const SOUND: Evidence = {
  bills: [bill(60, 1000), bill(40, 2000), bill(100, 20_000)],
  windows: [window(0, 0, 10_000), window(1, 10_000, Infinity)],
  caps: { fleet: 100, agents: 100 },
  postsMax: 2,
  usedShare: 0.9,
  ledger: {
    accounts: [account(100), account(100), { ...account(200), budget: 'agents', value: 'a', cap: 200 }],
    holds: { open: 0, suspense: 0, settled: 3 },
  },
  openHolds: 0,
  overCap: [],
  faults: [],
}

test('the judge finds nothing where all is right', () => {
  expect(verdictOf(SOUND).violations).toEqual([])
})

const post = { ...bill(0, 1000), what: 'post' as const }
test.each<[string, Partial<Evidence>, RegExp]>([
  ['a cap that is passed', { bills: [...SOUND.bills, bill(1, 3000)] }, /fleet.* 101 in window 0, of 100/],
  [
    'a cap that is passed by calls from before the turn',
    { bills: [bill(60, 1000), bill(41, 9000)] },
    /101 until window 0/,
  ],
  ['a bill that is not booked', { bills: [...SOUND.bills, bill(1, 10_500)] }, /201 nano-USD were billed, 200 are/],
  ['a cap that is not used', { windows: [{ ...window(0, 0, Infinity), used: 0.89 }] }, /only 89.0 %/],
  ['a post too many', { bills: [...SOUND.bills, post, post, post] }, /a, posts: 3 in window 0, of 2/],
  ['a hold without an end', { openHolds: 1 }, /1 holds are left open/],
  [
    'an account that is over its cap',
    { ledger: { ...SOUND.ledger, accounts: [...SOUND.ledger.accounts, account(90, 11)] } },
    /90 \+ 11 > 100/,
  ],
  ['a guard that has failed', { faults: ['1 × internal fault in guard'] }, /fault/],
])('it finds %s', (_, change, expected) => {
  expect(verdictOf({ ...SOUND, ...change }).violations.join('\n')).toMatch(expected)
})
