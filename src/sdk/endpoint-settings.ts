import type { EnvironmentReader } from './environment-reader.ts'
import type { Endpoint } from './settings.ts'

/** One signal's settings: its own variable where it is set, else the common one. `exporters`: what `OTEL_<signal>_EXPORTER` names. */
export function endpointOf(
  read: EnvironmentReader,
  signal: 'TRACES' | 'METRICS' | 'LOGS',
  exporters: readonly string[],
): Endpoint | undefined {
  if (!exporters.includes('otlp')) return undefined
  const nameOf = (suffix: string): string => {
    const own = `OTEL_EXPORTER_OTLP_${signal}_${suffix}`
    return read.text(own) === undefined ? `OTEL_EXPORTER_OTLP_${suffix}` : own
  }
  const timeoutMs = read.integer(nameOf('TIMEOUT'), 10_000)
  return {
    url: urlOf(read, signal),
    protocol: read.word(
      nameOf('PROTOCOL'),
      ['http/protobuf', 'http/json'],
      'http/protobuf',
      'the endpoint must be the OTLP/HTTP one, port 4318 in most receivers, where gRPC has 4317',
    ),
    headers: {
      ...read.keyValues('OTEL_EXPORTER_OTLP_HEADERS'),
      ...read.keyValues(`OTEL_EXPORTER_OTLP_${signal}_HEADERS`),
    },
    timeoutMs: Math.min(timeoutMs, read.integer(PROCESSOR_TIMEOUT[signal], 30_000)),
    gzip: read.word(nameOf('COMPRESSION'), ['gzip', 'none'], 'none') === 'gzip',
    tls: {
      ca: read.text(nameOf('CERTIFICATE')),
      cert: read.text(nameOf('CLIENT_CERTIFICATE')),
      key: read.text(nameOf('CLIENT_KEY')),
    },
  }
}

const PROCESSOR_TIMEOUT = {
  TRACES: 'OTEL_BSP_EXPORT_TIMEOUT',
  METRICS: 'OTEL_METRIC_EXPORT_TIMEOUT',
  LOGS: 'OTEL_BLRP_EXPORT_TIMEOUT',
} as const

/** The common endpoint is a base that gets the signal's path; a signal's own endpoint is used as it stands. */
function urlOf(read: EnvironmentReader, signal: string): string {
  const path = `v1/${signal.toLowerCase()}`
  const ownName = `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`
  const own = read.text(ownName)
  const base = read.text('OTEL_EXPORTER_OTLP_ENDPOINT')
  if (own !== undefined && isHttp(own)) return own
  if (own !== undefined) read.warn(`${ownName} is not an http or https URL and is ignored`)
  if (base !== undefined && isHttp(base)) return `${base.replace(/\/+$/, '')}/${path}`
  if (base !== undefined) read.warn('OTEL_EXPORTER_OTLP_ENDPOINT is not an http or https URL and is ignored')
  return `http://127.0.0.1:4318/${path}`
}

const isHttp = (text: string): boolean => /^https?:\/\//i.test(text) && URL.canParse(text)
