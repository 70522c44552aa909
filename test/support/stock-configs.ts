import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { parse } from 'yaml'
import { components } from './all-components.ts'
import { leftOut } from '../../src/sidecar/config/left-out.ts'
import { ConfigError } from '../../src/sidecar/config/problem.ts'
import type { ConfigProblem } from '../../src/sidecar/config/problem.ts'
import { loadConfig } from '../../src/sidecar/config.ts'
import { sharedData } from './shared-data.ts'

/** What became of one configuration of somebody else's, and what belongs to it. */
export interface StockSample {
  /** Path below the folder of samples; with a key where one file holds several. */
  readonly name: string
  readonly set: string
  readonly text: string
  /** Types of components in it that we do not have. */
  readonly missing: readonly string[]
  /** The text is not a configuration of a collector, nor of one component. */
  readonly isOther: boolean
  readonly problems: readonly ConfigProblem[]
  readonly warnings: readonly ConfigProblem[]
}

/** Every YAML file of the shared OTLP data, read with our components: whole ones as they are, parts within a frame. */
export function readStockSamples(): StockSample[] {
  const root = sharedData('otlp')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /\.ya?ml$/.test(name))
  return files.toSorted().flatMap((name) => {
    const text = readFileSync(`${root}/${name}`, 'utf8')
    return partsOf(name, text).map((part) => sampleOf(part))
  })
}

interface Part {
  readonly name: string
  readonly text: string
  readonly isOther: boolean
}

/** Where the text of a file belongs into a configuration, by its folder. */
const FRAMES: readonly (readonly [RegExp, (text: string) => object])[] = [
  [/otlpreceiver\/testdata\//, (text) => framed({ receivers: { otlp: parse(text) ?? {} } })],
  [/otlpexporter\/testdata\//, (text) => framed({ exporters: { otlp_grpc: parse(text) } })],
  [/otlphttpexporter\/testdata\/(?!bad_empty)/, (text) => framed({ exporters: { otlp_http: parse(text) } })],
  [/queuebatchprocessor\/testdata\//, (text) => framed({ processors: { queuebatch: parse(text) } })],
  [/batchprocessor\/testdata\//, (text) => framed({ processors: { batch: parse(text) } })],
  [/memorylimiter\/testdata\//, (text) => framed({ processors: { memory_limiter: parse(text) } })],
  [
    /internal\/queuebatch\/testdata\//,
    (text) => framed({ exporters: { otlp_http: { endpoint: 'http://127.0.0.1:1', sending_queue: parse(text) } } }),
  ],
  [/otelconftelemetry\/testdata\//, (text) => framed({ service: { telemetry: parse(text) } })],
]
/** One file, one component below each key. */
const SEVERAL = /otlpexporter\/testdata\/invalid_configs/

function partsOf(name: string, text: string): Part[] {
  if (SEVERAL.test(name)) {
    const parts: Record<string, unknown> = parse(text)
    return Object.entries(parts).map(([key, value]) => ({
      name: `${name}#${key}`,
      text: JSON.stringify(framed({ exporters: { otlp_grpc: value } })),
      isOther: false,
    }))
  }
  const frame = FRAMES.find(([folder]) => folder.test(name))?.[1]
  if (frame !== undefined) return [{ name, text: JSON.stringify(frame(text)), isOther: false }]
  const value: unknown = parse(text, { logLevel: 'silent' })
  const isWhole = typeof value === 'object' && value !== null && ('receivers' in value || 'service' in value)
  return [
    {
      name,
      text,
      isOther: !isWhole || Array.isArray(Object.values(value)[1]) || /print|components-output|configs\//.test(name),
    },
  ]
}

interface Frame {
  readonly receivers?: object
  readonly processors?: object
  readonly exporters?: object
  readonly service?: object
}

function framed({ receivers, processors = {}, exporters, service }: Frame): object {
  const from = receivers ?? { otlp: { protocols: { http: null } } }
  const to = exporters ?? { debug: null }
  const traces = {
    receivers: Object.keys(from),
    processors: Object.keys(processors),
    exporters: Object.keys(to),
  }
  return { receivers: from, processors, exporters: to, service: { ...service, pipelines: { traces } } }
}

/** What the samples read from the environment. */
const ENV: Readonly<Record<string, string>> = {
  OTEL_PORT: '4318',
  EXPORTER_ENDPOINT: 'http://127.0.0.1:4318',
  NO_SCHEME: '127.0.0.1:4317',
  NORMAL_FORMAT: '127.0.0.1:4317',
  ESCAPED_FORMAT: '127.0.0.1:4317',
  BASE_FOLDER: 'testdata',
  OTEL_LOGS_RECEIVER: '[otlp]',
  OTEL_LOGS_EXPORTER: '[otlp_grpc]',
}

function sampleOf({ name, text, isOther }: Part): StockSample {
  // Of files beside it, by their names as the tests of the stock collector give them.
  const readFile = (path: string): string => readFileSync(sharedData('otlp', dirname(name), '..', path), 'utf8')
  const common = { name, text, set: name.split('/')[0] ?? '', missing: isOther ? [] : missingIn(text), isOther }
  try {
    const { warnings } = loadConfig([{ name: basename(name), text }], components, { env: ENV, readFile })
    return { ...common, problems: [], warnings }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { ...common, problems: error.problems, warnings: [] }
  }
}

/** `receiver jaeger`, for what neither components.ts nor the components that are left out have. */
function missingIn(text: string): string[] {
  const config: unknown = parse(text, { logLevel: 'silent' })
  if (typeof config !== 'object' || config === null) return []
  return Object.entries(config).flatMap(([section, ids]: [string, unknown]) => {
    const kind = components.find((component) => `${component.kind}s` === section)?.kind
    if (kind === undefined || typeof ids !== 'object' || ids === null) return []
    return Object.keys(ids).flatMap((id) => {
      const type = id.split('/')[0] ?? ''
      const isKnown = components.some((c) => c.kind === kind && (c.type === type || c.aliases?.includes(type)))
      return isKnown || leftOut(kind, type) !== undefined ? [] : [`${kind} ${type}`]
    })
  })
}

/** The table of counts: `node test/support/stock-configs.ts`. */
if (import.meta.main) {
  const samples = readStockSamples()
  const row = (name: string, of: readonly StockSample[]): string[] => [
    name,
    String(of.length),
    String(of.filter(({ problems, warnings }) => problems.length === 0 && warnings.length === 0).length),
    String(of.filter(({ problems, warnings }) => problems.length === 0 && warnings.length > 0).length),
    String(of.filter(({ problems, missing }) => problems.length > 0 && missing.length > 0).length),
    String(
      of.filter(({ problems, missing, isOther }) => problems.length > 0 && missing.length === 0 && !isOther).length,
    ),
    String(of.filter(({ isOther }) => isOther).length),
  ]
  const head = [
    'set',
    'samples',
    'load',
    'load with notices',
    'need the stock collector',
    'invalid or refused',
    'no configuration',
  ]
  const rows = [
    head,
    ...[...Map.groupBy(samples, ({ set }) => set)].map(([set, of]) => row(set, of)),
    row('all', samples),
  ]
  for (const cells of rows)
    console.log(cells.map((cell, i) => cell.padEnd(i === 0 ? 26 : (head[i] ?? '').length + 2)).join(''))
}
