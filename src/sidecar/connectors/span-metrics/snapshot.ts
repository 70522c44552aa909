import * as z from 'zod'
import type { SeenSpans } from '../state/seen-spans.ts'
import type { State } from '../state/state-file.ts'
import type { ResourceTable } from './resource-table.ts'
import type { SeriesMap, SpanSeries } from './series.ts'

export const SNAPSHOT_VERSION = 1

/** What cumulative counters stand on. `shape` says how histograms are cut: those of another shape begin anew. */
export function snapshotOf(resources: ResourceTable, seen: SeenSpans, periodStartMs: number, shape: string): State {
  const seriesOf = ({ all }: SeriesMap): unknown[] =>
    [...all].map(([key, series]) => ({ key, ...series, exemplars: [], exponential: expOf(series) }))
  const value = {
    periodStartMs,
    shape,
    resources: [...resources.all].map(({ attributes, seenMs, calls, durations, events }) => ({
      attributes,
      seenMs,
      calls: seriesOf(calls),
      durations: seriesOf(durations),
      events: seriesOf(events),
    })),
  }
  return { value, bytes: seen.state }
}

/** Takes a snapshot in; returns its `periodStartMs`. Throws when it is none. */
export function restoreSnapshot(
  { value, bytes }: State,
  resources: ResourceTable,
  seen: SeenSpans,
  shape: string,
): number {
  const snapshot = schema.parse(value)
  seen.restore(bytes)
  for (const { attributes, seenMs, calls, durations, events } of snapshot.resources) {
    const metrics = resources.find(new Map(attributes), seenMs)
    restoreSeries(metrics.calls, calls)
    if (snapshot.shape === shape) restoreSeries(metrics.durations, durations)
    restoreSeries(metrics.events, events)
  }
  return snapshot.periodStartMs
}

function restoreSeries(map: SeriesMap, all: readonly z.output<typeof seriesSchema>[]): void {
  for (const { key, labels, exponential, ...numbers } of all) {
    const series = map.find(key, () => labels, numbers.startMs)
    series.count += numbers.count
    series.sum += numbers.sum
    series.buckets = series.buckets.map((count, bucket) => count + (numbers.buckets[bucket] ?? 0))
    series.isNew = numbers.isNew
    series.startMs = Math.min(series.startMs, numbers.startMs)
    series.touchedMs = numbers.touchedMs
    if (series.exponential !== undefined && exponential !== undefined)
      Object.assign(series.exponential, exponential, {
        min: exponential.min ?? Infinity,
        max: exponential.max ?? -Infinity,
      })
  }
}

/** Infinity has no JSON: it becomes null. */
function expOf({ exponential }: SpanSeries): unknown {
  if (exponential === undefined) return undefined
  const { scale, offset, counts, zeroCount, min, max } = exponential
  return { scale, offset, counts, zeroCount, min, max }
}

const label = z.union([z.string(), z.number(), z.boolean()])
const labels = z.array(z.tuple([z.string(), label]))
const seriesSchema = z.object({
  key: z.string(),
  labels,
  count: z.number(),
  sum: z.number(),
  buckets: z.array(z.number()),
  exponential: z
    .object({
      scale: z.int(),
      offset: z.int(),
      counts: z.array(z.number()),
      zeroCount: z.number(),
      min: z.number().nullable(),
      max: z.number().nullable(),
    })
    .optional(),
  startMs: z.number(),
  touchedMs: z.number(),
  isNew: z.boolean(),
})
const schema = z.object({
  periodStartMs: z.number(),
  shape: z.string(),
  resources: z.array(
    z.object({
      attributes: labels,
      seenMs: z.number(),
      calls: z.array(seriesSchema),
      durations: z.array(seriesSchema),
      events: z.array(seriesSchema),
    }),
  ),
})
