import { expect, test } from 'vitest'
import { answeredRow, approvalRows, GONE_SHOWN_MS } from './approval-rows.ts'
import type { ApprovalList, DecidedCall, WaitingCall } from './approvals-api.ts'

const call = (id: string, left_ms = 1000): WaitingCall => ({
  id,
  tool: 'post_message',
  class: 'post',
  agent: 'a',
  run: null,
  trace_id: null,
  input: '{}',
  waited_ms: 0,
  left_ms,
  connected: true,
})
const list = (waiting: WaitingCall[], decided: DecidedCall[] = []): ApprovalList => ({
  supervised: true,
  until: null,
  needs_token: false,
  waiting,
  decided,
})

test('a row that waits no more keeps its place, says why, and goes later; new ones come behind', () => {
  const first = approvalRows([], list([call('a'), call('b')]), 0)
  expect(first.map((row) => row.call.id)).toEqual(['a', 'b'])
  const second = approvalRows(
    first,
    list([call('b', 500), call('c')], [{ id: 'a', state: 'denied', person: 'Ada' }]),
    1000,
  )
  expect(second.map(({ call: { id, left_ms }, gone }) => [id, left_ms, gone?.text])).toEqual([
    ['a', 1000, 'denied by Ada'],
    ['b', 500, undefined],
    ['c', 1000, undefined],
  ])
  const third = approvalRows(second, list([call('b'), call('c')]), 1000 + GONE_SHOWN_MS)
  expect(third.map((row) => row.call.id)).toEqual(['b', 'c'])
})

test('what was answered here says so at once, whatever is read afterwards', () => {
  const rows = answeredRow(approvalRows([], list([call('a'), call('b')]), 0), 'a', 'approved by Ada', 5)
  expect(rows.map(({ gone }) => gone?.text)).toEqual(['approved by Ada', undefined])
  // Read before the answer had come.
  expect(approvalRows(rows, list([call('a'), call('b')]), 6).map(({ gone }) => gone?.text)).toEqual([
    'approved by Ada',
    undefined,
  ])
})
