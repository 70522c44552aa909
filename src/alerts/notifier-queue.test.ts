import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { testContext } from '../../test/support/component-context.ts'
import type { TestContext } from '../../test/support/component-context.ts'
import { AlertBook, idOf } from './alert-book.ts'
import type { Alert } from './alert-book.ts'
import type { AlertMessage } from './alert-message.ts'
import { ALERT_NAMES } from './alert-rules.ts'
import { NotifierQueue } from './notifier-queue.ts'
import { RefusedMessageError } from './refused-message-error.ts'
import { testAlert } from './test-alert.ts'

const REPEAT_MS = 4 * 3_600_000
const HOUR_MS = 3_600_000
const SECOND_MS = 1000

const alertOf = (rule: (typeof ALERT_NAMES)[number], job: string): Alert => ({
  ...testAlert(rule, 0),
  id: idOf({ rule, labels: { job } }),
  labels: { job },
})
const [GONE, ERRORS, SPEND] = ALERT_NAMES

/** A queue whose receiver does what `answer` does; what it took is in `taken`. */
function start(
  alerts: readonly Alert[],
  answer: (message: AlertMessage) => void,
): {
  queue: NotifierQueue
  context: TestContext
  tried: AlertMessage[]
  taken: string[]
} {
  const context = testContext('alerts')
  const book = new AlertBook(alerts)
  const [tried, taken]: [AlertMessage[], string[]] = [[], []]
  const queue = new NotifierQueue({
    notifier: {
      name: 'n',
      notify: async (message) => {
        tried.push(message)
        answer(message)
        taken.push(...message.alerts.map(({ labels }) => `${labels['alertname']} ${labels['job']}`))
      },
    },
    context,
    frame: { receiver: 'r', sidecar: 's', url: '' },
    due: () => book.dueFor('n', context.clock.now(), REPEAT_MS),
    told: (told) => book.told(told, 'n', context.clock.now()),
  })
  return { queue, context, tried, taken }
}
const names = (message: AlertMessage, job: string): boolean =>
  message.alerts.some(({ labels }) => labels['job'] === job)
const refusing = (job: string) => (message: AlertMessage) => {
  if (names(message, job)) throw new RefusedMessageError('it answered 400')
}
const settle = (context: TestContext): Promise<void> => context.clock.advanceSettled(0)

test('a receiver that is not there does not hold up the rules behind it, and has it all when it is back', async () => {
  let isAway = true
  const all = ALERT_NAMES.map((rule) => alertOf(rule, 'a'))
  const { queue, context, tried, taken } = start(all, (message) => {
    if (isAway && message.groupLabels['alertname'] === GONE) throw new Error('it answered 503')
  })
  queue.pump()
  await settle(context)
  expect(taken).toEqual([`${ERRORS} a`, `${SPEND} a`])
  expect(queue.state).toEqual({ name: 'n', sent: 2, failed: 1, problem: 'it answered 503' })
  for (let looks = 0; looks < 60; looks++) {
    queue.pump()
    await context.clock.advanceSettled(10 * SECOND_MS)
  }
  // Later and later: 0.75, 1.5, 3 … 45 s.
  expect(tried.length).toBeLessThan(25)
  isAway = false
  await context.clock.advanceSettled(60 * SECOND_MS)
  expect(taken.toSorted()).toEqual(all.map(({ rule }) => `${rule} a`).toSorted())
  expect(queue.state.problem).toBeUndefined()
})

test('what is refused for what it says is told alone, some times, and given up; the others of its rule get through', async () => {
  const { queue, context, tried, taken } = start(
    [alertOf(ERRORS, 'evil'), alertOf(ERRORS, 'support'), alertOf(SPEND, 'support')],
    refusing('evil'),
  )
  queue.pump()
  await context.clock.advanceSettled(10)
  expect(taken.toSorted()).toEqual([`${ERRORS} support`, `${SPEND} support`].toSorted())
  await context.clock.advanceSettled(HOUR_MS)
  expect(tried.filter((message) => names(message, 'evil') && message.alerts.length === 1)).toHaveLength(10)
  expect(context.counters.get('spanwarden_alerts_notifications_given_up{notifier="n"}')).toBe(1)
  expect(context.logged.at(-1)).toMatchObject({ level: 'error', fields: { alert: ERRORS, tries: 10 } })
  // Nothing was taken since: the sidecar stays degraded.
  expect(queue.state.problem).toBe('it answered 400')
  const before = tried.length
  await context.clock.advanceSettled(REPEAT_MS)
  queue.pump()
  await settle(context)
  expect(tried.length).toBeGreaterThan(before)
})

test('a message has at most 50 alerts', async () => {
  const all = Array.from({ length: 120 }, (_, i) => alertOf(ERRORS, `job-${i}`))
  const { queue, context, tried, taken } = start(all, () => undefined)
  queue.pump()
  await settle(context)
  expect(tried.map(({ alerts }) => alerts.length)).toEqual([50, 50, 20])
  expect(taken).toHaveLength(120)
})

test('whatever is refused, all else is told once', async () => {
  const alerts = fc.uniqueArray(fc.tuple(fc.constantFrom(...ALERT_NAMES), fc.integer({ min: 0, max: 80 })), {
    selector: ([rule, job]) => `${rule}${job}`,
    maxLength: 150,
  })
  await fc.assert(
    fc.asyncProperty(alerts, fc.uniqueArray(fc.integer({ min: 0, max: 80 })), async (raised, bad) => {
      const isBad = new Set(bad.map((job) => `${job}`))
      const { queue, context, taken } = start(
        raised.map(([rule, job]) => alertOf(rule, `${job}`)),
        (message) => {
          if (message.alerts.some(({ labels }) => isBad.has(labels['job'] ?? '')))
            throw new RefusedMessageError('it answered 413')
        },
      )
      queue.pump()
      await context.clock.advanceSettled(HOUR_MS)
      const good = raised.filter(([, job]) => !isBad.has(`${job}`)).map(([rule, job]) => `${rule} ${job}`)
      expect(taken.toSorted()).toEqual(good.toSorted())
    }),
    { numRuns: 30 },
  )
})

test('after its end nothing is told, and nothing is waited for', async () => {
  const { queue, context, tried } = start([alertOf(GONE, 'a')], () => {
    throw new Error('ECONNREFUSED')
  })
  queue.pump()
  await settle(context)
  await queue.close()
  queue.pump()
  await context.clock.advanceSettled(HOUR_MS)
  expect(tried).toHaveLength(1)
  expect(context.clock.nextTimerMs).toBeUndefined()
})
