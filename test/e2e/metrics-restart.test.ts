import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { post } from '../support/post.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'
import { spanBatch, type TestSpan } from '../support/span-batch.ts'
import { until } from '../support/until.ts'

/* Real processes: counters and held traces outlive SIGTERM and SIGKILL. Every interleaving is in the tests beside the components. */

const newStateFolder = (): string => join(mkdtempSync(join(tmpdir(), 'spanwarden-restart-')), 'state')

const config = (backend: string) => ({
  receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
  processors: {
    tail_sampling: {
      decision_wait: '500ms',
      policies: [{ name: 'errors', type: 'status_code', status_code: { status_codes: ['ERROR'] } }],
    },
  },
  connectors: { agent_metrics: { metrics_flush_interval: '200ms' } },
  exporters: { otlp_http: { endpoint: backend, compression: 'none' }, prometheus: { endpoint: '127.0.0.1:0' } },
  service: {
    http: { endpoint: '127.0.0.1:0' },
    telemetry: { metrics: { level: 'none' } },
    pipelines: {
      traces: { receivers: ['otlp'], processors: ['tail_sampling'], exporters: ['agent_metrics', 'otlp_http'] },
      metrics: { receivers: ['agent_metrics'], exporters: ['prometheus'] },
    },
  },
})

async function kill(sidecar: SidecarProcess): Promise<void> {
  process.kill(sidecar.pid, 'SIGKILL')
  await until(() => {
    try {
      process.kill(sidecar.pid, 0)
      return false
    } catch {
      return true
    }
  })
}

/** As clients do: again, while tail_sampling still reads what an earlier process left. */
async function send(sidecar: SidecarProcess, ...spans: TestSpan[]): Promise<void> {
  const body = spanBatch({ attributes: { 'service.name': 'support' }, spans })
  await until(async () => {
    const answer = await post(`${sidecar.listening['otlp_http']}/v1/traces`, body)
    expect(answer.status === 200 || answer.body.includes('tail_sampling is not ready yet')).toBe(true)
    return answer.status === 200
  })
}

async function toolCalls(sidecar: SidecarProcess): Promise<number> {
  const text = await (await fetch(sidecar.listening['prometheus'] ?? '')).text()
  return [...text.matchAll(/^agent_tool_calls_total\{.*\} (\d+)$/gm)].reduce((sum, [, n]) => sum + Number(n), 0)
}

const id = (n: number): string => n.toString(16).padStart(16, '0')
const trace = (n: number): string => n.toString(16).padStart(32, '0')
const tool = (traceNumber: number, n: number, extra: Partial<TestSpan> = {}): TestSpan => ({
  traceId: trace(traceNumber),
  spanId: id(n),
  ...(n === 1 ? {} : { parentSpanId: id(1) }),
  name: `span ${traceNumber}/${n}`,
  attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' },
  ...extra,
})

test('over SIGKILL and SIGTERM: counters go on, and a trace whose spans came before and after is kept whole', async () => {
  await using sink = await startOtlpSink()
  const stateFolder = newStateFolder()
  const failed = { status: 2 }

  await using first = await startSidecar(config(sink.url), { stateFolder })
  await send(first, tool(1, 2, failed), tool(1, 3), tool(2, 2))
  await until(async () => (await toolCalls(first)) === 3)
  await kill(first)
  expect(sink.spans).toEqual([])

  await using second = await startSidecar(config(sink.url), { stateFolder })
  // A client that was not answered sends again; what was counted is not counted again.
  await send(second, tool(1, 3), tool(1, 1), tool(2, 1))
  await until(async () => (await toolCalls(second)) === 5)
  await sink.until(() => new Set(sink.spans.map(({ name }) => name)).size === 3)
  await kill(second)

  await using third = await startSidecar(config(sink.url), { stateFolder })
  await until(async () => (await toolCalls(third)) === 5)
  await send(third, tool(3, 2, failed))
  // Decided with what has come of it.
  expect(await third.stop()).toBe(0)

  await using fourth = await startSidecar(config(sink.url), { stateFolder })
  await until(async () => (await toolCalls(fourth)) === 6)
  expect([...new Set(sink.spans.map(({ name }) => name))].sort()).toEqual([
    'span 1/1',
    'span 1/2',
    'span 1/3',
    'span 3/2',
  ])
}, 180_000)
