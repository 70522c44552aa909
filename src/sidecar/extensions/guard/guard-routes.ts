import type { FastifyInstance } from 'fastify'
import { leftIn } from '../../../ledger/account.ts'
import type { Ledger } from '../../../ledger/ledger.ts'
import { NANO_PER_USD } from '../../../ledger/nano-usd.ts'
import { SuspenseBook } from '../../../ledger/suspense-book.ts'
import type { GuardHost } from './guard-host.ts'
import { processHandle } from './process-handle.ts'
import { rateUse } from './rate-use.ts'
import { addKillRoutes, stopsOf } from './kill-routes.ts'
import { addSuspenseRoutes } from './suspense-routes.ts'

/** Open holds and those in suspense that are listed, newest first. */
const HOLDS_MAX = 100
const ACCOUNTS_MAX = 1000

const dollars = (nano: number): number => nano / NANO_PER_USD

/**
 * What the guard knows, and what people may order: GET /api/guard, POST /api/guard/{stop,resume,recover}. Where a token is configured an order needs it
 * (`Authorization: Bearer …`); where none is, it has to come from this host.
 */
export function addGuardRoutes(http: FastifyInstance, host: GuardHost, token: () => string | undefined): void {
  http.get('/api/guard', async () => stateOf(host))
  addKillRoutes(http, host, token)
  addSuspenseRoutes(http, host, token)
}

function holdCount(ledger: Ledger): number {
  const book = new SuspenseBook(ledger)
  return book.openCount + book.count
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
      amount_usd: dollars(hold.amount),
      process: processHandle(hold.process),
      model: hold.model,
      state: hold.state,
      created_at: new Date(hold.createdAt).toISOString(),
    })),
    holds_total: books === undefined ? 0 : holdCount(books.ledger),
    rates: books === undefined || settings === undefined ? [] : rateUse(books, settings),
    denials: (books?.desk.denials.all ?? []).map(({ atMs, ...denial }) => ({
      at: new Date(atMs).toISOString(),
      ...denial,
    })),
    waiting: host.waiting,
    processes: host.processes.alive().map(({ hello, peer, inFlight, leaseUntil }) => ({
      process: processHandle(hello.process),
      pid: hello.pid,
      agent: hello.agent,
      version: hello.version,
      started_at: new Date(hello.startedAt).toISOString(),
      connected: peer !== undefined,
      in_flight: inFlight,
      lease_left_ms: Math.max(0, Math.round(leaseUntil - host.monotonic())),
    })),
    stops: stopsOf(host),
    confirmations: books?.stops.reports() ?? [],
  }
}
