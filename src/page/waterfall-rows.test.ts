import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RunSpan } from '../store/records.ts'
import { extentOf, ticksOf, waterfallRows } from './waterfall-rows.ts'

const span = (spanId: string, parentSpanId: string, startMs: number, more: Partial<RunSpan> = {}): RunSpan => ({
  spanId,
  parentSpanId,
  name: spanId,
  role: 'other',
  subject: '',
  startMs,
  durationMs: 10,
  failed: false,
  errorType: '',
  inputTokens: 0,
  outputTokens: 0,
  costUsd: null,
  redactions: 0,
  ...more,
})
const tree = (spans: readonly RunSpan[], collapsed: readonly string[] = []): string[] =>
  waterfallRows(spans, new Set(collapsed)).map(
    ({ span, depth, below, isOrphan }) => `${'  '.repeat(depth)}${span.spanId} ${below}${isOrphan ? ' ?' : ''}`,
  )

describe('rows', () => {
  const spans = [
    span('root', '', 0),
    span('a', 'root', 1),
    span('b', 'a', 2),
    span('c', 'root', 3),
    span('lost', 'gone', 4),
  ]

  test('children stand below their parent by start, orphans last', () => {
    expect(tree(spans)).toEqual(['root 3', '  a 1', '    b 0', '  c 0', 'lost 0 ?'])
  })
  test('what is below a collapsed span is left out but counted', () => {
    expect(tree(spans, ['a'])).toEqual(['root 3', '  a 1', '  c 0', 'lost 0 ?'])
    expect(tree(spans, ['root'])).toEqual(['root 3', 'lost 0 ?'])
  })
  test('a failure is marked where it began', () => {
    const failing = [span('root', '', 0, { failed: true }), span('a', 'root', 1, { failed: true })]
    expect(waterfallRows(failing, new Set()).map(({ hasFailedChild }) => hasFailedChild)).toEqual([true, false])
  })
  test('property: each span once, whatever its parents are, except in a ring', () => {
    const parents = fc.array(fc.nat(20), { maxLength: 20 })
    fc.assert(
      fc.property(parents, (list) => {
        const all = list.map((parent, i) => span(`s${i}`, parent < i ? `s${parent}` : '', i))
        const shown = waterfallRows(all, new Set()).map((row) => row.span.spanId)
        expect(shown.toSorted()).toEqual(all.map((one) => one.spanId).toSorted())
      }),
    )
  })
  test('a ring of parents and a very deep run end', () => {
    expect(tree([span('a', 'b', 0), span('b', 'a', 1)])).toEqual([])
    const deep = Array.from({ length: 20_000 }, (_, i) => span(`s${i}`, i === 0 ? '' : `s${i - 1}`, i))
    expect(waterfallRows(deep, new Set())).toHaveLength(20_000)
  })
})

describe('the axis', () => {
  test('covers all spans', () => {
    expect(extentOf([span('a', '', 100), span('b', 'a', 105, { durationMs: 50 })])).toEqual({
      startMs: 100,
      totalMs: 55,
    })
  })
  test('property: at most six round ticks, from 0, below the end', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1e9, noNaN: true }), (totalMs) => {
        const ticks = ticksOf(totalMs)
        expect(ticks[0]).toBe(0)
        expect(ticks.length).toBeGreaterThanOrEqual(2)
        expect(ticks.length).toBeLessThanOrEqual(6)
        expect(ticks.at(-1)).toBeLessThanOrEqual(totalMs)
      }),
    )
  })
})
