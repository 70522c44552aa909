import { isSilent } from '../alerts/agent-pulse.ts'
import type { AgentLife, FinishedRun } from '../alerts/agent-pulse.ts'
import type { HealthConfig } from './config/service-config.ts'
import type { HealthReason } from './health.ts'

export interface Measured {
  readonly nowMs: number
  readonly agents: readonly AgentLife[]
  /** One for which there is no room among those. */
  readonly refused?: { readonly job: string; readonly agentsMax: number } | undefined
  readonly queues: readonly MeasuredQueue[]
  /** Of the file system of the state folder; undefined when it does not say. */
  readonly diskFreeBytes: number | undefined
  /** The state folder, when it is not the one any more that it was at the start. */
  readonly takenFolder?: string | undefined
}
export interface MeasuredQueue {
  readonly exporterId: string
  readonly signal: string
  /** When what waits longest has come. */
  readonly oldestMs?: number | undefined
  readonly failing?: { readonly sinceMs: number } | undefined
}

/** The share that may be slower than P99. */
const SLOW_SHARE = 0.01

/** What is beyond a threshold now. Pure. */
export const impactReasons = (measured: Measured, config: HealthConfig): HealthReason[] => [
  ...measured.agents.flatMap((agent) => agentReasons(agent, measured, config)),
  ...refusedReasons(measured),
  ...measured.queues.flatMap((queue) => queueReasons(queue, measured, config)),
  ...diskReasons(measured, config),
]

export interface RunFigures {
  readonly runs: number
  readonly failed: number
  /** Of those that did not fail; undefined without a run. */
  readonly successShare: number | undefined
  /** Undefined without a run of known duration. */
  readonly p99Seconds: number | undefined
}

/** Of the runs that ended within `windowMs`. */
export function runFigures(all: readonly FinishedRun[], nowMs: number, windowMs: number): RunFigures {
  const runs = all.filter(({ atMs }) => nowMs - atMs <= windowMs)
  const failed = runs.filter((run) => run.failed).length
  const seconds = runs.flatMap((run) => run.seconds ?? []).toSorted((a, b) => a - b)
  return {
    runs: runs.length,
    failed,
    successShare: runs.length === 0 ? undefined : 1 - failed / runs.length,
    p99Seconds: seconds[Math.ceil(seconds.length * (1 - SLOW_SHARE)) - 1],
  }
}

function agentReasons(agent: AgentLife, { nowMs }: Measured, config: HealthConfig): HealthReason[] {
  const { job } = agent
  const reasons: HealthReason[] = []
  if (isSilent(agent, config.heartbeat_age_max)) {
    const value = seconds(agent.silentMs)
    const message = `nothing has come from ${job} for ${value} s`
    reasons.push({ code: 'agent_silent', agent: job, message, value, threshold: seconds(config.heartbeat_age_max) })
  }
  const { runs, failed, successShare = 1, p99Seconds = 0 } = runFigures(agent.runs, nowMs, config.runs_window)
  const share = { agent: job, message: `${failed} of the last ${runs} runs of ${job} failed`, value: successShare }
  if (failed >= config.runs_min && successShare < config.success_share_min)
    reasons.push({ code: 'success_share', ...share, threshold: config.success_share_min })
  const now = runFigures(agent.runs, nowMs, config.failing_window)
  if (now.failed >= config.runs_min && (now.successShare ?? 1) < config.success_share_unready) {
    const message = `${now.failed} of the last ${now.runs} runs of ${job} failed, within ${seconds(config.failing_window)} s`
    const value = now.successShare ?? 1
    reasons.push({ code: 'runs_failing', agent: job, message, value, threshold: config.success_share_unready })
  }
  const threshold = seconds(config.latency_p99_max)
  const slow = agent.runs.filter(
    (run) => nowMs - run.atMs <= config.runs_window && (run.seconds ?? 0) > threshold,
  ).length
  if (slow >= config.runs_min && p99Seconds > threshold) {
    const message = `${slow} of the last ${runs} runs of ${job} took longer than ${threshold} s`
    reasons.push({ code: 'latency_p99', agent: job, message, value: p99Seconds, threshold })
  }
  return reasons
}

function refusedReasons({ refused }: Measured): HealthReason[] {
  if (refused === undefined) return []
  const { job, agentsMax } = refused
  const message = `more than ${agentsMax} agents run: how ${job} and others do is not watched, and no alert can be raised for them. Give it a sidecar of its own, or let agents of one kind share a service name`
  return [{ code: 'agents_refused', message, threshold: agentsMax }]
}

function queueReasons(
  { exporterId, signal, oldestMs, failing }: MeasuredQueue,
  { nowMs }: Measured,
  { queue_age_max, export_lag_max }: HealthConfig,
): HealthReason[] {
  const reasons: HealthReason[] = []
  if (oldestMs !== undefined && nowMs - oldestMs > queue_age_max) {
    const value = seconds(nowMs - oldestMs)
    const message = `${signal} have waited for ${value} s to be sent`
    reasons.push({ code: 'queue_age', component: exporterId, message, value, threshold: seconds(queue_age_max) })
  }
  if (failing !== undefined && nowMs - failing.sinceMs > export_lag_max) {
    const value = seconds(nowMs - failing.sinceMs)
    const message = `the backend has taken no ${signal} for ${value} s`
    reasons.push({ code: 'export_lag', component: exporterId, message, value, threshold: seconds(export_lag_max) })
  }
  return reasons
}

function diskReasons({ diskFreeBytes, takenFolder }: Measured, { disk_free_min }: HealthConfig): HealthReason[] {
  if (takenFolder !== undefined) {
    const message = `the state folder ${takenFolder} was moved, deleted or mounted over while the sidecar ran: what it has written is not where its next start looks. Put the folder back, or restart the sidecar`
    return [{ code: 'state_folder', message }]
  }
  if (diskFreeBytes === undefined || diskFreeBytes >= disk_free_min) return []
  const message = `${Math.round(diskFreeBytes / 1024 / 1024)} MiB are free where the state folder is`
  return [{ code: 'disk_space', message, value: diskFreeBytes, threshold: disk_free_min }]
}

const seconds = (ms: number): number => Math.round(ms / 100) / 10
