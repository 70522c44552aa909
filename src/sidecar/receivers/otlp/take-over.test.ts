import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { systemClock } from '../../system-clock.ts'
import { takeOver, takeOverWorks } from './take-over.ts'

test('an accepted socket can be taken over in this Node.js', async () => {
  expect(await takeOverWorks(systemClock)).toBe(true)
})

test('a socket without a handle cannot', () => {
  const reader = { buffer: () => Buffer.alloc(1), read: () => true }
  expect(() => takeOver(new Socket(), reader)).toThrow(TypeError)
})
