import type { RunSpan } from '../store/records.ts'

export interface WaterfallRow {
  readonly span: RunSpan
  readonly depth: number
  /** Spans below it, at any depth. */
  readonly below: number
  /** A span right below it failed. */
  readonly hasFailedChild: boolean
  /** Its parent did not arrive. */
  readonly isOrphan: boolean
  /** Position among its siblings, from 1, and how many they are: for assistive technology. */
  readonly position: number
  readonly siblings: number
}

/** The spans of a run in the order of the tree, children by their start; those below a collapsed span are left out. */
export function waterfallRows(spans: readonly RunSpan[], collapsed: ReadonlySet<string>): WaterfallRow[] {
  const ids = new Set(spans.map(({ spanId }) => spanId))
  const isRoot = (span: RunSpan): boolean => !ids.has(span.parentSpanId) || span.parentSpanId === span.spanId
  const children = Map.groupBy(
    spans.filter((span) => !isRoot(span)),
    ({ parentSpanId }) => parentSpanId,
  )
  const failing = new Set(spans.filter(({ failed }) => failed).map(({ parentSpanId }) => parentSpanId))
  const below = countBelow(spans, children)
  const rows: WaterfallRow[] = []
  const seen = new Set<string>()
  // A stack instead of recursion: a run can be deeper than the call stack.
  const stack: Omit<WaterfallRow, 'below' | 'hasFailedChild'>[] = []
  const push = (siblings: readonly RunSpan[], depth: number): void => {
    for (let i = siblings.length - 1; i >= 0; i--) {
      const span = siblings[i]
      if (span === undefined) continue
      const isOrphan = depth === 0 && span.parentSpanId !== ''
      stack.push({ span, depth, isOrphan, position: i + 1, siblings: siblings.length })
    }
  }
  push(spans.filter(isRoot), 0)
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { spanId } = entry.span
    if (seen.has(spanId)) continue
    seen.add(spanId)
    const hasFailedChild = failing.has(spanId)
    rows.push({ ...entry, hasFailedChild, below: below.get(spanId) ?? 0 })
    if (!collapsed.has(spanId)) push(children.get(spanId) ?? [], entry.depth + 1)
  }
  return rows
}

/** Spans are in order of their start, and a parent starts before its children, or the count of an odd trace is off by some. */
function countBelow(
  spans: readonly RunSpan[],
  children: ReadonlyMap<string, readonly RunSpan[]>,
): ReadonlyMap<string, number> {
  const below = new Map<string, number>()
  for (let i = spans.length - 1; i >= 0; i--) {
    const id = spans[i]?.spanId ?? ''
    const own = children.get(id) ?? []
    below.set(
      id,
      own.reduce((sum, child) => sum + 1 + (below.get(child.spanId) ?? 0), 0),
    )
  }
  return below
}

/** From the first start to the last end. */
export function extentOf(spans: readonly RunSpan[]): { readonly startMs: number; readonly totalMs: number } {
  let startMs = Number.POSITIVE_INFINITY
  let endMs = Number.NEGATIVE_INFINITY
  for (const span of spans) {
    startMs = Math.min(startMs, span.startMs)
    endMs = Math.max(endMs, span.startMs + span.durationMs)
  }
  return spans.length === 0 ? { startMs: 0, totalMs: 1 } : { startMs, totalMs: Math.max(endMs - startMs, 0.001) }
}

/** Round times for the axis, from 0, at most six. */
export function ticksOf(totalMs: number): number[] {
  const rough = totalMs / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((ms) => ms >= rough) ?? rough
  const ticks: number[] = []
  for (let i = 0; i * step <= totalMs * 0.98; i++) ticks.push(i * step)
  return ticks
}
