import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Ledger } from './ledger.ts'
import { PAST_RUNS_MAX, PastRuns } from './past-runs.ts'

const run = (endedAt: number, nanoUsd: number, agent = 'a') => ({
  agent,
  endedAt,
  nanoUsd,
  wallClockMs: 1.5,
  minutes: 2,
})

test('the past of an agent outlives a restart; only its latest runs are kept', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spanwarden-past-'))
  const open = (): Ledger => new Ledger({ path: join(folder, 'ledger.db'), now: () => 0 })
  const first = open()
  new PastRuns(first).add([run(1, 10), run(2, 30), run(1, 999, 'b')])
  first.close()
  const ledger = open()
  const past = new PastRuns(ledger)
  expect(past.baseline('a')).toEqual({ runs: 2, costP95: 30, wallClockP99Ms: 1.5, costPerMinuteMean: 10 })
  expect(past.baseline('nobody')).toMatchObject({ runs: 0, costPerMinuteMean: 0 })
  past.add(Array.from({ length: PAST_RUNS_MAX }, (_, i) => run(3 + i, 7)))
  expect(past.baseline('a')).toMatchObject({ runs: PAST_RUNS_MAX, costP95: 7 })
  expect(past.baseline('b')).toMatchObject({ runs: 1 })
  past.prune(2)
  expect(past.baseline('b')).toMatchObject({ runs: 0 })
  ledger.close()
  rmSync(folder, { recursive: true })
})
