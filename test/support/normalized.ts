import { Edits } from '../../src/otlp/edits.ts'
import { protobufToJson } from '../../src/otlp/protobuf-to-json.ts'
import { OtlpView } from '../../src/otlp/view.ts'
import { genAiNormalizer } from '../../src/sidecar/processors/gen-ai-normalizer.ts'
import { testContext } from './component-context.ts'

/** A batch of traces after `gen_ai_normalizer`. */
export function normalized(bytes: Buffer, config: object = {}): Buffer {
  const processor = genAiNormalizer.create(genAiNormalizer.config.parse(config), testContext('gen_ai_normalizer'))
  const view = new OtlpView('traces', bytes)
  const edits = new Edits(view)
  processor.process(view, edits)
  return Buffer.from(edits.apply())
}

export const normalizedTwice = (bytes: Buffer, config: object = {}): Buffer =>
  normalized(normalized(bytes, config), config)

export interface ReadSpan {
  readonly name: string
  readonly attributes: Readonly<Record<string, unknown>>
}

/** The spans of a batch, attributes as plain values: integers are numbers, and texts where these can't hold them. */
export function spansIn(bytes: Buffer): ReadSpan[] {
  const { resourceSpans = [] }: { resourceSpans?: { scopeSpans?: { spans?: JsonSpan[] }[] }[] } = JSON.parse(
    protobufToJson('traces', bytes),
  )
  return resourceSpans
    .flatMap(({ scopeSpans = [] }) => scopeSpans.flatMap(({ spans = [] }) => spans))
    .map(({ name = '', attributes = [] }) => ({
      name,
      attributes: Object.fromEntries(attributes.map(({ key = '', value }) => [key, plain(value)])),
    }))
}

interface JsonSpan {
  readonly name?: string
  readonly attributes?: readonly { readonly key?: string; readonly value?: JsonValue }[]
}
interface JsonValue {
  readonly stringValue?: string
  readonly intValue?: string
  readonly doubleValue?: number
  readonly boolValue?: boolean
  readonly arrayValue?: { readonly values?: readonly JsonValue[] }
  readonly kvlistValue?: { readonly values?: readonly { readonly key?: string; readonly value?: JsonValue }[] }
}

function plain(value: JsonValue = {}): unknown {
  if (value.intValue !== undefined)
    return Number.isSafeInteger(Number(value.intValue)) ? Number(value.intValue) : value.intValue
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(plain)
  if (value.kvlistValue !== undefined)
    return Object.fromEntries((value.kvlistValue.values ?? []).map(({ key = '', value }) => [key, plain(value)]))
  return value.stringValue ?? value.doubleValue ?? value.boolValue ?? null
}
