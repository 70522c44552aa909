import * as z from 'zod'
import { fieldById, fieldId } from '../../otlp/schema.ts'
import type { Signal } from '../../otlp/schema.ts'
import { OtlpView } from '../../otlp/view.ts'
import { defineExporter } from '../component.ts'
import type { Payload } from '../component.ts'

/** What is printed of one batch, in characters. */
export const TEXT_CHARS_MAX = 64 * 1024

const config = z.strictObject({
  verbosity: z
    .enum(['basic', 'normal', 'detailed'])
    .default('basic')
    .describe('`basic`: counts. `normal`: a line for each item. `detailed`: every field, contents included.'),
})

/** Prints batches to the sidecar's log, as they leave the pipeline: what redaction took out is not in them. */
export const debug = defineExporter({
  type: 'debug',
  summary: 'Prints what passes to the log of the sidecar: counts, or everything after redaction.',
  signals: ['traces', 'metrics', 'logs'],
  delivery: 'local',
  config,
  create({ verbosity }, { logger }) {
    const render = { basic: undefined, normal: renderItems, detailed: renderTree }[verbosity]
    return {
      send({ signal, bytes, items }: Payload) {
        const text = render === undefined ? '' : textOf(signal, bytes, render)
        logger.info({ signal, items, bytes: bytes.length }, `${signal} passed${text === '' ? '' : `\n${text}`}`)
        return Promise.resolve({ outcome: 'sent' })
      },
    }
  },
})

type Render = (view: OtlpView) => Generator<string>

function textOf(signal: Signal, bytes: Buffer, render: Render): string {
  const view = new OtlpView(signal, bytes)
  let text = ''
  for (const line of render(view)) {
    if (text.length + line.length > TEXT_CHARS_MAX) {
      text += `… more than ${TEXT_CHARS_MAX} characters`
      break
    }
    text += `${line}\n`
  }
  view.release()
  return text.trimEnd()
}

const KEY_VALUES = new Set(
  [
    'Span',
    'LogRecord',
    'Resource',
    'NumberDataPoint',
    'HistogramDataPoint',
    'ExponentialHistogramDataPoint',
    'SummaryDataPoint',
  ].map((message) => fieldId(message, 'attributes')),
)
const NAMES = new Set([fieldId('Span', 'name'), fieldId('Metric', 'name'), fieldId('LogRecord', 'eventName')])
const RESOURCES = new Set([
  fieldId('ResourceSpans', 'resource'),
  fieldId('ResourceMetrics', 'resource'),
  fieldId('ResourceLogs', 'resource'),
])
const METRIC = fieldId('ScopeMetrics', 'metrics')
const ITEMS = new Set([
  fieldId('ScopeSpans', 'spans'),
  fieldId('ScopeLogs', 'logRecords'),
  METRIC,
  ...['Gauge', 'Sum', 'Histogram', 'ExponentialHistogram', 'Summary'].map((kind) => fieldId(kind, 'dataPoints')),
])

/** A line for each resource, span, log record, metric and data point: its name and its attributes. */
function* renderItems(view: OtlpView): Generator<string> {
  for (let n = 1; n < view.count; n++) {
    const field = view.field(n)
    if (!ITEMS.has(field) && !RESOURCES.has(field)) continue
    const parts: string[] = []
    for (let c = view.first(n); c < view.next(n); c = view.next(c)) {
      if (NAMES.has(view.field(c))) parts.unshift(view.text(c))
      else if (KEY_VALUES.has(view.field(c))) parts.push(`${keyOf(view, c)}=${valueOf(view, view.valueNode(c))}`)
    }
    yield `${RESOURCES.has(field) ? '' : '  '}${fieldById(field)?.name ?? ''} ${parts.join(' ')}`
  }
}

/** Every field, one a line, indented by depth. */
function* renderTree(view: OtlpView): Generator<string> {
  const depths = [-1]
  for (let n = 1; n < view.count; n++) {
    const depth = (depths[view.parent(n)] ?? 0) + 1
    depths[n] = depth
    const field = fieldById(view.field(n))
    if (field === undefined) continue
    const value = field.type === 'message' ? '' : ` ${valueOf(view, n)}`
    yield `${'  '.repeat(depth)}${field.name}:${value}`
  }
}

function keyOf(view: OtlpView, keyValue: number): string {
  const key = view.keyNode(keyValue)
  return key < 0 ? '' : view.text(key)
}

function valueOf(view: OtlpView, n: number): string {
  const field = n < 0 ? undefined : fieldById(view.field(n))
  if (field === undefined) return ''
  if (field.repeated && field.type !== 'message' && field.type !== 'string')
    return `${view.end(n) - view.body(n)} bytes`
  switch (field.type) {
    case 'string':
      return JSON.stringify(view.text(n))
    case 'id':
      return view.hex(n)
    case 'bytes':
      return `${view.end(n) - view.body(n)} bytes`
    case 'bool':
      return String(view.varint(n) !== 0)
    case 'double':
      return String(view.double(n))
    case 'fixed64':
      return String(view.fixed64(n))
    case 'sfixed64':
      return String(BigInt.asIntN(64, view.fixed64(n)))
    case 'fixed32':
      return String(view.bytes.readUInt32LE(view.body(n)))
    case 'message':
      return '…'
    default:
      return String(view.varint(n))
  }
}
