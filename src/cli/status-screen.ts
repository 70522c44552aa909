import { count, duration, percent, usd } from '../page/format.ts'
import { panelLooks } from '../page/panels.ts'
import { printable } from './printable.ts'
import { isFailing, isOverThreshold } from './sidecar-overview.ts'
import type { AgentOverview, SidecarOverview } from './sidecar-overview.ts'
import { textTable } from './text-table.ts'

/** Rows of a table on one screen; how many more there are is said. */
const ROWS_MAX = 8
/** Of whom the same is said, beside the first. */
const NAMES_MAX = 4

export interface ScreenLine {
  readonly text: string
  readonly tone: 'plain' | 'head' | 'bad' | 'good'
}

/** Everything on one screen, what asks for a person first: how the sidecar is, what is stopped and raised, its agents, the five metrics, what is spent and what waits. */
export function statusScreen(overview: SidecarOverview): ScreenLine[] {
  const sections = [
    [...healthLines(overview), ...stopLines(overview), ...alertLines(overview)],
    agentLines(overview),
    metricLines(overview),
    budgetLines(overview),
    queueLines(overview),
  ]
  return sections.filter((lines) => lines.length > 0).flatMap((lines, i) => (i === 0 ? lines : [EMPTY, ...lines]))
}

const line = (text: string, tone: ScreenLine['tone'] = 'plain'): ScreenLine => ({ text: printable(text), tone })
const EMPTY = line('')

function healthLines({ url, health: { version, status, uptime_s, reasons } }: SidecarOverview): ScreenLine[] {
  const first = `spanwarden ${version} at ${url}: ${status}, up ${duration(uptime_s * 1000)}`
  const grouped = Map.groupBy(reasons, ({ code }) => code)
  return [line(first, status === 'ok' ? 'good' : 'bad'), ...Array.from(grouped.values(), (same) => groupLine(same))]
}

/** What several have in common is one line. */
function groupLine(same: SidecarOverview['health']['reasons']): ScreenLine {
  const [first, ...others] = same
  if (first === undefined) return EMPTY
  const { code, component, message } = first
  const of = component === undefined || others.length > 0 ? '' : ` ${component}`
  const names = others.map((one) => one.agent ?? one.component ?? one.message)
  return line(`  ${code}${of}: ${message}${alsoText(names)}`, 'bad')
}

function alsoText(names: readonly string[]): string {
  if (names.length === 0) return ''
  const more = names.length > NAMES_MAX ? ` and ${names.length - NAMES_MAX} more` : ''
  return `; also ${names.slice(0, NAMES_MAX).join(', ')}${more}`
}

function agentLines({ agents }: SidecarOverview): ScreenLine[] {
  if (agents.length === 0) return [line('No agent was seen yet. Start one: spanwarden run -- node agent.js')]
  const sorted = agents.toSorted(worstFirst)
  const rows = sorted.map((one) => [
    one.agent,
    one.state,
    one.heartbeat_age_s === null ? '' : `${duration(one.heartbeat_age_s * 1000)} ago`,
    count(one.recent_runs),
    one.success_share === null ? '' : percent(one.success_share),
    one.latency_p99_s === null ? '' : duration(one.latency_p99_s * 1000),
    `${count(one.failed)} of ${count(one.finished)}`,
    usd(one.spent_usd),
  ])
  const silent = sorted.slice(ROWS_MAX).filter(({ state }) => state === 'silent').length
  return table(
    ['AGENT', 'STATE', 'HEARTBEAT', 'RUNS', 'WELL', 'P99', 'FAILED 1h', 'SPENT 24h'],
    rows,
    [3, 4, 5, 6, 7],
    (i) => toneOfAgent(sorted[i]),
    silent === 0 ? '' : `, ${silent} of them silent`,
  )
}

const toneOfAgent = (agent: AgentOverview | undefined): ScreenLine['tone'] =>
  agent !== undefined && rankOf(agent) < 2 ? 'bad' : 'plain'

/** Those that fail, those that went silent, the newest first, those that spend. */
const worstFirst = (a: AgentOverview, b: AgentOverview): number =>
  rankOf(a) - rankOf(b) ||
  (rankOf(a) === 0 ? b.failed - a.failed : 0) ||
  (rankOf(a) === 1 ? (a.heartbeat_age_s ?? 0) - (b.heartbeat_age_s ?? 0) : 0) ||
  b.spent_usd - a.spent_usd

function rankOf(agent: AgentOverview): number {
  if (isFailing(agent)) return 0
  return ['silent', 'running', 'ended'].indexOf(agent.state) + 1
}

function metricLines({ metrics, agents }: SidecarOverview): ScreenLine[] {
  if (metrics === undefined) return []
  const rows = panelLooks.map(({ name, title, threshold = '', format }) => {
    const { current } = metrics[name]
    return [title, current === null ? '-' : format(current), threshold]
  })
  return table(['LAST HOUR', '', ''], rows, [1], (i) => {
    const name = panelLooks[i]?.name
    return name !== undefined && isOverThreshold(name, metrics[name], agents) ? 'bad' : 'plain'
  })
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
  const firing = Map.groupBy(
    alerts.alerts.filter(({ state }) => state === 'firing'),
    ({ alert }) => alert,
  )
  const raised = Array.from(firing, ([alert, [first, ...others]]) => {
    const names = others.map(({ labels, summary }) => labels['job'] ?? labels['value'] ?? summary)
    return line(`ALERT ${alert}: ${first?.summary}${alsoText(names)}`, 'bad')
  })
  const deaf = alerts.notifiers.filter(({ problem }) => problem !== null)
  return [
    ...(raised.length === 0 ? [line('Alerts: none is raised', 'good')] : raised),
    ...deaf.slice(0, ROWS_MAX).map(({ name, problem }) => line(`Alerts do not reach ${name}: ${problem}`, 'bad')),
    ...moreThan(deaf.length),
  ]
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
  more = '',
): ScreenLine[] {
  const shown = rows.slice(0, ROWS_MAX).map((row) => row.map(printable))
  const [first = '', ...others] = textTable([head, ...shown], right)
    .split('\n')
    .slice(0, -1)
  return [line(first, 'head'), ...others.map((text, i) => line(text, toneOf(i))), ...moreThan(rows.length, more)]
}

const moreThan = (length: number, more = ''): ScreenLine[] =>
  length > ROWS_MAX ? [line(`… and ${length - ROWS_MAX} more${more}`)] : []
