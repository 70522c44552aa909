import { isPlainMap } from './located-yaml.ts'

/** The `service` section with the address of the stock collector's Prometheus reader, where it has one, as `telemetry.metrics.address`. */
export function withReaderAddress(service: unknown): unknown {
  if (!isPlainMap(service) || !isPlainMap(service['telemetry'])) return service
  const { telemetry } = service
  const { metrics } = telemetry
  if (!isPlainMap(metrics) || metrics['address'] !== undefined || !Array.isArray(metrics['readers'])) return service
  for (const reader of metrics['readers'] as readonly unknown[]) {
    const { host = 'localhost', port } = prometheusOf(reader)
    if (typeof port !== 'number' || typeof host !== 'string') continue
    const address = `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`
    return { ...service, telemetry: { ...telemetry, metrics: { ...metrics, address } } }
  }
  return service
}

function prometheusOf(reader: unknown): Record<string, unknown> {
  let at: unknown = reader
  for (const key of ['pull', 'exporter', 'prometheus']) at = isPlainMap(at) ? at[key] : undefined
  return isPlainMap(at) ? at : {}
}
