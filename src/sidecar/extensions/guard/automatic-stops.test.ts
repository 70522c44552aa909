import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../../../../test/support/virtual-clock.ts'
import type { StopState } from '../../../control/guard-messages.ts'
import { KillBook } from '../../../ledger/kill-book.ts'
import { Ledger } from '../../../ledger/ledger.ts'
import { AutomaticStops } from './automatic-stops.ts'
import { FailureWindow } from './failure-window.ts'
import { guardConfig, guardSettings } from './guard-config.ts'
import { Processes } from './processes.ts'
import { Stops } from './stops.ts'
import { UnwrittenStops } from './unwritten-stops.ts'

function automatic(config: object) {
  const clock = new VirtualClock(Date.UTC(2026, 10, 21, 12))
  const ledger = new Ledger({ path: ':memory:', now: () => clock.now() })
  const processes = new Processes(() => clock.monotonic())
  const stops = new Stops(new KillBook(ledger), {
    processes,
    clock,
    unwritten: new UnwrittenStops('/nowhere/stops.json', () => 0),
    randomId: () => 'id',
  })
  const stopped: StopState[] = []
  const settings = guardSettings(guardConfig.parse(config))
  const rules = new AutomaticStops({
    context: { clock },
    settings: () => settings,
    books: () => ({ ledger, stops }),
    stop: (stop) => {
      stopped.push(stop)
      void stops.stop(stop, 'spanwarden', 0)
    },
  })
  const ended = (agent: string, count: number, failed: number): void =>
    rules.ended(agent, { type: 'renew', inFlight: 0, ended: count, failed })
  return { clock, ledger, stops, stopped, rules, ended }
}

describe('an error burst', () => {
  const BURST = { stop_on: { error_burst: { failures: 10, within: '1m', share: 0.5 } } }

  test('stops its agent and no other, once, and is measured anew when a person has let it go on', () => {
    const { stopped, ended, stops } = automatic(BURST)
    ended('a', 9, 9)
    ended('b', 9, 9)
    expect(stopped).toEqual([])
    ended('a', 3, 1)
    ended('a', 20, 20)
    expect(stopped).toEqual([{ scope: 'agent', value: 'a', reason: '10 of 12 calls failed within 1 min' }])
    stops.resume({ scope: 'agent', value: 'a', person: 'Ada', reason: 'mended' })
    ended('a', 9, 9)
    expect(stopped).toHaveLength(1)
  })

  test.each([
    ['too small a share fails', 30, 10],
    ['nothing has ended', 0, 0],
  ])('is none when %s', (_what, count, failed) => {
    const { stopped, ended } = automatic(BURST)
    ended('a', count, failed)
    expect(stopped).toEqual([])
  })

  test('is none when it is spread over a longer time, in shadow mode, or when it is not configured', () => {
    const slow = automatic(BURST)
    for (let minute = 0; minute < 5; minute++) {
      slow.ended('a', 9, 9)
      slow.clock.advance(70_000)
    }
    const shadow = automatic({ ...BURST, mode: 'shadow' })
    shadow.ended('a', 100, 100)
    const none = automatic({})
    none.ended('a', 100, 100)
    expect([slow.stopped, shadow.stopped, none.stopped]).toEqual([[], [], []])
  })

  test('nothing within the time is left out, nothing is counted for more than a tenth longer', () => {
    const step = fc.record({ after: fc.integer({ min: 0, max: 300 }), ended: fc.nat(5) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const window = new FailureWindow()
        const all: { at: number; ended: number }[] = []
        let now = 0
        for (const { after, ended } of steps) {
          now += after
          all.push({ at: now, ended })
          const sum = window.add('a', { ended, failed: 0 }, now, 1000).ended
          const of = (ms: number): number => all.filter(({ at }) => at > now - ms).reduce((s, one) => s + one.ended, 0)
          expect(sum).toBeGreaterThanOrEqual(of(1000))
          expect(sum).toBeLessThanOrEqual(of(1101))
        }
      }),
    )
  })
})

describe('a hard cap', () => {
  const KEY = 'k'
  const CAP = { budgets: { daily: { limit_usd: 1e-7 } }, stop_on: { hard_cap: true } }
  const account = (spent: number, more: object = {}) => ({
    key: KEY,
    budget: 'daily',
    scope: 'agent' as const,
    value: 'a',
    window: 'day',
    cap: 100,
    endsAt: Date.UTC(2026, 10, 22),
    spent,
    ...more,
  })
  function spend({ ledger, rules }: ReturnType<typeof automatic>, { spent, ...ref }: ReturnType<typeof account>): void {
    const id = String(spent)
    ledger.hold({ id, amount: spent, accounts: [ref], process: 'p', model: '', trace: '', span: '' })
    ledger.settle(id, { spent, unknown: 0 })
    rules.exhausted(KEY)
  }

  test('that is spent stops its agent', () => {
    const one = automatic(CAP)
    spend(one, account(60))
    expect(one.stopped).toEqual([])
    spend(one, account(35))
    expect(one.stopped).toMatchObject([
      { scope: 'agent', value: 'a', reason: expect.stringContaining('daily is spent') },
    ])
    one.rules.exhausted(KEY)
    expect(one.stopped).toHaveLength(1)
  })

  test.each([
    ['it is not wanted', { ...CAP, stop_on: {} }, {}],
    ['it is in shadow mode', { ...CAP, mode: 'shadow' }, {}],
    ['the budget is of a run', CAP, { window: 'run', scope: 'run' as const }],
    ['the budget is of a session', CAP, { scope: 'session' as const }],
  ])('stops nothing when %s', (_what, config, more) => {
    const one = automatic(config)
    spend(one, account(95, more))
    expect(one.stopped).toEqual([])
  })
})
