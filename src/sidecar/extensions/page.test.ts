import { once } from 'node:events'
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { fastify } from 'fastify'
import type { FastifyInstance } from 'fastify'
import { afterEach, describe, expect, test } from 'vitest'
import { testContext } from '../../../test/support/component-context.ts'
import type { TestContext } from '../../../test/support/component-context.ts'
import { pointBatch } from '../../../test/support/point-batch.ts'
import { spanBatch } from '../../../test/support/span-batch.ts'
import { storeService } from '../../store/embedded-store.ts'
import type { EmbeddedStore } from '../../store/embedded-store.ts'
import type { ServiceName } from '../component.ts'
import { Services } from '../services.ts'
import { page } from './page.ts'

interface Served {
  readonly http: FastifyInstance
  readonly store: EmbeddedStore
  readonly context: TestContext
  stop(): Promise<void>
}

const running: Served[] = []
afterEach(async () => {
  for (const served of running.splice(0)) await served.stop()
})

function serve(config: object = {}): Served {
  const context = testContext('page')
  const http = fastify()
  const services = new Services(() => context)
  const service = <T>(name: ServiceName<T>): T => services.get(name)
  const extension = page.create(page.config.parse(config), {
    ...context,
    http,
    readySinceMs: () => 0,
    service,
  })
  const served = {
    http,
    context,
    store: service(storeService),
    async stop() {
      await extension.stop?.()
      await http.close()
      services.close()
    },
  }
  running.push(served)
  return served
}

const NOW = Date.UTC(2026, 10, 21, 12)
const traceId = (n: number): string => n.toString(16).padStart(32, '0')
const writeRun = (store: EmbeddedStore, n: number): void =>
  store.write(
    'traces',
    spanBatch({
      attributes: { 'service.name': 'support' },
      spans: [
        {
          traceId: traceId(n),
          spanId: '00000000000000aa',
          name: 'invoke_agent support',
          startMs: NOW - 9000 + n,
          endMs: NOW - 1000,
          attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'support' },
        },
      ],
    }),
  )

describe('the API', () => {
  test('runs, one run, one span', async () => {
    const { http, store } = serve()
    for (let n = 1; n <= 3; n++) writeRun(store, n)
    const first = (await http.inject('/api/runs?limit=2')).json()
    expect(first.runs.map((run: { traceId: string }) => run.traceId)).toEqual([traceId(3), traceId(2)])
    const second = (await http.inject(`/api/runs?limit=2&before=${first.next}`)).json()
    expect(second).toMatchObject({ runs: [{ traceId: traceId(1), agent: 'support', status: 'ok' }], next: null })
    const run = (await http.inject(`/api/runs/${traceId(1)}`)).json()
    expect(run).toMatchObject({
      run: { spans: 1 },
      spans: [{ name: 'invoke_agent support', role: 'agent', parentSpanId: '' }],
    })
    const span = (await http.inject(`/api/runs/${traceId(1)}/spans/00000000000000aa`)).json()
    expect(span).toMatchObject({
      attributes: { 'gen_ai.agent.name': 'support' },
      resource: { 'service.name': 'support' },
    })
  })

  test('metrics of the last hour unless a range is given, and the summary', async () => {
    const { http, store } = serve()
    store.write(
      'metrics',
      pointBatch([{ metric: 'agent.cost', value: 0.75, timeMs: NOW - 60_000, startMs: NOW - 90_000 }]),
    )
    const metrics = (await http.inject('/api/metrics')).json()
    expect(metrics).toMatchObject({
      toMs: NOW,
      stepMs: 60_000,
      panels: { cost: { current: 0.75 }, latency: { current: null } },
    })
    expect(metrics.panels.cost.values).toHaveLength(metrics.timesMs.length)
    const narrow = (await http.inject(`/api/metrics?from=${NOW - 30_000}&to=${NOW}`)).json()
    expect(narrow.panels.cost.current).toBeNull()
    expect((await http.inject('/api/summary')).json()).toMatchObject({
      version: '0.0.0',
      nowMs: NOW,
      spendTodayUsd: 0.75,
    })
  })

  test.each([
    '/api/runs?limit=0',
    '/api/runs?limit=201',
    '/api/runs?limit=x',
    '/api/runs?before=1;DROP TABLE run',
    '/api/runs?status=bad',
    '/api/runs?agent=a&agent=b',
    '/api/runs?unknown=1',
    '/api/runs/xyz',
    `/api/runs/${'A'.repeat(32)}`,
    `/api/runs/${'a'.repeat(32)}/spans/1`,
    '/api/metrics?from=2&to=1',
    '/api/metrics?from=1&to=9999999999999',
    '/api/metrics?from=-1&to=5',
    '/api/metrics?from=0&to=NaN',
  ])('%s is a bad request', async (url) => {
    const response = await serve().http.inject(encodeURI(url))
    expect(response.statusCode).toBe(400)
    expect(response.json().error).toMatch(/^this takes /)
  })

  test.each([`/api/runs/${'a'.repeat(32)}`, `/api/runs/${'a'.repeat(32)}/spans/${'b'.repeat(16)}`])(
    '%s is not there',
    async (url) => {
      expect((await serve().http.inject(url)).statusCode).toBe(404)
    },
  )
})

describe('trying the redaction', () => {
  test('tells what would be taken out of a text, where and why', async () => {
    const email = ['ada', 'example.com'].join('@')
    const response = await serve().http.inject({
      method: 'POST',
      url: '/api/redaction',
      payload: { text: `é 😀 ${email}` },
    })
    expect(response.json()).toEqual({
      text: 'é 😀 [REDACTED:EMAIL]',
      found: [
        {
          start: 5,
          end: 20,
          rule: 'EMAIL',
          confidence: expect.any(Number),
          replacement: '[REDACTED:EMAIL]',
          summary: expect.stringMatching(/e-mail/i),
        },
      ],
    })
  })

  test.each([{}, { text: 1 }, { text: 'x'.repeat(262_145) }, { text: 'a', more: 1 }])(
    'what is no text of the right size is refused without an echo',
    async (payload) => {
      const response = await serve().http.inject({ method: 'POST', url: '/api/redaction', payload })
      expect(response.statusCode).toBe(400)
      expect(response.json()).toEqual({ error: 'this takes {"text": …} of at most 262144 characters' })
    },
  )
})

describe('the page', () => {
  test('is served with a policy that lets nothing in from elsewhere and nothing inline', async () => {
    const { http } = serve()
    const response = await http.inject('/')
    expect(response.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(response.headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
    )
    expect(response.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
    expect(response.body).not.toMatch(/<style|style="|<script>|onclick|https?:\/\/(?!www\.w3\.org)/)
    for (const [, path = ''] of response.body.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      const asset = await http.inject(path)
      expect(asset.statusCode).toBe(200)
      const again = await http.inject({ url: path, headers: { 'if-none-match': String(asset.headers.etag) } })
      expect(again.statusCode).toBe(304)
    }
  })

  test.each(['/assets/no.js', '/assets/..%2Fbuild.ts', '/assets/__proto__'])('%s is not there', async (url) => {
    expect((await serve().http.inject(url)).statusCode).toBe(404)
  })
})

describe('events', () => {
  async function listen(
    http: FastifyInstance,
  ): Promise<{ response: IncomingMessage; until(text: string): Promise<string> }> {
    const address = http.server.address() ?? (await http.listen({ host: '127.0.0.1', port: 0 }), http.server.address())
    if (address === null || typeof address === 'string') throw new Error('no port')
    const request = get({ host: '127.0.0.1', port: address.port, path: '/api/events' })
    const [response]: IncomingMessage[] = await once(request, 'response')
    if (response === undefined) throw new Error('no response')
    let received = ''
    response.setEncoding('utf8')
    response.on('data', (chunk) => (received += chunk))
    const until = async (text: string): Promise<string> => {
      while (!received.includes(text)) await once(response, 'data')
      return received
    }
    return { response, until }
  }

  test('what was written is told once, gathered', async () => {
    const { http, store, context } = serve()
    const { response, until } = await listen(http)
    await until('retry:')
    expect(response.headers['content-type']).toBe('text/event-stream')
    expect(response.headers['content-security-policy']).toContain("default-src 'none'")
    writeRun(store, 1)
    writeRun(store, 1)
    store.write('metrics', pointBatch([{ metric: 'agent.cost', value: 1, timeMs: NOW, startMs: NOW }]))
    context.clock.advance(500)
    const text = await until('"metrics":true')
    expect(text.match(/event: change/g)).toHaveLength(1)
    const change = JSON.parse(/data: (.*)/.exec(text)?.[1] ?? '')
    expect(change).toMatchObject({ runs: [{ traceId: traceId(1), status: 'ok' }], more: false, metrics: true })
    context.clock.advance(15_000)
    await until(': here')
    response.destroy()
  })

  test('further clients than the limit are told to come back; stop ends the others', async () => {
    const served = serve({ max_event_clients: 1 })
    const first = await listen(served.http)
    const second = await listen(served.http)
    expect(second.response.statusCode).toBe(503)
    expect(second.response.headers['retry-after']).toBe('10')
    second.response.resume()
    const ended = once(first.response, 'end')
    running.splice(0)
    await served.stop()
    await ended
    expect(first.response.complete).toBe(true)
  })
})
