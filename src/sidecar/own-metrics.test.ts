import { expect, test } from 'vitest'
import { OwnMetricsRegistry } from './own-metrics.ts'

test('renders each family once, with all its label sets, values escaped', () => {
  const metrics = new OwnMetricsRegistry()
  const a = metrics.counter('otelcol_x', 'Things\nof \\ kinds.', { b: '2', a: '"quoted"\n\\' })
  metrics.gauge('otelcol_y', 'Now.', {}, () => 0.5)
  metrics.counter('otelcol_x', 'Things.', { a: '1' }).add(1)
  a.add(2)
  a.add(0.5)
  expect(metrics.render().split('\n').slice(3)).toEqual([
    '# HELP otelcol_x Things\\nof \\\\ kinds.',
    '# TYPE otelcol_x counter',
    'otelcol_x{a="\\"quoted\\"\\n\\\\",b="2"} 2.5',
    'otelcol_x{a="1"} 1',
    '# HELP otelcol_y Now.',
    '# TYPE otelcol_y gauge',
    'otelcol_y 0.5',
    '',
  ])
})

test('the same name and labels are the same counter, in any order of the labels', () => {
  const metrics = new OwnMetricsRegistry()
  metrics.counter('otelcol_x', '', { a: '1', b: '2' }).add(1)
  metrics.counter('otelcol_x', '', { b: '2', a: '1' }).add(1)
  expect(metrics.read('otelcol_x', { a: '1', b: '2' })).toBe(2)
  expect(() => metrics.gauge('otelcol_x', '', {}, () => 1)).toThrow('is a counter already')
})

test('beyond the limit of label sets, what is counted goes nowhere, and is counted', () => {
  const metrics = new OwnMetricsRegistry(3)
  for (let i = 0; i < 5; i++) metrics.counter('otelcol_x', '', { i: String(i) }).add(1)
  metrics.counter('otelcol_x', '', { i: '0' }).add(1)
  expect(metrics.render().match(/^otelcol_x/gm)).toHaveLength(3)
  expect(metrics.read('otelcol_x', { i: '0' })).toBe(2)
  expect(metrics.read('spanwarden_own_metrics_refused_series')).toBe(2)
})

test('the gauges of a component go with it, unless its successor has put its own in their place; counters stay', () => {
  const metrics = new OwnMetricsRegistry(2)
  const first = metrics.scoped()
  first.counter('otelcol_x', '').add(1)
  first.gauge('otelcol_y', '', { a: '1' }, () => 1)
  const second = metrics.scoped()
  second.gauge('otelcol_y', '', { a: '1' }, () => 2)
  first.close()
  expect([metrics.read('otelcol_x'), metrics.read('otelcol_y', { a: '1' })]).toEqual([1, 2])
  second.close()
  expect(metrics.render()).not.toContain('otelcol_y')
  // The place is free again.
  metrics.gauge('otelcol_z', '', {}, () => 3)
  expect(metrics.read('otelcol_z')).toBe(3)
})
