import { expect, test } from 'vitest'
import { testContext } from '../../../../test/support/component-context.ts'
import { DENIALS_MAX, RecentDenials } from './recent-denials.ts'

const posts = { agent: 'support', what: 'post_message', code: 'RATE_LIMITED', rule: 'posts' } as const

test('the newest first, an agent that asks again and again is one line, and so many kinds are remembered', () => {
  const context = testContext('guard')
  const denials = new RecentDenials(context)
  const startMs = context.clock.now()
  denials.add(posts, 'enforce')
  denials.add({ ...posts, what: 'send_mail' }, 'enforce')
  context.clock.advance(1000)
  denials.add(posts, 'enforce')
  denials.add(posts, 'shadow')
  expect(denials.all).toEqual([
    { ...posts, mode: 'shadow', times: 1, atMs: startMs + 1000 },
    { ...posts, mode: 'enforce', times: 2, atMs: startMs + 1000 },
    { ...posts, what: 'send_mail', mode: 'enforce', times: 1, atMs: startMs },
  ])
  for (let i = 0; i < DENIALS_MAX; i++) denials.add({ ...posts, what: `tool-${i}` }, 'enforce')
  expect(denials.all.map(({ what }) => what)).toEqual(
    Array.from({ length: DENIALS_MAX }, (_, i) => `tool-${DENIALS_MAX - 1 - i}`),
  )
  const labels = 'agent="support",reason="rate_limited",rule="posts",mode="enforce"'
  expect(context.counters.get(`agent_guard_denied_total{${labels}}`)).toBe(3 + DENIALS_MAX)
})
