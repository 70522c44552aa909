import { zstdDecompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { spanBatch } from '../../../../test/support/span-batch.ts'
import { PART_BYTES_MAX, recordOf } from './record-encoder.ts'

const names = Array.from({ length: 400 }, (_, i) => `n${i} ${'x'.repeat(10_000)}`)
const large = spanBatch({ spans: names.map((name) => ({ spanId: '0102030405060708', name })) })
const lines = { format: 'json', compression: '', level: 3 } as const

describe('the records of a large request', () => {
  test('the event loop has a turn for each part', async () => {
    let turns = 0
    let isDone = false
    const turn = (): void => {
      turns++
      if (!isDone) setImmediate(turn)
    }
    setImmediate(turn)
    await recordOf('traces', large, lines).finally(() => (isDone = true))
    expect(turns).toBeGreaterThanOrEqual(Math.floor(large.length / PART_BYTES_MAX))
  })

  test('lines: each a request, all spans in order, none larger than a part by much', async () => {
    const records = (await recordOf('traces', large, lines)).toString().trimEnd().split('\n')
    expect(records.length).toBeGreaterThan(large.length / PART_BYTES_MAX)
    expect(Math.max(...records.map(({ length }) => length))).toBeLessThan(2 * PART_BYTES_MAX)
    expect(records.flatMap(namesIn)).toEqual(names)
  })

  test('zstd: each behind its length', async () => {
    const bytes = await recordOf('traces', large, { ...lines, compression: 'zstd' })
    const found: string[] = []
    for (let at = 0; at < bytes.length;) {
      const end = at + 4 + bytes.readUInt32BE(at)
      found.push(...namesIn(zstdDecompressSync(bytes.subarray(at + 4, end)).toString()))
      at = end
    }
    expect(found).toEqual(names)
  })

  test('one span above the size of a part is one line', async () => {
    const name = 'x'.repeat(PART_BYTES_MAX + 1)
    const one = spanBatch({ spans: [{ spanId: '0102030405060708', name }] })
    expect(namesIn((await recordOf('traces', one, lines)).toString())).toEqual([name])
  })
})

const namesIn = (json: string): string[] => [...json.matchAll(/"name":"([nx][^"]*)"/g)].map(([, name = '']) => name)
