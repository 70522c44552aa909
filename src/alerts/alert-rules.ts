import { isSilent } from './agent-pulse.ts'
import type { AgentLife } from './agent-pulse.ts'
import type { DailyBudget } from './budget-view.ts'

/** Names as in the rules for Prometheus: routes and silences serve both. */
export const ALERT_NAMES = ['AgentNotRunning', 'AgentErrorRateLastHour', 'AgentDailySpendThreshold'] as const
export type AlertName = (typeof ALERT_NAMES)[number]

/** From when on somebody is told. Times in ms, money in US dollars. */
export interface AlertThresholds {
  readonly notRunning: { readonly enabled: boolean; readonly heartbeatMsMax: number }
  readonly errorRate: { readonly enabled: boolean; readonly shareMax: number; readonly errorsMin: number }
  readonly dailySpend: {
    readonly enabled: boolean
    readonly spendUsdMax: number
    readonly budgetShare?: number | undefined
  }
}

/** One thing that a rule looks at, now. */
export interface Finding {
  readonly rule: AlertName
  /** What tells it from the others of its rule. */
  readonly labels: Readonly<Record<string, string>>
  /** `unknown`: too early, or too close to the threshold to say; what was raised stays. */
  readonly state: 'bad' | 'good' | 'unknown'
  readonly value: number
  readonly threshold: number
  readonly texts: AlertTexts
}
/** As annotations of an alert: no payload, no value that an agent sent but its name. */
export interface AlertTexts {
  readonly summary: string
  readonly description: string
  readonly action: string
}

export interface Observed {
  readonly agents: readonly AgentLife[]
  /** Undefined: there is no guard, so what spans cost counts. */
  readonly budgets: readonly DailyBudget[] | undefined
  readonly spendWindowMs: number
}

/** What the three rules see. Pure. */
export const findings = (observed: Observed, thresholds: AlertThresholds): Finding[] => [
  ...(thresholds.notRunning.enabled ? observed.agents.map((agent) => notRunning(agent, thresholds)) : []),
  ...(thresholds.errorRate.enabled ? observed.agents.map((agent) => errorRate(agent, thresholds)) : []),
  ...(thresholds.dailySpend.enabled ? dailySpend(observed, thresholds) : []),
]

/** What is over only when it is well below the threshold: at the threshold itself a rate would be over, and raised, again and again. */
const ERRORS_OVER = 0.5
const SPEND_OVER = 0.9

/** A sidecar that has just started can't know yet of an agent that was not heard of since. */
function notRunning(agent: AgentLife, { notRunning: { heartbeatMsMax } }: AlertThresholds): Finding {
  const { job, silentMs, isHeard, hasEnded } = agent
  return {
    rule: 'AgentNotRunning',
    labels: { job },
    state: isSilent(agent, heartbeatMsMax) ? 'bad' : isHeard || hasEnded ? 'good' : 'unknown',
    value: Math.round(silentMs / 1000),
    threshold: heartbeatMsMax / 1000,
    texts: {
      summary: `Agent ${job} is not running`,
      description: `Nothing has come from it for ${timeText(silentMs)}, and it did not say that it ends. An agent that idles sends its metrics every 10 s.`,
      action:
        'Look whether its process runs and what it said last. If it does run, look whether it reaches its sidecar: spanwarden status.',
    },
  }
}

function errorRate(
  { job, finished, failed }: AgentLife,
  { errorRate: { shareMax, errorsMin } }: AlertThresholds,
): Finding {
  const share = finished === 0 ? 0 : failed / finished
  const isBad = share > shareMax && failed >= errorsMin
  const isOver = share <= ERRORS_OVER * shareMax || failed <= ERRORS_OVER * errorsMin
  return {
    rule: 'AgentErrorRateLastHour',
    labels: { job },
    state: isBad ? 'bad' : isOver ? 'good' : 'unknown',
    value: share,
    threshold: shareMax,
    texts: {
      summary: `${percentText(share)} of the requests of ${job} failed in the last hour`,
      description: `${failed} of ${finished}: more than ${percentText(shareMax)}, and at least ${errorsMin}.`,
      action:
        'Open the newest failed runs on the page of the sidecar, and look for one tool or model that they share. Was there a release?',
    },
  }
}

function dailySpend(
  { agents, budgets, spendWindowMs }: Observed,
  { dailySpend: { spendUsdMax, budgetShare } }: AlertThresholds,
): Finding[] {
  const action =
    'Look which model it was spent on, and since when: spanwarden status, the page. spanwarden stop ends it; a budget of the guard keeps it from happening.'
  if (budgets !== undefined)
    return budgets.map(({ budget, scope, value, limitUsd, alertUsd, spentUsd }): Finding => {
      const threshold = budgetShare === undefined ? alertUsd : budgetShare * limitUsd
      const name = value === '' ? budget : `${budget} of ${value}`
      return {
        rule: 'AgentDailySpendThreshold',
        labels: { budget, scope, ...(value === '' ? {} : { value }) },
        state: spentUsd > threshold ? 'bad' : 'good',
        value: spentUsd,
        threshold,
        texts: {
          summary: `${usdText(spentUsd)} of the daily budget ${name} are spent`,
          description: `More than ${usdText(threshold)} of ${usdText(limitUsd)}. At the limit calls are denied until the day ends.`,
          action,
        },
      }
    })
  return agents.map(({ job, spentUsd }): Finding => ({
    rule: 'AgentDailySpendThreshold',
    labels: { job },
    state: spentUsd > spendUsdMax ? 'bad' : spentUsd <= SPEND_OVER * spendUsdMax ? 'good' : 'unknown',
    value: spentUsd,
    threshold: spendUsdMax,
    texts: {
      summary: `${job} spent ${usdText(spentUsd)} in ${timeText(spendWindowMs)}`,
      description: `More than ${usdText(spendUsdMax)}. Calls without a known price are not in it.`,
      action,
    },
  }))
}

const usdText = (usd: number): string => `${usd.toFixed(2)} USD`
const percentText = (share: number): string => `${Number((share * 100).toPrecision(3))} %`

function timeText(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}
