import { join } from 'node:path'
import { SPOOL_FOLDER } from '../control/spool-format.ts'
import { endpointOf } from './endpoint-settings.ts'
import { entityAttributes } from './entities.ts'
import { environmentReader } from './environment-reader.ts'
import type { Environment, EnvironmentReader } from './environment-reader.ts'
import type { GuardSettings } from './guard/start-guard.ts'
import { stateFolderOf } from './state-folder.ts'

/** What the environment says. Names and defaults follow the OpenTelemetry specification; a default of ours carries its reason. */
export interface Settings {
  readonly enabled: boolean
  /** Where prompts, completions, tool arguments and results may stand. */
  readonly content: { readonly spans: boolean; readonly events: boolean }
  /** Hosts beside the known ones whose streams are asked for their usage; `*` stands for all, `none` switches it off. */
  readonly streamUsageHosts: readonly string[]
  /** Hosts beside the known providers' (`host` or `host:port`) whose model calls over plain HTTP are observed (`SPANWARDEN_MODEL_HOSTS`). */
  readonly modelHosts: readonly string[]
  readonly serviceName: string | undefined
  /** Of `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_ENTITIES`. */
  readonly resourceAttributes: Readonly<Record<string, string>>
  /** What is found out about the process (`OTEL_NODE_RESOURCE_DETECTORS`). */
  readonly detectors: ReadonlySet<Detector>
  readonly sampler: { readonly name: SamplerName; readonly ratio: number }
  readonly propagators: readonly string[]
  /** Least severity of what is written to stderr (`OTEL_LOG_LEVEL`). */
  readonly logLevel: LogLevel
  /** Beside the application's own OpenTelemetry SDK (`SPANWARDEN_ATTACH`): false keeps the globals for us when we are first. */
  readonly attach: boolean
  readonly traces: Endpoint | undefined
  readonly metrics: Endpoint | undefined
  readonly logs: Endpoint | undefined
  /** Spans are written to stdout as well, one JSON line each (`OTEL_TRACES_EXPORTER=console`). */
  readonly consoleSpans: boolean
  readonly batch: Batch
  readonly logBatch: Batch
  readonly metricIntervalMs: number
  readonly metricTemporality: 'cumulative' | 'delta'
  readonly spanLimits: SpanLimits
  /** Instrumentations that are switched off, by library or by the last part of its name (`OTEL_NODE_DISABLED_INSTRUMENTATIONS`). */
  readonly disabledLibraries: readonly string[]
  /** The only ones that are switched on, where there are some (`OTEL_NODE_ENABLED_INSTRUMENTATIONS`). */
  readonly enabledLibraries: readonly string[]
  /** Where the last requests are left for the sidecar when they cannot be sent; undefined: nowhere (`SPANWARDEN_SPOOL=off`). */
  readonly spoolFolder: string | undefined
  /** Limits, and where they are asked for (`SPANWARDEN_GUARD`). */
  readonly guard: GuardSettings
  /** Prices that come before the built-in ones (`SPANWARDEN_PRICES_FILE`). */
  readonly pricesFile: string | undefined
  /** What was asked for and cannot be had. One line each, without values that may be secret. */
  readonly warnings: readonly string[]
}

export type LogLevel = (typeof LOG_LEVELS)[number]
type Detector = (typeof DETECTORS)[number]
type SamplerName = (typeof SAMPLERS)[number]

interface Batch {
  readonly delayMs: number
  readonly queueItemsMax: number
  readonly batchItemsMax: number
}

/** Where one signal goes. `undefined` in its place: the signal is switched off. */
export interface Endpoint {
  readonly url: string
  readonly protocol: 'http/protobuf' | 'http/json'
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly gzip: boolean
  /** Paths of PEM files. */
  readonly tls: {
    readonly ca?: string | undefined
    readonly cert?: string | undefined
    readonly key?: string | undefined
  }
}

export interface SpanLimits {
  readonly attributeCountLimit: number
  readonly attributeValueLengthLimit: number
  readonly eventCountLimit: number
  readonly linkCountLimit: number
  readonly attributePerEventCountLimit: number
  readonly attributePerLinkCountLimit: number
}

/** Reads the settings. Never throws: what cannot be understood becomes a warning and the default. `environment-table.test.ts` has the list. */
export function readSettings(environment: Environment): Settings {
  const warnings: string[] = []
  const read = environmentReader(environment, warnings)
  refuse(read)
  const tracesExporters = exporters(read, 'TRACES', ['otlp', 'console', 'none'])
  return {
    enabled: !read.flag('OTEL_SDK_DISABLED'),
    content: contentPlaces(read),
    streamUsageHosts: read.list('SPANWARDEN_STREAM_USAGE_HOSTS'),
    modelHosts: read.list('SPANWARDEN_MODEL_HOSTS').map((host) => host.toLowerCase()),
    serviceName: read.text('OTEL_SERVICE_NAME'),
    resourceAttributes: {
      ...entityAttributes(read.text('OTEL_ENTITIES'), (line) => read.warn(line)),
      ...read.keyValues('OTEL_RESOURCE_ATTRIBUTES'),
    },
    detectors: detectors(read),
    sampler: sampler(read),
    propagators: propagators(read),
    logLevel: LOG_LEVEL_OF[read.word('OTEL_LOG_LEVEL', LOG_LEVEL_WORDS, 'info')],
    attach: read.word('SPANWARDEN_ATTACH', ['on', 'off'], 'on') === 'on',
    traces: endpointOf(read, 'TRACES', tracesExporters),
    metrics: endpointOf(read, 'METRICS', exporters(read, 'METRICS', ['otlp', 'none'])),
    logs: endpointOf(read, 'LOGS', exporters(read, 'LOGS', ['otlp', 'none'])),
    consoleSpans: tracesExporters.includes('console'),
    // The specification says 5 s for spans. The sidecar is on this host, and a live page that lags five seconds is not live.
    batch: batch(read, 'BSP'),
    logBatch: batch(read, 'BLRP'),
    // The specification says 60 s; a queue that fills up is worth six looks a minute.
    metricIntervalMs: read.integer('OTEL_METRIC_EXPORT_INTERVAL', 10_000),
    metricTemporality:
      read.word(
        'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE',
        ['cumulative', 'delta', 'lowmemory'],
        'cumulative',
      ) === 'cumulative'
        ? 'cumulative'
        : 'delta',
    spanLimits: spanLimits(read),
    disabledLibraries: read.list('OTEL_NODE_DISABLED_INSTRUMENTATIONS'),
    enabledLibraries: read.list('OTEL_NODE_ENABLED_INSTRUMENTATIONS'),
    pricesFile: read.text('SPANWARDEN_PRICES_FILE'),
    spoolFolder: spoolFolder(read, environment),
    guard: guardSettings(read, environment),
    warnings,
  }
}

/** A library is named as a whole or by the last part of its name. */
export function isLibraryEnabled(
  library: string,
  { enabledLibraries, disabledLibraries }: Pick<Settings, 'enabledLibraries' | 'disabledLibraries'>,
): boolean {
  const isIn = (names: readonly string[]): boolean =>
    names.some((name) => library === name || library.endsWith(`/${name}`))
  return (enabledLibraries.length === 0 || isIn(enabledLibraries)) && !isIn(disabledLibraries)
}

const DETECTORS = ['env', 'host', 'os', 'process', 'serviceinstance'] as const
export const LOG_LEVELS = ['none', 'error', 'warn', 'info', 'debug'] as const

const LOG_LEVEL_WORDS = ['none', 'error', 'warn', 'info', 'debug', 'verbose', 'all'] as const
const LOG_LEVEL_OF = {
  none: 'none',
  error: 'error',
  warn: 'warn',
  info: 'info',
  debug: 'debug',
  verbose: 'debug',
  all: 'debug',
} as const satisfies Record<(typeof LOG_LEVEL_WORDS)[number], LogLevel>

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

/** Variables whose meaning cannot be had: set, they are named once, with what to use instead. */
function refuse(read: EnvironmentReader): void {
  for (const [name, line] of Object.entries(REFUSED)) if (read.text(name) !== undefined) read.warn(`${name} ${line}`)
  const histogram = read.text('OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION')?.toLowerCase()
  if (histogram !== undefined && histogram !== 'explicit_bucket_histogram')
    read.warn('OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: only explicit_bucket_histogram is supported')
  const filter = read.text('OTEL_METRICS_EXEMPLAR_FILTER')?.toLowerCase()
  if (filter !== undefined && filter !== 'always_off')
    read.warn('OTEL_METRICS_EXEMPLAR_FILTER: metrics have no exemplars here, always_off is used')
}

const NO_FILE =
  'is not read: the SDK in the agent is set up by the other OTEL_* variables, pipelines by the sidecar’s --config'

const NO_LOG_LIMIT = 'is not supported: the few events that are sent have limits of their own'

export const REFUSED: Readonly<Record<string, string>> = {
  OTEL_CONFIG_FILE: NO_FILE,
  OTEL_EXPERIMENTAL_CONFIG_FILE: NO_FILE,
  OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT: NO_LOG_LIMIT,
  OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT: NO_LOG_LIMIT,
  OTEL_NODE_EXPERIMENTAL_SDK_METRICS:
    'is not supported: the sidecar has metrics of its own queues at 127.0.0.1:8888/metrics',
}

function exporters<Name extends string>(
  read: EnvironmentReader,
  signal: string,
  known: readonly Name[],
): readonly (Name | 'otlp')[] {
  const name = `OTEL_${signal}_EXPORTER`
  const asked = read.list(name, 'otlp').map((word) => word.toLowerCase())
  const found = known.filter((word) => asked.includes(word))
  if (asked.some((word) => !found.some((one) => one === word)))
    read.warn(
      `${name}: only ${known.join(', ')} are supported, ${found.join(', ') || 'otlp'} is used; the sidecar sends on to other backends`,
    )
  if (asked.includes('none')) return []
  return found.length === 0 ? ['otlp'] : found
}

function batch(read: EnvironmentReader, processor: 'BSP' | 'BLRP'): Batch {
  const queueItemsMax = read.integer(`OTEL_${processor}_MAX_QUEUE_SIZE`, 2_048)
  return {
    delayMs: read.integer(`OTEL_${processor}_SCHEDULE_DELAY`, 1_000),
    queueItemsMax,
    batchItemsMax: Math.min(read.integer(`OTEL_${processor}_MAX_EXPORT_BATCH_SIZE`, 512), queueItemsMax),
  }
}

function spanLimits(read: EnvironmentReader): SpanLimits {
  const attributeCountLimit = read.limit('OTEL_ATTRIBUTE_COUNT_LIMIT', 128)
  const attributeValueLengthLimit = read.limit('OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT', Infinity)
  return {
    attributeCountLimit: read.limit('OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', attributeCountLimit),
    attributeValueLengthLimit: read.limit('OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', attributeValueLengthLimit),
    eventCountLimit: read.limit('OTEL_SPAN_EVENT_COUNT_LIMIT', 128),
    linkCountLimit: read.limit('OTEL_SPAN_LINK_COUNT_LIMIT', 128),
    attributePerEventCountLimit: read.limit('OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', 128),
    attributePerLinkCountLimit: read.limit('OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', 128),
  }
}

function sampler(read: EnvironmentReader): Settings['sampler'] {
  const name = read.word('OTEL_TRACES_SAMPLER', SAMPLERS, 'parentbased_always_on')
  const text = read.text('OTEL_TRACES_SAMPLER_ARG')
  if (text === undefined || !name.endsWith('traceidratio')) return { name, ratio: 1 }
  const ratio = Number(text)
  if (ratio >= 0 && ratio <= 1) return { name, ratio }
  read.warn('OTEL_TRACES_SAMPLER_ARG is not a number from 0 to 1, 1 is used')
  return { name, ratio: 1 }
}

function propagators(read: EnvironmentReader): string[] {
  const asked = read.list('OTEL_PROPAGATORS', 'tracecontext,baggage')
  if (asked.some((name) => !['tracecontext', 'baggage', 'none'].includes(name)))
    read.warn(
      'OTEL_PROPAGATORS: only tracecontext, baggage and none are supported, others are left out; an OpenTelemetry SDK of your own brings its own',
    )
  return asked.includes('none') ? [] : asked
}

function detectors(read: EnvironmentReader): ReadonlySet<Detector> {
  const asked = read.list('OTEL_NODE_RESOURCE_DETECTORS', 'all')
  if (asked.includes('none')) return new Set()
  if (asked.includes('all')) return new Set(DETECTORS)
  const found = DETECTORS.filter((name) => asked.includes(name))
  if (found.length < asked.length)
    read.warn(
      `OTEL_NODE_RESOURCE_DETECTORS: only ${DETECTORS.join(', ')}, all and none are known; OTEL_RESOURCE_ATTRIBUTES can state the rest`,
    )
  return new Set(found)
}

/** Both generations: the JavaScript boolean and the four words of the Python utilities. Anything else counts as off, loudly. */
function contentPlaces(read: EnvironmentReader): Settings['content'] {
  const name = 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT'
  switch (read.text(name)?.toLowerCase()) {
    case 'true':
    case 'span_only':
      return { spans: true, events: false }
    case 'event_only':
      return { spans: false, events: true }
    case 'span_and_event':
      return { spans: true, events: true }
    case undefined:
    case 'false':
    case 'no_content':
      return { spans: false, events: false }
    default:
      read.warn(`${name} is not understood, no message content is captured`)
      return { spans: false, events: false }
  }
}

function guardSettings(read: EnvironmentReader, environment: Environment): GuardSettings {
  const endpoint = read.text('SPANWARDEN_CONTROL_ENDPOINT')
  const isKnown = endpoint === undefined || /^.+:\d{1,5}$/.test(endpoint)
  if (!isKnown) read.warn('SPANWARDEN_CONTROL_ENDPOINT is not host:port: no sidecar is found there, calls are denied')
  return {
    // A word that is not known was meant to be one of them: limits hold.
    mode:
      read.text('SPANWARDEN_GUARD') === undefined
        ? 'auto'
        : read.word('SPANWARDEN_GUARD', ['enforce', 'shadow', 'off', 'auto'], 'enforce'),
    stateFolder: stateFolderOf(environment),
    endpoint: isKnown ? endpoint : 'localhost:0',
    token: read.text('SPANWARDEN_CONTROL_TOKEN'),
    tenant: read.text('SPANWARDEN_TENANT'),
  }
}

function spoolFolder(read: EnvironmentReader, environment: Environment): string | undefined {
  const stateFolder =
    read.word('SPANWARDEN_SPOOL', ['on', 'off'], 'on') === 'off' ? undefined : stateFolderOf(environment)
  return stateFolder === undefined ? undefined : join(stateFolder, SPOOL_FOLDER)
}
