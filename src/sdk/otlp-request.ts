import { OtlpWriter, putVarint, varintSize } from './otlp-writer.ts'

/** What one scope sends: its spans or its records, each a field of ScopeSpans or ScopeLogs with tag and length. */
export interface ScopeItems {
  readonly scope: {
    readonly name: string
    readonly version?: string | undefined
    readonly schemaUrl?: string | undefined
    readonly attributes?: Readonly<Record<string, unknown>> | undefined
  }
  readonly items: readonly Uint8Array[]
}

/** An export request of one resource. The messages around spans have the same fields as those around log records. */
export function otlpRequest(resource: Readonly<Record<string, unknown>>, scopes: readonly ScopeItems[]): Uint8Array {
  const parts: Uint8Array[] = [resourceField(resource)]
  for (const { scope, items } of scopes) {
    const own = [scopeField(scope), ...items, schemaField(scope.schemaUrl)]
    parts.push(head(SCOPE_ITEMS, sizeOf(own)), ...own)
  }
  return Buffer.concat([head(RESOURCE_ITEMS, sizeOf(parts)), ...parts])
}

const sizeOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0)

function head(tag: number, size: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(1 + varintSize(size))
  putVarint(bytes, putVarint(bytes, 0, tag), size)
  return bytes
}

function resourceField(attributes: Readonly<Record<string, unknown>>): Uint8Array {
  const known = resources.get(attributes)
  if (known !== undefined) return known
  writer.reset()
  writer.attributes(RESOURCE_ATTRIBUTES, attributes)
  const field = writer.message(RESOURCE)
  resources.set(attributes, field)
  return field
}

function scopeField({ name, version, attributes }: ScopeItems['scope']): Uint8Array {
  writer.reset()
  writer.text(SCOPE_NAME, name)
  if (version) writer.text(SCOPE_VERSION, version)
  if (attributes !== undefined) writer.attributes(SCOPE_ATTRIBUTES, attributes)
  return writer.message(SCOPE)
}

function schemaField(url: string | undefined): Uint8Array {
  if (!url) return nothing
  writer.reset()
  writer.text(SCHEMA_URL_FIELD, url)
  return writer.fields()
}

const nothing = new Uint8Array()
const resources = new WeakMap<object, Uint8Array>()
const writer = new OtlpWriter()

// opentelemetry/proto/{trace/v1/trace,logs/v1/logs,resource/v1/resource,common/v1/common}.proto
const RESOURCE_ITEMS = 1 * 8 + 2
const RESOURCE = 1 * 8 + 2
const SCOPE_ITEMS = 2 * 8 + 2
const RESOURCE_ATTRIBUTES = 1 * 8 + 2
const SCOPE = 1 * 8 + 2
const SCOPE_NAME = 1 * 8 + 2
const SCOPE_VERSION = 2 * 8 + 2
const SCOPE_ATTRIBUTES = 3 * 8 + 2
const SCHEMA_URL_FIELD = 3 * 8 + 2
