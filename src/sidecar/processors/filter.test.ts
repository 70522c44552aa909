import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { testContext } from '../../../test/support/component-context.ts'
import { visitItems } from '../../../test/support/naive-actions.ts'
import { encodeIndependently, otlpRequest } from '../../../test/support/otlp-arbitrary.ts'
import { decodeIndependently } from '../../../test/support/otlp-reflection.ts'
import type { OtlpMessage, OtlpValue } from '../../../test/support/otlp-reflection.ts'
import { describeWithData, sharedData } from '../../../test/support/shared-data.ts'
import { Edits } from '../../otlp/edits.ts'
import { ProtobufWriter } from '../../otlp/protobuf-writer.ts'
import { OtlpView } from '../../otlp/view.ts'
import type { Signal } from '../component.ts'
import { filter } from './filter.ts'
import { compileCondition } from './filter/compile-condition.ts'
import type { Context, Place } from './filter/paths.ts'

function run(config: unknown, signal: Signal, bytes: Buffer, context = testContext('filter')): OtlpMessage {
  const processor = filter.create(filter.config.parse(config), context)
  const view = new OtlpView(signal, bytes)
  const edits = new Edits(view)
  processor.process(view, edits)
  const decoded = decodeIndependently(signal, edits.apply())
  view.release()
  return decoded
}

const span = new ProtobufWriter()
  .message(1, (w) =>
    w
      .message(1, () => w.keyValue(1, 'service.name', 'desk').keyValue(1, 'replica', 3))
      .message(2, () =>
        w
          .message(1, () => w.string(1, 'lib').string(2, '1.2'))
          .message(2, () =>
            w
              .bytes(1, Buffer.alloc(16, 0xab))
              .string(5, 'GET /health')
              .varint(6, 2)
              .fixed64(7, 1_000_000_000n)
              .fixed64(8, 3_500_000_000n)
              .keyValue(9, 'http.method', 'GET')
              .keyValue(9, 'size', 12)
              .keyValue(9, 'ratio', 0.5, true)
              .keyValue(9, 'ok', true)
              .keyValue(9, 'tags', ['a', 'b'])
              .message(9, () =>
                w
                  .string(1, 'nested')
                  .message(2, () =>
                    w.message(6, () => w.message(1, () => w.string(1, 'in').message(2, () => w.string(1, 'deep')))),
                  ),
              )
              .message(15, () => w.string(2, 'late').varint(3, 2)),
          ),
      ),
  )
  .finish()

const answer = (condition: string): boolean =>
  JSON.stringify(run({ traces: { span: [condition] } }, 'traces', span)) === '{}'

describe('conditions about a span', () => {
  test.each([
    'name == "GET /health"',
    'span.name == "GET /health"',
    'kind == SPAN_KIND_SERVER and kind == 2 and kind.string == "Server"',
    'status.code == STATUS_CODE_ERROR and status.message == "late"',
    'attributes["http.method"] == "GET"',
    'attributes["size"] == 12 and attributes["size"] > 11.5 and attributes["size"] <= 12',
    'attributes["ratio"] < 1 and attributes["ratio"] == 0.5',
    'attributes["ok"] == true',
    'attributes["none"] == nil and attributes["size"] != nil',
    'attributes["size"] != "12"',
    'attributes["tags"][1] == "b" and attributes["tags"] == ["a", "b"]',
    'attributes["nested"]["in"] == "deep"',
    'resource.attributes["service.name"] == "desk"',
    'instrumentation_scope.name == "lib" and scope.version == "1.2"',
    'trace_id.string == "abababababababababababababababab"',
    'trace_id == 0xabababababababababababababababab',
    'end_time_unix_nano - start_time_unix_nano > 2000000000',
    'end_time - start_time == Duration("2.5s")',
    'Milliseconds(end_time - start_time) == 2500 and Seconds(end_time - start_time) == 2.5',
    'IsMatch(name, "^GET") and not IsMatch(name, "^get")',
    'IsMatch(attributes["size"], "^1") and not IsMatch(attributes["none"], ".*")',
    'IsString(name) and IsInt(attributes["size"]) and IsDouble(attributes["ratio"]) and IsBool(attributes["ok"])',
    'IsList(attributes["tags"]) and IsMap(attributes["nested"])',
    'IsRootSpan()',
    'HasPrefix(name, "GET") and HasSuffix(name, "th") and Len(name) == 11',
    'ToLowerCase(name) == "get /health" and Substring(name, 0, 3) == "GET"',
    'ContainsValue(attributes["tags"], "a") and not ContainsValue(attributes["tags"], "c")',
    'Concat(["a", name], "-") == "a-GET /health"',
    'Int("12") == attributes["size"] and Double("0.5") == attributes["ratio"] and String(attributes["size"]) == "12"',
    'not (name == "x" or name == "y") and true',
    '(attributes["size"] + 1) * 2 == 26',
    '((attributes["size"]) > 3)',
    '-1 < attributes["size"] and 7 / 2 == 3',
    'name == "x" or name == "GET /health" and attributes["ok"] == true',
    'dropped_events_count == 0 and parent_span_id.string == ""',
  ])('%s is true', (condition) => {
    expect(answer(condition)).toBe(true)
  })

  test.each([
    'name == "get /health"',
    'name != "GET /health"',
    'attributes["none"] == ""',
    'attributes["none"] < 3',
    'attributes["size"] < 12',
    'attributes["size"] > 12',
    'attributes["none"] == "x" or false',
    'attributes["size"] == true',
    'resource.attributes["replica"] >= 4',
    'status.code == STATUS_CODE_OK',
    'not IsRootSpan()',
    'attributes["tags"][7] == "b"',
    'attributes["tags"]["x"] == "b"',
    '(name == "x" or name == "GET /health") and attributes["ok"] == false',
  ])('%s is false', (condition) => {
    expect(answer(condition)).toBe(false)
  })
})

describe('a condition that can not be used', () => {
  test.each([
    ['name = "x"', 'column 6: write == to compare'],
    ["name == 'x'", 'column 9: strings stand in double quotes'],
    ['name == "x" && true', 'column 13: write and for &&'],
    ['name == "x', 'column 9: the string has no end'],
    ['name == "x" or', 'column 15: a value is expected, not the end'],
    ['name == "x" kind == 2', 'column 13: and, or, or the end is expected, not "kind"'],
    ['(name == "x"', 'column 13: ) is expected, not the end'],
    ['name', 'column 1: a path has to be compared'],
    ['nam == "x"', 'column 1: span has no path nam here'],
    ['metric.name == "x"', "column 1: metric can't be reached from span, only span, scope, resource"],
    ['kind == SPAN_KIND_SERVE', 'column 9: SPAN_KIND_SERVE is no name of OTLP'],
    ['ismatch(name, "x")', 'there is no function ismatch here, only Concat'],
    ['IsMatch(name)', 'column 1: IsMatch takes 2 values, not 1'],
    ['IsMatch(name, "(")', 'column 15: '],
    ['IsMatch(name, "\\d")', 'column 15: \\d is no escape; write \\\\d'],
    ['HasAttrKeyOnDatapoint("x")', 'can be used for metric only'],
    ['set(name, "x") where true', 'column 16: a condition has no where'],
    ['('.repeat(60), 'nested deeper than 50'],
    ['not '.repeat(60), 'nested deeper than 50'],
    [`name == "${'x'.repeat(10_000)}"`, 'a condition has at most 10000 characters'],
  ])('%s', (condition, message) => {
    const { error } = filter.config.safeParse({ traces: { span: [condition] } })
    expect(String(error?.issues.map((issue) => issue.message).join())).toContain(message)
  })

  test('any text is a condition or told where it is none, in no time', () => {
    const piece = fc.constantFrom(
      'name',
      '==',
      '"x"',
      '(',
      ')',
      'and',
      'or',
      'not',
      '1',
      '+',
      '-',
      '[',
      ']',
      'IsMatch',
      ',',
      '.',
      'attributes["a"]',
      'nil',
      ' ',
      '\u2028',
      '"',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 80 }).map((parts) => parts.join(' ')),
        ),
        (text) => {
          const { error } = filter.config.safeParse({ traces: { span: [text] } })
          for (const { message } of error?.issues ?? []) expect(message).toMatch(/^column \d+: /)
        },
      ),
      { numRuns: 1500 },
    )
  })
})

/** A condition beside the same thing in JavaScript over what protobufjs decodes. */
interface Twin {
  readonly text: string
  holds(item: OtlpMessage, around: { group: OtlpMessage; scope: OtlpMessage; metric?: OtlpMessage }): boolean
}
const attributesOf = (holder: OtlpValue | undefined): OtlpMessage[] =>
  ((holder as OtlpMessage | undefined)?.['attributes'] ?? []) as OtlpMessage[]
const valueIn = (holder: OtlpValue | undefined, key: string): OtlpMessage =>
  (attributesOf(holder).find((one) => String(one['key'] ?? '') === key)?.['value'] ?? {}) as OtlpMessage

const KEYS = ['a', 'b', 'c']
const TEXTS = ['', '0', 'x1', '12']
const leaf: fc.Arbitrary<Twin> = fc.oneof(
  fc.tuple(fc.constantFrom(...KEYS), fc.constantFrom(...TEXTS)).map(([key, text]): Twin => ({
    text: `attributes["${key}"] == "${text}"`,
    holds: (item) => valueIn(item, key)['stringValue'] === text,
  })),
  fc.constantFrom(...KEYS).map((key): Twin => ({
    text: `attributes["${key}"] != nil`,
    holds: (item) => Object.keys(valueIn(item, key)).length > 0,
  })),
  fc.tuple(fc.constantFrom(...KEYS), fc.integer({ min: -3, max: 3 })).map(([key, number]): Twin => ({
    text: `attributes["${key}"] >= ${number}`,
    holds(item) {
      const { intValue, doubleValue } = valueIn(item, key)
      const value = intValue === undefined ? doubleValue : BigInt(String(intValue))
      return value !== undefined && (value as number | bigint) >= number
    },
  })),
  fc.constantFrom(...KEYS).map((key): Twin => ({
    text: `resource.attributes["${key}"] == true`,
    holds: (_, { group }) => valueIn(group['resource'], key)['boolValue'] === true,
  })),
  fc.constantFrom(...KEYS).map((key): Twin => ({
    text: `IsMatch(attributes["${key}"], "[0-9]$")`,
    holds(item) {
      const { stringValue, boolValue, intValue, doubleValue } = valueIn(item, key)
      const value = stringValue ?? boolValue ?? intValue ?? doubleValue
      return value !== undefined && /[0-9]$/.test(String(value))
    },
  })),
  fc.constant<Twin>({
    text: 'IsMatch(instrumentation_scope.name, "a")',
    holds: (_, { scope }) => String((scope['scope'] as OtlpMessage | undefined)?.['name'] ?? '').includes('a'),
  }),
)
const { twin } = fc.letrec<{ twin: Twin }>((tie) => ({
  twin: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    tie('twin').map(({ text, holds }): Twin => ({ text: `not (${text})`, holds: (...at) => !holds(...at) })),
    fc.tuple(tie('twin'), tie('twin'), fc.boolean()).map(([left, right, isAnd]): Twin => ({
      text: `(${left.text} ${isAnd ? 'and' : 'or'} ${right.text})`,
      holds: (...at) => (isAnd ? left.holds(...at) && right.holds(...at) : left.holds(...at) || right.holds(...at)),
    })),
  ),
}))

/** Attributes of a few keys, with simple values. */
function withKnownKeys(value: OtlpValue, key = ''): OtlpValue {
  if (Array.isArray(value)) return value.map((one, i) => withKnownKeys(one, `${key}${i % 7}`))
  if (typeof value !== 'object' || value instanceof Buffer) return value
  const copy: OtlpMessage = Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, withKnownKeys(inner, name)]),
  )
  if (!/^attributes\d/.test(key)) return copy
  const number = Number(key.at(-1)) + String(copy['key'] ?? '').length
  const { value: held } = copy
  const isSimple = held !== undefined && !/arrayValue|kvlistValue|bytesValue/.test(Object.keys(held).join())
  return { key: KEYS[number % 4] ?? 'other', value: isSimple ? held : { stringValue: TEXTS[number % 4] ?? '' } }
}

const itemKey: Readonly<Record<Signal, string>> = { traces: 'span', metrics: 'datapoint', logs: 'log_record' }

describe.each(['traces', 'metrics', 'logs'] as const)('%s', (signal) => {
  test('what is kept is what a naive implementation keeps, and nothing else has changed', () => {
    const request = otlpRequest(signal).map((value) => withKnownKeys(value) as OtlpMessage)
    fc.assert(
      fc.property(request, fc.array(twin, { minLength: 1, maxLength: 3 }), (before, twins) => {
        const bytes = encodeIndependently(signal, before)
        const kept: string[] = []
        visitItems(decodeIndependently(signal, bytes), (item, around) => {
          if (!twins.some(({ holds }) => holds(item, around))) kept.push(JSON.stringify(item))
        })
        const left: string[] = []
        visitItems(run({ [signal]: { [itemKey[signal]]: twins.map(({ text }) => text) } }, signal, bytes), (item) =>
          left.push(JSON.stringify(item)),
        )
        expect(left).toEqual(kept)
      }),
      { numRuns: 120 },
    )
  })
})

const point = (value: number, region: string) => (w: ProtobufWriter) =>
  w.fixed64(6, BigInt(value)).keyValue(7, 'region', region)
const metrics = new ProtobufWriter()
  .message(1, (w) =>
    w.message(2, () =>
      w
        .message(2, () =>
          w
            .string(1, 'calls')
            .message(7, () => w.message(1, point(1, 'eu')).message(1, point(2, 'us')).varint(2, 2).varint(3, 1)),
        )
        .message(2, () => w.string(1, 'depth').message(5, () => w.message(1, point(7, 'us')))),
    ),
  )
  .finish()
const metricNames = (config: object): string =>
  [...JSON.stringify(run(config, 'metrics', metrics)).matchAll(/"name":"(\w+)"|"asInt":"(\d+)"/g)]
    .map(([, name, int]) => name ?? int)
    .join(' ')

describe('metrics', () => {
  test.each([
    [{ metrics: { metric: ['name == "calls"'] } }, 'depth 7'],
    [{ metrics: { metric: ['type == METRIC_DATA_TYPE_GAUGE'] } }, 'calls 1 2'],
    [
      {
        metrics: { metric: ['aggregation_temporality == AGGREGATION_TEMPORALITY_CUMULATIVE and is_monotonic == true'] },
      },
      'depth 7',
    ],
    [{ metrics: { metric: ['HasAttrKeyOnDatapoint("region") and HasAttrOnDatapoint("region", "eu")'] } }, 'depth 7'],
    [{ metrics: { datapoint: ['attributes["region"] == "us"'] } }, 'calls 1'],
    [{ metrics: { datapoint: ['metric.name == "calls" and value_int == 2'] } }, 'calls 1 depth 7'],
    [{ metrics: { datapoint: ['true'] } }, ''],
    [{ metrics: { exclude: { match_type: 'strict', metric_names: ['depth'] } } }, 'calls 1 2'],
    [{ metrics: { include: { match_type: 'regexp', metric_names: ['^de'] } } }, 'depth 7'],
    [{ metric_conditions: ['datapoint.attributes["region"] == "us"'] }, 'calls 1'],
    [{ metric_conditions: [{ context: 'metric', conditions: ['name == "calls"'] }] }, 'depth 7'],
    [{ metric_conditions: ['metric.name == "calls"', 'scope.name == "other"'] }, 'depth 7'],
  ])('%j', (config, names) => {
    expect(metricNames(config)).toBe(names)
  })
})

test('events of spans, and resources, of traces', () => {
  const bytes = new ProtobufWriter()
    .message(1, (w) =>
      w
        .message(1, () => w.keyValue(1, 'env', 'dev'))
        .message(2, () =>
          w.message(2, () =>
            w
              .string(5, 's')
              .message(11, () => w.string(2, 'e1'))
              .message(11, () => w.string(2, 'e2')),
          ),
        ),
    )
    .finish()
  const left = (config: object): string => JSON.stringify(run(config, 'traces', bytes))
  expect(left({ traces: { spanevent: ['name == "e1" and span.name == "s"'] } })).toContain('"events":[{"name":"e2"}]')
  expect(left({ trace_conditions: ['IsMatch(spanevent.name, "^e")'] })).toContain('"spans":[{"name":"s"}]')
  expect(left({ traces: { resource: ['attributes["env"] == "dev"'] } })).toBe('{}')
  expect(left({ spans: { include: { match_type: 'strict', span_names: ['other'] } } })).toBe('{}')
  expect(left({ spans: { exclude: { match_type: 'strict', resources: [{ Key: 'env', Value: 'prod' }] } } })).toContain(
    '"s"',
  )
})

test('log records, in the new and the older ways', () => {
  const record = (severity: number, body: string) => (w: ProtobufWriter) =>
    w.varint(2, severity).message(5, () => w.string(1, body))
  const bytes = new ProtobufWriter()
    .message(1, (w) => w.message(2, () => w.message(2, record(5, 'quiet')).message(2, record(17, 'a password'))))
    .finish()
  const bodies = (config: object): string =>
    [...JSON.stringify(run(config, 'logs', bytes)).matchAll(/"stringValue":"([^"]*)"/g)].map(([, body]) => body).join()
  expect(bodies({ logs: { log_record: ['IsMatch(body, ".*password.*")'] } })).toBe('quiet')
  expect(bodies({ logs: { log_record: ['severity_number < SEVERITY_NUMBER_WARN'] } })).toBe('a password')
  expect(bodies({ logs: { include: { match_type: 'strict', severity_number: { min: 'info' } } } })).toBe('a password')
  expect(bodies({ logs: { exclude: { match_type: 'regexp', bodies: ['^q'] } } })).toBe('a password')
  expect(bodies({ log_conditions: ['log.body == "quiet"'] })).toBe('a password')
})

describe('a condition without an answer', () => {
  const config = { traces: { span: ['Len(attributes["size"]) == 1', 'name == "GET /health"'] } }

  test('counts as false, is told once without a word of the batch, and the next one decides', () => {
    const context = testContext('filter')
    expect(run({ ...config }, 'traces', span, context)).toEqual({})
    expect(context.counters.get('spanwarden_filter_condition_errors{processor="filter"}')).toBe(1)
    expect(context.logged).toEqual([
      {
        level: 'warn',
        fields: { condition: 'Len(attributes["size"]) == 1', reason: 'a list or map is needed' },
        message: 'a condition has no answer and counts as false',
      },
    ])
  })

  test('refuses the request with propagate', () => {
    expect(() => run({ ...config, error_mode: 'propagate' }, 'traces', span)).toThrow('has no answer')
  })
})

test('new conditions without a context in their paths are told what to write', () => {
  const { error } = filter.config.safeParse({ trace_conditions: ['name == "x"'] })
  expect(error?.issues[0]?.message).toBe('begin the paths with their context, one of spanevent, span, scope, resource')
})

test('where there is no such thing as a path names, it is nil', () => {
  const view = new OtlpView('traces', span)
  const place: Place = { view, resource: -1, scope: -1, span: -1, spanevent: -1, metric: -1, datapoint: -1, log: -1 }
  for (const context of ['resource', 'scope', 'span', 'spanevent', 'metric', 'datapoint', 'log'] satisfies Context[])
    expect(compileCondition('attributes["x"] == nil', context)(place)).toBe(true)
})

describeWithData('otlp/alloy/collector-yaml', () => {
  test('the filter of a real configuration is taken as it is', async () => {
    const { parse } = await import('yaml')
    const { readFileSync } = await import('node:fs')
    const document: unknown = parse(readFileSync(sharedData('otlp/alloy/collector-yaml/filter.yaml'), 'utf8'))
    const processors: unknown = Reflect.get(Object(document), 'processors')
    const { error } = filter.config.safeParse(Reflect.get(Object(processors), 'filter/ottl'))
    expect(error?.issues ?? []).toEqual([])
  })
})
