import * as z from 'zod'
import type { ToolClass } from '../../../control/guard-messages.ts'
import { RECIPE_CHARACTERS_MAX } from '../../../control/undo-messages.ts'
import { nanoUsd } from '../../../ledger/nano-usd.ts'
import type { RateLimit, RateRule } from '../../../limits/rates/rate-limit.ts'
import { duration, endpoint } from '../../config-types.ts'
import { fleetConfig } from './fleet/fleet-config.ts'
import type { GuardSettings } from './guard-settings.ts'
import { supervisedConfig, supervisedSettings } from './supervised-config.ts'
import { signalsOf, stopConfig } from './stop-config.ts'
import { stopOnConfig, stopOnOf } from './stop-on-config.ts'
import { velocityConfig, velocityRules } from './velocity-config.ts'

const NAMES_MAX = 200
const USD_MAX = 1_000_000

const name = z.string().regex(/^[\w.-]{1,64}$/, 'use letters, digits, _ . and -, 64 at most')
const toolName = z.string().min(1).max(128)
const toolClass = z.enum(['read', 'write', 'post', 'pay', 'exec'])
const scope = z.enum(['fleet', 'agent', 'tenant', 'session', 'run'])
const timeZone = z
  .string()
  .refine(isTimeZone, { error: 'is no time zone that is known here, such as Europe/Berlin' })
  .default('UTC')

const few = (what: Readonly<Record<string, unknown>>): boolean => Object.keys(what).length <= NAMES_MAX
const tooMany = { error: `${NAMES_MAX} at most` }

const budget = z.strictObject({
  scope: scope.default('agent').describe('Whom it is for; each value of the scope has an account of its own.'),
  value: z.string().min(1).max(256).optional().describe('Only this agent, tenant, session or run.'),
  window: z.enum(['day', 'hour', 'run']).default('day').describe('How long it counts; `run`: for good.'),
  limit_usd: z.number().min(0).max(USD_MAX).describe('What may be spent, in US dollars.'),
  alert_usd: z
    .number()
    .min(0)
    .max(USD_MAX)
    .optional()
    .describe('Spent beyond this, somebody should look: a metric for alerts. 80 % of the limit where it is left out.'),
  time_zone: timeZone.describe('Whose days they are.'),
})

const rate = z
  .strictObject({
    tool: toolName.optional().describe('Calls of this tool.'),
    class: toolClass.optional().describe('Calls of the tools of this class; with neither, of all.'),
    scope: scope.default('agent').describe('Who is counted together.'),
    value: z.string().min(1).max(256).optional().describe('Only this agent, tenant, session or run.'),
    limit: z.int().positive().max(1_000_000).optional().describe('So many calls in the window.'),
    window: z
      .union([z.literal('day'), duration])
      .optional()
      .describe('Any time of this length, such as `1h`, or `day` for days of the time zone.'),
    concurrent: z.int().positive().max(10_000).optional().describe('In place of `limit`: so many at the same time.'),
    quiet: z
      .string()
      .regex(/^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$/, 'write it like 22:00-07:00')
      .optional()
      .describe('In place of `limit`: none between these times of day.'),
    time_zone: timeZone.describe('Of days and quiet hours.'),
  })
  .refine(
    (one) => [one.limit, one.concurrent, one.quiet].filter((rule) => rule !== undefined).length === 1,
    'give one of limit (with window), concurrent and quiet',
  )
  .refine((one) => (one.limit === undefined) === (one.window === undefined), 'limit and window belong together')
  .refine((one) => one.window !== 0, 'a window is longer than nothing')

export const guardConfig = z
  .strictObject({
    mode: z
      .enum(['enforce', 'shadow', 'off'])
      .default('enforce')
      .describe(
        '`enforce` denies, `shadow` counts what would be denied, `off` does neither. Stops are in force in both of the first.',
      ),
    budgets: z.record(name, budget).refine(few, tooMany).default({}).describe('Caps of what may be spent, by name.'),
    rates: z.record(name, rate).refine(few, tooMany).default({}).describe('Limits of tool calls, by name.'),
    tools: z
      .record(
        toolName,
        z.strictObject({
          class: toolClass.describe('What a call does: `read` only reads.'),
          recipe: z
            .string()
            .min(1)
            .max(RECIPE_CHARACTERS_MAX)
            .optional()
            .describe('How a person takes a call back by hand: `spanwarden rollback` prints it.'),
        }),
      )
      .refine(few, tooMany)
      .default({})
      .describe('Classes of tools, by name. One that is not here has the class that the code gives it, else `write`.'),
    loops: z
      .strictObject({
        enabled: z.boolean().default(true).describe('Agents look for loops and stop a run that is in one.'),
        agent_stops_after: z
          .int()
          .min(0)
          .max(1000)
          .default(3)
          .describe('Loop stops of one agent within an hour that stop the agent until a person resumes it; 0: never.'),
        polling: z
          .array(toolName)
          .max(NAMES_MAX)
          .default([])
          .describe('Tools that are called until their answer changes: the same answer again is no loop.'),
        polling_max: duration
          .refine((ms) => ms > 0 && ms <= 7 * 86_400_000, '7 days at most')
          .prefault('1h')
          .describe('For so long; then it is one.'),
      })
      .default({ enabled: false, agent_stops_after: 3, polling: [], polling_max: 3_600_000 })
      .describe('Loop detection. Off where this is left out.'),
    velocity: velocityConfig,
    retries: z
      .strictObject({
        mode: z
          .enum(['library', 'govern'])
          .default('govern')
          .describe(
            '`govern`: failed requests of openai, @anthropic-ai/sdk, groq-sdk and together-ai are repeated by us, with full jitter, and in each process at most one for ten calls and three a minute. `library`: as the libraries do.',
          ),
        max_attempts: z
          .int()
          .min(1)
          .max(10)
          .default(4)
          .describe(
            'Requests for one call, the first one included; never more than `maxRetries` of the client allows.',
          ),
      })
      .default({ mode: 'library', max_attempts: 4 })
      .describe('Repetitions of failed model calls. Left to the client libraries where this is left out.'),
    audit: z
      .strictObject({
        classes: z
          .array(toolClass)
          .default(['write', 'post', 'pay', 'exec'])
          .describe('Classes of tools whose calls are written; one whose line is not on disk is denied.'),
      })
      .default({ classes: [] })
      .describe('Audit log of tool calls, in `<state>/audit`. Off where this is left out.'),
    supervised: supervisedConfig(timeZone)
      .optional()
      .describe('A person approves calls of tools before they are made: see docs/limits.md.'),
    unknown_model: z
      .enum(['deny', 'allow'])
      .default('deny')
      .describe('With budgets: what to do with calls of a model that has no price.'),
    on_insufficient: z
      .enum(['deny', 'clamp'])
      .default('deny')
      .describe(
        'With budgets: what to do with a call for which too little is left. `clamp` lowers the limit of its output to what fits, 256 tokens at least.',
      ),
    output_tokens_default: z
      .int()
      .min(1)
      .max(10_000_000)
      .default(8192)
      .describe('With budgets: limit of the output that requests without one get, in tokens.'),
    lease: duration
      .refine((ms) => ms >= 1000 && ms <= 300_000, '1s to 5m')
      .prefault('15s')
      .describe('How long agents go on when the sidecar is away. After it nothing is called.'),
    max_wait: duration
      .refine((ms) => ms <= 60_000, '60s at most')
      .prefault('10s')
      .describe('How long a call waits while only calls under way hold what is left of a budget.'),
    stop: stopConfig,
    stop_on: stopOnConfig,
    max_processes: z
      .int()
      .positive()
      .max(10_000)
      .default(1000)
      .describe('Processes of agents; further ones are not let in.'),
    fleet: fleetConfig
      .optional()
      .describe('Limits, rates and stops that many sidecars share, over Redis or Valkey. Takes effect with a restart.'),
    socket: z
      .string()
      .default('')
      .describe('Where agents on this host ask; `<state>/control.sock` where it is left out.'),
    listen: endpoint
      .optional()
      .describe('TCP address beside the socket, for agents that share no file system. It needs `token_file`.'),
    token_file: z
      .string()
      .default('')
      .describe('File with the token of agents over TCP; who stops or resumes over HTTP needs it then as well.'),
  })
  .refine(({ listen, token_file }) => listen === undefined || token_file !== '', {
    error: 'whoever reaches the port could spend: give token_file',
    path: ['listen'],
  })

export type GuardConfig = z.output<typeof guardConfig>

export function guardSettings(config: GuardConfig): GuardSettings {
  const budgets = Object.entries(config.budgets).map(([key, { limit_usd, alert_usd, time_zone, value, ...rest }]) => ({
    name: key,
    ...rest,
    ...(value === undefined ? {} : { value }),
    timeZone: time_zone,
    limit: nanoUsd(limit_usd),
    alertAt: alert_usd === undefined ? Math.floor(nanoUsd(limit_usd) * 0.8) : nanoUsd(alert_usd),
  }))
  const rates = Object.entries(config.rates).map(([key, one]) => rateLimit(key, one))
  const tools = Object.fromEntries(Object.entries(config.tools).map(([key, one]) => [key, one.class]))
  const supervised = supervisedSettings(config.supervised)
  const hasScope = (wanted: string): boolean => budgets.some((one) => one.scope === wanted)
  const velocity = velocityRules(config.velocity, config.loops.enabled)
  const isOfAll = rates.some((one) => one.tool === undefined && one.class === undefined)
  return {
    mode: config.mode,
    budgets,
    rates,
    tools,
    recipes: Object.fromEntries(
      Object.entries(config.tools).flatMap(([key, { recipe }]) => (recipe === undefined ? [] : [[key, recipe]])),
    ),
    rules: {
      hasBudgets: budgets.length > 0,
      // Below a ten-thousandth of the smallest cap slices would cost more than they save.
      sliceMin:
        budgets.length === 0 ? 0 : Math.max(1, Math.floor(Math.min(...budgets.map((one) => one.limit)) / 10_000)),
      budgetScopes: (['tenant', 'session', 'run'] as const).filter(hasScope),
      tools,
      askTools: isOfAll ? ['*'] : [...new Set(rates.flatMap((one) => one.tool ?? []))],
      askClasses: askedClasses(config, rates),
      unknownModel: config.unknown_model,
      onInsufficient: config.on_insufficient,
      outputTokensDefault: config.output_tokens_default,
      loops: config.loops.enabled,
      polling: config.loops.polling,
      pollingMs: config.loops.polling_max,
      velocity: velocity !== undefined,
      retries: { mode: config.retries.mode, attemptsMax: config.retries.max_attempts },
      // What a person has approved is on record, whatever else is.
      auditClasses: [...new Set([...config.audit.classes, ...(supervised?.classes ?? [])])],
    },
    supervised,
    leaseMs: config.lease,
    waitMsMax: config.max_wait,
    stopWaitMs: config.stop.wait,
    signals: signalsOf(config.stop),
    stopOn: stopOnOf(config.stop_on),
    loopStopsMax: config.loops.agent_stops_after,
    processesMax: config.max_processes,
    ...(config.fleet === undefined ? {} : { fleet: config.fleet }),
    velocity,
  }
}

/** In a fleet nothing with a side effect is done while nobody knows whether it is stopped. */
function askedClasses({ fleet }: GuardConfig, rates: readonly RateLimit[]): ToolClass[] {
  const ofFleet: ToolClass[] = fleet === undefined ? [] : ['write', 'post', 'pay', 'exec']
  return [...new Set([...ofFleet, ...rates.flatMap((one) => (one.tool === undefined ? classOf(one.class) : []))])]
}

const classOf = (text: string | undefined): ToolClass[] => {
  const known = toolClass.safeParse(text)
  return known.success ? [known.data] : []
}

function rateLimit(key: string, one: z.output<typeof rate>): RateLimit {
  const { tool, class: ofClass, scope: of, value } = one
  return {
    name: key,
    scope: of,
    ...(value === undefined ? {} : { value }),
    ...(tool === undefined ? {} : { tool }),
    ...(ofClass === undefined ? {} : { class: ofClass }),
    rule: ruleOf(one),
  }
}

function ruleOf({ limit = 0, window = 'day', concurrent, quiet, time_zone }: z.output<typeof rate>): RateRule {
  if (concurrent !== undefined) return { kind: 'concurrent', limit: concurrent }
  if (quiet !== undefined) {
    const [fromMinute = 0, toMinute = 0] = quiet.split('-').map(minuteOfDay)
    return { kind: 'quiet', fromMinute, toMinute, timeZone: time_zone }
  }
  if (window === 'day') return { kind: 'day', limit, timeZone: time_zone }
  return { kind: 'window', limit, windowMs: window }
}

const minuteOfDay = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))

function isTimeZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).format(0) !== ''
  } catch {
    return false
  }
}
