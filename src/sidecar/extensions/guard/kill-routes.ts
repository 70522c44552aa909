import type { FastifyInstance } from 'fastify'
import * as z from 'zod'
import { setTimeout as delay } from 'node:timers/promises'
import { nanoUsd } from '../../../ledger/nano-usd.ts'
import type { GuardHost } from './guard-host.ts'
import type { StopReport } from './stops.ts'
import type { FleetReport } from './fleet/fleet-confirmations.ts'
import { badRequest, orderCheck, orRefused, person, reason } from './orders.ts'

const WAIT_MS_MAX = 60_000
const GRACE_MS_MAX = 300_000

const scope = z.enum(['fleet', 'agent', 'tenant', 'run', 'tool', 'model']).default('fleet')
const value = z.string().max(256).default('')

const stopBody = z.strictObject({
  scope,
  value,
  person: person.default('unnamed'),
  reason: reason.default('no reason given'),
  wait_ms: z.int().min(0).max(WAIT_MS_MAX).optional(),
  grace_ms: z.int().min(0).max(GRACE_MS_MAX).optional(),
})
const resumeBody = z.strictObject({ scope, value, person, reason, confirm: z.boolean().default(false) })
const recoverBody = z.strictObject({
  person,
  reason,
  spent: z
    .array(z.strictObject({ budget: z.string(), value: z.string(), spent_usd: z.number().min(0).max(1_000_000) }))
    .max(100),
})

/** What people may order: POST /api/guard/{stop,resume,recover}; GET /api/guard/stops says how far stops have come. */
export function addKillRoutes(http: FastifyInstance, host: GuardHost, token: () => string | undefined): void {
  const mayOrder = orderCheck(token)

  http.get('/api/guard/stops', async () => ({
    stops: stopsOf(host),
    confirmations: await withFleet(host, host.books?.stops.reports() ?? []),
    wait_ms: host.settings?.stopWaitMs ?? 0,
    agents: [...new Set(host.processes.alive().map(({ hello }) => hello.agent))].toSorted(),
    needs_token: needsToken(token),
  }))

  http.post('/api/guard/stop', { preHandler: mayOrder }, async (request, reply) => {
    const order = stopBody.safeParse(request.body ?? {})
    if (!order.success) return badRequest(reply, 'scope, value, person, reason, wait_ms, grace_ms')
    const { person: who, wait_ms, grace_ms, ...stop } = order.data
    const { stopWaitMs = 0, signals } = host.settings ?? {}
    const times = signals === undefined || grace_ms === undefined ? signals : { graceMs: grace_ms }
    const waitMs = wait_ms ?? stopWaitMs
    return await orRefused(reply, async () => {
      const endMs = host.monotonic() + waitMs
      const stopping = host.kill.stop(stop, who, waitMs, times)
      host.books?.fleet?.ordered()
      return await fleetSettled(host, await stopping, endMs)
    })
  })

  http.post('/api/guard/resume', { preHandler: mayOrder }, async (request, reply) => {
    const order = resumeBody.safeParse(request.body)
    if (!order.success)
      return badRequest(reply, 'person and reason, and scope and value, or confirm for the whole fleet')
    const { confirm, ...what } = order.data
    return await orRefused(reply, async () => {
      const resumed = await host.kill.resume({ ...what, isConfirmed: confirm })
      host.books?.fleet?.ordered()
      return { resumed }
    })
  })

  http.post('/api/guard/recover', { preHandler: mayOrder }, async (request, reply) => {
    const order = recoverBody.safeParse(request.body)
    if (!order.success) return badRequest(reply, 'person, reason, and spent: a list of budget, value and spent_usd')
    const { spent, person: who, reason: why } = order.data
    const booked = spent.map((one) => ({ budget: one.budget, value: one.value, spent: nanoUsd(one.spent_usd) }))
    return await orRefused(reply, () => host.kill.recover(booked, who, why))
  })
}

/** How often is asked what the other sidecars say. */
const FLEET_LOOK_MS = 100

/** In a fleet, with what the other sidecars say. */
async function withFleet(
  host: GuardHost,
  reports: readonly StopReport[],
): Promise<readonly (StopReport | FleetReport)[]> {
  return (await host.books?.fleet?.confirmations.of(reports)) ?? reports
}

/** When all sidecars have said it, or the time is over. */
async function fleetSettled(host: GuardHost, report: StopReport, endMs: number): Promise<StopReport | FleetReport> {
  for (;;) {
    const now = host.books?.stops.reports().find(({ id }) => id === report.id) ?? report
    const [told = now] = await withFleet(host, [now])
    if (told.isConfirmed || host.books?.fleet === undefined || host.monotonic() + FLEET_LOOK_MS > endMs) return told
    await delay(FLEET_LOOK_MS)
  }
}

/** One that can't be read is needed all the same. */
function needsToken(token: () => string | undefined): boolean {
  try {
    return token() !== undefined
  } catch {
    return true
  }
}

/** What is not running, for people. */
export const stopsOf = (host: GuardHost) =>
  (host.books?.stops.all() ?? []).map(({ scope: of, value: which, state, reason: why, person: who, at }) => ({
    scope: of,
    value: which,
    state,
    reason: why,
    person: who,
    at: new Date(at).toISOString(),
  }))
