import type { FastifyInstance } from 'fastify'
import * as z from 'zod'
import { NANO_PER_USD, nanoUsd } from '../../../ledger/nano-usd.ts'
import { SuspenseBook } from '../../../ledger/suspense-book.ts'
import { SLICE } from './decisions.ts'
import type { GuardHost } from './guard-host.ts'
import { processHandle } from './process-handle.ts'
import { badRequest, orderCheck, orRefused, person, reason } from './orders.ts'

const HOLDS_MAX = 1000

const body = z.strictObject({
  hold: z.string().regex(/^[\x21-\x7e]{1,128}$/),
  spent_usd: z.number().min(0).max(1_000_000).default(0),
  person,
  reason,
})

/** What is in suspense, and a person's word on what it cost: GET and POST /api/guard/suspense. Its line is in the audit log before the books are changed. */
export function addSuspenseRoutes(http: FastifyInstance, host: GuardHost, token: () => string | undefined): void {
  http.get('/api/guard/suspense', async () => {
    const { books } = host
    const book = books === undefined ? undefined : new SuspenseBook(books.ledger)
    return {
      total: book?.count ?? 0,
      holds: (book?.list(HOLDS_MAX) ?? []).map(({ id, amount, process, model, trace, createdAt, endedAt }) => ({
        hold: id,
        amount_usd: amount / NANO_PER_USD,
        process: processHandle(process),
        // A slice is held for several calls, of any model.
        kind: SLICE.test(model) ? 'slice' : 'call',
        model: SLICE.test(model) ? null : model,
        run: trace,
        created_at: new Date(createdAt).toISOString(),
        since: new Date(endedAt).toISOString(),
      })),
    }
  })

  http.post('/api/guard/suspense', { preHandler: orderCheck(token) }, async (request, reply) => {
    const order = body.safeParse(request.body)
    if (!order.success) return badRequest(reply, 'hold, spent_usd, person and reason')
    return await orRefused(reply, () => release(host, order.data))
  })
}

async function release(host: GuardHost, { hold, spent_usd, person: by, reason: why }: z.output<typeof body>) {
  const { books } = host
  if (books === undefined) throw new RangeError("the ledger can't be used: see /readyz")
  const book = new SuspenseBook(books.ledger)
  const spent = nanoUsd(spent_usd)
  const before = books.ledger.find(hold)
  book.check(hold, spent)
  const scope = `hold:${hold} from ${before?.amount ?? 0} to ${spent} nano-USD`
  books.ledger.checkUnlocked()
  await books.audit.action({ event: 'action', action: 'suspense', scope, by, reason: why })
  // Somebody else may have said so meanwhile.
  book.lower(hold, spent)
  return { hold, released_usd: ((before?.amount ?? 0) - spent) / NANO_PER_USD }
}
