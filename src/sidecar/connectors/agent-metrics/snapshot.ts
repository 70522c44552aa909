import * as z from 'zod'
import { METRICS } from '../../../conventions.ts'
import type { State } from '../state/state-file.ts'
import { ABSENT, type LabelValues, REFUSED } from './label-values.ts'
import { ErrorWindow, type Series, type SeriesTable } from './series.ts'
import type { Services } from './services.ts'
import type { SpanMetrics } from './span-metrics.ts'

/** Of the layout below; a snapshot of another is put aside. */
export const SNAPSHOT_VERSION = 1

/** What the next process has to go on with. */
export interface SnapshotParts {
  readonly services: Services
  readonly series: SeriesTable
  readonly labels: LabelValues
  readonly spanMetrics: SpanMetrics
}

/** All that counters and error rates stand on: series, spans that were counted, and those that wait. */
export function snapshotOf({ services, series, labels, spanMetrics }: SnapshotParts): State {
  const { waiting, seen } = spanMetrics.nesting.state
  const value: Snapshot = {
    periodStartMs: series.periodStartMs,
    texts: [...labels.texts],
    services: services.all.map(({ values, isAgent, hasAgents, heartbeatMs }) => ({
      values: [...values],
      isAgent,
      hasAgents,
      heartbeatMs,
    })),
    series: series.all.map(seriesState),
    waiting: [...waiting],
    roots: [...spanMetrics.roots.state],
  }
  return { value, bytes: seen }
}

/**
 * Goes on from a snapshot. Label values and services get the numbers of this process; series of a metric that is defined in another way today are
 * left out. Throws when the value is none of `snapshotOf`; nothing is taken in then.
 */
export function restoreSnapshot(
  { services, series, labels, spanMetrics }: SnapshotParts,
  { value, bytes }: State,
  windowMs: number,
): void {
  const snapshot = snapshotSchema.parse(value)
  series.periodStartMs = snapshot.periodStartMs
  const label = numbersOf(snapshot.texts, labels)
  const service = snapshot.services.map((one) => services.restore(one).index)
  for (const state of snapshot.series) {
    const metric = METRICS[state.metric]
    const of = service[state.service]
    if (metric === undefined || of === undefined) continue
    if (!sameList(metric.attributes, state.attributes) || !sameList(metric.boundaries, state.boundaries)) continue
    const one =
      state.labels === undefined
        ? series.overflow(metric, of)
        : series.find(
            metric,
            of,
            state.labels.map((id) => label[id] ?? REFUSED),
          )
    addState(one, state, windowMs)
  }
  const renumbered = <P extends z.output<typeof pendingSchema>>(pending: P): P => {
    const numbers = Object.entries(pending).map(([key, number]): [string, unknown] => {
      if (typeof number !== 'number' || key === 'seconds') return [key, number]
      return [key, key === 'service' ? service[number] : (label[number] ?? REFUSED)]
    })
    return { ...pending, ...Object.fromEntries(numbers) }
  }
  spanMetrics.nesting.restore(
    snapshot.waiting.map((one) => ({ ...one, pending: renumbered(one.pending) })),
    bytes,
  )
  for (const { pending, deadlineMs } of snapshot.roots) spanMetrics.roots.add(renumbered(pending), deadlineMs)
}

const numbersOf = (texts: readonly string[], labels: LabelValues): number[] =>
  texts.map((text, id) => (id === ABSENT || id === REFUSED ? id : labels.idOfText(text)))

const seriesState = (series: Series): SeriesState => ({
  metric: series.metric.name,
  attributes: [...series.metric.attributes],
  boundaries: [...series.metric.boundaries],
  service: series.service,
  labels: series.labels === undefined ? undefined : [...series.labels],
  value: series.value,
  count: series.count,
  buckets: [...series.buckets],
  window: series.window?.state,
  startMs: series.startMs,
  touchedMs: series.touchedMs,
})

/** Adds, as several series of the snapshot may meet in one that overflows today. */
function addState(series: Series, state: SeriesState, windowMs: number): void {
  series.value += state.value
  series.count += state.count
  state.buckets.forEach((count, bucket) => {
    if (bucket < series.buckets.length) series.buckets[bucket] = (series.buckets[bucket] as number) + count
  })
  series.startMs = Math.min(series.startMs, state.startMs)
  series.touchedMs = Math.max(series.touchedMs, state.touchedMs)
  const window = state.window === undefined ? undefined : ErrorWindow.of(state.window, windowMs)
  if (window !== undefined) series.window = window
}

const sameList = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((one, index) => one === b[index])

const numbers = z.array(z.number())
const seriesSchema = z.object({
  metric: z.string(),
  attributes: z.array(z.string()),
  boundaries: numbers,
  service: z.int(),
  labels: z.array(z.int()).optional(),
  value: z.number(),
  count: z.number(),
  buckets: numbers,
  window: z.object({ partMs: z.number(), part: z.int(), finished: numbers, failed: numbers }).readonly().optional(),
  startMs: z.number(),
  touchedMs: z.number(),
})
const pendingSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('request'),
    service: z.int(),
    job: z.string().optional(),
    agent: z.int(),
    result: z.int(),
    seconds: z.number().optional(),
    failed: z.boolean(),
    ids: z.string(),
  }),
  z.object({
    kind: z.literal('tool'),
    service: z.int(),
    tool: z.int(),
    result: z.int(),
    agent: z.int(),
    error: z.int(),
    seconds: z.number().optional(),
    ids: z.string(),
  }),
])
const snapshotSchema = z.object({
  periodStartMs: z.number(),
  texts: z.array(z.string()),
  services: z.array(
    z.object({
      values: z.array(z.string()),
      // Of a snapshot that does not say.
      isAgent: z.boolean().default(true),
      hasAgents: z.boolean(),
      heartbeatMs: z.number(),
    }),
  ),
  series: z.array(seriesSchema),
  waiting: z.array(
    z.object({
      nestedIn: z.int(),
      deadlineMs: z.number(),
      pending: pendingSchema,
      trace: z.int(),
      high: z.int(),
      low: z.int(),
    }),
  ),
  roots: z.array(z.object({ deadlineMs: z.number(), pending: pendingSchema })),
})
type Snapshot = z.input<typeof snapshotSchema>
type SeriesState = z.output<typeof seriesSchema>
