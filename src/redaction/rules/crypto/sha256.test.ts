import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256 } from './sha256.ts'

test('SHA-256 is that of node:crypto, for all lengths around the blocks', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), (bytes, before) => {
      const start = Math.min(before, bytes.length)
      const digest = new Uint8Array(32)
      sha256(bytes, start, bytes.length, digest)
      expect(Buffer.from(digest).toString('hex')).toBe(createHash('sha256').update(bytes.subarray(start)).digest('hex'))
    }),
    { numRuns: 500 },
  )
})
