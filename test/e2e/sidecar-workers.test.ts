import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { stringify } from 'yaml'
import { expect, test } from 'vitest'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { post } from '../support/post.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'
import { spanBatch } from '../support/span-batch.ts'
import { until } from '../support/until.ts'

const ANY = '127.0.0.1:0'
const WORKERS = 2
/** As every exporter has one: a connection that was given to a worker in the moment of its death is answered by nobody. */
const SEND_TIMEOUT_MS = 10_000

const configFor = (url: string, service: object = {}, exporter: object = {}): object => ({
  receivers: { otlp: { protocols: { http: { endpoint: ANY } } } },
  connectors: { agent_metrics: { metrics_flush_interval: '50ms' } },
  exporters: {
    otlp_http: { endpoint: url, retry_on_failure: { initial_interval: '20ms', max_interval: '100ms' }, ...exporter },
    prometheus: { endpoint: ANY },
  },
  service: {
    http: { endpoint: ANY },
    telemetry: { metrics: { address: ANY }, logs: { encoding: 'json' } },
    reload: { on_change: false },
    workers: WORKERS,
    shutdown_timeout: '5s',
    pipelines: {
      traces: { receivers: ['otlp'], exporters: ['agent_metrics', 'otlp_http'] },
      metrics: { receivers: ['agent_metrics'], exporters: ['prometheus'] },
    },
    ...service,
  },
})

/** Over a connection of its own: which worker gets it is the kernel's or the first process' choice. */
const send = async ({ listening }: SidecarProcess, body: Buffer): Promise<number> =>
  (await post(`${listening['otlp_http']}/v1/traces`, body, { signal: AbortSignal.timeout(SEND_TIMEOUT_MS) })).status
const named = (name: string): Buffer => spanBatch({ spans: [{ spanId: '0102030405060708', name }] })
const ownMetrics = async ({ listening }: SidecarProcess): Promise<string> =>
  (await fetch(listening['own_metrics'] ?? '')).text()
const valueOf = (text: string, series: string): number =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.split(' ')[1],
  )

test(
  'workers share a port; the metrics of agents are one, whichever worker got a span, and a span that comes twice counts once',
  { timeout: 240_000 },
  async () => {
    await using sink = await startOtlpSink()
    await using sidecar = await startSidecar(configFor(sink.url))
    const runs = Array.from({ length: 20 }, (_, i) => i.toString(16).padStart(2, '0'))
    for (const run of runs) {
      const traceId = run.repeat(16).replace(/^0{32}$/, '1'.repeat(32))
      const agent = {
        traceId,
        spanId: `a${run}`.padEnd(16, '1'),
        name: 'invoke_agent a',
        attributes: { 'gen_ai.operation.name': 'invoke_agent' },
      }
      const tool = {
        traceId,
        spanId: `b${run}`.padEnd(16, '1'),
        parentSpanId: agent.spanId,
        name: 'execute_tool t',
        attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 't' },
      }
      // The tool, the agent, and both again: four connections.
      for (const span of [tool, agent, tool, agent]) expect(await send(sidecar, spanBatch({ spans: [span] }))).toBe(200)
    }
    await sink.until(({ spans }) => spans.length === runs.length * 4)
    const scrape = async (): Promise<string> => (await fetch(sidecar.listening['prometheus'] ?? '')).text()
    const counts = [/^agent_tool_calls_total\{.*\} 20$/m, /^agent_requests_total\{.*\} 20$/m]
    await until(async () => {
      const text = await scrape()
      return counts.every((count) => count.test(text))
    }, 60_000)
    // Neither goes on to grow with what comes twice.
    const settled = await scrape()
    for (const count of counts) expect(settled).toMatch(count)
    const own = await ownMetrics(sidecar)
    const sent = [1, 2].map((worker) =>
      valueOf(own, `otelcol_exporter_sent_spans{worker="${worker}",exporter="otlp_http"}`),
    )
    expect(sent.every((spans) => spans > 0)).toBe(true)
    expect(sent.reduce((sum, spans) => sum + spans, 0)).toBe(runs.length * 4)
    expect(own.match(/^# TYPE otelcol_exporter_sent_spans /gm)).toHaveLength(1)
    expect(await sidecar.stop()).toBe(0)
  },
)

test(
  'a worker that is killed comes back with its queue; nothing that was answered 200 is lost',
  { timeout: 240_000 },
  async () => {
    const door = { isShut: true }
    await using sink = await startOtlpSink({
      refuse: (_request, response) => door.isShut && response.writeHead(503).end() !== undefined,
    })
    await using sidecar = await startSidecar(configFor(sink.url))
    const taken: string[] = []
    for (let i = 0; i < 40; i++) if ((await send(sidecar, named(`before ${i}`))) === 200) taken.push(`before ${i}`)
    expect(taken).toHaveLength(40)
    const [victim = 0] = workersOf(sidecar.pid)
    process.kill(victim, 'SIGKILL')
    for (let i = 0; i < 40; i++)
      if ((await send(sidecar, named(`after ${i}`)).catch(() => 0)) === 200) taken.push(`after ${i}`)
    door.isShut = false
    await until(() => taken.every((name) => sink.spans.some((span) => span.name === name)), 120_000)
    await until(async () => (await ownMetrics(sidecar)).includes('spanwarden_worker_up{worker="1"} 1'), 120_000)
    expect(await ownMetrics(sidecar)).toContain('spanwarden_worker_restarts 1')
    expect(workersOf(sidecar.pid)).toHaveLength(WORKERS)
    const log = await (await fetch(`${sidecar.listening['control']}/api/log`)).json()
    expect(JSON.stringify(log)).toContain('a worker has ended')
  },
)

test.each(['disk', 'file_storage'])(
  'queues of workers that are no more are sent by those that are: %s',
  { timeout: 240_000 },
  async (storage) => {
    const stateFolder = mkdtempSync(join(tmpdir(), 'spanwarden-workers-'))
    const directory = mkdtempSync(join(tmpdir(), 'spanwarden-workers-queue-'))
    const config = (url: string, workers: number): object => ({
      ...configFor(url, { workers, extensions: ['file_storage'] }, { sending_queue: { storage } }),
      extensions: { file_storage: { directory } },
    })
    await using gone = await startOtlpSink()
    await gone.close()
    await using sink = await startOtlpSink()
    for (const workers of [2, 1, 3]) {
      await using sidecar = await startSidecar(config(gone.url, workers), { stateFolder })
      for (let i = 0; i < 20; i++) expect(await send(sidecar, named(`${workers} workers ${i}`))).toBe(200)
      expect(await sidecar.stop()).toBe(0)
    }
    const folder = storage === 'disk' ? stateFolder : directory
    expect(readdirSync(join(folder, 'workers')).sort()).toEqual(['1', '2', '3'])
    expect(readdirSync(join(folder, 'workers', '1'))).toContain(storage === 'disk' ? 'queue' : 'otlp_http')
    await using last = await startSidecar(config(sink.url, 1), { stateFolder })
    await sink.until(({ spans }) => new Set(spans.map(({ name }) => name)).size === 60)
    expect(sink.spans).toHaveLength(60)
    expect(await last.stop()).toBe(0)
  },
)

/** Undefined for a connection that was reset: one that nobody had accepted when a listener changed hands. Senders repeat then, as nothing was acknowledged. */
function resetOnly(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') return
  throw error
}

test('reload: each worker takes the new configuration, or none does', { timeout: 240_000 }, async () => {
  await using first = await startOtlpSink()
  await using second = await startOtlpSink()
  await using sidecar = await startSidecar(configFor(first.url))
  const stopped = new AbortController()
  const taken: string[] = []
  const failures: number[] = []
  const load = Array.from({ length: 4 }, async (_, sender) => {
    for (let i = 0; !stopped.signal.aborted; i++) {
      const status = await send(sidecar, named(`${sender} ${i}`)).catch(resetOnly)
      if (status === 200) taken.push(`${sender} ${i}`)
      else if (status !== undefined) failures.push(status)
    }
  })
  const reload = async (config: object): Promise<unknown> => {
    writeFileSync(sidecar.configFile, stringify(config))
    const before = taken.length
    const answer = await (await fetch(`${sidecar.listening['control']}/api/reload`, { method: 'POST' })).json()
    await until(() => taken.length > before + 20)
    return answer
  }
  for (const url of [second.url, first.url, second.url])
    expect(await reload(configFor(url))).toMatchObject({ result: 'applied' })
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  const address = blocker.address()
  const endpoint = `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  const onTaken = { ...configFor(second.url), receivers: { otlp: { protocols: { http: { endpoint } } } } }
  expect(await reload(onTaken)).toMatchObject({ result: 'failed', problem: expect.stringContaining('EADDRINUSE') })
  blocker.close()
  expect(await reload(configFor(first.url, { workers: 3 }))).toMatchObject({
    result: 'failed',
    problem: expect.stringContaining('service.workers'),
  })
  stopped.abort()
  await Promise.all(load)
  const there = (): Set<string> => new Set([...first.spans, ...second.spans].map(({ name }) => name))
  await until(() => taken.every((name) => there().has(name)), 120_000)
  expect(failures).toEqual([])
})

test('/readyz is 503 until OTLP is taken, with workers as well', { timeout: 240_000 }, async () => {
  await using sink = await startOtlpSink()
  for (const workers of [1, WORKERS]) {
    const [control, http] = [await freePort(), await freePort()]
    const config = configFor(sink.url, { workers, http: { endpoint: control } })
    const starting = startSidecar({ ...config, receivers: { otlp: { protocols: { http: { endpoint: http } } } } })
    const seen: string[] = []
    await until(async () => {
      const ready = await fetch(`http://${control}/readyz`).catch(() => undefined)
      if (ready?.status === 503) seen.push(String(((await ready.json()) as { status: unknown }).status))
      else await ready?.body?.cancel()
      return ready?.status === 200
    }, 120_000)
    expect((await post(`http://${http}/v1/traces`, named('first'))).status).toBe(200)
    expect(new Set(seen)).toEqual(new Set(workers === 1 ? seen : ['starting']))
    await using sidecar = await starting
    expect(await sidecar.stop()).toBe(0)
  }
})

test('what waits in workers stands in /health, and for how long in the metrics', { timeout: 240_000 }, async () => {
  await using sink = await startOtlpSink({
    refuse: (_request, response) => response.writeHead(503).end() !== undefined,
  })
  await using sidecar = await startSidecar(configFor(sink.url))
  for (let i = 0; i < 6; i++) expect(await send(sidecar, named(`waits ${i}`))).toBe(200)
  const exporter = async (): Promise<unknown> => {
    const { components } = (await (await fetch(`${sidecar.listening['control']}/health`)).json()) as {
      components: readonly { id: string }[]
    }
    return components.find(({ id }) => id === 'otlp_http')
  }
  const reason = 'its backend does not answer or refuses'
  const expected = { id: 'otlp_http', kind: 'exporter', queued_items: 6, status: 'degraded', reason }
  await until(async () => isDeepStrictEqual(await exporter(), expected))
  const own = await ownMetrics(sidecar)
  const oldest = [1, 2].map((worker) =>
    valueOf(
      own,
      `spanwarden_exporter_queue_oldest_seconds{worker="${worker}",data_type="traces",exporter="otlp_http"}`,
    ),
  )
  expect(Math.max(...oldest)).toBeGreaterThan(0)
})

/** One that is free at this moment. */
async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
}

/** Processes that this one has started. */
function workersOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => parentOf(child) === pid)
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}
