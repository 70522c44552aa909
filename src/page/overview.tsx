import { useCallback, useEffect, useState } from 'preact/hooks'
import type { Metrics, Summary } from '../store/records.ts'
import { fetchMetrics, fetchSummary } from './api.ts'
import { Alerts } from './alerts.tsx'
import { Approvals } from './approvals.tsx'
import type { Subscribe } from './app.tsx'
import { bytes, count } from './format.ts'
import { Limits } from './limits.tsx'
import { useNow } from './live.ts'
import { ranges, replaceRoute } from './route.ts'
import type { RangeName, Route } from './route.ts'
import { RunList } from './run-list.tsx'
import { SidecarState } from './sidecar-state.tsx'
import { Stops } from './stops.tsx'
import { Tiles } from './tiles.tsx'

type OverviewRoute = Extract<Route, { view: 'overview' }>

const REFRESH_MS = 10_000

export function Overview({ route, subscribe }: { readonly route: OverviewRoute; readonly subscribe: Subscribe }) {
  const { range } = route
  const [metrics, setMetrics] = useState<Metrics>()
  const [summary, setSummary] = useState<Summary>()
  const nowMs = useNow(REFRESH_MS)

  const load = useCallback(() => {
    const toMs = Date.now()
    // A sidecar that does not answer shows in the header; the old numbers stay.
    fetchMetrics(toMs - ranges[range], toMs).then(setMetrics, ignore)
    fetchSummary().then(setSummary, ignore)
  }, [range])
  useEffect(load, [load, nowMs])
  useEffect(() => subscribe((change) => (change === undefined || change.metrics) && load()), [subscribe, load])

  return (
    <>
      <div class="bar">
        <h1>Agents on this host</h1>
        <RangePicker route={route} />
      </div>
      {summary?.alerts === true && <Alerts />}
      {summary?.guard === true && <Stops />}
      {summary?.guard === true && <Approvals />}
      {summary?.guard === true && <Limits />}
      <Tiles metrics={metrics} summary={summary} range={range} />
      <RunList route={route} agents={summary?.agents ?? []} subscribe={subscribe} nowMs={nowMs} />
      <SidecarState nowMs={nowMs} />
      {summary !== undefined && <Stored summary={summary} />}
    </>
  )
}

const ignore = (): void => {}

function RangePicker({ route }: { readonly route: OverviewRoute }) {
  return (
    <fieldset class="segments">
      <legend class="hidden">Time range</legend>
      {Object.keys(ranges).map((name) => (
        <label key={name}>
          <input
            type="radio"
            name="range"
            checked={name === route.range}
            onChange={() => replaceRoute({ ...route, range: name as RangeName })}
          />
          <span>{name}</span>
        </label>
      ))}
    </fieldset>
  )
}

function Stored({ summary: { stored, version } }: { readonly summary: Summary }) {
  const days = stored.ageMsMax / 86_400_000
  const age = days >= 2 ? `${Math.round(days)} days` : `${Math.round(days * 24)} hours`
  return (
    <footer class="stored">
      {count(stored.runs)} {stored.runs === 1 ? 'run' : 'runs'} kept, {bytes(stored.bytes)} of {bytes(stored.bytesMax)},
      for {age}
      <span>spanwarden {version}</span>
    </footer>
  )
}
