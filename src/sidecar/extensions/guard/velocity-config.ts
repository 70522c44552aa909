import * as z from 'zod'
import { nanoUsd } from '../../../ledger/nano-usd.ts'
import { VELOCITY_RULES_DEFAULT } from '../../../limits/velocity.ts'
import type { VelocityFigures, VelocityRules } from '../../../limits/velocity.ts'
import { duration } from '../../config-types.ts'

const USD_MAX = 1_000_000

/** `{}` is never reached: that rule is off. */
function figures<Schema extends z.ZodType<number>>(value: Schema, unit: string) {
  return z
    .strictObject({
      warn: value.optional().describe(`Above it the run is warned of, ${unit}.`),
      stop: value.optional().describe(`Above it the run is stopped, ${unit}.`),
    })
    .refine(({ warn = 0, stop = Infinity }) => warn <= stop, { error: 'a run is stopped at more than it is warned of' })
}

const usd = z.number().positive().max(USD_MAX)
const times = z.number().min(1).max(1_000_000)
const many = z.int().positive().max(1_000_000)
const longer = duration.refine((ms) => ms > 0, 'is longer than nothing')

const velocity = z.strictObject({
  enabled: z.boolean().default(true).describe('Runs are measured.'),
  cost_usd: figures(usd, 'in US dollars').default({}).describe('What a run may cost.'),
  cost_times_p95: figures(times, 'as a multiple')
    .default({ ...VELOCITY_RULES_DEFAULT.costTimesP95 })
    .describe(
      "The same, against what 95 % of the agent's runs cost at most; below 0.10 USD no run is too dear. Warns at 5, stops at 10.",
    ),
  cost_per_minute_usd: figures(usd, 'in US dollars a minute')
    .default({})
    .describe('What a run may spend a minute, over five minutes.'),
  cost_per_minute_times_mean: figures(times, 'as a multiple')
    .default({ ...VELOCITY_RULES_DEFAULT.costPerMinuteTimesMean })
    .describe(
      "The same, against the mean of the agent's runs; below 0.10 USD a minute nothing is too fast. Warns at 5, stops at 10.",
    ),
  duration: figures(longer, 'such as `10m`').default({}).describe('How long a run may last, from its first call on.'),
  duration_times_p99: figures(times, 'as a multiple')
    .default({ ...VELOCITY_RULES_DEFAULT.wallClockTimesP99 })
    .describe(
      "The same, against what 99 % of the agent's runs take at most; below 5 minutes no run is too long. Warns at 3, and stops nothing by itself: a run may wait for a person.",
    ),
  depth: figures(many, 'in levels')
    .default({ ...VELOCITY_RULES_DEFAULT.depth })
    .describe('Agents within agents, in one process. Warns at 8, stops at 16.'),
  tool_calls: figures(many, 'in calls')
    .default({ ...VELOCITY_RULES_DEFAULT.toolCalls })
    .describe('Tool calls of a run; those of `loops.polling` do not count. Warns at 200, stops at 400.'),
  runs_min: many
    .default(VELOCITY_RULES_DEFAULT.runsMin)
    .describe('Runs of an agent before it is measured against its past, of which the last 1000 count.'),
})

export const velocityConfig = velocity
  .optional()
  .describe(
    'How much one run may do, summed up over all of its processes. Left out, it is on with these defaults where `loops` is enabled, and off elsewhere. A rule that is `{}` is off.',
  )

/** Undefined: runs are not measured. */
export function velocityRules(config: z.output<typeof velocityConfig>, hasLoops: boolean): VelocityRules | undefined {
  if (config === undefined) return hasLoops ? VELOCITY_RULES_DEFAULT : undefined
  if (!config.enabled) return undefined
  return {
    ...VELOCITY_RULES_DEFAULT,
    cost: nano(config.cost_usd),
    costTimesP95: known(config.cost_times_p95),
    costPerMinute: nano(config.cost_per_minute_usd),
    costPerMinuteTimesMean: known(config.cost_per_minute_times_mean),
    wallClock: known(config.duration),
    wallClockTimesP99: known(config.duration_times_p99),
    depth: known(config.depth),
    toolCalls: known(config.tool_calls),
    runsMin: config.runs_min,
  }
}

type Given = { readonly warn?: number | undefined; readonly stop?: number | undefined }

const known = ({ warn, stop }: Given): VelocityFigures => ({
  ...(warn === undefined ? {} : { warn }),
  ...(stop === undefined ? {} : { stop }),
})

const nano = ({ warn, stop }: Given): VelocityFigures =>
  known({ warn: warn === undefined ? undefined : nanoUsd(warn), stop: stop === undefined ? undefined : nanoUsd(stop) })
