import { useEffect, useState } from 'preact/hooks'
import { exactTime, hourAndMinute, timeOfDay, usd } from './format.ts'
import { bars, fetchLimits, rateText, tightest } from './limits-api.ts'
import type { BudgetState, Denial, Limits as LimitsState, ProcessState, RateState } from './limits-api.ts'
import { useNow } from './live.ts'

const POLL_MS = 5000
const BUDGETS_MAX = 10
const PROCESSES_MAX = 20
const RATES_MAX = 10
const DENIALS_MAX = 20

/** What may still be spent and called, what was denied lately, and which processes may call something. Nothing where there is none of it. */
export function Limits() {
  const nowMs = useNow(POLL_MS)
  const [limits, setLimits] = useState<LimitsState>()
  useEffect(() => {
    let isCurrent = true
    // A sidecar that does not answer shows in the header; the old numbers stay.
    fetchLimits().then((read) => void (isCurrent && read !== undefined && setLimits(read)), ignore)
    return () => void (isCurrent = false)
  }, [nowMs])
  if (limits === undefined) return null
  const { budgets, processes, rates, denials, suspended, mode } = limits
  if (budgets.length + processes.length + rates.length + denials.length === 0) return null
  return (
    <section class="limits" aria-label="Limits">
      <h2>Limits {mode !== 'enforce' && <span class="muted">({mode}: nothing is denied)</span>}</h2>
      {budgets.length > 0 && <Budgets budgets={budgets} />}
      {rates.length > 0 && <Rates rates={rates} />}
      {suspended > 0 && (
        <p class="muted">
          {suspended} {suspended === 1 ? 'hold is' : 'holds are'} in suspense: nobody knows what became of them.{' '}
          <code>spanwarden suspense</code>
        </p>
      )}
      {denials.length > 0 && <Denials denials={denials} />}
      {processes.length > 0 && <Processes processes={processes} />}
    </section>
  )
}

const ignore = (): void => {}

function Budgets({ budgets }: { readonly budgets: readonly BudgetState[] }) {
  const shown = tightest(budgets, BUDGETS_MAX)
  return (
    <ul class="budgets">
      {shown.map((one) => (
        <Budget key={`${one.budget} ${one.value}`} budget={one} />
      ))}
      {budgets.length > shown.length && <li class="muted">{budgets.length - shown.length} more have more left.</li>}
    </ul>
  )
}

function Budget({ budget: one }: { readonly budget: BudgetState }) {
  const { spent, held } = bars(one)
  return (
    <li>
      <strong>{one.budget}</strong> {one.scope === 'fleet' ? 'fleet' : `${one.scope} ${one.value}`}
      <svg class="budget-bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
        <rect class="spent" width={spent} height="1" />
        <rect class="held" x={spent} width={held} height="1" />
      </svg>
      <span>
        {usd(one.committed_usd)} spent{one.suspense_usd > 0 && ` (${usd(one.suspense_usd)} in suspense)`},{' '}
        {usd(one.held_usd)} held, {usd(one.left_usd)} left of {usd(one.limit_usd)}
        {one.ends_at !== null && (
          <time dateTime={one.ends_at} title={exactTime(Date.parse(one.ends_at))}>
            {' '}
            until {hourAndMinute(Date.parse(one.ends_at))}
          </time>
        )}
      </span>
    </li>
  )
}

function Rates({ rates }: { readonly rates: readonly RateState[] }) {
  const shown = rates.slice(0, RATES_MAX)
  return (
    <ul class="rates">
      {shown.map((one) => (
        <li key={`${one.name} ${one.value}`} class={one.used >= one.limit ? 'red' : ''}>
          <strong>{one.name}</strong> {whoseText(one)}: {rateText(one)}
          {one.of_fleet && <span class="muted"> let in by this sidecar</span>}
        </li>
      ))}
      {rates.length > shown.length && <li class="muted">{rates.length - shown.length} more are used less.</li>}
    </ul>
  )
}

const whoseText = ({ scope, value }: RateState): string =>
  scope === 'fleet' ? 'fleet' : value === '' ? `each ${scope}` : `${scope} ${value}`

function Denials({ denials }: { readonly denials: readonly Denial[] }) {
  return (
    <details class="denials" open>
      <summary>Denied lately</summary>
      <div class="table-frame">
        <table class="runs">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Agent</th>
              <th scope="col">Tool or model</th>
              <th scope="col">Rule</th>
              <th scope="col">Code</th>
            </tr>
          </thead>
          <tbody>
            {denials.slice(0, DENIALS_MAX).map(({ at, agent, what, rule, code, mode, times }) => (
              <tr key={`${agent} ${what} ${rule} ${code} ${mode}`}>
                <td title={at}>{timeOfDay(Date.parse(at))}</td>
                <td>{agent}</td>
                <td>{what}</td>
                <td>{rule}</td>
                <td>
                  {code}
                  {times > 1 && ` × ${times}`}
                  {mode === 'shadow' && <span class="muted"> (let through)</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}

function Processes({ processes }: { readonly processes: readonly ProcessState[] }) {
  return (
    <details>
      <summary>
        {processes.length} {processes.length === 1 ? 'process' : 'processes'} of agents
      </summary>
      <ul>
        {processes.slice(0, PROCESSES_MAX).map((one) => (
          <li key={one.process}>
            {one.agent}, pid {one.pid}: {one.in_flight} under way, {leaseText(one)}
          </li>
        ))}
      </ul>
    </details>
  )
}

function leaseText({ connected, lease_left_ms }: ProcessState): string {
  const lease = lease_left_ms > 0 ? `lease for ${Math.ceil(lease_left_ms / 1000)} s` : 'no lease: all is denied'
  return connected ? lease : `not connected, ${lease}`
}
