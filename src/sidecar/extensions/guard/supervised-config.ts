import * as z from 'zod'
import type { GuardRules, ToolClass } from '../../../control/guard-messages.ts'
import { windowAt } from '../../../ledger/windows.ts'
import { duration } from '../../config-types.ts'

const TOOLS_MAX = 200
const TIMEOUT_MS_MIN = 1000
/** Below what an agent waits at most (sdk/guard/guard-limits.ts): the sidecar is to answer first. */
const TIMEOUT_MS_MAX = 3_600_000

const toolClass = z.enum(['read', 'write', 'post', 'pay', 'exec'])

/** `timeZone`: the schema of the guard's other time zones. */
export const supervisedConfig = (timeZone: z.ZodType<string, string | undefined>) =>
  z
    .strictObject({
      classes: z
        .array(toolClass)
        .default(['post', 'pay', 'exec'])
        .describe('Calls of the tools of these classes wait for a person.'),
      tools: z
        .array(z.string().min(1).max(128))
        .max(TOOLS_MAX)
        .default([])
        .describe('Calls of these tools do, whatever their class.'),
      until: z
        .string()
        .optional()
        .describe(
          'The last day of it, such as 2026-12-01, or a moment, such as 2026-12-01T18:00:00Z. After it nothing waits any more; without it, for good.',
        ),
      time_zone: timeZone.describe('Whose day `until` is.'),
      timeout: duration
        .refine((ms) => ms >= TIMEOUT_MS_MIN && ms <= TIMEOUT_MS_MAX, '1s to 1h')
        .prefault('5m')
        .describe('Who is not answered by then is denied.'),
      pending_max: z
        .int()
        .positive()
        .max(1000)
        .default(100)
        .describe('Calls that may wait at the same time; further ones are denied.'),
    })
    .refine(({ until }) => until === undefined || endOf(until, 'UTC') !== undefined, {
      error: 'write a day (2026-12-01) or a moment with its offset (2026-12-01T18:00:00Z)',
      path: ['until'],
    })

/** Calls that wait for a person. */
export interface Supervised {
  readonly classes: readonly ToolClass[]
  readonly tools: readonly string[]
  /** Unix ms; undefined: no end. */
  readonly untilMs: number | undefined
  readonly timeoutMs: number
  readonly pendingMax: number
}

export function supervisedSettings(
  config: z.output<ReturnType<typeof supervisedConfig>> | undefined,
): Supervised | undefined {
  if (config === undefined) return undefined
  const { classes, tools, until, time_zone, timeout, pending_max } = config
  const untilMs = until === undefined ? undefined : endOf(until, time_zone)
  return { classes, tools, untilMs, timeoutMs: timeout, pendingMax: pending_max }
}

/** What agents have to ask for at this moment. */
export function rulesAt(rules: GuardRules, supervised: Supervised | undefined, nowMs: number): GuardRules {
  if (supervised === undefined || !isSupervised(supervised, nowMs))
    return { ...rules, supervised: { tools: [], classes: [] } }
  const { tools, classes } = supervised
  return {
    ...rules,
    askTools: rules.askTools.includes('*') ? rules.askTools : [...new Set([...rules.askTools, ...tools])],
    askClasses: [...new Set([...rules.askClasses, ...classes])],
    supervised: { tools, classes },
  }
}

export const isSupervised = ({ untilMs }: Supervised, nowMs: number): boolean =>
  untilMs === undefined || nowMs < untilMs

/** Unix ms. A day is meant to its end: who says until Friday looks on Friday still. Undefined for what is neither a day nor a moment. */
function endOf(text: string, timeZone: string): number | undefined {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.test(text)) {
    const moment = Date.parse(text)
    return Number.isNaN(moment) ? undefined : moment
  }
  const noon = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T12:00:00Z`) : Number.NaN
  if (Number.isNaN(noon) || !new Date(noon).toISOString().startsWith(text)) return undefined
  // Zones are up to 14 hours away: it is the day of noon in UTC, the one before it or the one behind.
  let window = windowAt('day', noon - DAY_MS, timeZone)
  while (window.id < text) window = windowAt('day', window.endsAt, timeZone)
  return window.endsAt
}

const DAY_MS = 86_400_000
