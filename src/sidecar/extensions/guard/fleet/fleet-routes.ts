import type { FastifyInstance } from 'fastify'
import * as z from 'zod'
import type { GuardHost } from '../guard-host.ts'
import { badRequest, orderCheck, orRefused, person, reason } from '../orders.ts'

const openBody = z.strictObject({ person, reason })

/** GET /api/guard/fleet, and POST /api/guard/fleet/open: a person opens the bank without sidecars that it waits for. */
export function addFleetRoutes(http: FastifyInstance, host: GuardHost, token: () => string | undefined): void {
  http.get('/api/guard/fleet', async (_, reply) => {
    const state = host.books?.fleet?.state
    if (state === undefined) return reply.code(404).send({ error: 'extensions.guard.fleet is not configured' })
    return {
      node: state.node,
      nodes: state.nodes,
      away: state.away ?? null,
      closed: state.closed ?? null,
      awaited: state.awaited,
      epoch: state.epoch,
      heard_ms_ago: state.heardMsAgo ?? null,
      drawn: state.drawn.map(({ key, drawn, total, cap }) => ({
        account: key,
        drawn_usd: drawn / 1e9,
        drawn_by_all_usd: total / 1e9,
        limit_usd: cap / 1e9,
      })),
    }
  })

  http.post('/api/guard/fleet/open', { preHandler: orderCheck(token) }, async (request, reply) => {
    const order = openBody.safeParse(request.body)
    if (!order.success) return badRequest(reply, 'person and reason')
    const { person: who, reason: why } = order.data
    return await orRefused(reply, async () => {
      const { fleet, audit } = host.books ?? {}
      if (fleet === undefined) throw new RangeError('extensions.guard.fleet is not configured')
      await audit?.action({ event: 'action', action: 'open_bank', scope: 'fleet', by: who, reason: why })
      return { opened_without: await fleet.open(who, why) }
    })
  })
}
