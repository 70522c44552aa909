import { SCHEMA_URL } from '../conventions.ts'
import { VERSION } from './version.ts'

/** A log record in OTLP/JSON. */
export interface LogRecord {
  readonly timeUnixNano: string
  readonly observedTimeUnixNano: string
  readonly severityNumber: number
  readonly eventName: string
  readonly attributes: readonly JsonAttribute[]
  readonly traceId?: string
  readonly spanId?: string
  readonly flags?: number
}

export interface JsonAttribute {
  readonly key: string
  readonly value: JsonValue
}

type JsonValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly arrayValue: { readonly values: readonly JsonValue[] } }
  | { readonly kvlistValue: { readonly values: readonly JsonAttribute[] } }

/** What a record is made of; `atMs` is Unix time, `span` the one that it belongs to. */
export interface LoggedEvent {
  readonly name: string
  readonly severityNumber: number
  readonly atMs: number
  readonly span: { readonly traceId: string; readonly spanId: string; readonly traceFlags: number } | undefined
  readonly attributes: readonly JsonAttribute[]
}

export function logRecord({ name, severityNumber, atMs, span, attributes }: LoggedEvent): LogRecord {
  const time = `${Math.round(atMs * 1_000)}000`
  return {
    timeUnixNano: time,
    observedTimeUnixNano: time,
    severityNumber,
    eventName: name,
    attributes,
    ...(span === undefined ? {} : { traceId: span.traceId, spanId: span.spanId, flags: span.traceFlags }),
  }
}

/** Log records as an OTLP/JSON request. The log SDK would be 30 kB of preload for two events. */
export const serialiseLogs = (resource: Readonly<Record<string, unknown>>, records: readonly LogRecord[]): Uint8Array =>
  new TextEncoder().encode(
    JSON.stringify({
      resourceLogs: [
        {
          resource: { attributes: jsonAttributes(resource) },
          scopeLogs: [{ scope: { name: 'spanwarden', version: VERSION }, schemaUrl: SCHEMA_URL, logRecords: records }],
        },
      ],
    }),
  )

/** Attributes of any shape that JSON has. What has no value in OTLP is left out; keys in `doubles` are doubles even when they are whole. */
export const jsonAttributes = (
  attributes: Readonly<Record<string, unknown>>,
  doubles: ReadonlySet<string> = NONE,
): JsonAttribute[] =>
  Object.entries(attributes).flatMap(([key, value]) => {
    const converted = jsonValue(value, doubles.has(key))
    return converted === undefined ? [] : [{ key, value: converted }]
  })

const NONE: ReadonlySet<string> = new Set()

function jsonValue(value: unknown, double: boolean): JsonValue | undefined {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return undefined
    return !double && Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  }
  if (Array.isArray(value)) {
    return { arrayValue: { values: value.flatMap((item) => jsonValue(item, double) ?? []) } }
  }
  if (typeof value !== 'object' || value === null) return undefined
  return { kvlistValue: { values: jsonAttributes(Object.fromEntries(Object.entries(value))) } }
}
