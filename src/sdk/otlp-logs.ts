import { SCHEMA_URL } from '../conventions.ts'
import type { JsonAttribute, LogRecord } from './log-record.ts'
import { otlpRequest } from './otlp-request.ts'
import { OtlpWriter } from './otlp-writer.ts'
import { VERSION } from './version.ts'

type Attributes = Readonly<Record<string, unknown>>

/** ExportLogsServiceRequest in Protocol Buffers. */
export const logsRequest = (resource: Attributes, records: readonly LogRecord[]): Uint8Array =>
  otlpRequest(resource, [{ scope, items: records.map(encodeRecord) }])

const scope = { name: 'spanwarden', version: VERSION, schemaUrl: SCHEMA_URL }

function encodeRecord(record: LogRecord): Uint8Array {
  writer.reset()
  writer.fixed64(TIME, BigInt(record.timeUnixNano))
  writer.count(SEVERITY, record.severityNumber)
  for (const attribute of record.attributes) encodeAttribute(ATTRIBUTES, attribute)
  if (record.flags !== undefined) writer.fixed32(FLAGS, record.flags)
  if (record.traceId !== undefined) writer.hex(TRACE_ID, record.traceId)
  if (record.spanId !== undefined) writer.hex(SPAN_ID, record.spanId)
  writer.fixed64(OBSERVED_TIME, BigInt(record.observedTimeUnixNano))
  writer.text(EVENT_NAME, record.eventName)
  return writer.message(LOG_RECORD)
}

function encodeAttribute(tag: number, { key, value }: JsonAttribute): void {
  const start = writer.open(tag)
  writer.text(KEY, key)
  encodeValue(VALUE, value)
  writer.close(start)
}

function encodeValue(tag: number, value: JsonAttribute['value']): void {
  const start = writer.open(tag)
  if ('stringValue' in value) writer.text(STRING, value.stringValue)
  else if ('boolValue' in value) writer.count(BOOL, value.boolValue ? 1 : 0)
  else if ('intValue' in value) writer.int64(INT, BigInt(value.intValue))
  else if ('doubleValue' in value) writer.double(DOUBLE, value.doubleValue)
  else if ('arrayValue' in value) {
    const list = writer.open(ARRAY)
    for (const item of value.arrayValue.values) encodeValue(ITEM, item)
    writer.close(list)
  } else {
    const list = writer.open(KEY_VALUES)
    for (const item of value.kvlistValue.values) encodeAttribute(ITEM, item)
    writer.close(list)
  }
  writer.close(start)
}

const writer = new OtlpWriter()

// opentelemetry/proto/{logs/v1/logs,common/v1/common}.proto
const LOG_RECORD = 2 * 8 + 2
const TIME = 1 * 8 + 1
const SEVERITY = 2 * 8
const ATTRIBUTES = 6 * 8 + 2
const FLAGS = 8 * 8 + 5
const TRACE_ID = 9 * 8 + 2
const SPAN_ID = 10 * 8 + 2
const OBSERVED_TIME = 11 * 8 + 1
const EVENT_NAME = 12 * 8 + 2
const KEY = 1 * 8 + 2
const VALUE = 2 * 8 + 2
const STRING = 1 * 8 + 2
const BOOL = 2 * 8
const INT = 3 * 8
const DOUBLE = 4 * 8 + 1
const ARRAY = 5 * 8 + 2
const KEY_VALUES = 6 * 8 + 2
const ITEM = 1 * 8 + 2
