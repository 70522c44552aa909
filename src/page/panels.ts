import type { Panel, PanelName, Summary } from '../store/records.ts'
import { count, duration, percent, usd } from './format.ts'

/** How each metric is shown. */
export interface PanelLook {
  readonly name: PanelName
  readonly title: string
  readonly shape: 'bars' | 'line'
  /** What the number is, for the range that is shown. */
  readonly meaning: string
  readonly threshold?: string
  readonly partsTitle: string
  format(value: number): string
}

export const panelLooks: readonly PanelLook[] = [
  {
    name: 'latency',
    title: 'P99 latency',
    shape: 'line',
    meaning: '99 of 100 requests were faster',
    threshold: 'alert above 30 s',
    partsTitle: 'Quantiles',
    format: (seconds) => duration(seconds * 1000),
  },
  {
    name: 'errors',
    title: 'Error rate',
    shape: 'line',
    meaning: 'failed / finished requests of the last hour, worst agent',
    threshold: 'alert > 1 % and ≥ 5 failed',
    partsTitle: 'By agent',
    format: percent,
  },
  {
    name: 'tools',
    title: 'Tool calls',
    shape: 'bars',
    meaning: 'finished calls',
    partsTitle: 'By tool',
    format: count,
  },
  {
    name: 'tokens',
    title: 'Tokens',
    shape: 'bars',
    meaning: 'input and output',
    partsTitle: 'By model',
    format: count,
  },
  {
    name: 'queue',
    title: 'Queue depth',
    shape: 'line',
    meaning: 'requests that wait or run now',
    threshold: 'alert above 100',
    partsTitle: 'By queue',
    format: count,
  },
  {
    name: 'cost',
    title: 'Spend',
    shape: 'bars',
    meaning: 'model calls with a known price; a day begins at midnight UTC',
    partsTitle: 'By model',
    format: usd,
  },
]

/** The default alert on errors needs this many of them: one failure of two requests wakes nobody. */
const ERRORS_MIN = 5

/** Whether the value shown is what the default alert would be raised for. */
export function isAlert(name: PanelName, panel: Panel, summary: Summary | undefined): boolean {
  if (panel.threshold === null || panel.current === null || panel.current <= panel.threshold) return false
  return name !== 'errors' || (summary?.failedLastHour ?? 0) >= ERRORS_MIN
}
