import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { testContext } from '../../../../test/support/component-context.ts'
import { Edits } from '../../../otlp/edits.ts'
import { jsonToProtobuf } from '../../../otlp/json-to-protobuf.ts'
import { protobufToJson } from '../../../otlp/protobuf-to-json.ts'
import { OtlpView } from '../../../otlp/view.ts'
import { redaction } from '../redaction.ts'

/*
 * A configuration, what comes in and what goes out. Cases of the stock collector are the examples of its README and the cases of its tests
 * (processor/redactionprocessor, Apache-2.0), in words of our own.
 */

const folder = join(import.meta.dirname, '../../../../test/golden/redaction')
const TRACE_ID = '0102030405060708090a0b0c0d0e0f10'
const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']

type Values = Readonly<Record<string, unknown>>
interface Item {
  readonly name?: string
  readonly kind?: string
  readonly resource?: Values
  readonly attributes?: Values
  readonly event?: Values
  /** Of a log record: the item is one then. */
  readonly body?: unknown
  /** Of a data point of a sum: the item is one then. */
  readonly point?: Values
}
interface Case {
  readonly env?: Readonly<Record<string, string>>
  readonly config: unknown
  readonly in: Item
  readonly out?: unknown
}

test.each(readdirSync(folder))('%s', (file) => {
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  // The test's own syntax: a checked-in document.
  const { env = {}, config, in: input, out }: Case = parse(text, { intAsBigInt: true })
  const processor = redaction.create(redaction.config.parse(asNumbers(config)), { ...testContext('redaction'), env })
  const redacted = (bytes: Buffer): Buffer => {
    const view = new OtlpView(signalOf(input), bytes)
    const edits = new Edits(view)
    processor.process(view, edits)
    return edits.apply()
  }
  const once = redacted(jsonToProtobuf(signalOf(input), Buffer.from(JSON.stringify(requestOf(input)))))
  const result = itemOf(input, JSON.parse(protobufToJson(signalOf(input), once)))
  const isUpdate = process.env['UPDATE'] === '1'
  if (isUpdate) {
    const end = text.search(/^out:/m)
    writeFileSync(path, (end < 0 ? text : text.slice(0, end)) + stringify({ out: result }, { lineWidth: 0 }))
  }
  expect(result).toEqual(isUpdate ? result : asNumbers(out))
})

const signalOf = (item: Item): 'traces' | 'logs' | 'metrics' =>
  'body' in item ? 'logs' : 'point' in item ? 'metrics' : 'traces'

/** Numbers of a document are read as bigints: those that say how something is configured are no larger than others. */
function asNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(asNumbers)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asNumbers(inner)]))
}

function requestOf(item: Item): unknown {
  const resource = { attributes: pairs(item.resource) }
  const attributes = pairs(item.attributes)
  if ('body' in item)
    return {
      resourceLogs: [
        { resource, scopeLogs: [{ logRecords: [{ traceId: TRACE_ID, body: any(item.body), attributes }] }] },
      ],
    }
  if ('point' in item) {
    const metrics = [{ name: item.name, sum: { dataPoints: [{ asInt: '1', attributes: pairs(item.point) }] } }]
    return { resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] }
  }
  const events = item.event === undefined ? [] : [{ name: 'event', attributes: pairs(item.event) }]
  const kind = KINDS.indexOf(item.kind ?? 'internal')
  return {
    resourceSpans: [
      {
        resource,
        scopeSpans: [{ spans: [{ traceId: TRACE_ID, name: item.name ?? 'span', kind, attributes, events }] }],
      },
    ],
  }
}

const pairs = (values: Values = {}): unknown[] =>
  Object.entries(values).map(([key, value]) => ({ key, value: any(value) }))

function any(value: unknown): unknown {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'bigint') return { intValue: String(value) }
  if (typeof value === 'number') return { doubleValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(any) } }
  return { kvlistValue: { values: Object.entries(value ?? {}).map(([key, inner]) => ({ key, value: any(inner) })) } }
}

/** What came out, in the words of the input. */
function itemOf(input: Item, request: unknown): unknown {
  const group = at(request, /^resource/, 0)
  const attributes = at(group, 'resource', 'attributes')
  const inner = at(group, /^scope/, 0, /^(spans|logRecords|metrics)$/, 0)
  const item = 'point' in input ? at(inner, 'sum', 'dataPoints', 0) : inner
  const parts = {
    resource: attributes,
    name: at(inner, 'name'),
    attributes: 'point' in input ? undefined : at(item, 'attributes'),
    point: 'point' in input ? at(item, 'attributes') : undefined,
    body: at(item, 'body'),
    event: at(item, 'events', 0, 'attributes'),
    gone: item === undefined ? true : undefined,
  }
  return Object.fromEntries(
    Object.entries(parts).flatMap(([key, value]) => (value === undefined ? [] : [[key, plain(value)]])),
  )
}

function at(value: unknown, ...path: readonly (string | number | RegExp)[]): unknown {
  let here = value
  for (const step of path) {
    if (typeof here !== 'object' || here === null) return undefined
    here = Object.entries(here).find(([key]) => (step instanceof RegExp ? step.test(key) : key === String(step)))?.[1]
  }
  return here
}

/** Lists of keys and values as maps, values without their kinds; what is a string on the wire is one here. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) {
    const isMap = value.length > 0 && value.every((one) => at(one, 'key') !== undefined)
    return isMap ? Object.fromEntries(value.map((one) => [at(one, 'key'), plain(at(one, 'value'))])) : value.map(plain)
  }
  if (typeof value !== 'object' || value === null) return value
  const [[kind = '', inner] = []] = Object.entries(value)
  if (kind === 'intValue') return Number(inner)
  if (kind === 'arrayValue' || kind === 'kvlistValue') return plain(at(inner, 'values') ?? [])
  return inner
}
