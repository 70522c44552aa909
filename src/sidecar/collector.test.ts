import { mkdtempSync, renameSync, statSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testContext } from '../../test/support/component-context.ts'
import { startOtlpSink } from '../../test/support/otlp-sink.ts'
import { post } from '../../test/support/post.ts'
import { spanBatch } from '../../test/support/span-batch.ts'
import { until } from '../../test/support/until.ts'
import { Collector } from './collector.ts'
import { defineConnector, defineExporter, defineReceiver } from './component.ts'
import type { ComponentDefinition, Sent } from './component.ts'
import { components } from '../../test/support/all-components.ts'
import { loadConfig } from './config.ts'
import { systemClock } from './system-clock.ts'
import * as z from 'zod'

const LOOPBACK = 'http: {endpoint: "127.0.0.1:0"}, telemetry: {metrics: {address: "127.0.0.1:0"}}'

function collectorOf(
  text: string,
  more: readonly ComponentDefinition[] = [],
  stateFolder = join(mkdtempSync(join(tmpdir(), 'spanwarden-')), 'state'),
) {
  const { logger, logged } = testContext('collector')
  const env = {}
  const config = loadConfig([{ name: 'test', text }], [...components, ...more], { env, readFile: () => '' })
  const collector = new Collector(config, {
    clock: systemClock,
    logger: { ...logger, child: () => logger },
    random: Math.random,
    stateFolder,
    env: {},
    program: { name: 'spanwarden', version: '0.0.0' },
  })
  return { collector, logged, stateFolder }
}

const forwarding = (url: string, service = ''): string => `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0"}}}}
exporters: {otlp_http: {endpoint: "${url}", retry_on_failure: {initial_interval: 10ms}}}
service:
  {${LOOPBACK}, ${service} pipelines: {traces: {receivers: [otlp], exporters: [otlp_http]}}}
`
const batch = spanBatch({ spans: [{ spanId: '0102030405060708', name: 'one' }] })

test('a batch goes from the receiver to the backend, and the own metrics count it', async () => {
  await using sink = await startOtlpSink()
  const { collector, stateFolder } = collectorOf(forwarding(sink.url))
  await collector.start()
  const { otlp_http = '', own_metrics = '', control = '' } = collector.listening()
  expect(statSync(stateFolder).mode & 0o777).toBe(0o700)
  expect((await post(`${otlp_http}/v1/traces`, batch)).status).toBe(200)
  await sink.until(({ spans }) => spans.length === 1)
  const text = await (await fetch(own_metrics)).text()
  expect(text).toContain('otelcol_receiver_accepted_spans{receiver="otlp",transport="http"} 1')
  expect(text).toContain('otelcol_receiver_requests{outcome="success",receiver="otlp",transport="http"} 1')
  expect(text).toMatch(/otelcol_process_memory_rss \d+/)
  await until(() => collector.metrics.read('otelcol_exporter_sent_spans', { exporter: 'otlp_http' }) === 1)
  expect(await (await fetch(`${control}/health`)).json()).toMatchObject({
    program: 'spanwarden',
    status: 'ok',
    listening: { otlp_http },
    components: [
      { id: 'otlp', kind: 'receiver', status: 'ok' },
      { id: 'otlp_http', queued_items: 0 },
    ],
  })
  expect(await collector.stop()).toBe(0)
})

test('a stop sends what is queued, although the backend refuses at first', async () => {
  let refusals = 0
  await using sink = await startOtlpSink({
    refuse(incoming, response) {
      if (++refusals > 3) return false
      incoming.resume()
      response.writeHead(503).end()
      return true
    },
  })
  const { collector } = collectorOf(forwarding(sink.url))
  await collector.start()
  const { otlp_http = '' } = collector.listening()
  for (let i = 0; i < 5; i++) expect((await post(`${otlp_http}/v1/traces`, batch)).status).toBe(200)
  expect(await collector.stop()).toBe(0)
  expect(sink.spans).toHaveLength(5)
})

test('a stop gives up at shutdown_timeout, and says what a queue in memory lost', async () => {
  await using sink = await startOtlpSink({ refuse: () => true })
  const inMemory = forwarding(sink.url, 'shutdown_timeout: 200ms,').replace(
    '{endpoint: "http',
    '{sending_queue: {storage: memory}, endpoint: "http',
  )
  const { collector, logged } = collectorOf(inMemory)
  await collector.start()
  await post(`${collector.listening()['otlp_http']}/v1/traces`, batch)
  expect(await collector.stop()).toBe(1)
  expect(logged.filter(({ level }) => level === 'error').length).toBeGreaterThan(0)
})

test('what a backend did not take before the stop is sent after the next start', async () => {
  let isAway = true
  await using sink = await startOtlpSink({
    refuse(incoming, response) {
      if (!isAway) return false
      incoming.resume()
      response.writeHead(503).end()
      return true
    },
  })
  const { collector, stateFolder } = collectorOf(forwarding(sink.url))
  await collector.start()
  const { status } = await post(`${collector.listening()['otlp_http']}/v1/traces`, batch)
  expect(status).toBe(200)
  expect(await collector.stop()).toBe(0)
  expect(sink.spans).toEqual([])
  isAway = false
  const next = collectorOf(forwarding(sink.url), [], stateFolder)
  await next.collector.start()
  await until(() => sink.spans.length === 1)
  expect(await next.collector.stop()).toBe(0)
  expect(sink.spans.map(({ name }) => name)).toEqual(['one'])
})

test('what stands in a state folder that was taken away does not count as waiting on disk', async () => {
  await using sink = await startOtlpSink({
    refuse: (_request, response) => response.writeHead(503).end() !== undefined,
  })
  const { collector, stateFolder, logged } = collectorOf(forwarding(sink.url))
  await collector.start()
  const url = `${collector.listening()['otlp_http']}/v1/traces`
  expect((await post(url, batch)).status).toBe(200)
  renameSync(stateFolder, `${stateFolder}.away`)
  // Noticed with the write: what comes now is kept where the next start looks.
  expect((await post(url, batch)).status).toBe(200)
  expect(await collector.stop()).toBe(1)
  const told = logged.map(({ level, fields, message }) => ({ level, message, ...fields }))
  expect(told).toContainEqual({
    level: 'info',
    signal: 'traces',
    items: 1,
    message: 'what the backend did not take waits on disk',
  })
  expect(told).toContainEqual(expect.objectContaining({ level: 'error', items: 1, message: 'items were dropped' }))
})

test('a client that never finishes its request does not use up the time of the queues', async () => {
  let isAway = true
  await using sink = await startOtlpSink({
    refuse(incoming, response) {
      if (!isAway) return false
      incoming.resume()
      response.writeHead(503).end()
      return true
    },
  })
  const { collector } = collectorOf(forwarding(sink.url, 'shutdown_timeout: 2s,'))
  await collector.start()
  const url = `${collector.listening()['otlp_http']}/v1/traces`
  await post(url, batch)
  const slow = request(url, { method: 'POST', agent: false, headers: { 'content-type': 'application/x-protobuf' } })
  slow.on('error', () => {})
  slow.write('abc')
  await until(() => (collector.metrics.read('otelcol_receiver_in_flight_bytes', { receiver: 'otlp' }) ?? 0) > 0)
  const stopped = collector.stop()
  isAway = false
  expect(await stopped).toBe(0)
  expect(sink.spans).toHaveLength(1)
  slow.destroy()
})

test('a full queue is 503 at the door and "degraded" in /health, while /readyz stays 200', async () => {
  await using sink = await startOtlpSink({ refuse: () => true })
  const text = forwarding(sink.url, 'shutdown_timeout: 100ms,').replace(
    'exporters: {otlp_http: {',
    'exporters: {otlp_http: {sending_queue: {queue_size: 2}, ',
  )
  const { collector } = collectorOf(text)
  await collector.start()
  const { otlp_http = '', control = '' } = collector.listening()
  const statuses = []
  for (let i = 0; i < 3; i++) statuses.push((await post(`${otlp_http}/v1/traces`, batch)).status)
  expect(statuses).toEqual([200, 200, 503])
  expect(await (await fetch(`${control}/health`)).json()).toMatchObject({ status: 'degraded' })
  expect((await fetch(`${control}/readyz`)).status).toBe(200)
  await collector.stop()
})

test('connectors emit what they hold in a stop, through those that they feed', async () => {
  const holding = (type: string) =>
    defineConnector({
      type,
      summary: '',
      from: ['traces'],
      to: ['traces'],
      config: z.strictObject({}),
      create: (_, { emit }) => {
        const held: Buffer[] = []
        return {
          start() {},
          consume: (view) => void held.push(Buffer.from(view.bytes)),
          stop: () => held.splice(0).forEach((bytes) => emit('traces', bytes)),
        }
      },
    })
  await using sink = await startOtlpSink()
  // The second is named first: the order of the stop is that of the pipelines.
  const text = `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0"}}}}
connectors: {second: , first: }
exporters: {otlp_http: {endpoint: "${sink.url}"}}
service:
  ${LOOPBACK.replace(', ', '\n  ')}
  pipelines:
    traces/c: {receivers: [second], exporters: [otlp_http]}
    traces/b: {receivers: [first], exporters: [second]}
    traces/a: {receivers: [otlp], exporters: [first]}
`
  const { collector } = collectorOf(text, [holding('first'), holding('second')])
  await collector.start()
  await post(`${collector.listening()['otlp_http']}/v1/traces`, batch)
  expect(sink.spans).toEqual([])
  expect(await collector.stop()).toBe(0)
  expect(sink.spans.map(({ name }) => name)).toEqual(['one'])
})

test('what can not start stops what has started, and names the address', async () => {
  await using sink = await startOtlpSink()
  const stopped: string[] = []
  const part = (type: string) => ({
    type,
    summary: '',
    signals: ['traces'] as const,
    config: z.strictObject({}),
  })
  const exporter = defineExporter({
    ...part('noted'),
    delivery: 'local',
    create: () => ({
      send: (): Promise<Sent> => Promise.resolve({ outcome: 'sent' }),
      stop: async () => void stopped.push('exporter'),
    }),
  })
  const receiver = defineReceiver({
    ...part('idle'),
    create: () => ({ start: async () => {}, stop: async () => void stopped.push('receiver') }),
  })
  const { port } = new URL(sink.url)
  const text = `
receivers: {idle: , otlp: {protocols: {http: {endpoint: "127.0.0.1:${port}"}}}}
exporters: {noted: }
service: {${LOOPBACK}, pipelines: {traces: {receivers: [idle, otlp], exporters: [noted]}}}
`
  const { collector } = collectorOf(text, [exporter, receiver])
  await expect(collector.start()).rejects.toThrow(`127.0.0.1:${port}`)
  expect(stopped.toSorted()).toEqual(['exporter', 'receiver'])
  expect(collector.listening()).toEqual({})
})

test('the control server: ready only between start and stop, no foreign hosts or origins, closed policy', async () => {
  await using sink = await startOtlpSink({ refuse: () => true })
  const { collector } = collectorOf(forwarding(sink.url, 'shutdown_timeout: 500ms,'))
  expect(collector.health().status).toBe('starting')
  await collector.start()
  const { control = '', own_metrics = '', otlp_http = '' } = collector.listening()
  expect((await fetch(`${control}/readyz`)).status).toBe(200)
  expect((await fetch(`${control}/livez`)).status).toBe(200)
  const missing = await fetch(`${control}/nothing`)
  expect([missing.status, await missing.json()]).toEqual([404, { error: 'not found' }])
  expect(missing.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(await statusWith(control, { host: 'evil.example' })).toBe(403)
  expect(await statusWith(own_metrics, { host: 'evil.example' })).toBe(403)
  expect(await statusWith(control, { host: 'localhost:1', origin: 'http://evil.example' }, 'POST')).toBe(403)
  await post(`${otlp_http}/v1/traces`, batch)
  const stopped = collector.stop()
  const { status } = await fetch(`${control}/readyz`)
  expect(status).toBe(503)
  await stopped
})

const statusWith = (url: string, headers: Record<string, string>, method = 'GET'): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(url, { headers, method, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })

test('health_check: not ready while receivers start and while queues are sent at the end', async () => {
  const seen: number[] = []
  const probe = async (): Promise<void> => {
    seen.push((await fetch(collector.listening()['health_check'] ?? '')).status)
  }
  const sent = Promise.withResolvers<Sent>()
  const early = defineReceiver({
    type: 'early',
    summary: 'Probes when it starts.',
    signals: ['traces'],
    config: z.strictObject({}),
    create: () => ({ start: probe, stop: async () => {} }),
  })
  const slow = defineExporter({
    type: 'slow',
    summary: 'Waits.',
    signals: ['traces'],
    delivery: 'remote',
    config: z.strictObject({}),
    create: () => ({ send: () => sent.promise }),
  })
  const text = `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0"}}}, early: {}}
exporters: {slow: {}}
extensions: {health_check: {endpoint: "127.0.0.1:0"}}
service: {${LOOPBACK}, extensions: [health_check], pipelines: {traces: {receivers: [otlp, early], exporters: [slow]}}}
`
  const { collector } = collectorOf(text, [early, slow])
  await collector.start()
  await probe()
  expect((await post(`${collector.listening()['otlp_http']}/v1/traces`, batch)).status).toBe(200)
  const stopped = collector.stop()
  await probe()
  sent.resolve({ outcome: 'sent' })
  expect(await stopped).toBe(0)
  expect(seen).toEqual([503, 200, 503])
})
