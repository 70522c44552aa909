/** Arithmetic on points of one metric, pure. */

/** The steps of a time range: step `i` covers (fromMs + i × stepMs, fromMs + (i + 1) × stepMs]. */
export interface Steps {
  readonly fromMs: number
  readonly stepMs: number
  readonly count: number
}

const STEPS_MS = [5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000, 86_400_000]
const STEPS_MAX = 100

/** Cuts a range into about a hundred steps, at most, of a round length that begin at round times; the last one holds `toMs`. */
export function stepsOf(fromMs: number, toMs: number): Steps {
  const rangeMs = Math.max(1, toMs - fromMs)
  const stepMs = STEPS_MS.find((ms) => rangeMs / ms <= STEPS_MAX) ?? Math.ceil(rangeMs / STEPS_MAX)
  const firstMs = Math.floor(fromMs / stepMs) * stepMs
  return { fromMs: firstMs, stepMs, count: Math.max(1, Math.ceil((toMs - firstMs) / stepMs)) }
}

export const stepAt = ({ fromMs, stepMs, count }: Steps, timeMs: number): number =>
  Math.min(count - 1, Math.ceil((timeMs - fromMs) / stepMs) - 1)

export interface SeriesPoint {
  readonly timeMs: number
  readonly startMs: number
  readonly value: number
  /** Of a histogram: counts per bucket. */
  readonly buckets: readonly number[]
}

/** How far the first points that the store has may lie apart, and how long an exporter waits before its first export: a minute by default. */
const FIRST_POINTS_MS = 90_000

/**
 * What each point of a series adds after `fromMs`, in order of time. Delta points add themselves. A cumulative point adds its difference to the one before;
 * after a restart (later start time or a smaller value) it adds all of itself. The first point of a series adds itself too, except where the store
 * began to listen (`listeningSinceMs`) long after the counting began: what was counted before cannot be placed.
 */
export function increases(
  points: readonly SeriesPoint[],
  cumulative: boolean,
  fromMs: number,
  listeningSinceMs: number,
): SeriesPoint[] {
  if (!cumulative) return points.filter((point) => point.timeMs > fromMs)
  const added: SeriesPoint[] = []
  let previous: SeriesPoint | undefined
  for (const point of points) {
    const before = previous
    previous = point
    if (point.timeMs <= fromMs) continue
    if (before === undefined) {
      const isNewSeries = point.timeMs > listeningSinceMs + FIRST_POINTS_MS
      if (isNewSeries || point.startMs >= listeningSinceMs - FIRST_POINTS_MS) added.push(point)
      continue
    }
    const restarted = point.value < before.value || point.startMs >= before.timeMs
    added.push(restarted ? point : difference(point, before))
  }
  return added
}

const difference = (point: SeriesPoint, before: SeriesPoint): SeriesPoint => ({
  ...point,
  value: point.value - before.value,
  buckets: point.buckets.map((count, i) => Math.max(0, count - (before.buckets[i] ?? 0))),
})

/**
 * The quantile of a histogram, interpolated inside its bucket as Prometheus does; null without observations. The last bucket, which has no upper bound,
 * gives `max` where it is known, otherwise its lower bound. A known `max` is never exceeded.
 */
export function quantile(
  q: number,
  buckets: readonly number[],
  bounds: readonly number[],
  max: number | null,
): number | null {
  const total = buckets.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  const target = q * total
  let below = 0
  for (const [i, count] of buckets.entries()) {
    if (below + count < target || count === 0) {
      below += count
      continue
    }
    const lower = i === 0 ? 0 : (bounds[i - 1] ?? 0)
    const upper = bounds[i]
    const value = upper === undefined ? (max ?? lower) : lower + ((upper - lower) * (target - below)) / count
    return max === null ? value : Math.min(value, max)
  }
  return max ?? bounds.at(-1) ?? null
}

/** Adds the counts of `added` to `sum`, which grows as needed. */
export function addBuckets(sum: number[], added: readonly number[]): void {
  for (const [i, count] of added.entries()) sum[i] = (sum[i] ?? 0) + count
}

/** How long a gauge's value holds when nothing newer comes: five minutes, as in Prometheus. */
export const GAUGE_STALE_MS = 300_000

/** The highest value of a gauge in every step; a step without a point repeats the last value until that is stale. */
export function gaugeSteps(points: readonly SeriesPoint[], steps: Steps): (number | null)[] {
  const values: (number | null)[] = Array.from({ length: steps.count }, () => null)
  let last: SeriesPoint | undefined
  let next = 0
  for (let i = 0; i < steps.count; i++) {
    const endMs = steps.fromMs + (i + 1) * steps.stepMs
    let highest: number | null = null
    for (let point = points[next]; point !== undefined && point.timeMs <= endMs; point = points[++next]) {
      if (point.timeMs > endMs - steps.stepMs) highest = Math.max(highest ?? point.value, point.value)
      last = point
    }
    const carried = last !== undefined && endMs - last.timeMs <= GAUGE_STALE_MS ? last.value : null
    values[i] = highest ?? carried
  }
  return values
}
