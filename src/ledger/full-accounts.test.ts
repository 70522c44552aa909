import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { accountsOf } from './budget.ts'
import { Ledger } from './ledger.ts'
import { NANO_USD_MAX } from './nano-usd.ts'
import { PastRuns } from './past-runs.ts'

const DAY = { name: 'day', scope: 'agent', window: 'day', limit: NANO_USD_MAX } as const
const NOON = Date.parse('2026-11-21T12:00:00Z')

function open(path = ':memory:') {
  const ledger = new Ledger({ path, now: () => NOON })
  const hold = (id: string, amount: number) =>
    ledger.hold({ id, amount, process: 'p', accounts: accountsOf([DAY], { agent: 'a' }, NOON) })
  return { ledger, hold }
}

test('whatever is told of calls, the books can be read, and an account that is full grants nothing', () => {
  const nano = fc.oneof(fc.nat(100), fc.integer({ min: NANO_USD_MAX - 100, max: NANO_USD_MAX }))
  const calls = fc.array(fc.record({ held: nano, spent: nano, unknown: nano, known: nano }), { maxLength: 8 })
  fc.assert(
    fc.property(calls, (told) => {
      const { ledger, hold } = open()
      let sum = 0n
      told.forEach(({ held, spent, unknown, known }, at) => {
        if (!hold(`${at}`, held).isGranted) return
        ledger.settle(`${at}`, { spent, unknown })
        const isCleared = unknown > 0 && at % 2 === 0
        if (isCleared) ledger.clear(`${at}`, known)
        sum += BigInt(spent) + BigInt(isCleared ? known : unknown)
      })
      expect(ledger.problems()).toEqual([])
      const { committed = 0, held = 0 } = ledger.accounts()[0] ?? {}
      expect(held).toBe(0)
      // Never less than the truth, unless that is more than can be written.
      expect(BigInt(committed) >= sum || committed === NANO_USD_MAX).toBe(true)
      expect(committed < NANO_USD_MAX || !hold('next', 1).isGranted).toBe(true)
      ledger.close()
    }),
  )
})

test('a file with sums that no program can read is read as full', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-'))
  const path = join(folder, 'ledger.db')
  const { ledger: before, hold } = open(path)
  hold('1', 5)
  before.settle('1', { spent: 5 })
  before.database.exec('UPDATE account SET committed = 9007199254740999')
  new PastRuns(before).add([{ agent: 'a', endedAt: 1, nanoUsd: 1e19, wallClockMs: 1, minutes: 1 }])
  before.close()
  const { ledger, hold: again } = open(path)
  expect(ledger.accounts()).toMatchObject([{ committed: NANO_USD_MAX }])
  expect(again('2', 1)).toMatchObject({ code: 'BUDGET_EXHAUSTED' })
  expect(new PastRuns(ledger).baseline('a')).toBeDefined()
  ledger.close()
  rmSync(folder, { recursive: true })
})
