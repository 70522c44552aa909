import { expect, test } from 'vitest'
import { Ledger } from '../../../ledger/ledger.ts'
import { RateBook } from '../../../ledger/rate-book.ts'
import { rateRefsOf } from '../../../limits/rates/rate-limit.ts'
import { guardConfig, guardSettings } from './guard-config.ts'
import { rateUse } from './rate-use.ts'

test('what is used of each limit, of one with many values each that was used, the tightest first', () => {
  const ledger = new Ledger({ path: ':memory:', now: () => Date.UTC(2026, 10, 21, 12) })
  const rates = new RateBook(ledger)
  const settings = guardSettings(
    guardConfig.parse({
      rates: {
        posts: { class: 'post', scope: 'fleet', limit: 10, window: '1h' },
        mails: { tool: 'send_mail', limit: 2, window: 'day' },
        mails_of_all: { tool: 'send_mail', scope: 'fleet', limit: 5000, window: '1h' },
        reads: { tool: 'read_file', limit: 5, window: '1m' },
      },
    }),
  )
  const call = (id: string, tool: string, ofClass: string, agent: string): void => {
    const refs = rateRefsOf(settings.rates, { tool, class: ofClass }, { agent })
    expect(rates.admit({ id, process: 'p', refs })).toEqual({ isAdmitted: true })
  }
  call('1', 'post_message', 'post', 'support')
  call('2', 'send_mail', 'write', 'a/b %')
  call('3', 'send_mail', 'write', 'a/b %')
  call('4', 'send_mail', 'write', 'sales')
  const shown = rateUse({ ledger, rates }, settings).map(({ name, value, used, limit }) => [name, value, used, limit])
  expect(shown).toEqual([
    ['mails', 'a/b %', 2, 2],
    ['mails', 'sales', 1, 2],
    ['posts', 'fleet', 1, 10],
    ['mails_of_all', 'fleet', 3, 5000],
    ['reads', '', 0, 5],
  ])
  expect(rateUse({ ledger, rates }, settings)[2]).toMatchObject({ class: 'post', tool: null, window_ms: 3_600_000 })
})
