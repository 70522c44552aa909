import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { testContext } from '../../../test/support/component-context.ts'
import { naiveActions, visitItems } from '../../../test/support/naive-actions.ts'
import type { NaiveAction } from '../../../test/support/naive-actions.ts'
import { encodeIndependently, otlpRequest } from '../../../test/support/otlp-arbitrary.ts'
import { decodeIndependently } from '../../../test/support/otlp-reflection.ts'
import type { OtlpMessage, OtlpValue } from '../../../test/support/otlp-reflection.ts'
import { spanBatch } from '../../../test/support/span-batch.ts'
import { Edits } from '../../otlp/edits.ts'
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts'
import { OtlpView } from '../../otlp/view.ts'
import type { ProcessorDefinition, Signal } from '../component.ts'
import { attributes } from './attributes.ts'
import { resource } from './resource.ts'

const KEYS = ['a', 'b', 'user.email', 'http.url', 'new', '']

/** Runs a processor over the bytes as a pipeline does. */
function run(definition: ProcessorDefinition, config: unknown, signal: Signal, bytes: Buffer): OtlpMessage {
  const processor = definition.create(definition.config.parse(config), testContext(definition.type))
  const view = new OtlpView(signal, bytes)
  const edits = new Edits(view)
  processor.process(view, edits)
  const edited = edits.apply()
  const decoded = decodeIndependently(signal, edited)
  view.release()
  return decoded
}

/** Changes every attribute key into one that actions name, or one beside them; values become simple ones that can be converted. */
function withKnownKeys(value: OtlpValue, key = ''): OtlpValue {
  if (Array.isArray(value)) return value.map((one, i) => withKnownKeys(one, `${key}${i % 7}`))
  if (typeof value !== 'object' || value instanceof Buffer) return value
  const entries = Object.entries(value).map(([name, inner]) => [name, withKnownKeys(inner, name)] as const)
  const copy = Object.fromEntries(entries)
  if (!/^attributes\d/.test(key)) return copy
  const number = Number(key.at(-1)) + String(copy['key'] ?? '').length
  const held = copy['value'] as OtlpMessage | undefined
  const simple =
    held !== undefined && ('arrayValue' in held || 'kvlistValue' in held) ? { value: { stringValue: `${number}` } } : {}
  return { ...copy, ...simple, key: KEYS[number % 8] ?? `other.${number % 3}` }
}

const key = fc.constantFrom('a', 'b', 'user.email', 'http.url', 'new')
const action: fc.Arbitrary<NaiveAction> = fc.oneof(
  fc.record({
    key,
    action: fc.constantFrom('insert', 'update', 'upsert'),
    value: fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(0.5)),
  }),
  fc.record({ key, action: fc.constantFrom('insert', 'update', 'upsert'), from_attribute: key }),
  fc.record({ key, action: fc.constantFrom('insert', 'upsert'), from_attribute: key, default_value: fc.string() }),
  fc.record({ key, action: fc.constantFrom('delete', 'hash') }),
  fc.record({ key, action: fc.constantFrom('delete', 'hash'), pattern: fc.constantFrom('^user', 'other', 'b|new') }),
  fc.record({ action: fc.constantFrom('delete', 'hash'), pattern: fc.constantFrom('^other\\.1$', 'a', '.') }),
  fc.record({
    key,
    action: fc.constant('extract'),
    pattern: fc.constantFrom('(?P<a>[0-9]+)', '^(?P<b>.)(?P<extra>.*)$', '(?P<new>x)|(?P<other>y)'),
  }),
  fc.record({ key, action: fc.constant('convert'), converted_type: fc.constantFrom('int', 'double', 'string') }),
)
/** For the naive side, which has JavaScript's expressions: there a dot stands for no line separator either (U+2028). */
const naive = (actions: readonly NaiveAction[]): NaiveAction[] =>
  actions.map((one) =>
    one.pattern === undefined
      ? one
      : { ...one, pattern: one.pattern.replaceAll('(?P<', '(?<').replaceAll(/(?<!\\)\./g, String.raw`[^\n]`) },
  )

/** Attributes are a set: their order says nothing. */
function sorted(value: OtlpValue): OtlpValue {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value instanceof Buffer) return value
  const copy = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, sorted(inner)]))
  const { attributes: list } = copy
  if (!Array.isArray(list)) return copy
  const keyOf = (one: OtlpValue): string => String((one as OtlpMessage)['key'] ?? '')
  return { ...copy, attributes: [...list].sort((x, y) => (keyOf(x) < keyOf(y) ? -1 : keyOf(x) > keyOf(y) ? 1 : 0)) }
}

const roundTrip = (signal: Signal, request: OtlpMessage): OtlpMessage =>
  decodeIndependently(signal, encodeIndependently(signal, request))

describe.each(['traces', 'metrics', 'logs'] as const)('%s', (signal) => {
  const request = otlpRequest(signal).map((value) => withKnownKeys(value) as OtlpMessage)
  const actions = fc.array(action, { minLength: 1, maxLength: 6 })

  test('attributes: the same as a naive implementation over decoded objects', () => {
    fc.assert(
      fc.property(request, actions, (before, steps) => {
        const expected = roundTrip(signal, before)
        visitItems(expected, (item) => naiveActions(naive(steps), item))
        const actual = run(attributes, { actions: steps }, signal, encodeIndependently(signal, before))
        expect(sorted(actual)).toEqual(sorted(roundTrip(signal, expected)))
      }),
      { numRuns: 70 },
    )
  })

  test('resource: the same as a naive implementation over decoded objects', () => {
    fc.assert(
      fc.property(request, actions, (before, steps) => {
        const expected = roundTrip(signal, before)
        visitItems(
          expected,
          () => {},
          (group) => {
            const own = (group['resource'] ?? {}) as OtlpMessage
            naiveActions(naive(steps), own)
            if (group['resource'] !== undefined || own['attributes'] !== undefined) group['resource'] = own
          },
        )
        const actual = run(resource, { attributes: steps }, signal, encodeIndependently(signal, before))
        expect(sorted(actual)).toEqual(sorted(roundTrip(signal, expected)))
      }),
      { numRuns: 70 },
    )
  })
})

const batch = spanBatch({
  attributes: { 'service.name': 'desk', region: 'eu' },
  spans: [
    { spanId: '0102030405060701', name: 'chat', kind: 3, attributes: { model: 'm-1', tokens: 12 } },
    { spanId: '0102030405060702', name: 'tool', kind: 1, attributes: { model: 'm-2' } },
  ],
})
const marked = (config: object): string[] => {
  const result = run(attributes, { actions: [{ key: 'mark', value: 1, action: 'insert' }], ...config }, 'traces', batch)
  const names: string[] = []
  visitItems(result, (span) => {
    if (JSON.stringify(span['attributes']).includes('"mark"')) names.push(String(span['name']))
  })
  return names
}

describe('include and exclude', () => {
  test.each([
    [{ include: { match_type: 'strict', services: ['desk'] } }, ['chat', 'tool']],
    [{ include: { match_type: 'strict', services: ['des'] } }, []],
    [{ include: { match_type: 'regexp', services: ['^d.sk$'] } }, ['chat', 'tool']],
    [{ include: { match_type: 'strict', span_names: ['tool', 'other'] } }, ['tool']],
    [{ exclude: { match_type: 'regexp', span_names: ['^to+l'] } }, ['chat']],
    [{ include: { match_type: 'strict', span_kinds: ['Client'] } }, ['chat']],
    [{ include: { match_type: 'strict', span_kinds: ['SPAN_KIND_INTERNAL'] } }, ['tool']],
    [{ include: { match_type: 'strict', attributes: [{ key: 'tokens' }] } }, ['chat']],
    [
      {
        include: {
          match_type: 'strict',
          attributes: [
            { key: 'tokens', value: 12 },
            { key: 'model', value: 'm-1' },
          ],
        },
      },
      ['chat'],
    ],
    [{ include: { match_type: 'strict', attributes: [{ key: 'tokens', value: '12' }] } }, []],
    [{ include: { match_type: 'regexp', attributes: [{ key: 'tokens', value: '^1' }] } }, ['chat']],
    [{ include: { match_type: 'strict', resources: [{ key: 'region', value: 'us' }] } }, []],
    [{ include: { match_type: 'strict', libraries: [{ name: 'test' }] } }, ['chat', 'tool']],
    [{ include: { match_type: 'strict', libraries: [{ name: 'test', version: '2' }] } }, []],
    [{ include: { match_type: 'strict', libraries: [{ name: 'test', version: '' }], span_names: ['chat'] } }, ['chat']],
    [
      {
        include: { match_type: 'strict', services: ['desk'] },
        exclude: { match_type: 'strict', span_names: ['chat'] },
      },
      ['tool'],
    ],
  ])('%j', (config, names) => {
    expect(marked(config)).toEqual(names)
  })

  test('severities and bodies of log records', () => {
    const record = (severity: number, body: string) => (w: ProtobufWriter) =>
      w.varint(2, severity).message(5, () => w.string(1, body))
    const bytes = new ProtobufWriter()
      .message(1, (w) =>
        w.message(2, () =>
          w.message(2, record(0, 'none')).message(2, record(9, 'info')).message(2, record(17, 'bad thing')),
        ),
      )
      .finish()
    const bodies = (include: object): string[] => {
      const found: string[] = []
      const config = { actions: [{ key: 'mark', value: 1, action: 'insert' }], include }
      visitItems(run(attributes, config, 'logs', bytes), (record) => {
        if (record['attributes'] !== undefined) found.push(JSON.stringify(record['body']))
      })
      return found
    }
    expect(bodies({ match_type: 'strict', log_severity_number: { min: 9 } })).toEqual([
      '{"stringValue":"info"}',
      '{"stringValue":"bad thing"}',
    ])
    expect(bodies({ match_type: 'strict', log_severity_number: { min: 13, match_undefined: true } })).toHaveLength(2)
    expect(bodies({ match_type: 'regexp', log_bodies: ['thing'] })).toEqual(['{"stringValue":"bad thing"}'])
  })
})

test('lists and maps are copied as they are, and become JSON', () => {
  const result = run(
    attributes,
    {
      actions: [
        { key: 'map', value: { z: [1, true], a: { b: 'x"y' } }, action: 'upsert' },
        { key: 'copy', from_attribute: 'map', action: 'upsert' },
        { key: 'copy', action: 'convert', converted_type: 'string' },
      ],
    },
    'traces',
    batch,
  )
  expect(JSON.stringify(result)).toContain(
    JSON.stringify({ key: 'copy', value: { stringValue: '{"a":{"b":"x\\"y"},"z":[1,true]}' } }),
  )
})

test('an attribute whose key or value is given twice can not pass: the last one counts', () => {
  const bytes = new ProtobufWriter()
    .message(1, (w) =>
      w.message(2, () =>
        w.message(2, () =>
          w.message(9, () =>
            w
              .string(1, 'harmless')
              .string(1, 'secret')
              .message(2, () => w.string(1, 'x'))
              .message(2, () => w.string(1, 'hunter2')),
          ),
        ),
      ),
    )
    .finish()
  const result = run(attributes, { actions: [{ key: 'secret', action: 'delete' }] }, 'traces', bytes)
  expect(JSON.stringify(result)).not.toMatch(/hunter2|secret/)
  const hashed = run(attributes, { actions: [{ key: 'secret', action: 'hash' }] }, 'traces', bytes)
  expect(JSON.stringify(hashed)).toContain('f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7')
})

test.each([
  [{ key: 'a', action: 'insert' }, 'needs value or from_attribute'],
  [{ key: 'a', action: 'insert', value: 1, from_attribute: 'b' }, 'give one of value and from_attribute'],
  [{ action: 'upsert', value: 1 }, 'needs a key'],
  [{ key: 'a', action: 'delete', value: 1 }, 'does not take value'],
  [{ action: 'hash' }, 'needs a key'],
  [{ key: 'a', action: 'extract', pattern: '(x)' }, 'every group needs a name'],
  [{ key: 'a', action: 'extract', pattern: '(?P<x>' }, 'missing closing'],
  [{ key: 'a', action: 'convert' }, 'name the type'],
  [{ key: 'a', action: 'insert', from_context: 'metadata.x' }, 'not supported'],
  [{ key: 'a', action: 'rename' }, 'Invalid option'],
])('%j is refused: %s', (one, message) => {
  expect(String(attributes.config.safeParse({ actions: [one] }).error?.message)).toContain(message)
})
