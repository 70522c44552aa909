import { describe, expect, test } from 'vitest'
import type { Stop } from '../../control/guard-messages.ts'
import { CallsUnderWay } from './calls-under-way.ts'

const stop = (id: string, scope: Stop['scope'] = 'agent', value = 'a'): Stop => ({
  type: 'stop',
  id,
  scope,
  value,
  reason: 'r',
})
const call = { scopes: { agent: 'a', run: 'r1' } }

function underWay() {
  const said: object[] = []
  return { said, calls: new CallsUnderWay((message) => void said.push(message)) }
}

describe('a stop', () => {
  test('is confirmed at once when nothing of it is under way', () => {
    const { said, calls } = underWay()
    calls.begin(call, () => undefined)
    calls.stop(stop('s1', 'run', 'r2'))
    expect(said).toEqual([{ type: 'stopped', id: 's1', aborted: 0 }])
  })

  test('says that it has arrived, and is confirmed with the end of the last call', () => {
    const { said, calls } = underWay()
    const [first, second] = [calls.begin(call, () => undefined), calls.begin(call, () => undefined)]
    calls.stop(stop('s1'))
    expect(said).toEqual([{ type: 'stopping', id: 's1', underWay: 2 }])
    first?.end()
    expect(said).toHaveLength(1)
    second?.end()
    second?.end()
    expect(said.slice(1)).toEqual([{ type: 'stopped', id: 's1', aborted: 2 }])
  })

  test('that is over is not confirmed any more', () => {
    const { said, calls } = underWay()
    const under = calls.begin(call, () => undefined)
    calls.stop(stop('s1'))
    calls.resume('agent', 'a')
    under?.end()
    expect(said).toEqual([{ type: 'stopping', id: 's1', underWay: 1 }])
    expect(calls.stopOf(call)).toBeUndefined()
  })
})

test('calls that have ended, and failed, are counted until they are taken', () => {
  const { calls } = underWay()
  for (const isFailed of [true, false, true]) {
    const under = calls.begin(call, () => undefined)
    if (under !== undefined) under.isFailed = isFailed
    under?.end()
    under?.end()
  }
  calls.begin(call, () => undefined)
  expect(calls.takeEnded()).toEqual({ ended: 3, failed: 2 })
  expect(calls.takeEnded()).toEqual({ ended: 0, failed: 0 })
})
