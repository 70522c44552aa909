import { expect, test } from 'vitest'
import type { Budget } from '../../../ledger/budget.ts'
import { WindowTurn } from './window-turn.ts'

const HOURLY: Budget = { name: 'hourly', scope: 'agent', value: 'a', window: 'hour', limit: 1 }
const DAILY: Budget = { name: 'daily', scope: 'run', window: 'day', timeZone: 'Asia/Kolkata', limit: 1 }
const RUN: Budget = { name: 'run', scope: 'run', window: 'run', limit: 1 }

test('a window turns once, at its end, forwards and backwards', () => {
  const turn = new WindowTurn()
  const at = (time: string): boolean => turn.isTurned([HOURLY, DAILY, RUN], Date.parse(`2026-11-21T${time}Z`))
  expect(at('17:00:00')).toBe(false)
  expect(at('17:59:59.999')).toBe(false)
  expect(at('18:00:00')).toBe(true)
  expect(at('18:00:01')).toBe(false)
  // Midnight in India.
  expect(at('18:30:00')).toBe(true)
  expect(at('18:29:00')).toBe(true)
})

test('a budget for good never turns', () => {
  const turn = new WindowTurn()
  expect(turn.isTurned([RUN], 0)).toBe(false)
  expect(turn.isTurned([RUN], 1e13)).toBe(false)
})
