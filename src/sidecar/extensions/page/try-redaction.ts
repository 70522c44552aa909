import type { FastifyInstance } from 'fastify'
import * as z from 'zod'
import { createRedactor } from '../../../redaction/redactor.ts'
import { rules } from '../../../redaction/rules.ts'
import type { TriedRedaction } from '../../../store/records.ts'

/** Characters of a text that the page may have looked at: a long conversation. */
const TEXT_CHARS_MAX = 262_144

const body = z.strictObject({ text: z.string().max(TEXT_CHARS_MAX) })

/** POST /api/redaction: what the default rules would take out of a text. Nothing of it is kept. */
export function addTryRedaction(http: FastifyInstance): void {
  let redactor: ReturnType<typeof createRedactor> | undefined
  http.post('/api/redaction', async (request, reply) => {
    const parsed = body.safeParse(request.body)
    if (!parsed.success)
      return reply.code(400).send({ error: `this takes {"text": …} of at most ${TEXT_CHARS_MAX} characters` })
    redactor ??= createRedactor()
    const { text, hits } = redactor.redactText(parsed.data.text)
    const answer: TriedRedaction = { text, found: hits.map((hit) => ({ ...hit, summary: summaryOf(hit.rule) })) }
    return answer
  })
}

const summaryOf = (type: string): string => rules.find((rule) => rule.type === type)?.summary ?? ''
