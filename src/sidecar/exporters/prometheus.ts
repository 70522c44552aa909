import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import * as z from 'zod'
import { OtlpView } from '../../otlp/view.ts'
import { defineExporter } from '../component.ts'
import { duration, endpoint, hostAndPort } from '../config-types.ts'
import { httpUrl, isLoopback, namesLoopback } from '../loopback.ts'
import { CONTENT_TYPES, type ExpositionFormat, exposition } from './prometheus/exposition.ts'
import { MetricStore } from './prometheus/metric-store.ts'
import { readMetrics } from './prometheus/read-metrics.ts'

const config = z.strictObject({
  endpoint: endpoint.default('127.0.0.1:9464').describe('Where Prometheus scrapes.'),
  path: z.string().startsWith('/').default('/metrics').describe('Path of the scrape.'),
  const_labels: z
    .record(z.string().regex(/^[A-Za-z_]\w*$/), z.string())
    .default({})
    .describe('Labels added to every series.'),
  metric_expiration: duration.prefault('5m').describe('A series that was not heard of for so long is no longer shown.'),
  series_max: z
    .int()
    .positive()
    .default(20_000)
    .describe('Label sets kept over all metrics; points of further ones are dropped and counted.'),
  scrape_bytes_max: z
    .int()
    .positive()
    .default(32 * 1024 * 1024)
    .describe('Bytes of a scrape, about; points that would make it larger are dropped and counted.'),
})

/** Connections that may be open at once. */
const CONNECTIONS_MAX = 50

/**
 * Serves the newest value of every metric for Prometheus, as text 0.0.4 or OpenMetrics as the scraper asks. `job` and
 * `instance` are the agent's service name and instance id, so the scrape needs `honor_labels: true`; the other resource
 * attributes stand in `target_info`.
 */
export const prometheus = defineExporter({
  type: 'prometheus',
  summary: 'Serves metrics for Prometheus to scrape.',
  signals: ['metrics'],
  delivery: 'local',
  config,
  create(settings, { id, clock, metrics }) {
    const { host, port } = hostAndPort(settings.endpoint)
    const store = new MetricStore({
      seriesMax: settings.series_max,
      scrapeBytesMax: settings.scrape_bytes_max,
      expirationMs: settings.metric_expiration,
    })
    const refused = (reason: string) =>
      metrics.counter('otelcol_exporter_prometheus_refused_points', 'Data points that are not shown.', {
        exporter: id,
        reason,
      })
    const counters = {
      series_max: refused('series_max'),
      scrape_bytes_max: refused('scrape_bytes_max'),
      type_conflict: refused('type_conflict'),
      unsupported: refused('unsupported'),
    }
    metrics.gauge('otelcol_exporter_prometheus_series', 'Label sets kept.', { exporter: id }, () => store.series)

    const server = createServer((request, response) => {
      const status = refusal(request, host, settings.path)
      if (status !== undefined) return void response.writeHead(status).end()
      store.expire(clock.monotonic())
      answer(request, response, store)
    })
    server.maxConnections = CONNECTIONS_MAX

    return {
      async start() {
        server.listen(port, host)
        await once(server, 'listening')
      },
      listening() {
        const address = server.address()
        if (address === null || typeof address === 'string') return {}
        return { prometheus: `${httpUrl(host, address.port)}${settings.path}` }
      },
      send(payload) {
        const view = new OtlpView('metrics', payload.bytes)
        try {
          readMetrics(view, store, settings.const_labels, clock.monotonic(), (reason) => counters[reason].add(1))
        } finally {
          view.release()
        }
        return Promise.resolve({ outcome: 'sent' })
      },
      async stop() {
        if (!server.listening) return
        server.close()
        server.closeAllConnections()
        await once(server, 'close')
      },
    }
  },
})

/** The status of a request that is not a scrape. */
function refusal(request: IncomingMessage, host: string, path: string): number | undefined {
  if (isLoopback(host) && !namesLoopback(request)) return 403
  if (request.url?.split('?')[0] !== path) return 404
  return request.method === 'GET' || request.method === 'HEAD' ? undefined : 405
}

function answer(request: IncomingMessage, response: ServerResponse, store: MetricStore): void {
  const format: ExpositionFormat =
    request.headers.accept?.includes('application/openmetrics-text') === true ? 'openmetrics' : 'text'
  response.writeHead(200, { 'content-type': CONTENT_TYPES[format] }).end(exposition(store, format))
}
