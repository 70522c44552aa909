import { expect, test } from 'vitest'
import { confirmedText, scopeText } from './stops-api.ts'

const list = (...states: string[]) => ({
  needs_token: false,
  agents: [],
  stops: [],
  confirmations: [{ scope: 'agent', value: 'a', processes: states.map((state) => ({ state })) }],
})

test.each([
  [['confirmed', 'unconfirmed', 'killed', 'gone', 'lease_over'], '3 of 5 processes have confirmed it'],
  [['unconfirmed'], '0 of 1 process has confirmed it'],
  [[], ''],
])('of %j: %s', (states, text) => {
  expect(confirmedText(list(...states), { scope: 'agent', value: 'a' })).toBe(text)
  expect(confirmedText(list(...states), { scope: 'agent', value: 'b' })).toBe('')
})

test('a scope by its name', () => {
  expect(scopeText({ scope: 'fleet', value: 'fleet' })).toBe('Everything')
  expect(scopeText({ scope: 'agent', value: 'a' })).toBe('agent a')
})
