import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { accountsOf } from './budget.ts'
import type { Budget } from './budget.ts'
import { Ledger } from './ledger.ts'
import { nanoUsd } from './nano-usd.ts'

const DAY: Budget = { name: 'day', scope: 'agent', window: 'day', limit: 100 }
const RUN: Budget = { name: 'run', scope: 'run', window: 'run', limit: 40 }
const NOON = Date.parse('2026-11-21T12:00:00Z')

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})
const newFile = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-'))
  folders.push(folder)
  return join(folder, 'state', 'ledger.db')
}

function open(budgets: readonly Budget[] = [DAY, RUN], path = ':memory:') {
  const clock = { now: NOON }
  const ledger = new Ledger({ path, now: () => clock.now })
  const hold = (id: string, amount: number, run = 'r1', process = 'p1') =>
    ledger.hold({ id, amount, process, accounts: accountsOf(budgets, { agent: 'a', run }, clock.now) })
  const left = (name: string): number => {
    const account = ledger.accounts().find(({ budget }) => budget === name)
    return account === undefined ? Number.NaN : account.cap - account.committed - account.held
  }
  return { clock, ledger, hold, left }
}

describe('ledger', () => {
  test('holds in all accounts or in none', () => {
    const { ledger, hold, left } = open()
    expect(hold('1', 30)).toEqual({ isGranted: true })
    expect(hold('2', 30)).toMatchObject({ isGranted: false, code: 'BUDGET_HELD', account: { budget: 'run', held: 30 } })
    expect(left('day')).toBe(70)
    ledger.settle('1', { spent: 15 })
    expect(left('day')).toBe(85)
    expect(hold('3', 26)).toMatchObject({
      code: 'BUDGET_EXHAUSTED',
      account: { budget: 'run', committed: 15, cap: 40 },
    })
    expect(hold('4', 25)).toEqual({ isGranted: true })
  })

  test('what is booked beyond a cap leaves the cap as it is: nothing is left, and the next is denied', () => {
    const { clock, ledger, hold, left } = open([DAY])
    const accounts = accountsOf([DAY], { agent: 'a' }, clock.now)
    expect(ledger.hold({ id: '1', amount: 130, process: 'p1', accounts, isBeyondCap: true })).toEqual({
      isGranted: true,
    })
    expect(ledger.accounts()).toMatchObject([{ cap: 100, held: 130 }])
    ledger.settle('1', { spent: 120 })
    expect(left('day')).toBe(-20)
    expect(hold('2', 1)).toMatchObject({ code: 'BUDGET_EXHAUSTED', account: { cap: 100, committed: 120 } })
  })

  test('asking again, and settling again, changes nothing', () => {
    const { ledger, hold, left } = open()
    hold('1', 30)
    expect(hold('1', 30)).toEqual({ isGranted: true })
    expect(left('day')).toBe(70)
    expect(ledger.settle('1', { spent: 10 })).toEqual({ isBooked: true, overBound: 0 })
    expect(ledger.settle('1', { spent: 5 })).toEqual({ isBooked: false, overBound: 0 })
    expect(hold('1', 30)).toEqual({ isGranted: true })
    expect(left('day')).toBe(90)
  })

  test('what was spent beyond the hold is booked in full', () => {
    const { ledger, hold, left } = open([DAY])
    hold('1', 30)
    expect(ledger.settle('1', { spent: 130 })).toEqual({ isBooked: true, overBound: 100 })
    expect(left('day')).toBe(-30)
    expect(hold('2', 0)).toMatchObject({ code: 'BUDGET_EXHAUSTED' })
  })

  test('who does not renew its lease has spent what it held; what becomes known later is booked', () => {
    const { clock, ledger, hold, left } = open([DAY])
    ledger.renew('p1', NOON + 15_000)
    hold('1', 30)
    hold('2', 20, 'r1', 'p2')
    expect(ledger.expire()).toEqual(['2'])
    clock.now += 15_000
    expect(ledger.expire()).toEqual(['1'])
    expect(ledger.accounts()).toMatchObject([{ committed: 50, held: 0, suspense: 50 }])
    expect(ledger.holds()).toMatchObject([
      { id: '2', state: 'suspense' },
      { id: '1', state: 'suspense' },
    ])
    expect(ledger.settle('1', { spent: 12 })).toMatchObject({ isBooked: true })
    expect(ledger.accounts()).toMatchObject([{ committed: 32, suspense: 20 }])
    expect(left('day')).toBe(68)
    expect(ledger.problems()).toEqual([])
  })

  test('a slice is spent in steps, each once', () => {
    const { ledger, hold } = open([DAY])
    hold('slice', 50)
    expect(ledger.spend('slice', 1, 10)).toBe(true)
    expect(ledger.spend('slice', 1, 10)).toBe(false)
    expect(ledger.spend('slice', 2, 15)).toBe(true)
    expect(() => ledger.spend('slice', 3, 26)).toThrow(RangeError)
    expect(ledger.accounts()).toMatchObject([{ committed: 25, held: 25 }])
    ledger.settle('slice', { spent: 5, unknown: 8 })
    expect(ledger.accounts()).toMatchObject([{ committed: 38, held: 0, suspense: 8 }])
    // Told again after a lost connection.
    expect(ledger.settle('slice', { spent: 5, unknown: 8 })).toEqual({ isBooked: false, overBound: 0 })
    expect(ledger.accounts()).toMatchObject([{ committed: 38, held: 0, suspense: 8 }])
    ledger.clear('slice', 3)
    expect(ledger.accounts()).toMatchObject([{ committed: 33, suspense: 0 }])
  })

  test('what a journal has said of a slice is not said again by a process that comes back', () => {
    const { ledger, hold } = open([DAY])
    hold('slice', 50)
    ledger.expire()
    // The rest goes back: 20 were spent, 5 were under way.
    ledger.settle('slice', { spent: 20, unknown: 5 })
    expect(ledger.settle('slice', { spent: 25 })).toEqual({ isBooked: false, overBound: 0 })
    expect(ledger.spend('slice', 9, 1)).toBe(false)
    expect(ledger.accounts()).toMatchObject([{ committed: 25, held: 0, suspense: 5 }])
  })

  test('a new day is a new account; what was held before midnight counts before it', () => {
    const { clock, ledger, hold } = open([DAY])
    hold('1', 60)
    clock.now = Date.parse('2026-11-22T00:00:00Z')
    expect(hold('2', 60)).toEqual({ isGranted: true })
    ledger.settle('1', { spent: 50 })
    expect(ledger.account('day/agent/a/2026-11-21')).toMatchObject({ committed: 50, held: 0 })
    expect(ledger.account('day/agent/a/2026-11-22')).toMatchObject({ committed: 0, held: 60 })
  })

  test('a clock that is set back denies until it has caught up', () => {
    const { clock, ledger, hold } = open()
    hold('1', 10)
    clock.now -= 59_000
    expect(hold('2', 10)).toEqual({ isGranted: true })
    clock.now -= 2_000
    expect(hold('3', 10)).toEqual({ isGranted: false, code: 'CLOCK_SKEW' })
    expect(ledger.expire()).toEqual([])
    expect(ledger.settle('1', { spent: 10 })).toMatchObject({ isBooked: true })
    clock.now += 2_000
    expect(hold('4', 10)).toEqual({ isGranted: true })
  })

  test('a cap that is lowered holds from then on', () => {
    const { ledger, hold } = open([DAY])
    hold('1', 60)
    const lower = accountsOf([{ ...DAY, limit: 50 }], { agent: 'a' }, NOON)
    expect(ledger.hold({ id: '2', amount: 1, process: 'p', accounts: lower })).toMatchObject({ code: 'BUDGET_HELD' })
  })

  test('the file remembers, is for its owner only, and denies while it recovers', () => {
    const path = newFile()
    const first = open([DAY], path)
    first.hold('1', 60)
    first.ledger.isRecovering = true
    first.ledger.close()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const second = open([DAY], path)
    expect(second.hold('2', 1)).toEqual({ isGranted: false, code: 'RECOVERING' })
    second.ledger.isRecovering = false
    expect(second.hold('2', 41)).toMatchObject({ code: 'BUDGET_HELD' })
    second.clock.now -= 120_000
    expect(second.hold('3', 1)).toMatchObject({ code: 'CLOCK_SKEW' })
    second.ledger.close()
  })

  test('what throws in the middle leaves nothing behind', () => {
    const { ledger, hold, left } = open([DAY])
    expect(() =>
      ledger.together(() => {
        hold('1', 60)
        throw new Error('stop')
      }),
    ).toThrow('stop')
    expect(hold('2', 100)).toEqual({ isGranted: true })
    expect(left('day')).toBe(0)
  })

  test('old windows, settled holds and those in suspense are forgotten; what is open is not', () => {
    const { clock, ledger, hold } = open([DAY])
    const pruned = (): void => ledger.prune(clock.now - 35 * DAY_MS)
    hold('1', 10)
    ledger.settle('1', { spent: 10 })
    hold('2', 10)
    ledger.expire()
    clock.now += DAY_MS
    hold('3', 10)
    clock.now += 33 * DAY_MS
    pruned()
    expect(ledger.holds()).toMatchObject([{ id: '3' }, { id: '2', state: 'suspense' }])
    clock.now += 6 * DAY_MS
    pruned()
    expect(ledger.holds()).toMatchObject([{ id: '3', state: 'open' }])
    expect(ledger.account('day/agent/a/2026-11-21')).toBeUndefined()
    expect(ledger.account('day/agent/a/2026-11-22')).toMatchObject({ held: 10 })
    expect(ledger.problems()).toEqual([])
  })

  test('an account of a run goes at its end, which is put off by each hold', () => {
    const { clock, ledger } = open([])
    const WEEK = 7 * DAY_MS
    const spend = (id: string): void => {
      const accounts = accountsOf([RUN], { run: 'r1' }, clock.now).map((ref) => ({ ...ref, endsAt: clock.now + WEEK }))
      expect(ledger.hold({ id, amount: 5, process: 'p', accounts }).isGranted).toBe(true)
      ledger.settle(id, { spent: 5 })
      ledger.prune(clock.now - 35 * DAY_MS)
    }
    spend('1')
    clock.now += 6 * DAY_MS
    spend('2')
    clock.now += 6 * DAY_MS
    spend('3')
    expect(ledger.accounts()).toMatchObject([{ committed: 15 }])
    clock.now += WEEK + 1
    ledger.expire()
    ledger.prune(clock.now - 35 * DAY_MS)
    expect(ledger.account(accountsOf([RUN], { run: 'r1' }, clock.now)[0]?.key ?? '')).toBeUndefined()
  })

  test('what was booked is known without reading accounts, and not what was taken back', () => {
    const { ledger, hold } = open([DAY])
    hold('1', 30)
    ledger.settle('1', { spent: 10 })
    expect(() =>
      ledger.together(() => {
        hold('2', 20)
        ledger.settle('2', { spent: 20 })
        throw new Error('stop')
      }),
    ).toThrow('stop')
    hold('3', 20)
    ledger.expire()
    ledger.clear('3', 5)
    expect(ledger.booked.all()).toEqual([{ budget: 'day', scope: 'agent', agent: 'a', nano: 30 }])
    expect(ledger.account('day/agent/a/2026-11-21')).toMatchObject({ committed: 15 })
  })

  test('the account of a budget with the least left is found among many', () => {
    const { ledger, hold } = open([RUN])
    for (let run = 0; run < 50; run++) hold(`${run}`, run === 33 ? 39 : run % 20, `r${run}`)
    expect(ledger.tightest('run')).toMatchObject({ value: 'r33', held: 39 })
    expect(ledger.tightest('day')).toBeUndefined()
  })
})

const DAY_MS = 86_400_000

type Step = (at: ReturnType<typeof open>) => void

describe('committed + held <= cap', () => {
  test('after any interleaving of what processes do', () => {
    // Three processes: hold and settle; hold and die; hold, spend in part, settle.
    const processes: readonly (readonly Step[])[] = [
      [({ hold }) => hold('a', 45), ({ ledger }) => ledger.settle('a', { spent: 20 }), ({ hold }) => hold('a2', 45)],
      [({ hold }) => hold('b', 35, 'r2', 'dead'), ({ ledger }) => ledger.expire(), ({ hold }) => hold('b2', 30, 'r2')],
      [
        ({ hold }) => hold('c', 30, 'r3'),
        ({ ledger }) => ledger.spend('c', 1, 10),
        ({ ledger }) => ledger.settle('c', { spent: 5, unknown: 10 }),
      ],
    ]
    const at = open([DAY, { ...RUN, limit: 60 }])
    let seen = 0
    for (const order of interleavings(processes.map(({ length }) => length))) {
      seen++
      expect(() =>
        // Rolled back: each order begins with empty books.
        at.ledger.together(() => {
          at.ledger.renew('p1', NOON + 1)
          const next = processes.map((steps) => steps.values())
          for (const process of order) {
            next[process]?.next().value?.(at)
            if (at.ledger.problems().length > 0) throw new Error(at.ledger.problems().join())
            for (const { cap, committed, held } of at.ledger.accounts())
              if (committed + held > cap) throw new Error(`over the cap: ${order.join()}`)
          }
          throw new Error('sound')
        }),
      ).toThrow('sound')
    }
    at.ledger.close()
    expect(seen).toBe(1680)
  })

  test('after any steps', () => {
    const id = fc.constantFrom('1', '2', '3', '4', '5', '6')
    const amount = fc.nat(45)
    const step = fc.oneof(
      fc.tuple(fc.constant('hold' as const), id, amount),
      fc.tuple(fc.constant('spend' as const), id, amount),
      fc.tuple(fc.constant('settle' as const), id, amount),
      fc.tuple(fc.constant('expire' as const), id, amount),
      fc.tuple(fc.constant('renew' as const), id, amount),
      fc.tuple(fc.constant('wait' as const), id, amount),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { ledger, hold, clock } = open([DAY, RUN])
        const amounts = new Map<string, number>()
        let count = 0
        for (const [what, key, n] of steps) {
          if (what === 'hold' && !amounts.has(key) && hold(key, n, `r${n % 3}`, `p${n % 2}`).isGranted)
            amounts.set(key, n)
          const left = amounts.get(key) ?? 0
          if (what === 'spend' && ledger.spend(key, ++count, Math.min(n, left)))
            amounts.set(key, left - Math.min(n, left))
          if (what === 'settle')
            ledger.settle(key, { spent: Math.min(n, left), unknown: Math.max(0, Math.min(left - n, 3)) })
          if (what === 'settle') amounts.set(key, 0)
          if (what === 'expire') ledger.expire()
          if (what === 'renew') ledger.renew(`p${n % 2}`, clock.now + n)
          if (what === 'wait') clock.now += n
          expect(ledger.problems()).toEqual([])
          for (const { cap, committed, held } of ledger.accounts()) expect(committed + held).toBeLessThanOrEqual(cap)
        }
        ledger.close()
      }),
      { numRuns: 200 },
    )
  })
})

/** Every order of so many steps of each process. */
function* interleavings(lengths: readonly number[]): Generator<number[]> {
  if (lengths.every((length) => length === 0)) return yield []
  for (const [process, length] of lengths.entries()) {
    if (length === 0) continue
    for (const rest of interleavings(lengths.with(process, length - 1))) yield [process, ...rest]
  }
}

test('dollars become billionths, rounded up', () => {
  expect(nanoUsd(5)).toBe(5_000_000_000)
  expect(nanoUsd(0.1)).toBe(100_000_000)
  expect(nanoUsd(0.000_000_000_1)).toBe(1)
  expect(() => nanoUsd(-1)).toThrow(RangeError)
  expect(() => nanoUsd(Number.NaN)).toThrow(RangeError)
  expect(() => nanoUsd(1e8)).toThrow(RangeError)
})
