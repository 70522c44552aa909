import type { FastifyInstance, FastifyReply } from 'fastify'
import * as z from 'zod'
import { AuditWriteError } from '../../../audit/audit-log.ts'
import type { ApprovalEntry } from '../../../ledger/approval-book.ts'
import { ApprovalError } from './approvals.ts'
import type { Decided, WaitingCall } from './approvals.ts'
import type { GuardHost } from './guard-host.ts'
import { badRequest, orderCheck, person, reason } from './orders.ts'

/** Of those that wait no more, the newest are listed. */
const DECIDED_MAX = 20

const body = z.strictObject({ id: z.string().min(1).max(128), person, reason: reason.optional() })

/**
 * What waits for a person, and what persons say: GET /api/guard/approvals, POST /api/guard/approvals/{approve,deny} with `{id, person, reason?}`, under the same conditions as
 * the other orders. Of two who answer, the second is told who was first (409).
 */
export function addApprovalRoutes(http: FastifyInstance, host: GuardHost, token: () => string | undefined): void {
  const preHandler = orderCheck(token)

  http.get('/api/guard/approvals', async () => {
    const { books, settings: { supervised } = {} } = host
    return {
      supervised: books?.approvals.isActive ?? false,
      until: supervised?.untilMs === undefined ? null : new Date(supervised.untilMs).toISOString(),
      needs_token: token() !== undefined,
      waiting: (books?.approvals.list() ?? []).map(waitingJson),
      decided: (books?.approvals.decided(DECIDED_MAX) ?? []).map(entryJson),
    }
  })

  for (const [order, state] of [
    ['approve', 'approved'],
    ['deny', 'denied'],
  ] as const) {
    http.post(`/api/guard/approvals/${order}`, { preHandler }, async (request, reply) => {
      const said = body.safeParse(request.body)
      if (!said.success) return badRequest(reply, 'id, person and, if you like, reason')
      const { id, person: who, reason: why = '' } = said.data
      const approvals = host.books?.approvals
      if (approvals === undefined) return reply.code(503).send({ error: "the ledger can't be used: see /readyz" })
      try {
        return decidedJson(await approvals.decide(id, state, who, why))
      } catch (error) {
        return refused(error, reply)
      }
    })
  }
}

function refused(error: unknown, reply: FastifyReply): FastifyReply {
  if (error instanceof ApprovalError)
    return reply
      .code(error.status)
      .send({ error: error.message, ...(error.entry === undefined ? {} : entryJson(error.entry)) })
  if (error instanceof AuditWriteError)
    return reply.code(503).send({ error: `${error.message}. What is not on record is not done: the call is denied` })
  throw error
}

const decidedJson = ({ entry, answer }: Decided) => ({
  ...entryJson(entry),
  // What the agent was answered: other limits, and stops, come after the person.
  granted: answer === undefined ? null : answer.isGranted,
  ...(answer === undefined || answer.isGranted ? {} : { code: answer.code, because: answer.message ?? answer.code }),
})

const entryJson = ({ id, state, person: who, reason: why, decidedAt, call }: ApprovalEntry) => ({
  id,
  tool: call.tool,
  state,
  person: who === '' ? null : who,
  reason: why === '' ? null : why,
  decided_at: decidedAt === 0 ? null : new Date(decidedAt).toISOString(),
})

const waitingJson = ({ id, call, askedAt, isConnected, waitedMs, leftMs }: WaitingCall) => ({
  id,
  tool: call.tool,
  class: call.class,
  agent: call.agent,
  run: call.run ?? null,
  trace_id: call.trace ?? null,
  input: call.summary,
  asked_at: new Date(askedAt).toISOString(),
  waited_ms: Math.round(waitedMs),
  left_ms: Math.round(leftMs),
  connected: isConnected,
})
