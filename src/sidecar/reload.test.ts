import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { testContext } from '../../test/support/component-context.ts'
import { startOtlpSink } from '../../test/support/otlp-sink.ts'
import { post } from '../../test/support/post.ts'
import { spanBatch } from '../../test/support/span-batch.ts'
import { until } from '../../test/support/until.ts'
import { Collector } from './collector.ts'
import { components } from '../../test/support/all-components.ts'
import { loadConfig } from './config.ts'
import type { SidecarConfig } from './config.ts'
import { systemClock } from './system-clock.ts'

const ANY = '127.0.0.1:0'
const own = { http: { endpoint: ANY }, telemetry: { metrics: { address: ANY } }, shutdown_timeout: '2s' }
const receivers = { otlp: { protocols: { http: { endpoint: ANY } } } }

let collector: Collector
let next: object
let logged: ReturnType<typeof testContext>['logged'] = []

const read = (config: object): SidecarConfig =>
  loadConfig([{ name: 'test', text: stringify(config) }], components, { env: {}, readFile: () => '' })

async function start(config: object): Promise<void> {
  const context = testContext('collector')
  logged = context.logged
  collector = new Collector(read(config), {
    clock: systemClock,
    logger: { ...context.logger, child: () => context.logger },
    random: Math.random,
    stateFolder: join(mkdtempSync(join(tmpdir(), 'spanwarden-reload-')), 'state'),
    env: {},
    program: { name: 'spanwarden', version: '0.0.0' },
    readConfig: () => read(next),
  })
  await collector.start()
}

const reload = (config: object) => {
  next = config
  return collector.reload('test')
}
const send = async (name: string) =>
  (
    await post(
      `${collector.listening()['otlp_http']}/v1/traces`,
      spanBatch({ spans: [{ spanId: '0102030405060708', name }] }),
    )
  ).status
const forwarding = (exporter: object, more: object = {}): object => ({
  receivers,
  exporters: { otlp_http: { retry_on_failure: { initial_interval: '10ms' }, ...exporter } },
  service: { ...own, pipelines: { traces: { receivers: ['otlp'], exporters: ['otlp_http'] } } },
  ...more,
})

beforeEach(() => {
  next = {}
})
afterEach(async () => {
  await collector.stop()
})

test('what waits for a backend that is away goes to the one that the new configuration names, once', async () => {
  await using gone = await startOtlpSink()
  await gone.close()
  await using sink = await startOtlpSink()
  await start(forwarding({ endpoint: gone.url }))
  for (const name of ['a', 'b', 'c']) expect(await send(name)).toBe(200)
  await until(() => collector.health().reasons.some(({ code }) => code === 'exporter_failing'))
  expect(collector.health()).toMatchObject({ status: 'degraded', reasons: [{ component: 'otlp_http' }] })
  expect(await reload(forwarding({ endpoint: sink.url }))).toMatchObject({ result: 'applied' })
  await sink.until(({ spans }) => spans.length === 3)
  expect(sink.spans.map(({ name }) => name).sort()).toEqual(['a', 'b', 'c'])
  await until(() => collector.health().status === 'ok')
})

test('a removed exporter sends what it holds; what its backend does not take stays on disk for the day it is back', async () => {
  const door = { isShut: true }
  await using sink = await startOtlpSink({
    refuse: (_request, response) => door.isShut && response.writeHead(503).end() !== undefined,
  })
  await using other = await startOtlpSink()
  const without: object = {
    receivers,
    exporters: { 'otlp_http/other': { endpoint: other.url } },
    service: { ...own, pipelines: { traces: { receivers: ['otlp'], exporters: ['otlp_http/other'] } } },
  }
  await start(forwarding({ endpoint: sink.url }))
  expect(await send('a')).toBe(200)
  expect((await reload(without)).result).toBe('applied')
  await until(() => logged.some(({ message }) => message.includes('waits on disk')))
  expect(await send('b')).toBe(200)
  door.isShut = false
  expect((await reload(forwarding({ endpoint: sink.url }))).result).toBe('applied')
  await sink.until(({ spans }) => spans.length === 1)
  expect([sink.spans[0]?.name, other.spans.map(({ name }) => name)]).toEqual(['a', ['b']])
})

test.each([
  ['a mistake', { exporters: { otlp_http: { endpoint: 'http://x', retries: 1 } } }, 'retries'],
  [
    'a file that is not there',
    { processors: { redaction: { names: { enabled: true, module: '/nowhere.js' } } } },
    '/nowhere.js',
  ],
])('with %s the configuration before goes on, and health, log and metrics say so', async (_, change, problem) => {
  await using sink = await startOtlpSink()
  await start(forwarding({ endpoint: sink.url }))
  const { listening } = collector.health()
  const processors = 'processors' in change ? { processors: ['redaction'] } : {}
  const service = { ...own, pipelines: { traces: { receivers: ['otlp'], exporters: ['otlp_http'], ...processors } } }
  const config = { ...forwarding({ endpoint: sink.url }), ...change, service }
  expect(await reload(config)).toMatchObject({ result: 'failed', problem: expect.stringContaining(problem) })
  expect(collector.listening()).toEqual(listening)
  expect(await send('a')).toBe(200)
  await sink.until(({ spans }) => spans.length === 1)
  expect(collector.health()).toMatchObject({ status: 'degraded', reasons: [{ code: 'reload_failed' }] })
  const ready = await fetch(`${listening['control']}/readyz`)
  expect([ready.status, await ready.json()]).toMatchObject([
    200,
    { status: 'degraded', reasons: [{ code: 'reload_failed' }] },
  ])
  expect(logged.some(({ level, message }) => level === 'error' && message.includes('the one before goes on'))).toBe(
    true,
  )
  expect(collector.metrics.read('spanwarden_config_reloads', { result: 'failed' })).toBe(1)
  expect(collector.metrics.read('spanwarden_config_last_reload_successful')).toBe(0)
  expect(await reload(forwarding({ endpoint: sink.url }))).toMatchObject({ result: 'unchanged' })
  expect(collector.health().status).toBe('ok')
})

test('a port that another program has: everything listens where it did before, and the queue is not held twice', async () => {
  await using sink = await startOtlpSink()
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const address = taken.address()
  const endpoint = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  const prometheus = { prometheus: { endpoint: ANY } }
  const config = (at: string): object => ({
    receivers: { otlp: { protocols: { http: { endpoint: at } } } },
    exporters: { otlp_http: { endpoint: sink.url }, ...prometheus },
    service: {
      ...own,
      pipelines: {
        traces: { receivers: ['otlp'], exporters: ['otlp_http'] },
        metrics: { receivers: ['otlp'], exporters: ['prometheus'] },
      },
    },
  })
  await start(config(ANY))
  const failed = await reload(config(endpoint))
  taken.close()
  expect(failed).toMatchObject({
    result: 'failed',
    problem: expect.stringContaining(`otlp: listen EADDRINUSE: address already in use ${endpoint}`),
  })
  expect(await send('a')).toBe(200)
  expect(await reload(config(endpoint))).toMatchObject({ result: 'applied' })
  expect(collector.listening()['otlp_http']).toBe(`http://${endpoint}`)
  expect(await send('b')).toBe(200)
  await sink.until(({ spans }) => spans.length === 2)
})

test('counters of a connector go on when it is the same, whatever changes around it', async () => {
  await using sink = await startOtlpSink()
  const config = (timeout: string, redaction: boolean): object => ({
    receivers,
    processors: { redaction: {} },
    connectors: { agent_metrics: { metrics_flush_interval: '20ms' } },
    exporters: { otlp_http: { endpoint: sink.url, timeout }, prometheus: { endpoint: ANY } },
    service: {
      ...own,
      pipelines: {
        traces: {
          receivers: ['otlp'],
          processors: redaction ? ['redaction'] : [],
          exporters: ['agent_metrics', 'otlp_http'],
        },
        metrics: { receivers: ['agent_metrics'], exporters: ['prometheus'] },
      },
    },
  })
  await start(config('5s', false))
  const agent = (spanId: string) =>
    spanBatch({
      spans: [
        {
          spanId,
          traceId: `${spanId}${spanId}`,
          name: 'invoke_agent a',
          attributes: { 'gen_ai.operation.name': 'invoke_agent' },
        },
      ],
    })
  const url = `${collector.listening()['otlp_http']}/v1/traces`
  const { prometheus = '' } = collector.listening()
  const requests = async () => /^agent_requests_total.* (\d+)$/m.exec(await (await fetch(prometheus)).text())?.[1]
  for (const [i, [timeout, redaction]] of (
    [
      ['5s', false],
      ['6s', true],
      ['7s', false],
    ] as const
  ).entries()) {
    expect((await reload(config(timeout, redaction))).result).toBe(i === 0 ? 'unchanged' : 'applied')
    expect((await post(url, agent(`010203040506070${i}`))).status).toBe(200)
    await until(async () => (await requests()) === `${i + 1}`)
  }
  expect(collector.listening()['prometheus']).toBe(prometheus)
})

test('reloads that are asked for at the same time are one after the other; extensions and the control server change without a gap', async () => {
  await using sink = await startOtlpSink()
  await start(forwarding({ endpoint: sink.url }))
  const { control = '' } = collector.listening()
  const withPage = {
    ...forwarding({ endpoint: sink.url }),
    extensions: { page: {} },
    service: { ...own, extensions: ['page'], pipelines: { traces: { receivers: ['otlp'], exporters: ['otlp_http'] } } },
  }
  expect((await fetch(`${control}/api/summary`)).status).toBe(404)
  next = withPage
  const answers = await Promise.all([collector.reload('a'), collector.reload('b'), collector.reload('c')])
  expect(answers.map(({ result }) => result)).toEqual(['applied', 'unchanged', 'unchanged'])
  expect((await fetch(`${control}/api/summary`)).status).toBe(200)
  expect((await reload(forwarding({ endpoint: sink.url }))).result).toBe('applied')
  expect((await fetch(`${control}/api/summary`)).status).toBe(404)
  expect(collector.metrics.read('spanwarden_config_reloads', { result: 'applied' })).toBe(2)
})
