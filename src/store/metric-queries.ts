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
import type { Metrics, Panel, PanelPart } from './records.ts'
import { addBuckets, GAUGE_STALE_MS, gaugeSteps, increases, quantile, stepAt, stepsOf } from './series-math.ts'
import type { Steps } from './series-math.ts'
import { listeningSince, readSeries } from './series-reader.ts'

/** The default alerts: P99 above 30 s, errors above 1 %, more than 100 requests in the queues. */
const LATENCY_THRESHOLD_S = 30
const ERROR_RATE_THRESHOLD = 0.01
const QUEUE_DEPTH_THRESHOLD = 100
const PARTS_MAX = 12

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
  const steps = { fromMs, stepMs: Math.max(1, toMs - fromMs), count: 1 }
  const since = listeningSince(database)
  let sum = 0
  for (const { points, cumulative } of readSeries(database, METRIC_AGENT_COST, steps, toMs)) {
    for (const point of increases(points, cumulative, fromMs, since)) sum += point.value
  }
  return sum
}

function latencyPanel({ database, steps, toMs, listeningSinceMs }: Window): Panel {
  const perStep: number[][] = Array.from({ length: steps.count }, () => [])
  const whole: number[] = []
  let bounds: readonly number[] = []
  let max: number | null = null
  for (const series of readSeries(database, METRIC_AGENT_REQUEST_LATENCY, steps, toMs)) {
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
  for (const { points, attributes } of readSeries(database, metric, steps, toMs)) {
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
  const series = readSeries(database, metric, steps, toMs)
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
