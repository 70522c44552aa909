import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import * as z from 'zod'
import { defineExtension } from '../component.ts'
import { endpoint, hostAndPort, ignoredKey } from '../config-types.ts'
import { httpUrl, isLoopback, namesLoopback } from '../loopback.ts'

const CONNECTIONS_MAX = 50
const REQUEST_MS_MAX = 10_000

const body = (state: string) => z.string().default('').describe(`Text of the answer while it is ${state}; empty: JSON.`)

const config = z.strictObject({
  endpoint: endpoint
    .default('localhost:13133')
    .describe('Where it listens. Probes of an orchestrator come from outside: `0.0.0.0:13133` for them.'),
  path: z.string().regex(/^\//, 'begins with /').default('/').describe('Path of the answer; `/`: every path.'),
  response_body: z
    .preprocess(
      (value) => value ?? {},
      z.strictObject({ healthy: body('ready'), unhealthy: body('starting or stopping') }),
    )
    .prefault({})
    .describe('What is answered instead of JSON.'),
  check_collector_pipeline: ignoredKey(
    'failing exporters are told under /readyz of service.http.endpoint, and do not make the sidecar unready: a restart would not bring a backend back',
  ),
})

/**
 * Says to probes whether the sidecar is ready, at the place and in the words of the stock collector: 200 from the moment when everything has started until it
 * stops, 503 before and after. With reasons it is said under /readyz of the control server.
 *
 *     extensions:
 *       health_check: { endpoint: 0.0.0.0:13133 }
 */
export const healthCheck = defineExtension({
  type: 'health_check',
  aliases: ['healthcheck'],
  isSingle: true,
  summary:
    'Answers probes where the stock collector does: 200 when everything has started, 503 before and at the stop.',
  config,
  create({ endpoint: place, path, response_body: texts }, { clock, readySinceMs }) {
    const { host: name, port } = hostAndPort(place)
    const host = name === 'localhost' ? '127.0.0.1' : name
    const server = createServer({ requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX }, respond)
    server.maxConnections = CONNECTIONS_MAX

    function respond(request: IncomingMessage, response: ServerResponse): void {
      if (isLoopback(host) && !namesLoopback(request)) return void response.writeHead(403).end()
      if (path !== '/' && request.url?.split('?')[0] !== path) return void response.writeHead(404).end()
      const sinceMs = readySinceMs()
      const text = sinceMs === undefined ? texts.unhealthy : texts.healthy
      const type = text === '' ? 'application/json' : 'text/plain; charset=utf-8'
      response.writeHead(sinceMs === undefined ? 503 : 200, { 'content-type': type, 'cache-control': 'no-store' })
      response.end(text === '' ? stateOf(sinceMs, clock.now()) : text)
    }

    return {
      async start() {
        server.listen(port, host)
        await once(server, 'listening')
      },
      listening() {
        const address = server.address()
        if (address === null || typeof address === 'string') return {}
        return { health_check: httpUrl(host, address.port) + path }
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

/** Field by field as the stock collector has it, its zero time included. */
function stateOf(sinceMs: number | undefined, nowMs: number): string {
  if (sinceMs === undefined)
    return JSON.stringify({ status: 'Server not available', upSince: '0001-01-01T00:00:00Z', uptime: '' })
  const uptime = `${Math.max(0, nowMs - sinceMs) / 1000}s`
  return JSON.stringify({ status: 'Server available', upSince: new Date(sinceMs).toISOString(), uptime })
}
