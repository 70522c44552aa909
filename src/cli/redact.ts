import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Edits } from '../otlp/edits.ts'
import { jsonToProtobuf } from '../otlp/json-to-protobuf.ts'
import { protobufToJson } from '../otlp/protobuf-to-json.ts'
import { OtlpView } from '../otlp/view.ts'
import { createRedactor } from '../redaction/redactor.ts'
import type { Redactor } from '../redaction/redactor.ts'
import { ruleTypes } from '../redaction/rules.ts'
import type { Signal } from '../sidecar/component.ts'
import { redactBatch } from '../sidecar/processors/redaction/redact-batch.ts'
import { EXIT_OK, UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { jsonOption, redactOptions } from './options.ts'

/** Redacts a file or standard input to standard output, as the sidecar would, and tells on standard error what was found. */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { ...redactOptions, ...jsonOption },
    allowPositionals: true,
  })
  const { format, signal = 'traces', rules } = values
  if (positionals.length > 1) throw new UsageError('one file at a time')
  if (format !== undefined && !isOneOf(FORMATS, format))
    throw new UsageError(`--format ${format}: it is one of ${FORMATS.join(', ')}`)
  if (!isOneOf(SIGNALS, signal)) throw new UsageError(`--signal ${signal}: it is one of ${SIGNALS.join(', ')}`)
  const counts = new Map<string, number>()
  const redaction = {
    redactor: redactorOf(rules),
    count: (type: string) => void counts.set(type, (counts.get(type) ?? 0) + 1),
  }
  const input = readFileSync(positionals[0] === undefined || positionals[0] === '-' ? STDIN : positionals[0])
  io.stdout.write(redacted(input, format ?? formatOf(input), signal, redaction))
  io.stderr.write(values.json === true ? jsonReport(counts) : report(counts))
  return EXIT_OK
}

const STDIN = 0
const FORMATS = ['text', 'otlp-json', 'otlp-protobuf'] as const
const SIGNALS = ['traces', 'metrics', 'logs'] as const
type Format = (typeof FORMATS)[number]

interface Redaction {
  readonly redactor: Redactor
  count(type: string): void
}

const isOneOf = <T extends string>(known: readonly T[], name: string): name is T => known.some((one) => one === name)

function redactorOf(names: string | undefined): Redactor {
  if (names === undefined) return createRedactor()
  const types = names.split(',').map((name) => {
    const type = name.trim().toUpperCase()
    if (!isOneOf(ruleTypes, type))
      throw new UsageError(`--rules: there is no rule ${name}; known are ${ruleTypes.join(', ')}`)
    return type
  })
  return createRedactor({ rules: types })
}

function redacted(input: Buffer, format: Format, signal: Signal, redaction: Redaction): string | Uint8Array {
  if (format === 'otlp-protobuf') return redactedRequest(signal, input, redaction)
  const text = input.toString('utf8')
  if (format === 'text') return redactedText(text, redaction)
  // One request, or one a line as the collector's file exporter writes them.
  if (jsonSignal(text) !== undefined) return redactedJson(text, redaction)
  return text
    .split('\n')
    .map((line) => (line.trim() === '' ? line : redactedJson(line, redaction)))
    .join('\n')
}

function redactedText(text: string, { redactor, count }: Redaction): string {
  const { text: result, hits } = redactor.redactText(text)
  for (const { rule } of hits) count(rule)
  return result
}

function redactedJson(text: string, redaction: Redaction): string {
  const signal = jsonSignal(text)
  if (signal === undefined) throw new UsageError('the input is no OTLP/JSON; see --format')
  const result = protobufToJson(signal, redactedRequest(signal, jsonToProtobuf(signal, Buffer.from(text)), redaction))
  return text.endsWith('\n') ? `${result}\n` : result
}

function redactedRequest(signal: Signal, bytes: Uint8Array, { redactor, count }: Redaction): Buffer {
  const view = new OtlpView(signal, bytes)
  const edits = new Edits(view)
  redactBatch(redactor, view, edits, 'debug', count)
  return edits.apply()
}

/** OTLP/JSON by its first name; Protocol Buffers by bytes that no text has and a first field that holds all the rest. */
function formatOf(input: Buffer): Format {
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

const jsonReport = (counts: ReadonlyMap<string, number>): string =>
  `${JSON.stringify({ total: totalOf(counts), rules: Object.fromEntries(sorted(counts)) })}\n`

function report(counts: ReadonlyMap<string, number>): string {
  if (counts.size === 0) return 'Nothing was found.\n'
  const lines = sorted(counts).map(([rule, count]) => `${String(count).padStart(7)}  ${rule}\n`)
  return `${lines.join('')}${String(totalOf(counts)).padStart(7)}  in all\n`
}

const sorted = (counts: ReadonlyMap<string, number>): [string, number][] =>
  [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
const totalOf = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0)
