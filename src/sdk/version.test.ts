import { expect, test } from 'vitest'
import own from '../../package.json' with { type: 'json' }
import { VERSION } from './version.ts'

test('the version that the preload states is that of the package', () => {
  expect(VERSION).toBe(own.version)
})
