import { expect, test } from 'vitest'
import type { AgentLife } from './agent-pulse.ts'
import { AlertBook } from './alert-book.ts'
import type { Alert } from './alert-book.ts'
import { findings } from './alert-rules.ts'
import type { AlertThresholds, Finding, Observed } from './alert-rules.ts'
import { SlidingSums } from './sliding-sums.ts'

const MINUTE_MS = 60_000
const NOW_MS = Date.UTC(2026, 10, 21, 12)
const thresholds: AlertThresholds = {
  notRunning: { enabled: true, heartbeatMsMax: 2 * MINUTE_MS },
  errorRate: { enabled: true, shareMax: 0.01, errorsMin: 5 },
  dailySpend: { enabled: true, spendUsdMax: 5 },
}
const healthy: AgentLife = {
  job: 'support',
  heartbeatMs: NOW_MS - 5000,
  silentMs: 5000,
  isHeard: true,
  hasEnded: false,
  runs: [],
  finished: 100,
  failed: 0,
  spentUsd: 1,
}

function look(agent: Partial<AgentLife>, more: Partial<Observed> = {}, rules = thresholds): Finding[] {
  const observed = { budgets: undefined, spendWindowMs: 24 * 60 * MINUTE_MS, ...more }
  return findings({ ...observed, agents: [{ ...healthy, ...agent }] }, rules)
}
const bad = (found: readonly Finding[]): string[] =>
  found.filter(({ state }) => state === 'bad').map(({ rule }) => rule)

test.each<[string, Partial<AgentLife>, string[]]>([
  ['a healthy agent', {}, []],
  ['silent for 2 minutes', { silentMs: 2 * MINUTE_MS }, []],
  ['silent for longer', { silentMs: 2 * MINUTE_MS + 1 }, ['AgentNotRunning']],
  ['whatever the clock says', { heartbeatMs: NOW_MS + 9 * MINUTE_MS, silentMs: 3 * MINUTE_MS }, ['AgentNotRunning']],
  ['and the other way round', { heartbeatMs: NOW_MS - 60 * MINUTE_MS, silentMs: 1000 }, []],
  ['it said that it ends', { silentMs: 9 * MINUTE_MS, hasEnded: true }, []],
  ['never seen', { heartbeatMs: 0 }, []],
  ['4 of 4 failed', { finished: 4, failed: 4 }, []],
  ['5 of 500 failed: 1 %', { finished: 500, failed: 5 }, []],
  ['5 of 499 failed', { finished: 499, failed: 5 }, ['AgentErrorRateLastHour']],
  ['5.00 USD', { spentUsd: 5 }, []],
  ['5.01 USD', { spentUsd: 5.01 }, ['AgentDailySpendThreshold']],
])('%s', (_, agent, expected) => {
  expect(bad(look(agent))).toEqual(expected)
})

test('a sidecar that has just started does not know yet whether an agent runs', () => {
  const state = (agent: Partial<AgentLife>): string | undefined => look(agent)[0]?.state
  expect(state({ silentMs: MINUTE_MS, isHeard: false })).toBe('unknown')
  expect(state({ silentMs: MINUTE_MS, isHeard: false, hasEnded: true })).toBe('good')
  expect(state({ silentMs: 3 * MINUTE_MS, isHeard: false })).toBe('bad')
})

test.each<[string, Partial<AgentLife>, 'bad' | 'unknown' | 'good']>([
  ['at the threshold', { finished: 1000, failed: 10 }, 'unknown'],
  ['at half of it', { finished: 1000, failed: 5 }, 'good'],
  ['fewer than are needed to raise it', { finished: 4, failed: 4 }, 'unknown'],
  ['at most half of these', { finished: 4, failed: 2 }, 'good'],
  ['nothing any more', { finished: 0, failed: 0 }, 'good'],
])('what is raised on errors: %s', (_, agent, expected) => {
  expect(look(agent)[1]?.state).toBe(expected)
})

test('what is raised on spend is over when it is a tenth below the threshold', () => {
  const states = [5.01, 5, 4.51, 4.5].map((spentUsd) => look({ spentUsd })[2]?.state)
  expect(states).toEqual(['bad', 'unknown', 'unknown', 'good'])
})

test('a day at the threshold: 1,200 requests an hour of which 1 % fail raise an alert a few times, not each hour', () => {
  const sums = { finished: new SlidingSums(60 * MINUTE_MS), failed: new SlidingSums(60 * MINUTE_MS) }
  const book = new AlertBook()
  let seed = 7919
  let changes = 0
  for (let second = 0; second < 86_400; second += 3) {
    const nowMs = NOW_MS + second * 1000
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    sums.finished.add(nowMs, 1)
    if (seed / 2 ** 31 < 0.01) sums.failed.add(nowMs, 1)
    if (second % 9 !== 0) continue
    const agent = { finished: sums.finished.total(nowMs), failed: sums.failed.total(nowMs) }
    changes += book.update(look(agent), nowMs).length
  }
  expect(changes).toBeGreaterThan(0)
  expect(changes).toBeLessThanOrEqual(8)
})

test('with budgets by the day their shares count, not what spans say', () => {
  const budget = { budget: 'daily', scope: 'agent', limitUsd: 10, alertUsd: 8 }
  const budgets = [
    { ...budget, value: 'a', spentUsd: 8.5 },
    { ...budget, value: 'b', spentUsd: 7 },
  ]
  const spend = look({ spentUsd: 100 }, { budgets }).filter(({ rule }) => rule === 'AgentDailySpendThreshold')
  expect(spend.map(({ labels, state }) => `${labels['value']} ${state}`)).toEqual(['a bad', 'b good'])
  const shared = { ...thresholds, dailySpend: { ...thresholds.dailySpend, budgetShare: 0.5 } }
  expect(bad(look({}, { budgets }, shared))).toHaveLength(2)
})

test('a rule that is off sees nothing', () => {
  const off = { ...thresholds, notRunning: { ...thresholds.notRunning, enabled: false } }
  expect(look({ silentMs: 3 * MINUTE_MS }, {}, off).map(({ rule }) => rule)).not.toContain('AgentNotRunning')
})

const [GONE] = look({ silentMs: 3 * MINUTE_MS })
const [HERE] = look({})

test('an alert is told once, again after the repeat interval, and when it is over; then it is there to be seen', () => {
  const book = new AlertBook()
  const step = (finding: Finding | undefined, nowMs: number): string[] => {
    book.update(finding === undefined ? [] : [finding], nowMs)
    const due = book.dueFor('pager', nowMs, 60 * MINUTE_MS)
    book.told(due, 'pager', nowMs)
    book.endTold(['pager'])
    return due.map(({ endsAtMs }) => (endsAtMs === undefined ? 'firing' : 'resolved'))
  }
  expect(step(HERE, 0)).toEqual([])
  expect(step(GONE, 1)).toEqual(['firing'])
  expect(step(GONE, 2)).toEqual([])
  expect(step(GONE, 1 + 60 * MINUTE_MS)).toEqual(['firing'])
  expect(step(HERE, 2 + 60 * MINUTE_MS)).toEqual(['resolved'])
  expect(book.all).toMatchObject([{ endsAtMs: 2 + 60 * MINUTE_MS, isDone: true }])
  expect(book.dueFor('new', 2 + 60 * MINUTE_MS, MINUTE_MS)).toEqual([])
  expect(step(GONE, 3 + 60 * MINUTE_MS)).toEqual(['firing'])
  // The agent is forgotten.
  expect(step(undefined, 4 + 60 * MINUTE_MS)).toEqual(['resolved'])
})

test('what is not known leaves an alert raised, and raises none', () => {
  const unknown = { ...(GONE as Finding), state: 'unknown' as const }
  const book = new AlertBook()
  expect(book.update([unknown], 0)).toEqual([])
  book.update([GONE as Finding], 1)
  expect(book.update([unknown], 2)).toEqual([])
  expect(book.all.map(({ startsAtMs, endsAtMs }) => [startsAtMs, endsAtMs])).toEqual([[1, undefined]])
})

test('over before it could be told: its end is told; raised anew meanwhile: it is another one', () => {
  const book = new AlertBook()
  book.update([GONE as Finding], 1)
  const [first] = book.dueFor('pager', 1, MINUTE_MS) as [Alert]
  book.update([HERE as Finding], 2)
  expect(book.dueFor('pager', 2, MINUTE_MS)).toMatchObject([{ startsAtMs: 1, endsAtMs: 2 }])
  book.update([GONE as Finding], 3)
  book.told([first], 'pager', 4)
  expect(book.dueFor('pager', 4, MINUTE_MS)).toMatchObject([{ startsAtMs: 3 }])
})

test('what could not be told for hours is given up, and too many are counted', () => {
  const book = new AlertBook()
  book.update([GONE as Finding], 0)
  book.update([HERE as Finding], 1)
  book.update([HERE as Finding], 7 * 60 * MINUTE_MS)
  expect(book.all).toEqual([])
  const many = Array.from({ length: 502 }, (_, i) => ({ ...(GONE as Finding), labels: { job: `${i}` } }))
  book.update(many, 1)
  expect([book.all.length, book.refused]).toEqual([500, 2])
})

test('what is over is seen for six hours, and gives way where there is no room', () => {
  const book = new AlertBook()
  const hour = 60 * MINUTE_MS
  book.update([GONE as Finding], 0)
  book.update([HERE as Finding], 1)
  book.endTold([])
  book.update([], 6 * hour)
  expect(book.all).toHaveLength(1)
  const many = Array.from({ length: 500 }, (_, i) => ({ ...(GONE as Finding), labels: { job: `agent-${i}` } }))
  expect(book.update(many, 6 * hour)).toHaveLength(500)
  expect([book.all.length, book.refused]).toEqual([500, 0])
  book.update([], 6 * hour + 1)
  expect(book.update([], 13 * hour)).toEqual([])
  expect(book.all).toEqual([])
})
