/**
 * The OTLP messages as data (opentelemetry-proto 1.11.0): what the walker, the edits and the JSON transcoder know of the wire.
 * A field has one id over all messages; a node of a view carries it, so that a reader compares one number.
 */
export type FieldType =
  | 'message'
  | 'string'
  | 'bytes'
  | 'id' // bytes that OTLP/JSON writes as hex: trace, span and profile ids
  | 'bool'
  | 'enum'
  | 'int32'
  | 'uint32'
  | 'sint32'
  | 'int64'
  | 'uint64'
  | 'fixed32'
  | 'fixed64'
  | 'sfixed64'
  | 'double'

export interface FieldSchema {
  readonly id: number
  readonly number: number
  /** Name in OTLP/JSON. */
  readonly name: string
  readonly type: FieldType
  readonly repeated: boolean
  readonly message?: MessageSchema
  readonly enumNames?: Readonly<Record<string, number>>
}

export interface MessageSchema {
  readonly name: string
  readonly fields: readonly FieldSchema[]
  readonly byNumber: ReadonlyMap<number, FieldSchema>
  readonly byJsonName: ReadonlyMap<string, FieldSchema>
}

export type Signal = 'traces' | 'metrics' | 'logs'

/** name: 'number type' — a capitalised type is a message, `[]` a repeated field. */
const definitions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ExportTraceServiceRequest: { resourceSpans: '1 ResourceSpans[]' },
  ExportMetricsServiceRequest: { resourceMetrics: '1 ResourceMetrics[]' },
  ExportLogsServiceRequest: { resourceLogs: '1 ResourceLogs[]' },

  AnyValue: {
    stringValue: '1 string',
    boolValue: '2 bool',
    intValue: '3 int64',
    doubleValue: '4 double',
    arrayValue: '5 ArrayValue',
    kvlistValue: '6 KeyValueList',
    bytesValue: '7 bytes',
  },
  ArrayValue: { values: '1 AnyValue[]' },
  KeyValueList: { values: '1 KeyValue[]' },
  KeyValue: { key: '1 string', value: '2 AnyValue' },
  InstrumentationScope: {
    name: '1 string',
    version: '2 string',
    attributes: '3 KeyValue[]',
    droppedAttributesCount: '4 uint32',
  },
  EntityRef: { schemaUrl: '1 string', type: '2 string', idKeys: '3 string[]', descriptionKeys: '4 string[]' },
  Resource: { attributes: '1 KeyValue[]', droppedAttributesCount: '2 uint32', entityRefs: '3 EntityRef[]' },

  ResourceSpans: { resource: '1 Resource', scopeSpans: '2 ScopeSpans[]', schemaUrl: '3 string' },
  ScopeSpans: { scope: '1 InstrumentationScope', spans: '2 Span[]', schemaUrl: '3 string' },
  Span: {
    traceId: '1 id',
    spanId: '2 id',
    traceState: '3 string',
    parentSpanId: '4 id',
    flags: '16 fixed32',
    name: '5 string',
    kind: '6 enum:SpanKind',
    startTimeUnixNano: '7 fixed64',
    endTimeUnixNano: '8 fixed64',
    attributes: '9 KeyValue[]',
    droppedAttributesCount: '10 uint32',
    events: '11 Event[]',
    droppedEventsCount: '12 uint32',
    links: '13 Link[]',
    droppedLinksCount: '14 uint32',
    status: '15 Status',
  },
  Event: {
    timeUnixNano: '1 fixed64',
    name: '2 string',
    attributes: '3 KeyValue[]',
    droppedAttributesCount: '4 uint32',
  },
  Link: {
    traceId: '1 id',
    spanId: '2 id',
    traceState: '3 string',
    attributes: '4 KeyValue[]',
    droppedAttributesCount: '5 uint32',
    flags: '6 fixed32',
  },
  Status: { message: '2 string', code: '3 enum:StatusCode' },

  ResourceLogs: { resource: '1 Resource', scopeLogs: '2 ScopeLogs[]', schemaUrl: '3 string' },
  ScopeLogs: { scope: '1 InstrumentationScope', logRecords: '2 LogRecord[]', schemaUrl: '3 string' },
  LogRecord: {
    timeUnixNano: '1 fixed64',
    observedTimeUnixNano: '11 fixed64',
    severityNumber: '2 enum:SeverityNumber',
    severityText: '3 string',
    body: '5 AnyValue',
    attributes: '6 KeyValue[]',
    droppedAttributesCount: '7 uint32',
    flags: '8 fixed32',
    traceId: '9 id',
    spanId: '10 id',
    eventName: '12 string',
  },

  ResourceMetrics: { resource: '1 Resource', scopeMetrics: '2 ScopeMetrics[]', schemaUrl: '3 string' },
  ScopeMetrics: { scope: '1 InstrumentationScope', metrics: '2 Metric[]', schemaUrl: '3 string' },
  Metric: {
    name: '1 string',
    description: '2 string',
    unit: '3 string',
    gauge: '5 Gauge',
    sum: '7 Sum',
    histogram: '9 Histogram',
    exponentialHistogram: '10 ExponentialHistogram',
    summary: '11 Summary',
    metadata: '12 KeyValue[]',
  },
  Gauge: { dataPoints: '1 NumberDataPoint[]' },
  Sum: {
    dataPoints: '1 NumberDataPoint[]',
    aggregationTemporality: '2 enum:AggregationTemporality',
    isMonotonic: '3 bool',
  },
  Histogram: {
    dataPoints: '1 HistogramDataPoint[]',
    aggregationTemporality: '2 enum:AggregationTemporality',
  },
  ExponentialHistogram: {
    dataPoints: '1 ExponentialHistogramDataPoint[]',
    aggregationTemporality: '2 enum:AggregationTemporality',
  },
  Summary: { dataPoints: '1 SummaryDataPoint[]' },
  NumberDataPoint: {
    startTimeUnixNano: '2 fixed64',
    timeUnixNano: '3 fixed64',
    asDouble: '4 double',
    exemplars: '5 Exemplar[]',
    asInt: '6 sfixed64',
    attributes: '7 KeyValue[]',
    flags: '8 uint32',
  },
  HistogramDataPoint: {
    startTimeUnixNano: '2 fixed64',
    timeUnixNano: '3 fixed64',
    count: '4 fixed64',
    sum: '5 double',
    bucketCounts: '6 fixed64[]',
    explicitBounds: '7 double[]',
    exemplars: '8 Exemplar[]',
    attributes: '9 KeyValue[]',
    flags: '10 uint32',
    min: '11 double',
    max: '12 double',
  },
  ExponentialHistogramDataPoint: {
    attributes: '1 KeyValue[]',
    startTimeUnixNano: '2 fixed64',
    timeUnixNano: '3 fixed64',
    count: '4 fixed64',
    sum: '5 double',
    scale: '6 sint32',
    zeroCount: '7 fixed64',
    positive: '8 Buckets',
    negative: '9 Buckets',
    flags: '10 uint32',
    exemplars: '11 Exemplar[]',
    min: '12 double',
    max: '13 double',
    zeroThreshold: '14 double',
  },
  Buckets: { offset: '1 sint32', bucketCounts: '2 uint64[]' },
  SummaryDataPoint: {
    startTimeUnixNano: '2 fixed64',
    timeUnixNano: '3 fixed64',
    count: '4 fixed64',
    sum: '5 double',
    quantileValues: '6 ValueAtQuantile[]',
    attributes: '7 KeyValue[]',
    flags: '8 uint32',
  },
  ValueAtQuantile: { quantile: '1 double', value: '2 double' },
  Exemplar: {
    timeUnixNano: '2 fixed64',
    asDouble: '3 double',
    spanId: '4 id',
    traceId: '5 id',
    asInt: '6 sfixed64',
    filteredAttributes: '7 KeyValue[]',
  },
}

const severityNames = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].flatMap((level, i) =>
  ['', '2', '3', '4'].map((suffix, j) => [`SEVERITY_NUMBER_${level}${suffix}`, i * 4 + j + 1] as const),
)

const enums: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  SpanKind: {
    SPAN_KIND_UNSPECIFIED: 0,
    SPAN_KIND_INTERNAL: 1,
    SPAN_KIND_SERVER: 2,
    SPAN_KIND_CLIENT: 3,
    SPAN_KIND_PRODUCER: 4,
    SPAN_KIND_CONSUMER: 5,
  },
  StatusCode: { STATUS_CODE_UNSET: 0, STATUS_CODE_OK: 1, STATUS_CODE_ERROR: 2 },
  SeverityNumber: { SEVERITY_NUMBER_UNSPECIFIED: 0, ...Object.fromEntries(severityNames) },
  AggregationTemporality: {
    AGGREGATION_TEMPORALITY_UNSPECIFIED: 0,
    AGGREGATION_TEMPORALITY_DELTA: 1,
    AGGREGATION_TEMPORALITY_CUMULATIVE: 2,
  },
}

interface MutableMessage extends MessageSchema {
  readonly fields: FieldSchema[]
  readonly byNumber: Map<number, FieldSchema>
  readonly byJsonName: Map<string, FieldSchema>
}

const messages = new Map<string, MutableMessage>()
const fields: FieldSchema[] = []
for (const name of Object.keys(definitions)) {
  messages.set(name, { name, fields: [], byNumber: new Map(), byJsonName: new Map() })
}
for (const [messageName, definition] of Object.entries(definitions)) {
  const message = mutableMessage(messageName)
  for (const [name, text] of Object.entries(definition)) {
    const field = fieldFrom(name, text)
    fields.push(field)
    message.fields.push(field)
    message.byNumber.set(field.number, field)
    message.byJsonName.set(name, field)
  }
}

function mutableMessage(name: string): MutableMessage {
  const message = messages.get(name)
  if (message === undefined) throw new Error(`OTLP schema: no message ${name}`)
  return message
}

function fieldFrom(name: string, text: string): FieldSchema {
  const match = /^(\d+) ([A-Za-z0-9]+)(?::([A-Za-z]+))?(\[\])?$/.exec(text)
  const [, number = '', type = '', enumName = '', brackets] = match ?? []
  const base = { id: fields.length + 1, number: Number(number), name, repeated: brackets !== undefined }
  if (/^[A-Z]/.test(type)) return { ...base, type: 'message', message: mutableMessage(type) }
  const enumNames = enums[enumName]
  if (type === 'enum' && enumNames !== undefined) return { ...base, type, enumNames }
  return { ...base, type: type as FieldType }
}

/** The schema of a message. Throws when there is none of that name. */
export const messageSchema = (name: string): MessageSchema => mutableMessage(name)

/** The id that nodes of this field carry, e.g. `fieldId('Span', 'name')`. Read once at module level. Throws on a name that is not in OTLP. */
export function fieldId(message: string, jsonName: string): number {
  const field = mutableMessage(message).byJsonName.get(jsonName)
  if (field === undefined) throw new Error(`OTLP schema: ${message} has no field ${jsonName}`)
  return field.id
}

export const fieldById = (id: number): FieldSchema | undefined => fields[id - 1]

/** Ids run from 1 to this number; 0 is the request itself. */
export const fieldIdMax = fields.length

/** A length-delimited field that OTLP does not know: kept as it came. */
export const UNKNOWN_FIELD = fieldIdMax + 1

/** What a processor took out: no reader looks for it. */
export const REMOVED_FIELD = fieldIdMax + 2

export const requestMessage: Readonly<Record<Signal, MessageSchema>> = {
  traces: mutableMessage('ExportTraceServiceRequest'),
  metrics: mutableMessage('ExportMetricsServiceRequest'),
  logs: mutableMessage('ExportLogsServiceRequest'),
}
