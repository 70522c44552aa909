import * as z from 'zod'
import { panelLooks } from '../page/panels.ts'
import type { PanelName } from '../store/records.ts'
import { alertsShape } from './alerts.ts'
import type { SidecarClient } from './sidecar-client.ts'

/** Of the metrics that are shown. */
const RANGE_MS = 3_600_000

const healthShape = z.object({
  version: z.string(),
  status: z.string(),
  uptime_s: z.number(),
  reasons: z.array(
    z.object({
      code: z.string(),
      component: z.string().optional(),
      agent: z.string().optional(),
      message: z.string(),
      value: z.number().optional(),
      threshold: z.number().optional(),
    }),
  ),
  components: z.array(z.object({ id: z.string(), kind: z.string(), queued_items: z.number().optional() })),
})
const agentsShape = z.object({
  agents: z.array(
    z.object({
      agent: z.string(),
      state: z.enum(['running', 'silent', 'ended']),
      heartbeat_age_s: z.number().nullable(),
      recent_runs: z.number(),
      success_share: z.number().nullable(),
      latency_p99_s: z.number().nullable(),
      finished: z.number(),
      failed: z.number(),
      spent_usd: z.number(),
    }),
  ),
})
const panel = z.object({ current: z.number().nullable(), threshold: z.number().nullable() })
const metricsShape = z.object({
  panels: z.object({ latency: panel, errors: panel, tools: panel, tokens: panel, queue: panel, cost: panel }),
})
const guardShape = z.object({
  mode: z.string(),
  problem: z.string().nullable(),
  budgets: z.array(
    z.object({
      budget: z.string(),
      scope: z.string(),
      value: z.string(),
      limit_usd: z.number(),
      committed_usd: z.number(),
      held_usd: z.number(),
      left_usd: z.number(),
    }),
  ),
  stops: z.array(z.object({ scope: z.string(), value: z.string(), reason: z.string(), person: z.string() })),
})

export type AgentOverview = z.output<typeof agentsShape>['agents'][number]

/** What there is to see of a sidecar at one moment. Without the page there are no metrics, without a guard no limits, without alerts none. */
export interface SidecarOverview {
  readonly url: string
  readonly health: z.output<typeof healthShape>
  readonly agents: readonly AgentOverview[]
  readonly metrics: z.output<typeof metricsShape>['panels'] | undefined
  readonly guard: z.output<typeof guardShape> | undefined
  readonly alerts: z.output<typeof alertsShape> | undefined
}

/** Rejects when the sidecar does not answer. */
export async function overviewOf(sidecar: SidecarClient, nowMs: number): Promise<SidecarOverview> {
  const read = async <T>(path: string, shape: z.ZodType<T>): Promise<T | undefined> => {
    const { status, body } = await sidecar.get(path)
    return status === 200 ? shape.parse(body) : undefined
  }
  const [health, agents, metrics, guard, alerts] = await Promise.all([
    read('/health', healthShape),
    read('/api/agents', agentsShape),
    read(`/api/metrics?from=${nowMs - RANGE_MS}&to=${nowMs}`, metricsShape),
    read('/api/guard', guardShape),
    read('/api/alerts', alertsShape),
  ])
  if (health === undefined) throw new Error(`the sidecar at ${sidecar.url} does not say how it is`)
  return { url: sidecar.url, health, agents: agents?.agents ?? [], metrics: metrics?.panels, guard, alerts }
}

/** Of the default alert on errors: more of the requests of an hour, and at least so many. */
const FAILED_SHARE_MAX = 0.01
const FAILED_MIN = 5

/** As the default alert sees it, whether or not there are alerts. */
export const isFailing = ({ failed, finished }: Pick<AgentOverview, 'failed' | 'finished'>): boolean =>
  failed >= FAILED_MIN && failed / finished > FAILED_SHARE_MAX

/** The value that is shown is what somebody has to look at. Of latency health says so, as it counts how many requests were slow. */
export function isOverThreshold(
  name: PanelName,
  { current, threshold }: z.output<typeof panel>,
  agents: readonly AgentOverview[],
): boolean {
  if (name === 'latency' || threshold === null || current === null || current <= threshold) return false
  return name !== 'errors' || agents.reduce((sum, { failed }) => sum + failed, 0) >= FAILED_MIN
}

/** Nothing asks for a person: whatever the screen shows as bad does. */
export const isWell = ({ health, agents, metrics, guard, alerts }: SidecarOverview): boolean =>
  health.status === 'ok' &&
  agents.every((agent) => agent.state !== 'silent' && !isFailing(agent)) &&
  !panelLooks.some(({ name }) => metrics !== undefined && isOverThreshold(name, metrics[name], agents)) &&
  (guard?.stops ?? []).length === 0 &&
  !(alerts?.alerts ?? []).some(({ state }) => state === 'firing')
