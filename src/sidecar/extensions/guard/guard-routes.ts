import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { leftIn } from '../../../ledger/account.ts'
import { NANO_PER_USD, nanoUsd } from '../../../ledger/nano-usd.ts'
import { isLoopback } from '../../loopback.ts'
import type { GuardHost } from './guard-host.ts'

/** Open holds that are listed, oldest first. */
const HOLDS_MAX = 100
const ACCOUNTS_MAX = 1000

const scope = z.enum(['fleet', 'agent', 'tenant', 'run', 'tool', 'model']).default('fleet')
const person = z.string().trim().min(1).max(200)
const reason = z.string().trim().min(1).max(256)
const value = z.string().max(256).default('')

const stopBody = z.strictObject({
  scope,
  value,
  person: person.default('unnamed'),
  reason: reason.default('no reason given'),
})
const resumeBody = z.strictObject({ scope, value, person, reason, confirm: z.boolean().default(false) })
const recoverBody = z.strictObject({
  person,
  reason,
  spent: z
    .array(z.strictObject({ budget: z.string(), value: z.string(), spent_usd: z.number().min(0).max(1_000_000) }))
    .max(100)
    .default([]),
})

const dollars = (nano: number): number => nano / NANO_PER_USD

/**
 * What the guard knows, and what people may order: GET /api/guard, POST /api/guard/{stop,resume,recover}. Where a token is configured an order needs it
 * (`Authorization: Bearer …`); where none is, it has to come from this host.
 */
export function addGuardRoutes(http: FastifyInstance, host: GuardHost, token: () => string | undefined): void {
  const mayOrder = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> =>
    isAllowed(request, token())
      ? undefined
      : reply.code(403).send({ error: 'the token, or this host where there is none' })

  http.get('/api/guard', async () => stateOf(host))

  http.post('/api/guard/stop', { preHandler: mayOrder }, async (request, reply) => {
    const order = stopBody.safeParse(request.body ?? {})
    if (!order.success) return badRequest(reply, 'scope, value, person, reason')
    const { person: who, ...stop } = order.data
    return await orRefused(reply, () => host.stop(stop, who, host.settings?.stopWaitMs ?? 0))
  })

  http.post('/api/guard/resume', { preHandler: mayOrder }, async (request, reply) => {
    const order = resumeBody.safeParse(request.body)
    if (!order.success)
      return badRequest(reply, 'person and reason, and scope and value, or confirm for the whole fleet')
    const { confirm, ...what } = order.data
    if (what.scope === 'fleet' && host.isStopFileThere)
      return reply.code(409).send({ error: 'the file STOP is in the state folder: remove it first' })
    return await orRefused(reply, async () => ({ resumed: host.resume({ ...what, isConfirmed: confirm }) }))
  })

  http.post('/api/guard/recover', { preHandler: mayOrder }, async (request, reply) => {
    const order = recoverBody.safeParse(request.body)
    if (!order.success) return badRequest(reply, 'person, reason, and spent: a list of budget, value and spent_usd')
    const { spent, person: who, reason: why } = order.data
    const booked = spent.map((one) => ({ budget: one.budget, value: one.value, spent: nanoUsd(one.spent_usd) }))
    return await orRefused(reply, async () => host.recover(booked, who, why))
  })
}

function stateOf(host: GuardHost) {
  const { books, settings } = host
  return {
    mode: settings?.mode ?? 'off',
    problem: host.problem ?? null,
    recovering: books?.ledger.isRecovering ?? false,
    epoch: host.epoch,
    lease_ms: settings?.leaseMs ?? 0,
    budgets: (books?.ledger.accounts(ACCOUNTS_MAX) ?? []).map((account) => ({
      budget: account.budget,
      scope: account.scope,
      value: account.value,
      window: account.window,
      ends_at: account.endsAt === 0 ? null : new Date(account.endsAt).toISOString(),
      limit_usd: dollars(settings?.budgets.find(({ name }) => name === account.budget)?.limit ?? account.cap),
      committed_usd: dollars(account.committed),
      held_usd: dollars(account.held),
      suspense_usd: dollars(account.suspense),
      left_usd: dollars(leftIn(account)),
    })),
    holds: (books?.ledger.holds(HOLDS_MAX) ?? []).map((hold) => ({
      id: hold.id,
      amount_usd: dollars(hold.amount),
      process: hold.process,
      model: hold.model,
      state: hold.state,
      created_at: new Date(hold.createdAt).toISOString(),
    })),
    waiting: host.waiting,
    processes: host.processes.alive().map(({ hello, peer, inFlight, leaseUntil }) => ({
      process: hello.process,
      pid: hello.pid,
      agent: hello.agent,
      version: hello.version,
      started_at: new Date(hello.startedAt).toISOString(),
      connected: peer !== undefined,
      in_flight: inFlight,
      lease_left_ms: Math.max(0, Math.round(leaseUntil - host.monotonic())),
    })),
    stops: (books?.stops.all() ?? []).map(({ scope: of, value: which, state, reason: why, person: who, at }) => ({
      scope: of,
      value: which,
      state,
      reason: why,
      person: who,
      at: new Date(at).toISOString(),
    })),
    confirmations: books?.stops.reports() ?? [],
  }
}

async function orRefused(reply: FastifyReply, work: () => Promise<object>): Promise<object> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof RangeError) return reply.code(409).send({ error: error.message })
    throw error
  }
}

function isAllowed({ socket, headers }: FastifyRequest['raw'] | FastifyRequest, token: string | undefined): boolean {
  if (token === undefined)
    return socket.remoteAddress !== undefined && isLoopback(socket.remoteAddress.replace(/^::ffff:/, ''))
  const [, given = ''] = /^bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? []
  return timingSafeEqual(digest(given), digest(token))
}
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

const badRequest = (reply: FastifyReply, expected: string): FastifyReply =>
  reply.code(400).send({ error: `this takes ${expected}` })
