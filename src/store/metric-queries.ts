import type { DatabaseSync } from 'node:sqlite'
import {
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_SPANWARDEN_QUEUE_NAME,
  ATTR_SPANWARDEN_RESULT,
  ATTR_SPANWARDEN_TOKEN_TYPE,
  METRIC_AGENT_COST,
  METRIC_AGENT_ERROR_RATE,
  METRIC_AGENT_QUEUE_DEPTH,
  METRIC_AGENT_REQUEST_LATENCY,
  METRIC_AGENT_TOKENS_USED,
  METRIC_AGENT_TOOL_CALLS,
  SPANWARDEN_RESULT_VALUE_OK,
  SPANWARDEN_TOKEN_TYPE_VALUE_INPUT,
  SPANWARDEN_TOKEN_TYPE_VALUE_OUTPUT,
} from '../conventions.ts'
import { bytesOf, numberOf, numberOrNull, textOf } from './database.ts'
import type { Metrics, Panel, PanelPart } from './records.ts'
import { addBuckets, GAUGE_STALE_MS, gaugeSteps, increases, quantile, stepAt, stepsOf } from './series-math.ts'
import type { SeriesPoint, Steps } from './series-math.ts'

/** The default alerts: P99 above 30 s, errors above 1 %, more than 100 requests in the queues. */
const LATENCY_THRESHOLD_S = 30
const ERROR_RATE_THRESHOLD = 0.01
const QUEUE_DEPTH_THRESHOLD = 100
const PARTS_MAX = 12

interface Series {
  readonly attributes: Readonly<Record<string, string>>
  readonly bounds: readonly number[]
  readonly cumulative: boolean
  /** In order of time, with one point before the range where there is one. */
  readonly points: readonly SeriesPoint[]
  /** Largest single observation in the range, of a histogram that says so. */
  readonly max: number | null
}

interface Window {
  readonly database: DatabaseSync
  readonly steps: Steps
  readonly toMs: number
  readonly listeningSinceMs: number
}

/** The five metrics and the spend over a range of time, cut into steps. */
export function queryMetrics(database: DatabaseSync, fromMs: number, toMs: number): Metrics {
  const steps = stepsOf(fromMs, toMs)
  const window: Window = { database, steps, toMs, listeningSinceMs: listeningSince(database) }
  return {
    fromMs: steps.fromMs,
    toMs,
    stepMs: steps.stepMs,
    timesMs: Array.from({ length: steps.count }, (_, i) => steps.fromMs + (i + 1) * steps.stepMs),
    panels: {
      latency: latencyPanel(window),
      errors: errorPanel(window),
      tools: toolPanel(window),
      tokens: tokenPanel(window),
      queue: queuePanel(window),
      cost: costPanel(window),
    },
  }
}

/** What model calls cost since `fromMs`. */
export function querySpend(database: DatabaseSync, fromMs: number, toMs: number): number {
  const since = listeningSince(database)
  let sum = 0
  for (const { points, cumulative } of seriesOf(database, METRIC_AGENT_COST, fromMs, toMs)) {
    for (const point of increases(points, cumulative, fromMs, since)) sum += point.value
  }
  return sum
}

function latencyPanel({ database, steps, toMs, listeningSinceMs }: Window): Panel {
  const perStep: number[][] = Array.from({ length: steps.count }, () => [])
  const whole: number[] = []
  let bounds: readonly number[] = []
  let max: number | null = null
  for (const series of seriesOf(database, METRIC_AGENT_REQUEST_LATENCY, steps.fromMs, toMs)) {
    if (series.bounds.length < bounds.length) continue // other buckets than the ones counted so far
    bounds = series.bounds
    if (series.max !== null) max = Math.max(max ?? 0, series.max)
    for (const point of increases(series.points, series.cumulative, steps.fromMs, listeningSinceMs)) {
      const step = perStep[stepAt(steps, point.timeMs)]
      if (step !== undefined) addBuckets(step, point.buckets)
      addBuckets(whole, point.buckets)
    }
  }
  const at = (q: number): number | null => quantile(q, whole, bounds, max)
  const parts = [0.5, 0.9, 0.99].flatMap((q) => {
    const value = at(q)
    return value === null ? [] : [{ label: `P${q * 100}`, value }]
  })
  return {
    metric: METRIC_AGENT_REQUEST_LATENCY,
    unit: 's',
    current: at(0.99),
    threshold: LATENCY_THRESHOLD_S,
    values: perStep.map((buckets) => quantile(0.99, buckets, bounds, max)),
    parts,
  }
}

/** Every agent has its own rate; the worst one is shown, as it is the one that raises the alert. */
function errorPanel(window: Window): Panel {
  return {
    ...gaugePanel(window, METRIC_AGENT_ERROR_RATE, ATTR_GEN_AI_AGENT_NAME, (a, b) => Math.max(a, b)),
    unit: '1',
    threshold: ERROR_RATE_THRESHOLD,
  }
}

function queuePanel(window: Window): Panel {
  return {
    ...gaugePanel(window, METRIC_AGENT_QUEUE_DEPTH, ATTR_SPANWARDEN_QUEUE_NAME, (a, b) => a + b),
    unit: 'request',
    threshold: QUEUE_DEPTH_THRESHOLD,
  }
}

function gaugePanel(
  { database, steps, toMs }: Window,
  metric: string,
  label: string,
  combine: (a: number, b: number) => number,
): Omit<Panel, 'unit' | 'threshold'> {
  const values: (number | null)[] = Array.from({ length: steps.count }, () => null)
  const parts = new Map<string, number>()
  const join = (a: number | null | undefined, b: number): number => (a === null || a === undefined ? b : combine(a, b))
  let current: number | null = null
  for (const { points, attributes } of seriesOf(database, metric, steps.fromMs, toMs)) {
    for (const [i, value] of gaugeSteps(points, steps).entries()) {
      if (value !== null) values[i] = join(values[i], value)
    }
    const last = points.at(-1)
    if (last === undefined || toMs - last.timeMs > GAUGE_STALE_MS) continue
    current = join(current, last.value)
    const name = attributes[label] ?? ''
    parts.set(name, join(parts.get(name), last.value))
  }
  return { metric, current, values, parts: largest([...parts].map(([name, value]) => ({ label: name, value }))) }
}

function toolPanel(window: Window): Panel {
  const failed = new Map<string, number>()
  const panel = counterPanel(window, METRIC_AGENT_TOOL_CALLS, (attributes, value) => {
    const tool = attributes[ATTR_GEN_AI_TOOL_NAME] ?? ''
    if (attributes[ATTR_SPANWARDEN_RESULT] !== SPANWARDEN_RESULT_VALUE_OK) {
      failed.set(tool, (failed.get(tool) ?? 0) + value)
    }
    return tool
  })
  return {
    ...panel,
    unit: 'call',
    threshold: null,
    parts: panel.parts.map((part) => ({ ...part, failed: failed.get(part.label) ?? 0 })),
  }
}

function tokenPanel(window: Window): Panel {
  const panel = counterPanel(window, METRIC_AGENT_TOKENS_USED, (attributes) => {
    const type = attributes[ATTR_SPANWARDEN_TOKEN_TYPE]
    const isPartOfTotal = type === SPANWARDEN_TOKEN_TYPE_VALUE_INPUT || type === SPANWARDEN_TOKEN_TYPE_VALUE_OUTPUT
    return isPartOfTotal ? `${attributes[ATTR_GEN_AI_REQUEST_MODEL] ?? ''} ${type}` : undefined
  })
  return { ...panel, unit: 'token', threshold: null }
}

function costPanel(window: Window): Panel {
  const panel = counterPanel(window, METRIC_AGENT_COST, (attributes) => attributes[ATTR_GEN_AI_REQUEST_MODEL] ?? '')
  return { ...panel, unit: 'USD', threshold: null }
}

/** `labelOf` names the part that an increase belongs to, or leaves it out by returning undefined. */
function counterPanel(
  { database, steps, toMs, listeningSinceMs }: Window,
  metric: string,
  labelOf: (attributes: Readonly<Record<string, string>>, value: number) => string | undefined,
): Omit<Panel, 'unit' | 'threshold'> {
  const series = seriesOf(database, metric, steps.fromMs, toMs)
  const values = Array.from({ length: steps.count }, () => 0)
  const parts = new Map<string, number>()
  let total = 0
  for (const { points, cumulative, attributes } of series) {
    for (const { value, timeMs } of increases(points, cumulative, steps.fromMs, listeningSinceMs)) {
      const label = labelOf(attributes, value)
      if (label === undefined) continue
      const step = stepAt(steps, timeMs)
      values[step] = (values[step] ?? 0) + value
      parts.set(label, (parts.get(label) ?? 0) + value)
      total += value
    }
  }
  const shown = largest([...parts].filter(([, value]) => value > 0).map(([label, value]) => ({ label, value })))
  return { metric, current: series.length === 0 ? null : total, values, parts: shown }
}

const largest = (parts: PanelPart[]): PanelPart[] => parts.sort((a, b) => b.value - a.value).slice(0, PARTS_MAX)

function listeningSince(database: DatabaseSync): number {
  const first = database.prepare('SELECT min(time_us) AS us FROM point WHERE series = ?')
  let since = Number.POSITIVE_INFINITY
  for (const row of database.prepare('SELECT id FROM series').all()) {
    const us = numberOrNull(first.get(numberOf(row, 'id')) ?? {}, 'us')
    if (us !== null) since = Math.min(since, us / 1000)
  }
  return since
}

function seriesOf(database: DatabaseSync, name: string, fromMs: number, toMs: number): Series[] {
  const fromUs = Math.floor(fromMs * 1000)
  // A series that was not heard of in the range has nothing to say about it; the one point before the range is where its increase is counted from.
  const found = database.prepare('SELECT * FROM series WHERE name = ? AND used_us > ?').all(name, fromUs)
  const points = database.prepare(
    `SELECT * FROM point WHERE series = :series AND time_us <= :to AND time_us >= coalesce(
       (SELECT max(time_us) FROM point WHERE series = :series AND time_us <= :from), :from) ORDER BY time_us`,
  )
  return found.map((row) => {
    let max: number | null = null
    const read: SeriesPoint[] = []
    const range = { series: numberOf(row, 'id'), from: fromUs, to: Math.ceil(toMs * 1000) }
    for (const point of points.iterate(range)) {
      const timeMs = numberOf(point, 'time_us') / 1000
      const highest = numberOrNull(point, 'max')
      if (highest !== null && timeMs > fromMs) max = Math.max(max ?? highest, highest)
      const buckets = counts(bytesOf(point, 'buckets'))
      read.push({ timeMs, startMs: numberOf(point, 'start_us') / 1000, value: numberOf(point, 'value'), buckets })
    }
    return {
      attributes: textRecord(textOf(row, 'attributes')),
      bounds: numberList(textOf(row, 'bounds')),
      cumulative: numberOf(row, 'cumulative') === 1,
      points: read,
      max,
    }
  })
}

function counts(bytes: Buffer): number[] {
  const numbers: number[] = []
  for (let at = 0; at + 8 <= bytes.length; at += 8) numbers.push(Number(bytes.readBigUInt64LE(at)))
  return numbers
}

function textRecord(text: string): Record<string, string> {
  const parsed: unknown = JSON.parse(text)
  return Object.fromEntries(Object.entries(parsed ?? {}).map(([key, value]) => [key, String(value)]))
}

function numberList(text: string): number[] {
  const parsed: unknown = JSON.parse(text)
  return Array.isArray(parsed) ? parsed.map(Number) : []
}
