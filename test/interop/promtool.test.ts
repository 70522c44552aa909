import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { Edits } from '../../src/otlp/edits.ts'
import { OtlpView } from '../../src/otlp/view.ts'
import type { Exporter } from '../../src/sidecar/component.ts'
import { agentMetrics } from '../../src/sidecar/connectors/agent-metrics.ts'
import { prometheus } from '../../src/sidecar/exporters/prometheus.ts'
import { cost } from '../../src/sidecar/processors/cost.ts'
import { testContext } from '../support/component-context.ts'
import { describeWithData, sharedData } from '../support/shared-data.ts'
import { spanBatch } from '../support/span-batch.ts'

/** Prometheus and its promtool from the system, e.g. the Debian package `prometheus`; without them these tests are skipped. */
const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0

const exporters: Exporter[] = []
const children: ChildProcess[] = []
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGTERM')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  for (const exporter of exporters.splice(0)) await exporter.stop?.()
})

async function startExporter(): Promise<{ url: string; send(bytes: Buffer): Promise<unknown> }> {
  const context = { ...testContext('prometheus'), service: () => expect.unreachable() }
  const exporter = prometheus.create(prometheus.config.parse({ endpoint: '127.0.0.1:0' }), context)
  await exporter.start?.()
  exporters.push(exporter)
  return {
    url: exporter.listening?.()['prometheus'] ?? '',
    send(bytes) {
      const payload = { signal: 'metrics' as const, bytes, items: 1, retain: () => payload, release: () => undefined }
      return exporter.send(payload, new AbortController().signal)
    },
  }
}

/** Spans through cost, agent_metrics and the exporter, as the pipelines of the default configuration have it. */
async function fiveMetrics(): Promise<string> {
  const { url, send } = await startExporter()
  const emitted: Buffer[] = []
  const connector = agentMetrics.create(agentMetrics.config.parse({}), {
    ...testContext('agent_metrics'),
    emit: (_signal, bytes) => void emitted.push(bytes),
  })
  connector.start()
  const view = new OtlpView('traces', agentRun)
  cost.create({ prices_file: '' }, testContext('cost')).process(view, new Edits(view))
  connector.consume(view)
  connector.stop()
  for (const bytes of emitted) await send(bytes)
  return url
}

const start = 1_790_000_000_000
const agentRun = spanBatch({
  attributes: { 'service.name': 'support', 'service.version': '1.0.0' },
  spans: [
    {
      spanId: '0000000000000003',
      parentSpanId: '0000000000000001',
      startMs: start,
      endMs: start + 900,
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt-4o-mini',
        'gen_ai.usage.input_tokens': 2_000,
        'gen_ai.usage.output_tokens': 200,
        'gen_ai.usage.cache_read.input_tokens': 500,
      },
    },
    {
      spanId: '0000000000000002',
      parentSpanId: '0000000000000001',
      startMs: start,
      endMs: start + 100,
      status: 2,
      attributes: {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'look "up"\\',
        'error.type': 'timeout',
      },
    },
    {
      spanId: '0000000000000001',
      startMs: start,
      endMs: start + 31_000,
      attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'support' },
    },
  ],
})

const promtoolCheck = (text: string): { status: number | null; output: string } => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

/** promtool: 0 = sound, 1 = not readable, 3 = readable, but a name is not to its taste. */
const UNREADABLE = 1

describe.skipIf(!has('promtool'))('promtool check metrics', () => {
  test('finds nothing to say about the agent’s metrics', async () => {
    const text = await (await fetch(await fiveMetrics())).text()
    expect(text).toContain('agent_request_latency_seconds_bucket')
    expect(promtoolCheck(text)).toEqual({ status: 0, output: '' })
  })

  test('reports a broken exposition, so the checks above can fail', () => {
    expect(promtoolCheck('agent_x{a="b} 1\n').status).toBe(UNREADABLE)
  })

  describeWithData('otlp/generated-pb', () => {
    const folder = sharedData('otlp/generated-pb')
    test.each(readdirSync(folder).filter((name) => name.includes('metrics')))(
      'can read what becomes of %s',
      async (name) => {
        const { url, send } = await startExporter()
        await send(readFileSync(join(folder, name)))
        const checked = promtoolCheck(await (await fetch(url)).text())
        expect(checked).not.toMatchObject({ status: UNREADABLE })
      },
    )
  })
})

describe.skipIf(!has('prometheus'))('a real Prometheus', () => {
  test('scrapes the agent’s metrics, under the agent’s own job and instance', async () => {
    const url = new URL(await fiveMetrics())
    const api = await startPrometheus(url)
    await until(async () => (await query(api, 'up')).some(({ value }) => value === '1'))
    expect(await query(api, 'agent_tool_calls_total')).toEqual([
      {
        metric: expect.objectContaining({
          job: 'support',
          gen_ai_tool_name: 'look "up"\\',
          spanwarden_result: 'error',
        }),
        value: '1',
      },
    ])
    const numbers = await Promise.all(
      [
        'agent_request_latency_seconds_count',
        'sum(agent_request_latency_seconds_bucket{le="30"})',
        'agent_requests_total{spanwarden_result="ok"}',
        'agent_requests_total{spanwarden_result="error"}',
        'agent_error_rate_ratio',
        'sum(agent_tokens_used_total{spanwarden_token_type=~"input|output"})',
        'agent_cost_usd_total',
        'agent_heartbeat_timestamp_seconds > bool 0',
        'sum(agent_request_latency_seconds_count) * on (job, instance) group_left (service_version) target_info or target_info{service_version="1.0.0"}',
      ].map(async (expression) => (await query(api, expression)).map(({ value }) => value)),
    )
    expect(numbers).toEqual([['1'], ['0'], ['1'], ['0'], ['0'], ['2200'], ['0.0003825'], ['1'], ['1']])
  })
})

/** Runs Prometheus with one scrape job until the test ends; resolves to the address of its API. */
async function startPrometheus(target: URL): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'))
  const config = {
    global: { scrape_interval: '1s' },
    scrape_configs: [
      {
        job_name: 'spanwarden',
        honor_labels: true,
        metrics_path: target.pathname,
        static_configs: [{ targets: [target.host] }],
      },
    ],
  }
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config))
  const child = spawn('prometheus', [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/data`,
    '--web.listen-address=127.0.0.1:0',
    '--log.level=info',
  ])
  children.push(child)
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text))
  child.stdout.resume()
  const address = (): string | undefined => /msg="Listening on" address=(\S+)/.exec(log)?.[1]
  await until(() => address() !== undefined)
  const api = `http://${address() ?? ''}`
  // It listens, and answers 503, before its storage is open.
  await until(async () => (await fetch(`${api}/-/ready`)).ok)
  return api
}

async function query(api: string, expression: string): Promise<{ metric: Record<string, string>; value: string }[]> {
  const response = await fetch(`${api}/api/v1/query?query=${encodeURIComponent(expression)}`)
  const body = (await response.json()) as {
    data?: { result: { metric: Record<string, string>; value: [number, string] }[] }
  }
  return (body.data?.result ?? []).map(({ metric, value }) => ({ metric, value: value[1] }))
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 25_000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('waited in vain')
    await pause(50)
  }
}
