import { validateHeaderName, validateHeaderValue } from 'node:http'
import { hostname } from 'node:os'
import * as z from 'zod'
import type { AlertSettings } from '../../../alerts/alert-desk.ts'
import { CommandNotifier } from '../../../alerts/command-notifier.ts'
import type { Notifier } from '../../../alerts/notifier.ts'
import { WebhookNotifier } from '../../../alerts/webhook-notifier.ts'
import type { ComponentContext } from '../../component.ts'
import { duration } from '../../config-types.ts'
import { proxyEnvOf } from '../../proxy-env.ts'

const NOTIFIERS_MAX = 10

const enabled = z.boolean().default(true).describe('Whether the rule is looked at.')
const name = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'letters, digits, dots and hyphens')
  .optional()
  .describe('In metrics and messages, and what is remembered of it over restarts; `webhook-1` and so on when absent.')

const headers = z
  .record(z.string(), z.string())
  .default({})
  .superRefine((given, context) => {
    for (const [key, value] of Object.entries(given)) {
      try {
        validateHeaderName(key)
        validateHeaderValue(key, value)
      } catch {
        context.addIssue({
          code: 'custom',
          path: [key],
          message: `"${key}" is not a valid header, or its value is not`,
        })
      }
    }
  })
  .describe('Headers of every request, for example `authorization: ${env:ALERTS_AUTHORIZATION}`.')

export const alertsConfig = z.strictObject({
  interval: duration.prefault('10s').describe('How often the rules are looked at.'),
  repeat_interval: duration.prefault('4h').describe('How often is told again what is still raised.'),
  agent_not_running: z
    .strictObject({
      enabled,
      heartbeat_age_max: duration
        .prefault('2m')
        .describe('Nothing came from an agent for so long, and it did not say that it ends.'),
      forget_after: duration.prefault('24h').describe('An agent that is away for so long is not missed any more.'),
    })
    .prefault({})
    .describe('AgentNotRunning.'),
  error_rate: z
    .strictObject({
      enabled,
      share_max: z.number().min(0).max(1).default(0.01).describe('More of the requests in the window failed.'),
      errors_min: z
        .int()
        .positive()
        .default(5)
        .describe('And at least so many: below five a healthy agent with few requests would be reported, too.'),
      window: duration.prefault('1h').describe('Which requests count.'),
    })
    .prefault({})
    .describe('AgentErrorRateLastHour.'),
  daily_spend: z
    .strictObject({
      enabled,
      spend_usd: z
        .number()
        .positive()
        .default(5)
        .describe('An agent spent more in the window, as its spans say. Without a guard that has a budget by the day.'),
      window: duration.prefault('24h').describe('What counts as a day for `spend_usd`.'),
      budget_share: z
        .number()
        .positive()
        .max(1)
        .optional()
        .describe('With such a budget: so much of it is spent; what the budget says in `alert_usd` when absent.'),
    })
    .prefault({})
    .describe('AgentDailySpendThreshold.'),
  webhooks: z
    .array(
      z.strictObject({
        name,
        url: z
          .url({ protocol: /^https?$/, error: 'write it as http://host:port/path or https://host/path' })
          .describe('Where messages are posted, as Alertmanager does (version 4).'),
        headers,
        timeout: duration.prefault('10s').describe('A request that is not answered by then is tried again.'),
      }),
    )
    .max(NOTIFIERS_MAX)
    .default([])
    .describe('Told by HTTP. A failure is tried again, after 1 s at first and every minute in the end.'),
  commands: z
    .array(
      z.strictObject({
        name,
        argv: z
          .tuple([z.string().min(1)], z.string())
          .describe('Program and arguments. No shell; the message is its standard input, exit code 0 is told.'),
        env: z
          .record(z.string(), z.string())
          .default({})
          .describe('Its environment, beside PATH, HOME, USER, LANG, TZ and TMPDIR of the sidecar.'),
        timeout: duration
          .prefault('30s')
          .describe('One that runs for longer is killed, with what it started, and tried again.'),
      }),
    )
    .max(NOTIFIERS_MAX)
    .default([])
    .describe('Told by a program on this host.'),
  external_url: z.string().default('').describe('Where people find the page of this sidecar: in every message.'),
})
export type AlertsConfig = z.output<typeof alertsConfig>

export function alertSettings(config: AlertsConfig, context: ComponentContext): AlertSettings {
  const { agent_not_running, error_rate, daily_spend } = config
  return {
    intervalMs: config.interval,
    repeatMs: config.repeat_interval,
    errorsWindowMs: error_rate.window,
    spendWindowMs: daily_spend.window,
    forgetMs: agent_not_running.forget_after,
    thresholds: {
      notRunning: {
        enabled: agent_not_running.enabled,
        heartbeatMsMax: agent_not_running.heartbeat_age_max,
      },
      errorRate: { enabled: error_rate.enabled, shareMax: error_rate.share_max, errorsMin: error_rate.errors_min },
      dailySpend: {
        enabled: daily_spend.enabled,
        spendUsdMax: daily_spend.spend_usd,
        budgetShare: daily_spend.budget_share,
      },
    },
    notifiers: notifiersOf(config, context),
    sidecar: hostname(),
    url: config.external_url,
  }
}

/** Of the sidecar's environment: the rest may be keys. */
const PASSED_ON = ['PATH', 'HOME', 'USER', 'LANG', 'TZ', 'TMPDIR']

function notifiersOf({ webhooks, commands }: AlertsConfig, { env, program }: ComponentContext): Notifier[] {
  const passedOn = Object.fromEntries(
    PASSED_ON.flatMap((key) => {
      const value = env[key]
      return value === undefined ? [] : [[key, value] as const]
    }),
  )
  return [
    ...webhooks.map(
      (webhook, i) =>
        new WebhookNotifier({
          name: webhook.name ?? `webhook-${i + 1}`,
          url: webhook.url,
          headers: webhook.headers,
          timeoutMs: webhook.timeout,
          userAgent: `${program.name}/${program.version}`,
          proxyEnv: proxyEnvOf(env),
        }),
    ),
    ...commands.map(
      (command, i) =>
        new CommandNotifier({
          name: command.name ?? `command-${i + 1}`,
          argv: command.argv,
          env: { ...passedOn, ...command.env },
          timeoutMs: command.timeout,
        }),
    ),
  ]
}
