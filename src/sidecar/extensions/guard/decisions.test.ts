import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Hello, Hold } from '../../../control/guard-messages.ts'
import { Ledger } from '../../../ledger/ledger.ts'
import { RateBook } from '../../../ledger/rate-book.ts'
import { Decisions } from './decisions.ts'
import { guardConfig, guardSettings } from './guard-config.ts'

const CAP = 1_000
const hello: Hello = { type: 'hello', protocol: 1, process: 'p', pid: 1, startedAt: 0, agent: 'a', version: '1' }

function books() {
  const ledger = new Ledger({ path: ':memory:', now: () => 1_000 })
  const config = { budgets: { daily: { limit_usd: CAP / 1e9 }, hourly: { limit_usd: CAP / 1e9, window: 'hour' } } }
  const decisions = new Decisions({
    settings: guardSettings(guardConfig.parse(config)),
    ledger,
    rates: new RateBook(ledger),
    stops: { of: () => undefined },
    context: { clock: { now: () => 1_000 } },
    count: () => undefined,
  } as unknown as ConstructorParameters<typeof Decisions>[0])
  const hold = (id: string, amount: number, more: Partial<Hold> = {}) => {
    const message: Hold = { type: 'hold', id, amount, scopes: { agent: 'a' }, waitMs: 10, ...more }
    return decisions.hold(hello, message, decisions.accounts(hello, message), 0)
  }
  return { ledger, hold }
}

const step = fc.record({
  amount: fc.integer({ min: 1, max: 600 }),
  least: fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined }),
  hasWaited: fc.boolean(),
  settles: fc.nat(1),
  spent: fc.double({ min: 0, max: 1, noNaN: true }),
})

test('a call that can be shortened gets what is left when that is enough; nothing is ever held beyond the cap', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { ledger, hold } = books()
      let committed = 0
      const open: { id: string; amount: number }[] = []
      for (const [i, { amount, least, hasWaited, settles, spent }] of steps.entries()) {
        const id = `h${i}`
        const held = open.reduce((sum, one) => sum + one.amount, 0)
        const left = CAP - committed - held
        // The naive model.
        const isFinal = committed + amount > CAP
        const fits = amount <= left
        const shortened = least !== undefined && (isFinal || hasWaited) && left >= Math.min(least, amount)
        const granted = fits ? amount : shortened && left >= (least ?? 0) ? left : undefined
        const mayCome = !isFinal || (least !== undefined && committed + least <= CAP)
        const more = { ...(least === undefined ? {} : { least }), waitMs: hasWaited ? 0 : 10 }
        const decision = hold(id, amount, more)
        const code = mayCome ? 'BUDGET_HELD' : 'BUDGET_EXHAUSTED'
        const expected = granted === undefined ? { isGranted: false, code } : { isGranted: true, amount: granted }
        expect(decision).toMatchObject(expected)
        // Asked again it is the same.
        expect(hold(id, amount, more)).toMatchObject(expected)
        if (granted !== undefined) open.push({ id, amount: granted })
        const [first] = open
        if (settles === 1 && first !== undefined) {
          open.shift()
          const cost = Math.floor(first.amount * spent)
          ledger.settle(first.id, { spent: cost })
          committed += cost
        }
        expect(ledger.problems()).toEqual([])
        for (const account of ledger.accounts()) expect(account.committed + account.held).toBeLessThanOrEqual(CAP)
      }
      ledger.close()
    }),
    { numRuns: 60 },
  )
})
