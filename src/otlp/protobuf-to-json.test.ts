import { expect, test } from 'vitest'
import { protobufToJson } from './protobuf-to-json.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

const histogram = (buckets: readonly (readonly number[])[]): Buffer =>
  new ProtobufWriter()
    .message(1, (w) =>
      w.message(2, () =>
        w.message(2, () =>
          w.message(9, () => w.message(1, () => buckets.forEach((part) => w.packedFixed64(6, part.map(BigInt))))),
        ),
      ),
    )
    .finish()

test.each([
  [[[]], []],
  [
    [[], [1, 2]],
    ['1', '2'],
  ],
  [
    [[1], [], [2]],
    ['1', '2'],
  ],
  [
    [[1, 2], []],
    ['1', '2'],
  ],
])('numbers that share one length may be none: %j', (parts, expected) => {
  const json: unknown = JSON.parse(protobufToJson('metrics', histogram(parts)))
  expect(json).toMatchObject({
    resourceMetrics: [{ scopeMetrics: [{ metrics: [{ histogram: { dataPoints: [{ bucketCounts: expected }] } }] }] }],
  })
})
