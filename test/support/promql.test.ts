import { expect, test } from 'vitest'
import { askedBy } from './promql.ts'

test.each([
  ['up', ['up'], []],
  ['sum by (job, a) (rate(x_total{b="c", d=~"e|f"}[5m]))', ['x_total{b="c", d=~"e|f"}'], ['job', 'a']],
  ['a:b:c > on () group_left () d:e * 2e6', ['a:b:c', 'd:e'], []],
  ['max_over_time(x[1d] offset 1h) unless on (job) y{z=""} or vector(0)', ['x', 'y{z=""}'], ['job']],
  ['histogram_quantile(0.99, sum(rate(h_bucket{job=~".*"}[1m])))', ['h_bucket{job=~".*"}'], []],
])('%s', (expression, selectors, labels) => {
  expect(askedBy(expression)).toEqual({ selectors, labels })
})
