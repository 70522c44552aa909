import type { FastifyInstance } from 'fastify'
import * as z from 'zod'
import { REMEMBERS_CALLS_MAX } from '../../../control/undo-messages.ts'
import type { GuardHost } from './guard-host.ts'
import { badRequest, orderCheck, orRefused, person, reason } from './orders.ts'

const id = z.string().regex(/^[\w.:-]{1,64}$/)
const lookBody = z.strictObject({
  calls: z.array(z.strictObject({ call: id, process: id })).max(REMEMBERS_CALLS_MAX),
})
const undoBody = z.strictObject({ call: id, process: id, person, reason })
const byHandBody = z.strictObject({ call: id, person, reason })

/** For `spanwarden rollback`: POST /api/guard/rollback{,/look,/by-hand}. Which calls there are stands in the audit log, which the command reads by itself. */
export function addRollbackRoutes(http: FastifyInstance, host: GuardHost, token: () => string | undefined): void {
  const options = { preHandler: orderCheck(token) }

  http.post('/api/guard/rollback/look', options, async (request, reply) => {
    const asked = lookBody.safeParse(request.body)
    if (!asked.success) return badRequest(reply, `calls: a list of call and process, ${REMEMBERS_CALLS_MAX} at most`)
    return await host.rollbacks.look(asked.data.calls)
  })

  http.post('/api/guard/rollback', options, async (request, reply) => {
    const order = undoBody.safeParse(request.body)
    if (!order.success) return badRequest(reply, 'call, process, person and reason')
    return await orRefused(reply, () => host.rollbacks.undo(order.data))
  })

  http.post('/api/guard/rollback/by-hand', options, async (request, reply) => {
    const order = byHandBody.safeParse(request.body)
    if (!order.success) return badRequest(reply, 'call, person and reason')
    return await orRefused(reply, async () => {
      await host.rollbacks.byHand(order.data)
      return { recorded: true }
    })
  })
}
