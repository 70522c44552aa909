import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import * as z from 'zod'
import { AuditWriteError } from '../../../audit/audit-log.ts'
import { LedgerLockedError } from '../../../ledger/together.ts'
import { isFromThisHost } from '../../loopback.ts'

/** Who orders, and why: as they write it. */
export const person = z.string().trim().min(1).max(200)
export const reason = z.string().trim().min(1).max(256)

/** Before every order: the token where one is configured (`Authorization: Bearer …`), else a connection from this host. */
export const orderCheck =
  (token: () => string | undefined) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> =>
    isAllowed(request, token())
      ? undefined
      : reply.code(403).send({ error: 'the token, or this host where there is none' })

/** 409 with the message where the order can't be carried out, 503 while the ledger is locked. */
export async function orRefused(reply: FastifyReply, work: () => Promise<object>): Promise<object> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof RangeError || error instanceof AuditWriteError)
      return reply.code(409).send({ error: error.message })
    if (error instanceof LedgerLockedError) return reply.code(503).send({ error: `${error.message}, and try again` })
    throw error
  }
}

export const badRequest = (reply: FastifyReply, expected: string): FastifyReply =>
  reply.code(400).send({ error: `this takes ${expected}` })

function isAllowed(request: FastifyRequest, token: string | undefined): boolean {
  if (token === undefined) return isFromThisHost(request)
  const [, given = ''] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  return timingSafeEqual(digest(given), digest(token))
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
