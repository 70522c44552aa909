import { z } from 'zod'
import { createRedactor, LIMIT_TYPE, redactionLimits } from '../../redaction/redactor.ts'
import { ruleTypes } from '../../redaction/rules.ts'
import { defineProcessor } from '../component.ts'
import { redactBatch } from './redaction/redact-batch.ts'

const config = z.strictObject({
  rules: z.array(z.enum(ruleTypes)).min(1).optional().describe('The rules to apply; all of them when absent.'),
  summary: z
    .enum(['debug', 'info', 'silent'])
    .default('debug')
    .describe(
      'What is added to a span or log record of which something was taken out: debug the count and the names of the rules, info the count, silent nothing.',
    ),
  work_per_byte_max: z
    .int()
    .positive()
    .default(redactionLimits.stepsPerByteMax)
    .describe(
      'Bytes that rules may look at for each byte of a batch. A value that would take more is masked as a whole.',
    ),
})

/**
 * Takes personal data and secrets out of every string of a batch: names, keys, values of all kinds and depths, JSON in strings, descriptions, bodies.
 * Numbers stay. Put it before everything that reads or keeps what passes.
 */
export const redaction = defineProcessor({
  type: 'redaction',
  summary:
    'Replaces personal data and secrets by placeholders such as [REDACTED:EMAIL], in every string of traces, metrics and logs.',
  signals: ['traces', 'metrics', 'logs'],
  config,
  create({ rules, summary, work_per_byte_max: stepsPerByteMax }, { id, metrics }) {
    const redactor = createRedactor({ ...(rules === undefined ? {} : { rules }), limits: { stepsPerByteMax } })
    const counters = new Map(
      [...ruleTypes, LIMIT_TYPE].map((rule) => {
        const help = 'What was taken out, by rule; LIMIT: values masked as a whole because they took too much work.'
        return [rule, metrics.counter('spanwarden_redactions', help, { processor: id, rule })]
      }),
    )
    return {
      process(view, edits) {
        redactBatch(redactor, view, edits, summary, (type) => counters.get(type)?.add(1))
      },
    }
  },
})
