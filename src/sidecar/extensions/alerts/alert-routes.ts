import type { FastifyInstance } from 'fastify'
import * as z from 'zod'
import { stateOf } from '../../../alerts/alert-book.ts'
import type { Alert } from '../../../alerts/alert-book.ts'
import type { AlertDesk } from '../../../alerts/alert-desk.ts'
import { ALERT_NAMES } from '../../../alerts/alert-rules.ts'
import { isFromThisHost } from '../../loopback.ts'

/** Tests at the same time: each waits for every notifier. */
const TESTS_MAX = 2

const testBody = z.strictObject({ rule: z.enum(ALERT_NAMES).default(ALERT_NAMES[0]) })

/** GET /api/alerts: what is raised and who is told. POST /api/alerts/test, from this host only: has a test told, and waits for the answers. */
export function addAlertRoutes(http: FastifyInstance, desk: AlertDesk): void {
  let tests = 0
  http.get('/api/alerts', async () => ({
    rules: ALERT_NAMES,
    alerts: desk.all.map(shownAlert),
    notifiers: desk.notifiers.map(({ name, sent, failed, problem }) => ({
      name,
      sent,
      failed,
      problem: problem ?? null,
    })),
  }))
  http.post('/api/alerts/test', async (request, reply) => {
    if (!isFromThisHost(request)) return reply.code(403).send({ error: 'this host only' })
    const body = testBody.safeParse(request.body ?? {})
    if (!body.success) return reply.code(400).send({ error: `this takes rule: ${ALERT_NAMES.join(', ')}` })
    if (tests >= TESTS_MAX) return reply.code(429).send({ error: 'tests are under way' })
    tests++
    try {
      return { rule: body.data.rule, told: await desk.test(body.data.rule) }
    } finally {
      tests--
    }
  })
}

const shownAlert = (alert: Alert) => ({
  alert: alert.rule,
  state: stateOf(alert),
  labels: alert.labels,
  starts_at: new Date(alert.startsAtMs).toISOString(),
  ends_at: alert.endsAtMs === undefined ? null : new Date(alert.endsAtMs).toISOString(),
  value: alert.value,
  threshold: alert.threshold,
  ...alert.texts,
})
