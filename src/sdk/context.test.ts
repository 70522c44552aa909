import { ROOT_CONTEXT, createContextKey, trace } from '@opentelemetry/api'
import type { Context } from '@opentelemetry/api'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { ambientOf, withAmbient } from './context.ts'

const keys = [1, 2, 3, 4].map((number) => createContextKey(`key ${number}`))
const step = fc.record({
  how: fc.constantFrom('set', 'delete', 'ambient'),
  key: fc.constantFrom(...keys),
  // A key may also be somebody's value.
  value: fc.oneof(fc.integer(), fc.constantFrom(...keys), fc.constant(undefined)),
})

it("holds what the API's own context holds, whatever is set, deleted and handed down", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      let ours: Context = withAmbient(ROOT_CONTEXT, {})
      let theirs = ROOT_CONTEXT
      for (const { how, key, value } of steps) {
        const before = { ours, values: keys.map((each) => ours.getValue(each)) }
        if (how === 'set') [ours, theirs] = [ours.setValue(key, value), theirs.setValue(key, value)]
        else if (how === 'delete') [ours, theirs] = [ours.deleteValue(key), theirs.deleteValue(key)]
        else ours = withAmbient(ours, { agentName: 'triage' })
        expect(keys.map((each) => ours.getValue(each))).toEqual(keys.map((each) => theirs.getValue(each)))
        expect(keys.map((each) => before.ours.getValue(each))).toEqual(before.values)
      }
    }),
  )
})

it('hands down what is known, the nearest word first, beside the active span', () => {
  const span = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 })
  const outer = trace.setSpan(withAmbient(ROOT_CONTEXT, { userId: 'u', agentName: 'outer' }), span)
  const inner = withAmbient(outer, { agentName: 'inner' })
  expect(ambientOf(inner)).toMatchObject({ userId: 'u', agentName: 'inner' })
  expect(ambientOf(outer)).toMatchObject({ userId: 'u', agentName: 'outer' })
  expect(trace.getSpan(inner)).toBe(span)
})
