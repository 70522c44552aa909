import { fieldById, fieldId, fieldIdMax, UNKNOWN_FIELD } from '../../../otlp/schema.ts'

export const NO_TEXT = 0
export const TEXT = 1
/** The key of an attribute. */
export const KEY_TEXT = 2
/** Of unknown structure, so that its length must not change: unknown fields, and ids, which could be misused to hold text. */
export const OPAQUE = 3
/** A number of an attribute or body. */
export const NUMBER = 4
/** A span or log record: what a summary is about. */
export const ITEM = 5
/** A resource with its spans, metrics or log records. */
export const RESOURCE_GROUP = 6

/** What a node holds, by its field id. */
export const kindOf = new Uint8Array(Math.max(fieldIdMax, UNKNOWN_FIELD) + 2)
/** A key and its value, anywhere. */
export const isKeyValue = new Uint8Array(kindOf.length)
/** A span, log record or data point. */
export const isItemOrPoint = new Uint8Array(kindOf.length)

for (let id = 1; id <= fieldIdMax; id++) {
  const field = fieldById(id)
  if (field?.type === 'string' || field?.type === 'bytes') kindOf[id] = TEXT
  if (field?.type === 'id') kindOf[id] = OPAQUE
  if (field?.name === 'intValue' || field?.name === 'doubleValue') kindOf[id] = NUMBER
  if (field?.message?.name === 'KeyValue') isKeyValue[id] = 1
  if (field?.name === 'spans' || field?.name === 'logRecords' || field?.name === 'dataPoints') isItemOrPoint[id] = 1
}
kindOf[fieldId('KeyValue', 'key')] = KEY_TEXT
kindOf[UNKNOWN_FIELD] = OPAQUE
kindOf[fieldId('ScopeSpans', 'spans')] = ITEM
kindOf[fieldId('ScopeLogs', 'logRecords')] = ITEM
kindOf[fieldId('ExportTraceServiceRequest', 'resourceSpans')] = RESOURCE_GROUP
kindOf[fieldId('ExportMetricsServiceRequest', 'resourceMetrics')] = RESOURCE_GROUP
kindOf[fieldId('ExportLogsServiceRequest', 'resourceLogs')] = RESOURCE_GROUP
