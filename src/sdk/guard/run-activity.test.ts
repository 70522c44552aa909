import { expect, test } from 'vitest'
import { until } from '../../../test/support/until.ts'
import type { RunActivity } from '../../control/run-messages.ts'
import { ACTIVITY_RUNS_MAX } from './guard-limits.ts'
import { RunActivities } from './run-activity.ts'

const scopes = { agent: 'a', run: 'r' }
function recorded() {
  const told: RunActivity[] = []
  return { told, activities: new RunActivities((message) => void told.push(message)) }
}

test('sums are told, together and soon, and what has not changed is not', async () => {
  const { told, activities } = recorded()
  activities.called(scopes, { tools: 1, depth: 2 })
  activities.called(scopes, { tools: 1 })
  activities.spent(scopes, 70)
  activities.called({ agent: 'a' }, { tools: 9 })
  expect(told).toEqual([])
  await until(() => told.length > 0)
  expect(told).toMatchObject([{ type: 'activity', scopes, toolCalls: 2, nanoUsd: 70, depth: 2 }])
  activities.tell()
  expect(told).toHaveLength(1)
  activities.spent(scopes, 1)
  activities.tell()
  expect(told[1]).toMatchObject({ id: told[0]?.id, toolCalls: 2, nanoUsd: 71 })
})

test('what the sidecar says of a run is told by its next span, once', () => {
  const { activities } = recorded()
  activities.marked({ type: 'mark', run: 'unknown', level: 'warn', rule: 'cost' })
  expect(activities.called(scopes, {})).toBeUndefined()
  const mark = { type: 'mark', run: 'r', level: 'warn', rule: 'cost' } as const
  activities.marked(mark)
  expect([activities.called(scopes, {}), activities.called(scopes, {})]).toEqual([mark, undefined])
})

test('a run that was stopped counts from there; one too many does as well, and nothing is told twice', () => {
  const { told, activities } = recorded()
  activities.called(scopes, { tools: 5 })
  activities.forget('r')
  activities.called(scopes, { tools: 1 })
  activities.tell()
  expect(told).toMatchObject([{ toolCalls: 1 }])
  for (let i = 0; i < ACTIVITY_RUNS_MAX; i++) activities.called({ agent: 'a', run: `r${i}` }, { tools: 1 })
  activities.called(scopes, { tools: 1 })
  activities.tell()
  const ofRun = told.filter((one) => one.scopes.run === 'r')
  expect(ofRun.map(({ toolCalls }) => toolCalls)).toEqual([1, 1])
  expect(ofRun[0]?.id).not.toBe(ofRun[1]?.id)
})
