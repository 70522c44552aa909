import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeOtlpProtobuf } from '../../test/support/otlp-proto.ts'
import { logsOf, spansOf } from '../../test/support/otlp-sink.ts'
import { spanBatch } from '../../test/support/span-batch.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
import { truncateRequest, VALUE_BYTES_MIN } from './truncate.ts'

const MARK = 'spanwarden.truncated'
const spanOf = (attributes: Record<string, string>, name = 'call'): Buffer =>
  spanBatch({ spans: [{ spanId: '0102030405060708', name, attributes }] })

/** The attributes of the only span after the cut. */
function cutTo(bytes: Buffer, bytesMax: number) {
  const cut = truncateRequest('traces', bytes, bytesMax, MARK)
  const [span] = cut === undefined ? [] : spansOf(decodeOtlpProtobuf('traces', cut.bytes))
  return { length: cut?.bytes.length, cutBytes: cut?.cutBytes, name: span?.name, attributes: span?.attributes ?? {} }
}

const text = fc.string({ unit: fc.constantFrom('a', 'ä', '語', '🜚'), maxLength: 1500, size: 'max' })
const attributes = fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), text, {
  minKeys: 1,
  maxKeys: 8,
  size: 'max',
})

test('what is left begins every value, in whole characters; the longest are cut first; it fits where it can', () => {
  fc.assert(
    fc.property(attributes, fc.integer({ min: 1000, max: 10_000 }), (values, bytesMax) => {
      const bytes = spanOf(values)
      const { length, attributes: left, cutBytes = 0 } = cutTo(bytes, bytesMax)
      const longest = Math.max(...Object.values(values).map((value) => Buffer.byteLength(value)))
      const needsNoCut = bytes.length + MARK.length + 32 <= bytesMax || longest <= VALUE_BYTES_MIN
      expect(length !== undefined || needsNoCut).toBe(true)
      if (length === undefined) return
      const entries = Object.entries(values).map(([key, value]) => [value, String(left[key])] as const)
      const cut = entries.filter(([before, after]) => before !== after)
      const gone = entries.map(([before, after]) => Buffer.byteLength(before) - Buffer.byteLength(after))
      const lengths = cut.map(([, after]) => Buffer.byteLength(after))
      const isRight =
        entries.every(([before, after]) => before.startsWith(after)) &&
        entries.every(
          ([before, after]) => before === after || !after.endsWith('\ufffd') || before.includes('\ufffd'),
        ) &&
        gone.reduce((sum, size) => sum + size, 0) === cutBytes &&
        left[MARK] === cutBytes &&
        // Nobody is shorter than one who was cut, but for the rest of a character.
        entries.every(
          ([before]) => Buffer.byteLength(before) <= Math.min(...lengths) + 4 || cut.some(([b]) => b === before),
        ) &&
        (length <= bytesMax || lengths.every((size) => size > VALUE_BYTES_MIN - 4 && size <= VALUE_BYTES_MIN))
      expect(isRight).toBe(true)
    }),
    { numRuns: 150 },
  )
})

test('one giant among small ones', () => {
  const bytes = spanOf({ prompt: 'ä'.repeat(1_000_000), model: 'gpt', note: 'x'.repeat(1000) })
  const { length, attributes: left } = cutTo(bytes, 100_000)
  expect(length).toBeLessThanOrEqual(100_000)
  expect(length).toBeGreaterThan(99_000)
  expect(left).toMatchObject({ model: 'gpt', note: 'x'.repeat(1000) })
  expect(left['prompt']).toMatch(/^ä+$/)
  expect(left[MARK]).toBe(2_000_000 - Buffer.byteLength(String(left['prompt'])))
})

test('values inside of values, bodies of log records and names', () => {
  const giant = 'y'.repeat(50_000)
  const log = new ProtobufWriter().message(1, (w) =>
    w.message(2, () =>
      w.message(2, () =>
        w.message(5, () =>
          w.message(6, () =>
            w.message(1, () =>
              w.string(1, 'deep').message(2, () => w.message(5, () => w.message(1, () => w.string(1, giant)))),
            ),
          ),
        ),
      ),
    ),
  )
  const cut = truncateRequest('logs', log.finish(), 4000, MARK)
  expect(cut?.bytes.length).toBeLessThanOrEqual(4000)
  const [record] = logsOf(decodeOtlpProtobuf('logs', cut?.bytes ?? Buffer.alloc(0)))
  expect(record?.attributes[MARK]).toBe(cut?.cutBytes)
  expect(cutTo(spanOf({}, giant), 4000).name).toMatch(/^y{3000,4000}$/)
})

test('nothing is cut where nothing is long', () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`key ${i}`, 'x'.repeat(VALUE_BYTES_MIN)]))
  expect(truncateRequest('traces', spanOf(many), 1000, MARK)).toBeUndefined()
})
