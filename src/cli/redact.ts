import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { NAME_TYPE } from '../redaction/names/name-type.ts'
import { namesPattern } from '../redaction/names/names-pattern.ts'
import { redactTexts } from '../redaction/redact-texts.ts'
import type { TraceText } from '../redaction/redact-texts.ts'
import { redactUntilSettled } from '../redaction/redact-until-settled.ts'
import type { RedactedText } from '../redaction/redactor.ts'
import { rules } from '../redaction/rules.ts'
import type { Signal } from '../sidecar/component.ts'
import { buildRedaction } from '../sidecar/processors/redaction/build-redaction.ts'
import type { BuiltRedaction } from '../sidecar/processors/redaction/build-redaction.ts'
import { bareName, chooseRules } from '../sidecar/processors/redaction/choose-rules.ts'
import { redactionConfig } from '../sidecar/processors/redaction/redaction-config.ts'
import type { RedactionConfig } from '../sidecar/processors/redaction/redaction-config.ts'
import { systemClock } from '../sidecar/system-clock.ts'
import { EXIT_OK, UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { jsonOption, redactOptions } from './options.ts'
import { configuredRedaction } from './redact/configured.ts'
import { explain, placesIn } from './redact/explain.ts'
import type { Explained } from './redact/explain.ts'
import { readLines } from './redact/lines.ts'
import { formatOf, formats, redactedJson, redactedRequest } from './redact/otlp.ts'
import type { Format, OnFound } from './redact/otlp.ts'
import { countLines, countsAsJson } from './redact/report.ts'

/**
 * Redacts a file or standard input as the sidecar would: the result to standard output and counts by rule to standard error, or instead of the result what was found
 * (--explain), the counts alone (--report), or a line of findings for each line of input (--jsonl).
 */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: withSigns(argv),
    options: { ...redactOptions, ...jsonOption },
    allowPositionals: true,
  })
  const { format, signal = 'traces', json: asJson = false } = values
  if (positionals.length > 1) throw new UsageError('one file at a time')
  if (format !== undefined && !isOneOf(formats, format))
    throw new UsageError(`--format ${format}: it is one of ${formats.join(', ')}`)
  if (!isOneOf(SIGNALS, signal)) throw new UsageError(`--signal ${signal}: it is one of ${SIGNALS.join(', ')}`)
  const output = outputOf(values)
  const input = readFileSync(positionals[0] === undefined || positionals[0] === '-' ? STDIN : positionals[0])
  const known = format ?? (output === 'jsonl' ? 'text' : formatOf(input))
  const redaction = await redactionOf(values, known, io)
  const found: Explained[] = []
  const counts = new Map<string, number>()
  const onFound: OnFound = (one) => {
    counts.set(one.rule, (counts.get(one.rule) ?? 0) + 1)
    if (output === 'explain') found.push(one)
  }
  const report = (): string => (asJson ? countsAsJson(counts) : countLines(counts))

  if (output === 'jsonl') {
    writeLines(textOf(input), redaction, io, onFound)
    io.stderr.write(report())
    return EXIT_OK
  }
  const result = redacted(input, known, signal, redaction, onFound)
  if (output === 'explain') io.stdout.write(asJson ? `${JSON.stringify(found)}\n` : explain(found, rules))
  else if (output === 'report') io.stdout.write(report())
  else {
    io.stdout.write(result)
    io.stderr.write(report())
  }
  return EXIT_OK
}

const STDIN = 0
/** Values that are known in the rest of the input: a file may hold many conversations. */
const FILE_VALUES_MAX = 16_384
const SIGNALS = ['traces', 'metrics', 'logs'] as const
const OUTPUTS = ['jsonl', 'explain', 'report'] as const
type Output = (typeof OUTPUTS)[number] | 'result'

const isOneOf = <T extends string>(known: readonly T[], name: string): name is T => known.some((one) => one === name)

/** `--rules -EMAIL`: what looks like an option is the value of the one before. */
function withSigns(argv: readonly string[]): string[] {
  const at = argv.indexOf('--rules')
  const value = argv[at + 1]
  return at < 0 || value === undefined ? [...argv] : argv.toSpliced(at, 2, `--rules=${value}`)
}

function outputOf(values: Readonly<Partial<Record<(typeof OUTPUTS)[number], boolean>>>): Output {
  const [asked, another] = OUTPUTS.filter((name) => values[name] === true)
  if (another !== undefined) throw new UsageError(`--${asked} and --${another}: one of them at a time`)
  return asked ?? 'result'
}

interface Chosen {
  readonly rules?: string | undefined
  readonly config?: readonly string[] | undefined
  readonly processor?: string | undefined
}

/** Persons' names are looked for in texts; of OTLP as in the sidecar, where they are off by default. With a configuration where that says so. */
async function redactionOf(chosen: Chosen, format: Format, io: CommandIo): Promise<BuiltRedaction> {
  const { config: files, processor } = chosen
  if (files !== undefined && chosen.rules !== undefined) {
    throw new UsageError('--config and --rules: one of them at a time')
  }
  if (processor !== undefined && files === undefined) throw new UsageError('--processor goes with --config')
  const config = files === undefined ? ofRules(chosen.rules) : await configuredRedaction(files, processor, io)
  const isText = format === 'text' && chooseRules(config.rules).includes(NAME_TYPE)
  const hasNames = files === undefined ? isText : config.names.enabled
  const propagation = { ...config.propagation, values_per_trace_max: FILE_VALUES_MAX }
  // What would go is asked for, even where the sidecar only counts it yet.
  const own = { ...config, propagation, dry_run: false }
  return buildRedaction(own, { clock: systemClock, env: io.env }, hasNames ? [namesPattern()] : [])
}

function ofRules(types: string | undefined): RedactionConfig {
  const rules = types?.split(',').map((name) => nameOf(name.trim()))
  const { success, data, error } = redactionConfig.safeParse(rules === undefined ? {} : { rules })
  if (success) return data
  throw new UsageError(`--rules: ${error.issues.map(({ message }) => message).join('; ')}`)
}

/** Types in any case; families are written small. */
const nameOf = (name: string): string =>
  rules.some(({ type }) => type === bareName(name).toUpperCase()) ? name.toUpperCase() : name.toLowerCase()

function redacted(
  input: Buffer,
  format: Format,
  signal: Signal,
  redaction: BuiltRedaction,
  onFound: OnFound,
): string | Uint8Array {
  if (format === 'otlp-protobuf') return redactedRequest(signal, input, redaction, onFound)
  const text = textOf(input)
  if (format === 'otlp-json') return redactedJson(text, redaction, onFound)
  const [result] = settledTexts(redaction, [{ text, trace: '' }])
  if (result === undefined) return text
  tell(text, result, onFound)
  return result.text
}

/** Throws for what is no UTF-8: it would not come out as it went in. */
function textOf(input: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input)
  } catch {
    throw new UsageError('the input is no UTF-8 text; convert it first, e.g. with: iconv -f latin1 -t utf-8')
  }
}

/** Names take a second look: a placeholder beside a word may tell what it is. */
const settledTexts = ({ redactor }: BuiltRedaction, texts: readonly TraceText[]): RedactedText[] =>
  redactTexts(redactor, texts, (text) => redactUntilSettled(redactor, text))

/** A line of findings for each line; lines without a `trace` are one trace. */
function writeLines(input: string, redaction: BuiltRedaction, io: CommandIo, onFound: OnFound): void {
  const lines = readLines(input)
  for (const [i, result] of settledTexts(redaction, lines).entries()) {
    const { id, text } = lines[i] ?? { id: null, text: '' }
    tell(text, result, onFound)
    const findings = result.hits.map(({ start, end, rule, confidence }) => ({ start, end, rule, confidence }))
    io.stdout.write(`${JSON.stringify({ id, text: result.text, findings })}\n`)
  }
}

function tell(text: string, { hits }: RedactedText, onFound: OnFound): void {
  const place = placesIn(text)
  for (const { start, end, rule, confidence, replacement } of hits)
    onFound({ place: place(start), rule, confidence, value: text.slice(start, end), replacement })
}
