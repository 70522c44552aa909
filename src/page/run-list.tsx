import { useCallback, useEffect, useState } from 'preact/hooks'
import type { Run, RunStatus } from '../store/records.ts'
import { fetchRuns } from './api.ts'
import type { RunFilter } from './api.ts'
import type { Subscribe } from './app.tsx'
import { ago, count, dayOfMonth, duration, exactTime, timeOfDay, usd } from './format.ts'
import { hrefOf, replaceRoute } from './route.ts'
import type { Route } from './route.ts'
import { GuardMarks, Status } from './status.tsx'

interface RunListProps {
  readonly route: Extract<Route, { view: 'overview' }>
  readonly agents: readonly string[]
  readonly subscribe: Subscribe
  readonly nowMs: number
}

/** Runs kept in the page; those beyond are a click on "Older runs" away again. */
const RUNS_SHOWN_MAX = 1000

export function RunList({ route, agents, subscribe, nowMs }: RunListProps) {
  const { status, agent } = route
  const { runs, next, failed, loadOlder } = useRuns({ status, agent }, subscribe)
  return (
    <section aria-labelledby="runs-title">
      <div class="bar">
        <h2 id="runs-title">Runs</h2>
        <Filters route={route} agents={agents} />
      </div>
      {failed && <p class="notice">The runs could not be read. They are read again as soon as the sidecar answers.</p>}
      {runs === undefined && !failed && <p class="notice muted">Reading…</p>}
      {runs?.length === 0 && <NoRuns route={route} />}
      {runs !== undefined && runs.length > 0 && (
        <div class="table-frame">
          <RunTable runs={runs} nowMs={nowMs} />
        </div>
      )}
      {next !== null && (
        <button type="button" class="older" onClick={() => void loadOlder()}>
          Older runs
        </button>
      )}
    </section>
  )
}

function useRuns(filter: RunFilter, subscribe: Subscribe) {
  const { status, agent } = filter
  const [runs, setRuns] = useState<readonly Run[]>()
  const [next, setNext] = useState<string | null>(null)
  const [failed, setFailed] = useState(false)

  const load = useCallback(() => {
    let isCurrent = true
    const read = async (): Promise<void> => {
      try {
        const page = await fetchRuns({ status, agent }, null)
        if (!isCurrent) return
        setRuns(page.runs)
        setNext(page.next)
        setFailed(false)
      } catch {
        if (isCurrent) setFailed(true)
      }
    }
    void read()
    return () => void (isCurrent = false)
  }, [status, agent])

  useEffect(() => {
    setRuns(undefined)
    setNext(null)
    return load()
  }, [load])
  useEffect(
    () =>
      subscribe((change) => {
        if (change === undefined || change.more) load()
        else if (change.runs.length > 0) setRuns((known) => merged(known ?? [], change.runs, { status, agent }))
      }),
    [subscribe, load, status, agent],
  )
  const loadOlder = async (): Promise<void> => {
    try {
      const page = await fetchRuns({ status, agent }, next)
      setRuns((known) => merged(known ?? [], page.runs, { status, agent }))
      setNext(page.next)
    } catch {
      setFailed(true)
    }
  }
  return { runs, next, failed, loadOlder }
}

/** Known runs with the changed ones in place of their old selves, newest first. */
function merged(known: readonly Run[], changed: readonly Run[], { status, agent }: RunFilter): readonly Run[] {
  const byId = new Map(known.map((run) => [run.traceId, run]))
  for (const run of changed) {
    const fits = (status === '' || run.status === status) && (agent === '' || run.agent === agent)
    if (fits) byId.set(run.traceId, run)
    else byId.delete(run.traceId)
  }
  return [...byId.values()].sort((a, b) => b.startMs - a.startMs).slice(0, RUNS_SHOWN_MAX)
}

function RunTable({ runs, nowMs }: { readonly runs: readonly Run[]; readonly nowMs: number }) {
  return (
    <table class="runs">
      <caption class="hidden">Runs, newest first</caption>
      <thead>
        <tr>
          <th scope="col">Started</th>
          <th scope="col">Agent</th>
          <th scope="col">Status</th>
          <th scope="col" class="number">
            Duration
          </th>
          <th scope="col" class="number">
            Model calls
          </th>
          <th scope="col" class="number">
            Tool calls
          </th>
          <th scope="col" class="number">
            Tokens
          </th>
          <th scope="col" class="number">
            Cost
          </th>
          <th scope="col" class="number">
            Redacted
          </th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <RunRow key={run.traceId} run={run} nowMs={nowMs} />
        ))}
      </tbody>
    </table>
  )
}

const DAY_MS = 86_400_000

function RunRow({ run, nowMs }: { readonly run: Run; readonly nowMs: number }) {
  const { startMs } = run
  return (
    <tr>
      <td title={exactTime(startMs)}>
        <span class="time">{timeOfDay(startMs)}</span>{' '}
        <span class="muted">{nowMs - startMs > DAY_MS ? dayOfMonth(startMs) : ago(startMs, nowMs)}</span>
      </td>
      <th scope="row">
        <a href={hrefOf({ view: 'run', traceId: run.traceId, spanId: '' })}>
          {run.agent === '' ? 'not named' : run.agent}
        </a>
        {run.service !== '' && run.service !== run.agent && <span class="muted service">{run.service}</span>}
      </th>
      <td>
        <Status status={run.status} errorType={run.errorType} />
        <GuardMarks run={run} />
      </td>
      <td class="number">{duration(run.durationMs)}</td>
      <td class="number">{count(run.modelCalls)}</td>
      <td class="number">
        {run.toolErrors > 0 && <span class="red">{count(run.toolErrors)} failed · </span>}
        {count(run.toolCalls)}
      </td>
      <td class="number">{count(run.inputTokens + run.outputTokens)}</td>
      <td class="number">{costOf(run)}</td>
      <td class="number">
        {run.redactions === 0 ? <span class="muted">0</span> : <span class="mark">{count(run.redactions)}</span>}
      </td>
    </tr>
  )
}

/** What a run cost; `≥` when some of its calls have no known price. */
export function costOf(run: Run): string {
  if (run.modelCalls > 0 && run.unpricedCalls === run.modelCalls) return 'no price'
  return `${run.unpricedCalls > 0 ? '≥ ' : ''}${usd(run.costUsd)}`
}

const filters: readonly { readonly value: RunStatus | ''; readonly label: string }[] = [
  { value: '', label: 'All' },
  { value: 'error', label: 'Failed' },
  { value: 'running', label: 'Running' },
  { value: 'ok', label: 'OK' },
]

function Filters({ route, agents }: Pick<RunListProps, 'route' | 'agents'>) {
  const names = route.agent === '' || agents.includes(route.agent) ? agents : [route.agent, ...agents]
  return (
    <div class="filters">
      <fieldset class="segments">
        <legend class="hidden">Status</legend>
        {filters.map(({ value, label }) => (
          <label key={value}>
            <input
              type="radio"
              name="status"
              checked={route.status === value}
              onChange={() => replaceRoute({ ...route, status: value })}
            />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
      <label class="select">
        <span class="hidden">Agent</span>
        <select value={route.agent} onChange={(event) => replaceRoute({ ...route, agent: event.currentTarget.value })}>
          <option value="">All agents</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </div>
  )
}

function NoRuns({ route }: Pick<RunListProps, 'route'>) {
  if (route.status !== '' || route.agent !== '') {
    return (
      <div class="empty">
        <p>No run fits this filter.</p>
        <button type="button" onClick={() => replaceRoute({ ...route, status: '', agent: '' })}>
          Show all runs
        </button>
      </div>
    )
  }
  return (
    <div class="empty">
      <p>No run yet. Start your agent with</p>
      <pre>spanwarden run -- node your-agent.js</pre>
      <p class="muted">
        or send OTLP to this sidecar: <code>http://127.0.0.1:4318</code> (HTTP), <code>127.0.0.1:4317</code> (gRPC).
        Runs appear here as they happen.
      </p>
    </div>
  )
}
