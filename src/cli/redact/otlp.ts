import { Edits } from '../../otlp/edits.ts'
import { jsonToProtobuf } from '../../otlp/json-to-protobuf.ts'
import { protobufToJson } from '../../otlp/protobuf-to-json.ts'
import { OtlpView } from '../../otlp/view.ts'
import type { Signal } from '../../sidecar/component.ts'
import type { BuiltRedaction } from '../../sidecar/processors/redaction/build-redaction.ts'
import { isKeyValue, kindOf, NUMBER } from '../../sidecar/processors/redaction/node-kinds.ts'
import { redactBatch } from '../../sidecar/processors/redaction/redact-batch.ts'
import { UsageError } from '../command.ts'
import type { Explained } from './explain.ts'
import { placeIn } from './place-in.ts'

/** Told of each thing found. */
export type OnFound = (found: Explained) => void

/** One OTLP/JSON request, or one a line as the collector's file exporter writes them. */
export function redactedJson(text: string, redaction: BuiltRedaction, onFound: OnFound): string {
  if (jsonSignal(text) !== undefined) return redactedJsonRequest(text, redaction, onFound)
  return text
    .split('\n')
    .map((line, i) => {
      if (line.trim() === '') return line
      return redactedJsonRequest(line, redaction, (found) =>
        onFound({ ...found, place: `line ${i + 1}: ${found.place}` }),
      )
    })
    .join('\n')
}

export function redactedRequest(
  signal: Signal,
  bytes: Uint8Array,
  { redactor, options }: BuiltRedaction,
  onFound: OnFound,
): Buffer {
  const view = new OtlpView(signal, bytes)
  const edits = new Edits(view)
  redactBatch(
    redactor,
    view,
    edits,
    'debug',
    (type, node, { start, end, confidence, replacement }) => {
      onFound({
        place: placeIn(view, node),
        rule: type,
        confidence,
        value: isNumber(view, node) ? numberIn(view, node) : view.bytes.toString('utf8', start, end),
        replacement: Buffer.from(replacement).toString(),
      })
    },
    options,
  )
  return edits.apply()
}

const isNumber = (view: OtlpView, node: number): boolean => kindOf[view.field(node)] === NUMBER

function numberIn(view: OtlpView, node: number): string {
  for (let n = node; n > 0; n = view.parent(n))
    if (isKeyValue[view.field(n)] === 1) return String(view.numberValue(n) ?? '')
  return ''
}

function redactedJsonRequest(text: string, redaction: BuiltRedaction, onFound: OnFound): string {
  const signal = jsonSignal(text)
  if (signal === undefined) throw new UsageError('the input is no OTLP/JSON; see --format')
  const bytes = redactedRequest(signal, jsonToProtobuf(signal, Buffer.from(text)), redaction, onFound)
  const result = protobufToJson(signal, bytes)
  return text.endsWith('\n') ? `${result}\n` : result
}

export const formats = ['text', 'otlp-json', 'otlp-protobuf'] as const
export type Format = (typeof formats)[number]

/** OTLP/JSON by its first name; Protocol Buffers by bytes that no text has and a first field that holds all the rest. */
export function formatOf(input: Buffer): Format {
  const text = input.toString('utf8')
  if (jsonSignal(text) !== undefined || jsonSignal(text.slice(0, text.indexOf('\n'))) !== undefined) return 'otlp-json'
  return input[0] === 0x0a && input.subarray(0, 4096).some((byte) => byte < 0x09) ? 'otlp-protobuf' : 'text'
}

/** The signal of an OTLP/JSON request, or undefined when the text is none. */
function jsonSignal(text: string): Signal | undefined {
  const name = /^\uFEFF?\s*\{\s*"resource_?(?<kind>Spans|spans|Metrics|metrics|Logs|logs)"/
    .exec(text)
    ?.groups?.['kind']?.toLowerCase()
  if (name === undefined) return undefined
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    return undefined // several requests, or no JSON
  }
  return name === 'metrics' || name === 'logs' ? name : 'traces'
}
