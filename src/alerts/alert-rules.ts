import { hasSaidGoodbye } from './agent-pulse.ts'
import type { AgentLife } from './agent-pulse.ts'
import type { DailyBudget } from './budget-view.ts'

/** Names as in the rules for Prometheus: routes and silences serve both. */
export const ALERT_NAMES = ['AgentNotRunning', 'AgentErrorRateLastHour', 'AgentDailySpendThreshold'] as const
export type AlertName = (typeof ALERT_NAMES)[number]

/** From when on somebody is told. Times in ms, money in US dollars. */
export interface AlertThresholds {
  readonly notRunning: { readonly enabled: boolean; readonly heartbeatMsMax: number; readonly forgetMs: number }
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
  /** `unknown`: too early to say; what was raised stays. */
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
  readonly nowMs: number
  /** Since when this sidecar can have heard of an agent. */
  readonly sinceMs: number
  readonly agents: readonly AgentLife[]
  /** Undefined: there is no guard, so what spans cost counts. */
  readonly budgets: readonly DailyBudget[] | undefined
  readonly spendWindowMs: number
}

/** What the three rules see. Pure. */
export const findings = (observed: Observed, thresholds: AlertThresholds): Finding[] => [
  ...(thresholds.notRunning.enabled ? observed.agents.map((agent) => notRunning(agent, observed, thresholds)) : []),
  ...(thresholds.errorRate.enabled ? observed.agents.map((agent) => errorRate(agent, thresholds)) : []),
  ...(thresholds.dailySpend.enabled ? dailySpend(observed, thresholds) : []),
]

/** A sidecar that was away for long can't know yet: its agents get the same time as ever to be heard of. */
function notRunning(
  agent: AgentLife,
  { nowMs, sinceMs }: Observed,
  { notRunning: { heartbeatMsMax, forgetMs } }: AlertThresholds,
): Finding {
  const { job, heartbeatMs } = agent
  const ageMs = nowMs - heartbeatMs
  const isOver = hasSaidGoodbye(agent) || heartbeatMs === 0 || ageMs > forgetMs || ageMs <= heartbeatMsMax
  return {
    rule: 'AgentNotRunning',
    labels: { job },
    state: isOver ? 'good' : nowMs - sinceMs <= heartbeatMsMax ? 'unknown' : 'bad',
    value: Math.round(ageMs / 1000),
    threshold: heartbeatMsMax / 1000,
    texts: {
      summary: `Agent ${job} is not running`,
      description: `Nothing has come from it for ${timeText(ageMs)}, and it did not say that it ends. An agent that idles sends its metrics every 10 s.`,
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
  return {
    rule: 'AgentErrorRateLastHour',
    labels: { job },
    state: share > shareMax && failed >= errorsMin ? 'bad' : 'good',
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
    state: spentUsd > spendUsdMax ? 'bad' : 'good',
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
