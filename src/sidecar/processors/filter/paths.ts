import { isAttribute, lastChild } from '../../../otlp/roles.ts'
import { fieldById, fieldId, messageSchema } from '../../../otlp/schema.ts'
import type { FieldSchema } from '../../../otlp/schema.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import { valueNodeOf } from '../../../otlp/wire-value.ts'
import { ConditionError } from './condition-error.ts'
import type { Path, Segment } from './syntax.ts'
import { Held, Time, valueAt, valueOf } from './values.ts'
import type { Value } from './values.ts'

/** What a condition is about. */
export type Context = 'resource' | 'scope' | 'span' | 'spanevent' | 'metric' | 'datapoint' | 'log'

/** Where a condition is asked, as nodes; -1 = there is none. */
export interface Place {
  view: OtlpView
  resource: number
  scope: number
  span: number
  spanevent: number
  metric: number
  datapoint: number
  log: number
}
export type Getter = (place: Place) => Value

/** Whose paths can be used where, the innermost first. */
const REACH: Readonly<Record<Context, readonly Context[]>> = {
  resource: ['resource'],
  scope: ['scope', 'resource'],
  span: ['span', 'scope', 'resource'],
  spanevent: ['spanevent', 'span', 'scope', 'resource'],
  metric: ['metric', 'scope', 'resource'],
  datapoint: ['datapoint', 'metric', 'scope', 'resource'],
  log: ['log', 'scope', 'resource'],
}

const MESSAGES: Readonly<Record<Context, readonly string[]>> = {
  resource: ['Resource'],
  scope: ['InstrumentationScope'],
  span: ['Span'],
  spanevent: ['Event'],
  metric: ['Metric'],
  datapoint: ['NumberDataPoint', 'HistogramDataPoint', 'ExponentialHistogramDataPoint', 'SummaryDataPoint'],
  log: ['LogRecord'],
}

/** Paths whose names are not those of the wire. */
const RENAMED: Readonly<Record<string, string>> = { value_double: 'asDouble', value_int: 'asInt' }
const TIMES: Readonly<Record<string, string>> = {
  start_time: 'startTimeUnixNano',
  end_time: 'endTimeUnixNano',
  time: 'timeUnixNano',
  observed_time: 'observedTimeUnixNano',
}

const KEY = fieldId('KeyValue', 'key')
const STATUS = fieldId('Span', 'status')
const METRIC_DATA = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'].map((name) =>
  fieldId('Metric', name),
)
const SPAN_KIND = fieldId('Span', 'kind')
const SPAN_KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer']

/** The context that the first segment of a path names, with what is behind it. */
export function ownerOf(segments: readonly Segment[]): { context: Context; rest: readonly Segment[] } | undefined {
  const [first, ...rest] = segments
  if (first === undefined || rest.length === 0 || first.keys.length > 0) return undefined
  const name = first.name === 'instrumentation_scope' ? 'scope' : first.name
  return isContext(name) ? { context: name, rest } : undefined
}
export const isContext = (name: string): name is Context => Object.hasOwn(REACH, name)

/** Reads what the path names. Throws ConditionError. */
export function getterOf({ segments, at }: Path, context: Context): Getter {
  const named = ownerOf(segments)
  const { context: owner, rest } = named ?? { context, rest: segments }
  if (!REACH[context].includes(owner)) {
    throw new ConditionError(`${owner} can't be reached from ${context}, only ${REACH[context].join(', ')}`, at)
  }
  const [first, ...more] = rest
  const getter = first === undefined ? undefined : ownGetter(owner, first, more)
  if (getter === undefined) {
    const text = rest.map(({ name }) => name).join('.')
    throw new ConditionError(`${owner} has no path ${text} here; the stock collector behind this one may know it`, at)
  }
  return getter
}

function ownGetter(owner: Context, first: Segment, more: readonly Segment[]): Getter | undefined {
  const { name, keys } = first
  if (name === 'attributes' && more.length === 0) return attributeGetter(owner, keys)
  if (owner === 'log' && name === 'body') return bodyGetter(keys, more)
  if (keys.length > 0) return undefined
  if (owner === 'span' && name === 'status') return statusGetter(more)
  if (owner === 'span' && name === 'kind' && more.length === 1 && more[0]?.name === 'string') return kindText
  if (owner === 'metric' && more.length === 0) {
    if (name === 'type') return metricType
    if (name === 'aggregation_temporality' || name === 'is_monotonic') return dataGetter(camelCase(name))
  }
  const isText = more.length === 1 && more[0]?.name === 'string' && name.endsWith('_id')
  if (more.length > 0 && !isText) return undefined
  const time = TIMES[name]
  if (time !== undefined) {
    const ns = fieldGetter(owner, time)
    return ns && ((place) => asTime(ns(place)))
  }
  const getter = fieldGetter(owner, RENAMED[name] ?? camelCase(name))
  if (getter === undefined || !isText) return getter
  return (place) => asHex(getter(place))
}

const camelCase = (name: string): string => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
const asTime = (value: Value): Value => (typeof value === 'bigint' ? new Time(value) : undefined)
const asHex = (value: Value): Value => (value instanceof Buffer ? value.toString('hex') : value)

/** A field that is a scalar; undefined when no message of the owner has it. */
function fieldGetter(owner: Context, name: string): Getter | undefined {
  const fields = MESSAGES[owner].flatMap((message) => messageSchema(message).byJsonName.get(name) ?? [])
  if (fields.length === 0 || fields.some(({ type, repeated }) => type === 'message' || repeated)) return undefined
  return (place) => {
    const node = place[owner]
    if (node < 0) return absent(fields[0])
    const { view } = place
    const field = fields.length === 1 ? fields[0] : fieldById(view.field(node))?.message?.byJsonName.get(name)
    if (field === undefined) return undefined
    const found = lastChild(view, node, field.id)
    return found < 0 ? absent(field) : scalarAt(view, found, field)
  }
}

/** What a field is worth that is not on the wire. */
function absent(field: FieldSchema | undefined): Value {
  if (field?.type === 'string') return ''
  if (field?.type === 'bool') return false
  if (field?.type === 'double') return 0
  return field?.type === 'id' || field?.type === 'bytes' ? Buffer.alloc(0) : 0n
}

function scalarAt(view: OtlpView, node: number, { type }: FieldSchema): Value {
  switch (type) {
    case 'string':
      return view.text(node)
    case 'id':
    case 'bytes':
      return view.content(node)
    case 'bool':
      return view.varint(node) !== 0
    case 'double':
      return view.double(node)
    case 'fixed64':
    case 'sfixed64':
      return BigInt.asIntN(64, view.fixed64(node))
    case 'fixed32':
      return BigInt(view.bytes.readUInt32LE(view.body(node)))
    case 'sint32': {
      const zigzag = view.varint64(node)
      return BigInt.asIntN(32, (zigzag >> 1n) ^ -(zigzag & 1n))
    }
    default:
      return BigInt.asIntN(64, view.varint64(node))
  }
}

/** The whole map can be compared with nil only. */
function attributeGetter(owner: Context, keys: readonly (string | number)[]): Getter | undefined {
  const [key, ...inner] = keys
  if (key === undefined || typeof key === 'number') return undefined
  const wanted = Buffer.from(key)
  return (place) => {
    const node = place[owner]
    return node < 0 ? undefined : inside(place.view, attributeNode(place.view, node, wanted), inner)
  }
}

/** KeyValue node of the first attribute with that key, -1 = none. */
export function attributeNode(view: OtlpView, node: number, key: Buffer): number {
  for (let c = view.first(node), end = view.next(node); c < end; c = view.next(c)) {
    if (isAttribute[view.field(c)] === 1 && hasKey(view, c, key)) return c
  }
  return -1
}

function hasKey(view: OtlpView, keyValue: number, key: Buffer): boolean {
  const node = lastChild(view, keyValue, KEY)
  if (node < 0) return key.length === 0
  const length = view.end(node) - view.body(node)
  return length === key.length && view.bytes.compare(key, 0, length, view.body(node), view.end(node)) === 0
}

/** What is found in a KeyValue's value with these keys and indexes. */
function inside(view: OtlpView, keyValue: number, keys: readonly (string | number)[]): Value {
  return keyValue < 0 ? undefined : deeper(view, valueAt(view, valueNodeOf(view, keyValue)), keys)
}

function deeper(view: OtlpView, value: Value, [key, ...more]: readonly (string | number)[]): Value {
  if (key === undefined) return value
  if (!(value instanceof Held) || value.isMap === (typeof key === 'number')) return undefined
  const { node } = value
  if (typeof key === 'number') {
    let index = 0
    for (let c = view.first(node), end = view.next(node); c < end; c = view.next(c))
      if (index++ === key) return deeper(view, valueOf(view, c), more)
    return undefined
  }
  const wanted = Buffer.from(key)
  for (let c = view.first(node), end = view.next(node); c < end; c = view.next(c))
    if (hasKey(view, c, wanted)) return inside(view, c, more)
  return undefined
}

function bodyGetter(keys: readonly (string | number)[], more: readonly Segment[]): Getter | undefined {
  const body = fieldId('LogRecord', 'body')
  const getter: Getter = ({ view, log }) =>
    deeper(view, log < 0 ? undefined : valueOf(view, lastChild(view, log, body)), keys)
  return more.length === 0 ? getter : undefined
}

function statusGetter([segment, ...more]: readonly Segment[]): Getter | undefined {
  const field = segment === undefined ? undefined : messageSchema('Status').byJsonName.get(segment.name)
  if (field === undefined || more.length > 0) return undefined
  return ({ view, span }) => {
    const status = span < 0 ? -1 : lastChild(view, span, STATUS)
    const node = status < 0 ? -1 : lastChild(view, status, field.id)
    return node < 0 ? absent(field) : scalarAt(view, node, field)
  }
}

const kindText: Getter = ({ view, span }) => {
  const node = span < 0 ? -1 : lastChild(view, span, SPAN_KIND)
  return SPAN_KINDS[node < 0 ? 0 : view.varint(node)] ?? ''
}

/** In the order of the enum METRIC_DATA_TYPE_*. */
const metricType: Getter = ({ view, metric }) =>
  BigInt(metric < 0 ? 0 : METRIC_DATA.findIndex((field) => view.child(metric, field) >= 0) + 1)

/** A field of what holds the data points: Sum, Histogram, … */
function dataGetter(name: string): Getter {
  return ({ view, metric }) => {
    if (metric < 0) return undefined
    for (const id of METRIC_DATA) {
      const data = lastChild(view, metric, id)
      const field = data < 0 ? undefined : fieldById(id)?.message?.byJsonName.get(name)
      if (field === undefined) continue
      const node = lastChild(view, data, field.id)
      return node < 0 ? absent(field) : scalarAt(view, node, field)
    }
    return undefined
  }
}
