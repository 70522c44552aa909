import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ProtobufWriter } from './protobuf-writer.ts'
import { splitRequest } from './split.ts'
import { decodeOtlpProtobuf } from '../../test/support/otlp-proto.ts'
import { logsOf, pointsOf, spansOf } from '../../test/support/otlp-sink.ts'

/** resources → scopes → sizes of their items; for metrics, scopes → metrics → data points. */
const tree = fc.array(fc.array(fc.array(fc.nat({ max: 300 }), { maxLength: 6 }), { maxLength: 3 }), { maxLength: 3 })

function traces(resources: readonly (readonly (readonly number[])[])[]): Buffer {
  const writer = new ProtobufWriter()
  let n = 0
  for (const [r, scopes] of resources.entries()) {
    writer.message(1, (w) => {
      w.message(1, () => w.keyValue(1, 'resource', r))
      for (const [s, spans] of scopes.entries()) {
        w.message(2, () => {
          w.message(1, () => w.string(1, `scope ${r} ${s}`))
          for (const size of spans) w.message(2, () => w.string(5, `span ${n++}`).keyValue(9, 'x', 'x'.repeat(size)))
        })
      }
      return w.string(3, `schema ${r}`)
    })
  }
  return writer.finish()
}

function logs(resources: readonly (readonly (readonly number[])[])[]): Buffer {
  const writer = new ProtobufWriter()
  let n = 0
  for (const [r, scopes] of resources.entries()) {
    writer.message(1, (w) => {
      w.message(1, () => w.keyValue(1, 'resource', r))
      for (const records of scopes) {
        w.message(2, () => {
          for (const size of records) w.message(2, () => w.keyValue(6, 'x', 'x'.repeat(size)).string(12, `log ${n++}`))
        })
      }
    })
  }
  return writer.finish()
}

/** One scope per resource; its lists become metrics, a gauge, a sum or a histogram, with one data point per number. */
function metrics(resources: readonly (readonly (readonly number[])[])[]): Buffer {
  const writer = new ProtobufWriter()
  for (const [r, scope] of resources.entries()) {
    writer.message(1, (w) => {
      w.message(1, () => w.keyValue(1, 'resource', r))
      w.message(2, () => {
        for (const [m, points] of scope.entries()) {
          w.message(2, () => {
            w.string(1, `metric ${m}`)
            const [kind, attributes] = [[5, 7] as const, [7, 7] as const, [9, 9] as const][m % 3] ?? [5, 7]
            w.message(kind, () => {
              for (const size of points) w.message(1, () => w.keyValue(attributes, 'x', 'x'.repeat(size)))
            })
          })
        }
      })
    })
  }
  return writer.finish()
}

const cases = {
  traces: { encode: traces, items: spansOf },
  logs: { encode: logs, items: logsOf },
  metrics: { encode: metrics, items: pointsOf },
} as const

test.each(['traces', 'logs', 'metrics'] as const)(
  'items of %s in = items out, in order, in the same envelope',
  (signal) => {
    const { encode, items } = cases[signal]
    fc.assert(
      fc.property(tree, (resources) => {
        const request = encode(resources)
        const all = items(decodeOtlpProtobuf(signal, request))
        const halves = splitRequest(signal, request)
        expect(halves === undefined).toBe(all.length < 2)
        if (halves === undefined) return
        const decoded = halves.map((half) => items(decodeOtlpProtobuf(signal, half.bytes)))
        expect(decoded.flat()).toEqual(all)
        expect(decoded.map((part) => part.length)).toEqual(halves.map((half) => half.items))
        expect(Math.min(...decoded.map((part) => part.length))).toBeGreaterThan(0)
      }),
    )
  },
)

test('halves have about the same size and no empty envelopes', () => {
  const [first, second] = splitRequest('traces', traces([[[10, 10]], [[250], [10, 10]]])) ?? []
  expect(spansOf(decodeOtlpProtobuf('traces', first?.bytes ?? Buffer.alloc(0))).map((span) => span.name)).toEqual([
    'span 0',
    'span 1',
  ])
  expect(decodeOtlpProtobuf('traces', second?.bytes ?? Buffer.alloc(0))).toMatchObject({
    resourceSpans: [
      { scopeSpans: [{ scope: { name: 'scope 1 0' } }, { scope: { name: 'scope 1 1' } }], schemaUrl: 'schema 1' },
    ],
  })
})

test('splitting again and again ends at single items', () => {
  fc.assert(
    fc.property(tree, (resources) => {
      const single = (request: Buffer): number => {
        const halves = splitRequest('traces', request)
        return halves === undefined
          ? spansOf(decodeOtlpProtobuf('traces', request)).length
          : single(halves[0].bytes) + single(halves[1].bytes)
      }
      expect(single(traces(resources))).toBe(resources.flat(2).length)
    }),
  )
})

test('an envelope without items stays in the first half only', () => {
  const request = traces([[[], [1]], [[1], []], [[]], []])
  const scopes = (splitRequest('traces', request) ?? []).map((half) => {
    const text = half.bytes.toString('latin1')
    return ['scope 0 0', 'scope 0 1', 'scope 1 0', 'scope 1 1', 'scope 2 0', 'schema 3'].filter((name) =>
      text.includes(name),
    )
  })
  expect(scopes).toEqual([['scope 0 0', 'scope 0 1', 'scope 1 1', 'scope 2 0', 'schema 3'], ['scope 1 0']])
})
