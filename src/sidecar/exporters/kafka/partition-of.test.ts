import { expect, test } from 'vitest'
import { murmur2Hash, saramaHash } from './partition-of.ts'

// Kafka's UtilsTest.testMurmur2, of which the sign goes.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('murmur2 of %s', (text, hash) => {
  expect(murmur2Hash(Buffer.from(text))).toBe(hash & 0x7fffffff)
})

// The vectors of FNV itself (draft-eastlake-fnv), as a number with a sign, without it.
test.each([
  ['', 0x811c9dc5],
  ['a', 0xe40c292c],
  ['foobar', 0xbf9cf968],
])('FNV-1a of %j', (text, hash) => {
  expect(saramaHash(Buffer.from(text))).toBe(Math.abs(hash | 0))
})
