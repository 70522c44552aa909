import { count, duration, percent, usd } from '../page/format.ts'
import { panelLooks } from '../page/panels.ts'
import { printable } from './printable.ts'
import type { SidecarOverview } from './sidecar-overview.ts'
import { textTable } from './text-table.ts'

/** Rows of a table on one screen; how many more there are is said. */
const ROWS_MAX = 8

export interface ScreenLine {
  readonly text: string
  readonly tone: 'plain' | 'head' | 'bad' | 'good'
}

/** Everything on one screen: how the sidecar is, its agents, the five metrics, what is spent, stopped, raised and waiting. */
export function statusScreen(overview: SidecarOverview): ScreenLine[] {
  const sections = [
    healthLines(overview),
    agentLines(overview),
    metricLines(overview),
    budgetLines(overview),
    stopLines(overview),
    alertLines(overview),
    queueLines(overview),
  ]
  return sections.filter((lines) => lines.length > 0).flatMap((lines, i) => (i === 0 ? lines : [EMPTY, ...lines]))
}

const line = (text: string, tone: ScreenLine['tone'] = 'plain'): ScreenLine => ({ text: printable(text), tone })
const EMPTY = line('')

function healthLines({ url, health: { version, status, uptime_s, reasons } }: SidecarOverview): ScreenLine[] {
  const first = `spanwarden ${version} at ${url}: ${status}, up ${duration(uptime_s * 1000)}`
  return [
    line(first, status === 'ok' ? 'good' : 'bad'),
    ...reasons.map(({ code, component, message }) =>
      line(`  ${code}${component === undefined ? '' : ` ${component}`}: ${message}`, 'bad'),
    ),
  ]
}

function agentLines({ agents }: SidecarOverview): ScreenLine[] {
  if (agents.length === 0) return [line('No agent was seen yet. Start one: spanwarden run -- node agent.js')]
  const rows = agents.map((one) => [
    one.agent,
    one.state,
    one.heartbeat_age_s === null ? '' : `${duration(one.heartbeat_age_s * 1000)} ago`,
    count(one.recent_runs),
    one.success_share === null ? '' : percent(one.success_share),
    one.latency_p99_s === null ? '' : duration(one.latency_p99_s * 1000),
    `${count(one.failed)} of ${count(one.finished)}`,
    usd(one.spent_usd),
  ])
  return table(
    ['AGENT', 'STATE', 'HEARTBEAT', 'RUNS', 'WELL', 'P99', 'FAILED 1h', 'SPENT 24h'],
    rows,
    [3, 4, 5, 6, 7],
    (i) => (agents[i]?.state === 'silent' ? 'bad' : 'plain'),
  )
}

function metricLines({ metrics }: SidecarOverview): ScreenLine[] {
  if (metrics === undefined) return []
  const rows = panelLooks.map(({ name, title, threshold = '', format }) => {
    const { current } = metrics[name]
    return [title, current === null ? '-' : format(current), threshold]
  })
  return table(['LAST HOUR', '', ''], rows, [1], () => 'plain')
}

function budgetLines({ guard }: SidecarOverview): ScreenLine[] {
  if (guard === undefined) return []
  const problem = guard.problem === null ? [] : [line(`Limits: everything is denied: ${guard.problem}`, 'bad')]
  if (guard.budgets.length === 0) return [...problem, line(`Limits: ${guard.mode}, nothing spent from a budget yet`)]
  const sorted = guard.budgets.toSorted((a, b) => a.left_usd / a.limit_usd - b.left_usd / b.limit_usd)
  const rows = sorted.map((one) => [
    one.budget,
    one.value === '' ? one.scope : `${one.scope} ${one.value}`,
    usd(one.committed_usd),
    usd(one.held_usd),
    usd(one.left_usd),
    usd(one.limit_usd),
  ])
  const tones = (i: number) => ((sorted[i]?.left_usd ?? 0) <= 0 ? 'bad' : 'plain')
  return [...problem, ...table(['BUDGET', 'OF', 'SPENT', 'HELD', 'LEFT', 'CAP'], rows, [2, 3, 4, 5], tones)]
}

function stopLines({ guard }: SidecarOverview): ScreenLine[] {
  const stops = guard?.stops ?? []
  return stops
    .slice(0, ROWS_MAX)
    .map(({ scope, value, reason, person }) =>
      line(`STOPPED ${scope === 'fleet' ? 'everything' : `${scope} ${value}`} by ${person}: ${reason}`, 'bad'),
    )
    .concat(moreThan(stops.length))
}

function alertLines({ alerts }: SidecarOverview): ScreenLine[] {
  if (alerts === undefined) return [line('Alerts: none are configured (extension alerts)')]
  const firing = alerts.alerts.filter(({ state }) => state === 'firing')
  const deaf = alerts.notifiers.filter(({ problem }) => problem !== null)
  const failing = deaf.map(({ name, problem }) => line(`Alerts do not reach ${name}: ${problem}`, 'bad'))
  if (firing.length === 0) return [line('Alerts: none is raised', 'good'), ...failing]
  const raised = firing.slice(0, ROWS_MAX).map(({ alert, summary }) => line(`ALERT ${alert}: ${summary}`, 'bad'))
  return [...raised, ...moreThan(firing.length), ...failing]
}

function queueLines({ health: { components } }: SidecarOverview): ScreenLine[] {
  const queues = components.filter(({ kind }) => kind === 'exporter')
  const texts = queues.map(({ id, queued_items = 0 }) => `${id} ${count(queued_items)}`)
  return texts.length === 0 ? [] : [line(`Waiting to be sent: ${texts.join(', ')}`)]
}

function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[],
  toneOf: (row: number) => ScreenLine['tone'],
): ScreenLine[] {
  const shown = rows.slice(0, ROWS_MAX).map((row) => row.map(printable))
  const [first = '', ...others] = textTable([head, ...shown], right)
    .split('\n')
    .slice(0, -1)
  return [line(first, 'head'), ...others.map((text, i) => line(text, toneOf(i))), ...moreThan(rows.length)]
}

const moreThan = (length: number): ScreenLine[] => (length > ROWS_MAX ? [line(`… and ${length - ROWS_MAX} more`)] : [])
