import { expect, test } from 'vitest'
import { isTooOld } from './start.ts'

test.each([
  ['18.20.4', true],
  ['20.20.2', true],
  ['22.18.0', true],
  ['22.19.0', false],
  ['23.0.0', false],
  ['24.21.0', false],
])('Node %s is too old: %s', (version, old) => {
  expect(isTooOld(version)).toBe(old)
})
