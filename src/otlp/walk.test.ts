import { isDeepStrictEqual } from 'node:util'
import { array, assert, constantFrom, integer, nat, property, record } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeIndependently, otlpRequest } from '../../test/support/otlp-arbitrary.ts'
import { placeOf } from '../../test/support/otlp-place.ts'
import { decodeIndependently } from '../../test/support/otlp-reflection.ts'
import { unlessRefused } from '../../test/support/unless-refused.ts'
import { WIRE_KEYS } from '../conventions.ts'
import { OtlpError } from './otlp-error.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
import { fieldById, fieldId, UNKNOWN_FIELD } from './schema.ts'
import { OtlpView } from './view.ts'
import { releaseTape, walk } from './walk.ts'

const signals = ['traces', 'metrics', 'logs'] as const
const packed = new Set(['bucketCounts', 'explicitBounds'])

/** What the view reads at a node, in the shape that protobufjs gives. */
function read(view: OtlpView, n: number): unknown {
  if (isPacked(view, n)) return undefined
  switch (fieldById(view.field(n))?.type) {
    case 'string':
      return view.text(n)
    case 'id':
    case 'bytes':
      return Buffer.from(view.content(n))
    case 'bool':
      return view.varint(n) !== 0
    case 'int64':
      return String(BigInt.asIntN(64, view.varint64(n)))
    case 'double':
      return view.double(n)
    case 'fixed64':
      return String(view.fixed64(n))
    case 'sfixed64':
      return String(BigInt.asIntN(64, view.fixed64(n)))
    case 'enum':
    case 'uint32':
      return view.varint(n)
    default:
      return undefined
  }
}

const isPacked = (view: OtlpView, n: number): boolean => packed.has(fieldById(view.field(n))?.name ?? '')

/** A field that proto3 does not write when it has this value; protobufjs leaves it out. */
const isZero = (value: unknown): boolean =>
  value === '' || value === 0 || value === '0' || value === false || (Buffer.isBuffer(value) && value.length === 0)

/** Scalars of decoded objects with their places; packed numbers are one. */
function leaves(value: unknown, place = ''): [place: string, value: unknown][] {
  if (Buffer.isBuffer(value) || typeof value !== 'object' || value === null) return [[place, value]]
  const inner = Object.entries(value)
  if (Array.isArray(value) && packed.has(place.slice(place.lastIndexOf('.') + 1))) return [[place, value]]
  return inner.flatMap(([name, element]) => leaves(element, place === '' ? name : `${place}.${name}`))
}

describe.each(signals)('a view of %s', (signal) => {
  test('reads what an independent library reads, field by field, and has a node for each', () => {
    assert(
      property(otlpRequest(signal), (request) => {
        const bytes = encodeIndependently(signal, request)
        const objects = decodeIndependently(signal, bytes)
        const view = new OtlpView(signal, bytes)
        const found = new Map<string, unknown>()
        for (let n = 1; n < view.count; n++) found.set(placeOf(view, n).join('.'), read(view, n))
        const differences = leaves(objects).filter(([place, value]) => {
          const seen = found.get(place)
          return !found.has(place) || !(seen === undefined || isDeepStrictEqual(seen, value))
        })
        expect(differences).toEqual([])
        // What protobufjs leaves out is what proto3 does not write.
        const known = new Map(leaves(objects))
        expect(
          [...found].filter(([place, value]) => value !== undefined && !known.has(place) && !isZero(value)),
        ).toEqual([])
        view.release()
      }),
      { numRuns: 100 },
    )
  })

  test('has at most one node for every two bytes', () => {
    assert(
      property(otlpRequest(signal), (request) => {
        const bytes = encodeIndependently(signal, request)
        expect(new OtlpView(signal, bytes).count).toBeLessThanOrEqual(1 + bytes.length / 2)
      }),
      { numRuns: 20 },
    )
  })

  test('broken anywhere, a batch is walked and read, or refused with an OtlpError', () => {
    const mutation = record({
      what: constantFrom('set', 'cut', 'insert', 'copy'),
      at: nat(),
      byte: integer({ min: 0, max: 255 }),
    })
    assert(
      property(otlpRequest(signal), array(mutation, { minLength: 1, maxLength: 4 }), (request, mutations) => {
        let bytes = encodeIndependently(signal, request)
        for (const { what, at, byte } of mutations) bytes = mutated(bytes, what, at % (bytes.length + 1), byte)
        const view = unlessRefused(() => new OtlpView(signal, bytes))
        if (view instanceof OtlpError) return
        for (let n = 1; n < view.count; n++) read(view, n)
        view.release()
      }),
      { numRuns: 500 },
    )
  })
})

function mutated(bytes: Buffer, what: string, at: number, byte: number): Buffer {
  if (what === 'cut') return bytes.subarray(0, at)
  if (what === 'insert') return Buffer.concat([bytes.subarray(0, at), Buffer.from([byte]), bytes.subarray(at)])
  if (what === 'copy') return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - byte))])
  const copy = Buffer.from(bytes)
  if (at < copy.length) copy[at] = byte
  return copy
}

describe('walk', () => {
  test('a KeyValue carries the id of its key, wherever it is', () => {
    const keys = [WIRE_KEYS[0] ?? '', 'other', WIRE_KEYS[100] ?? '', '']
    const bytes = new ProtobufWriter()
      .message(1, (w) =>
        w.message(1, () => {
          for (const key of keys) w.keyValue(1, key, 'v')
          // The value before the key, and a key alone.
          w.message(1, () => w.message(2, () => w.string(1, 'v')).string(1, WIRE_KEYS[1] ?? ''))
          w.message(1, () => w.string(1, WIRE_KEYS[2] ?? ''))
        }),
      )
      .finish()
    const view = new OtlpView('logs', bytes)
    const attribute = fieldId('Resource', 'attributes')
    const nodes = Array.from({ length: view.count }, (_, n) => n).filter((n) => view.field(n) === attribute)
    expect(nodes.map((n) => view.keyId(n))).toEqual([1, 0, 101, 0, 2, 3])
    expect(nodes.map((n) => view.stringValue(n))).toEqual(['v', 'v', 'v', 'v', 'v', undefined])
  })

  const refusal = (bytes: Buffer, limits?: Parameters<typeof walk>[2]): string => {
    const outcome = unlessRefused(() => releaseTape(walk('metrics', bytes, limits)))
    return outcome instanceof OtlpError ? `${outcome.reason}: ${outcome.message}` : 'accepted'
  }
  const buckets = (wire: number, content: Buffer): Buffer =>
    new ProtobufWriter()
      .message(1, (w) =>
        w.message(2, () => w.message(2, () => w.message(9, () => w.message(1, () => w.bytes(wire, content))))),
      )
      .finish()

  test.each([
    ['00', 'a field number 0'],
    ['0a', 'cut off'],
    ['0aff', 'cut off'],
    ['0a05', 'beyond the enclosing message'],
    ['0affffffff0f', 'beyond the enclosing message'],
    ['0affffffff1f', 'too large'],
    ['0b', 'wire type 3'],
    ['f80701', 'accepted'],
    ['faffffff0f0161', 'accepted'],
    ['f8078080808080808080808001', 'a varint of more than ten bytes'],
    ['f80780', 'ends beyond'],
    ['f90700000000', 'ends beyond'],
    ['0a021003', 'accepted'],
    ['0a021080', 'ends beyond'],
  ])('the bytes %s: %s', (hex, message) => {
    expect(refusal(Buffer.from(hex, 'hex'))).toContain(message)
  })

  test('numbers that share one length must fill it', () => {
    expect(refusal(buckets(6, Buffer.alloc(16)))).toBe('accepted')
    expect(refusal(buckets(6, Buffer.alloc(12)))).toContain('numbers that do not fill their length')
    expect(refusal(buckets(7, Buffer.alloc(7)))).toContain('numbers that do not fill their length')
  })

  test('a limit on the fields of a batch is kept to the field', () => {
    const three = new ProtobufWriter()
      .message(1, (w) => w.string(3, 'a'))
      .message(1, () => undefined)
      .finish()
    expect(refusal(three, { nestingMax: 100, nodesMax: 4 })).toBe('accepted')
    expect(refusal(three, { nestingMax: 100, nodesMax: 3 })).toMatch(/^too_large: more than 3 fields/)
    const many = Buffer.alloc(40_000, Buffer.from('0a00', 'hex'))
    expect(refusal(many, { nestingMax: 100, nodesMax: 20_001 })).toBe('accepted')
    expect(refusal(many, { nestingMax: 100, nodesMax: 20_000 })).toContain('too_large')
  })

  test('a known field of another wire type is kept as it is, and unknown to readers', () => {
    const bytes = new ProtobufWriter()
      .message(1, (w) => w.message(2, () => w.message(2, () => w.string(6, 'kind').varint(5, 1))))
      .finish()
    const view = new OtlpView('traces', bytes)
    expect(Array.from({ length: view.count }, (_, n) => view.field(n))).toEqual([
      0,
      fieldId('ExportTraceServiceRequest', 'resourceSpans'),
      fieldId('ResourceSpans', 'scopeSpans'),
      fieldId('ScopeSpans', 'spans'),
      UNKNOWN_FIELD,
    ])
  })

  test.each([
    ['traces', 1, 'traceId', 16],
    ['traces', 2, 'spanId', 8],
    ['traces', 4, 'parentSpanId', 8],
    ['logs', 9, 'traceId', 16],
    ['logs', 10, 'spanId', 8],
  ] as const)('%s: field %i, %s, has %i bytes or none', (signal, field, _name, size) => {
    const withId = (length: number): Buffer =>
      new ProtobufWriter()
        .message(1, (w) => w.message(2, () => w.message(2, () => w.bytes(field, Buffer.alloc(length, 1)))))
        .finish()
    for (const length of [0, size]) expect(() => walk(signal, withId(length))).not.toThrow()
    for (const length of [1, size - 1, size + 1]) {
      expect(() => walk(signal, withId(length))).toThrow(`an id of ${length} bytes in place of ${size}, at byte`)
    }
  })

  test('tapes are written over: refused batches take no new memory', () => {
    const tape = walk('traces', Buffer.alloc(0))
    releaseTape(tape)
    for (let i = 0; i < 10; i++) expect(() => walk('traces', Buffer.from('0a', 'hex'))).toThrow(OtlpError)
    expect(walk('traces', Buffer.alloc(0)).nodes.buffer).toBe(tape.nodes.buffer)
  })
})
