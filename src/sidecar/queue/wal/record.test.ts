import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { recordHeader, scanSegment, SEGMENT_MAGIC } from './record.ts'

const payloads = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 12 })
const segmentOf = (batches: readonly Uint8Array[]): Buffer =>
  Buffer.concat([
    SEGMENT_MAGIC,
    ...batches.flatMap((payload, i) => [recordHeader(payload, i + 1, i, 1.8e12 + i), payload]),
  ])
const contents = (bytes: Buffer): { payloads: Buffer[]; damaged: number; soundBytes: number } => {
  const { records, damaged, soundBytes } = scanSegment(bytes)
  return { payloads: records.map(({ offset, length }) => bytes.subarray(offset, offset + length)), damaged, soundBytes }
}

describe('scanSegment', () => {
  test('finds what was written, with items, sequence numbers and times', () => {
    fc.assert(
      fc.property(payloads, (batches) => {
        const bytes = segmentOf(batches)
        const { records, damaged, soundBytes } = scanSegment(bytes)
        expect(records.map(({ items, sequence, storedMs }) => [items, sequence, storedMs])).toEqual(
          batches.map((_, i) => [i + 1, i, 1.8e12 + i]),
        )
        expect(contents(bytes).payloads.map((payload) => [...payload])).toEqual(batches.map((payload) => [...payload]))
        expect({ damaged, soundBytes }).toEqual({ damaged: 0, soundBytes: bytes.length })
      }),
    )
  })

  test('a file that was cut off anywhere holds the records before the cut', () => {
    fc.assert(
      fc.property(payloads, fc.nat(), (batches, cut) => {
        const whole = segmentOf(batches)
        const bytes = whole.subarray(0, cut % (whole.length + 1))
        const { records, soundBytes, damaged } = scanSegment(bytes)
        const ends = batches.map((_, i) => segmentOf(batches.slice(0, i + 1)).length)
        expect(records.length).toBe(ends.filter((end) => end <= bytes.length).length)
        expect(soundBytes).toBe(
          bytes.length < SEGMENT_MAGIC.length
            ? 0
            : (ends.findLast((end) => end <= bytes.length) ?? SEGMENT_MAGIC.length),
        )
        expect(damaged).toBe(0)
      }),
    )
  })

  test('a changed byte costs the record that it is in, and no other', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { minLength: 2, maxLength: 8 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (batches, place, change) => {
          const bytes = segmentOf(batches)
          const at = place % bytes.length
          bytes.writeUInt8((bytes[at] ?? 0) ^ change, at)
          const hit = batches.findIndex((_, i) => at < segmentOf(batches.slice(0, i + 1)).length)
          const expected = at < SEGMENT_MAGIC.length ? batches : batches.filter((_, i) => i !== hit)
          expect(contents(bytes).payloads.map((payload) => [...payload])).toEqual(
            expected.map((payload) => [...payload]),
          )
        },
      ),
      { numRuns: 500 },
    )
  })

  test('any bytes at all are read to the end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        expect(scanSegment(Buffer.from(bytes)).soundBytes).toBeLessThanOrEqual(bytes.length)
      }),
    )
  })

  test('marks that lie about their length do not cost more than a few passes over the file', () => {
    const header = recordHeader(Buffer.alloc(0), 1, 0, 0)
    header.writeUInt32LE(1_000_000, 4)
    const bytes = Buffer.concat([SEGMENT_MAGIC, ...Array.from({ length: 100_000 }, () => header)])
    expect(scanSegment(bytes).records).toEqual([])
  })
})
