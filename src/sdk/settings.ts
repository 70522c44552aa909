import { join } from 'node:path'
import { SPOOL_FOLDER } from '../control/spool-format.ts'
import { stateFolderOf } from './state-folder.ts'

/** What the environment says. Names and defaults follow the OpenTelemetry specification; a default of ours carries its reason. */
export interface Settings {
  readonly enabled: boolean
  /** Where prompts, completions, tool arguments and results may stand. */
  readonly content: { readonly spans: boolean; readonly events: boolean }
  /** Hosts beside the known ones whose streams are asked for their usage; `*` stands for all, `none` switches it off. */
  readonly streamUsageHosts: readonly string[]
  readonly serviceName: string | undefined
  readonly resourceAttributes: Readonly<Record<string, string>>
  readonly sampler: { readonly name: string; readonly ratio: number }
  readonly propagators: readonly string[]
  readonly traces: Endpoint | undefined
  readonly metrics: Endpoint | undefined
  readonly logs: Endpoint | undefined
  readonly batch: { readonly delayMs: number; readonly queueItemsMax: number; readonly batchItemsMax: number }
  readonly metricIntervalMs: number
  readonly metricTemporality: 'cumulative' | 'delta'
  readonly spanLimits: SpanLimits
  /** Instrumentations that are switched off, by library or by the last part of its name (`OTEL_NODE_DISABLED_INSTRUMENTATIONS`). */
  readonly disabledLibraries: readonly string[]
  /** Where the last requests are left for the sidecar when they cannot be sent; undefined: nowhere (`SPANWARDEN_SPOOL=off`). */
  readonly spoolFolder: string | undefined
  /** Prices that come before the built-in ones (`SPANWARDEN_PRICES_FILE`). */
  readonly pricesFile: string | undefined
  /** What was asked for and cannot be had. One line each, without values that may be secret. */
  readonly warnings: readonly string[]
}

/** Where one signal goes. `undefined` in its place: the signal is switched off. */
export interface Endpoint {
  readonly url: string
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

export type Environment = Readonly<Record<string, string | undefined>>

/** Reads the settings. Never throws: what cannot be understood becomes a warning and the default. */
export function readSettings(environment: Environment): Settings {
  const warnings: string[] = []
  const read = reader(environment, warnings)
  const attributeCountLimit = read.integer('OTEL_ATTRIBUTE_COUNT_LIMIT', 128)
  const attributeValueLengthLimit = read.integer('OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT', Infinity)
  const queueItemsMax = read.integer('OTEL_BSP_MAX_QUEUE_SIZE', 2048)
  return {
    enabled: !read.flag('OTEL_SDK_DISABLED'),
    content: contentPlaces(read.text('OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT'), warnings),
    streamUsageHosts: list(read.text('SPANWARDEN_STREAM_USAGE_HOSTS')),
    serviceName: read.text('OTEL_SERVICE_NAME'),
    resourceAttributes: keyValues(read.text('OTEL_RESOURCE_ATTRIBUTES')),
    sampler: {
      name: read.text('OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on',
      ratio: ratio(read.text('OTEL_TRACES_SAMPLER_ARG')),
    },
    propagators: list(read.text('OTEL_PROPAGATORS') ?? 'tracecontext,baggage'),
    traces: endpoint(read, 'TRACES', 'v1/traces', warnings),
    metrics: endpoint(read, 'METRICS', 'v1/metrics', warnings),
    logs: endpoint(read, 'LOGS', 'v1/logs', warnings),
    // The specification says 5 s. The sidecar is on this host, and a live page that lags five seconds is not live.
    batch: {
      delayMs: read.integer('OTEL_BSP_SCHEDULE_DELAY', 1_000),
      queueItemsMax,
      batchItemsMax: Math.min(read.integer('OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512), queueItemsMax),
    },
    // The specification says 60 s; a queue that fills up is worth six looks a minute.
    metricIntervalMs: read.integer('OTEL_METRIC_EXPORT_INTERVAL', 10_000),
    metricTemporality:
      read.text('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE')?.toLowerCase() === 'delta'
        ? 'delta'
        : 'cumulative',
    spanLimits: {
      attributeCountLimit: read.integer('OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', attributeCountLimit),
      attributeValueLengthLimit: read.integer('OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', attributeValueLengthLimit),
      eventCountLimit: read.integer('OTEL_SPAN_EVENT_COUNT_LIMIT', 128),
      linkCountLimit: read.integer('OTEL_SPAN_LINK_COUNT_LIMIT', 128),
      attributePerEventCountLimit: read.integer('OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', 128),
      attributePerLinkCountLimit: read.integer('OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', 128),
    },
    disabledLibraries: list(read.text('OTEL_NODE_DISABLED_INSTRUMENTATIONS')),
    pricesFile: read.text('SPANWARDEN_PRICES_FILE'),
    spoolFolder: spoolFolder(read, environment, warnings),
    warnings,
  }
}

interface Reader {
  text(name: string): string | undefined
  flag(name: string): boolean
  integer(name: string, fallback: number): number
}

/** Empty means unset, for every variable (OpenTelemetry specification, "Configuration"). */
function reader(environment: Environment, warnings: string[]): Reader {
  const text = (name: string): string | undefined => environment[name]?.trim() || undefined
  return {
    text,
    flag: (name) => text(name)?.toLowerCase() === 'true',
    integer(name, fallback) {
      const value = text(name)
      if (value === undefined) return fallback
      if (/^\d{1,9}$/.test(value) && Number(value) > 0) return Number(value)
      warnings.push(`${name} is not a positive whole number, ${fallback} is used`)
      return fallback
    },
  }
}

/** Both generations: the JavaScript boolean and the four words of the Python utilities. Anything else counts as off, loudly. */
function contentPlaces(value: string | undefined, warnings: string[]): Settings['content'] {
  switch (value?.toLowerCase()) {
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
      warnings.push(
        'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT is not understood, no message content is captured',
      )
      return { spans: false, events: false }
  }
}

function endpoint(
  read: Reader,
  signal: 'TRACES' | 'METRICS' | 'LOGS',
  path: string,
  warnings: string[],
): Endpoint | undefined {
  const specific = (suffix: string): string | undefined =>
    read.text(`OTEL_EXPORTER_OTLP_${signal}_${suffix}`) ?? read.text(`OTEL_EXPORTER_OTLP_${suffix}`)
  const exporter = read.text(`OTEL_${signal}_EXPORTER`)?.toLowerCase() ?? 'otlp'
  if (exporter === 'none') return undefined
  if (exporter !== 'otlp') warnings.push(`OTEL_${signal}_EXPORTER: only otlp and none are supported, otlp is used`)
  const protocol = specific('PROTOCOL')?.toLowerCase()
  if (protocol === 'grpc')
    warnings.push(
      `${signal.toLowerCase()} are sent as OTLP/HTTP with JSON, not over gRPC: the endpoint must be an HTTP one`,
    )
  const compression = specific('COMPRESSION')?.toLowerCase()
  return {
    url: urlOf(read, signal, path, warnings),
    headers: {
      ...keyValues(read.text('OTEL_EXPORTER_OTLP_HEADERS')),
      ...keyValues(read.text(`OTEL_EXPORTER_OTLP_${signal}_HEADERS`)),
    },
    timeoutMs: read.integer(`OTEL_EXPORTER_OTLP_${signal}_TIMEOUT`, read.integer('OTEL_EXPORTER_OTLP_TIMEOUT', 10_000)),
    gzip: compression === 'gzip',
    tls: { ca: specific('CERTIFICATE'), cert: specific('CLIENT_CERTIFICATE'), key: specific('CLIENT_KEY') },
  }
}

/** The common endpoint is a base that gets the signal's path; a signal's own endpoint is used as it stands. */
function urlOf(read: Reader, signal: string, path: string, warnings: string[]): string {
  const own = read.text(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`)
  const base = read.text('OTEL_EXPORTER_OTLP_ENDPOINT')
  if (own !== undefined && URL.canParse(own)) return own
  if (own !== undefined) warnings.push(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT is not a URL and is ignored`)
  if (base !== undefined && URL.canParse(base)) return `${base.replace(/\/+$/, '')}/${path}`
  if (base !== undefined) warnings.push('OTEL_EXPORTER_OTLP_ENDPOINT is not a URL and is ignored')
  return `http://127.0.0.1:4318/${path}`
}

function spoolFolder(read: Reader, environment: Environment, warnings: string[]): string | undefined {
  const wanted = read.text('SPANWARDEN_SPOOL')?.toLowerCase() ?? 'on'
  if (wanted !== 'on' && wanted !== 'off') warnings.push('SPANWARDEN_SPOOL is neither on nor off, it is on')
  const stateFolder = wanted === 'off' ? undefined : stateFolderOf(environment)
  return stateFolder === undefined ? undefined : join(stateFolder, SPOOL_FOLDER)
}

const list = (value: string | undefined): string[] =>
  (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** `key=value,key=value` with percent-encoded values (W3C baggage style). */
function keyValues(value: string | undefined): Record<string, string> {
  const pairs = list(value).map(
    (pair) => [pair.slice(0, pair.indexOf('=')).trim(), pair.slice(pair.indexOf('=') + 1).trim()] as const,
  )
  return Object.fromEntries(pairs.filter(([key]) => key !== '').map(([key, text]) => [key, decoded(text)]))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function ratio(value: string | undefined): number {
  const parsed = Number(value ?? '1')
  return parsed >= 0 && parsed <= 1 ? parsed : 1
}
