import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startModelServer } from '../support/model-server.ts'
import { completion } from '../support/openai-shapes.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import type { OtlpSink } from '../support/otlp-sink.ts'
import { runAgent } from '../support/run-agent.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'

const STOP_AT = 8
const RUN_LIMITS = {
  loops: { enabled: true, agent_stops_after: 0 },
  velocity: { tool_calls: { warn: 4, stop: STOP_AT } },
}
const CONFIG = {
  extensions: { guard: RUN_LIMITS },
  receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
  exporters: { debug: {} },
  service: {
    extensions: ['guard'],
    pipelines: { traces: { receivers: ['otlp'], exporters: ['debug'] } },
    http: { endpoint: '127.0.0.1:0' },
    telemetry: { metrics: { address: '127.0.0.1:0' } },
  },
}

/** A process in a run that others are in, too: calls a tool so often, or until it is denied, each time with another result. */
const WORKER = `
  import { context, trace } from '@opentelemetry/api'
  import { tool } from './src/index.ts'
  const search = tool('search', { class: 'read' }, async (query) => query + ' found')
  const remote = { traceId: 'RUN', spanId: '00f067aa0ba902b7', traceFlags: 1, isRemote: true }
  let said = 'done'
  for (let i = 0; i < CALLS && said === 'done'; i++) {
    await context.with(trace.setSpanContext(context.active(), remote), () => search(process.pid + ' ' + i)).catch(({ name, code, rule }) => (said = [name, code, rule, i].join(' ')))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  console.log(said)`

let folder: string
let sink: OtlpSink
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanwarden-runs-'))
  sink = await startOtlpSink()
})
afterAll(async () => {
  await sink[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

async function work(run: string, calls: number): Promise<string> {
  const script = WORKER.replaceAll('RUN', run).replaceAll('CALLS', String(calls))
  const { stdout, stderr } = await runAgent({ endpoint: sink.url, script, env: { SPANWARDEN_STATE_DIR: folder } })
  expect(stderr).toBe('')
  return stdout.trim()
}
const resume = async ({ listening }: SidecarProcess, value: string): Promise<unknown> => {
  const order = { scope: 'run', value, person: 'Ada', reason: 'looked at it' }
  const response = await fetch(`${listening['control']}/api/guard/resume`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
  })
  return response.json()
}

test('calls of two processes in one run count together; the stop outlives the sidecar, and a resumed run begins anew', async () => {
  const run = '0af7651916cd43dd8448eb211c80319c'
  {
    await using sidecar = await startSidecar(CONFIG, { stateFolder: folder })
    expect(await work(run, STOP_AT - 2)).toBe('done')
    // Another run is its own.
    expect(await work(run.replace('0af', '1af'), STOP_AT - 2)).toBe('done')
    expect(await work(run, 100)).toMatch(/^LoopStoppedError LOOP_STOPPED tool_calls [2-9]\d?$/)
    expect(sidecar.output).toContain('stopped until a person resumes it')
  }
  await using sidecar = await startSidecar(CONFIG, { stateFolder: folder })
  expect(await work(run, 1)).toBe('LoopStoppedError LOOP_STOPPED tool_calls 0')
  expect(await resume(sidecar, run)).toEqual({ resumed: true })
  expect(await work(run, STOP_AT)).toBe('done')
  expect(await work(run, 100)).toMatch(/tool_calls/)
  const marked = sink.spans.filter(
    ({ attributes }) => attributes['spanwarden.guard.rule'] === 'LOOP_STOPPED tool_calls',
  )
  expect(marked.length).toBeGreaterThanOrEqual(4)
}, 120_000)

test('a call for which too little is left gets a shorter answer from a real sidecar, and the last one is denied', async () => {
  await using server = await startModelServer()
  const state = join(folder, 'clamp')
  const guard = { budgets: { daily: { limit_usd: 0.002 } }, on_insufficient: 'clamp' }
  await using sidecar = await startSidecar({ ...CONFIG, extensions: { guard } }, { stateFolder: state })
  server.answer(completion({ content: 'Hello' }))
  const script = `
    import OpenAI from 'openai'
    const client = new OpenAI({ apiKey: 'k', baseURL: '${server.url}/v1' })
    const ask = () => client.chat.completions.create({ model: 'gpt-4o-mini', max_completion_tokens: 16000, messages: [{ role: 'user', content: 'Hi' }] })
    for (let i = 0; i < 500; i++) await ask().catch(({ code }) => { console.log(code); process.exit() })`
  const { stdout, stderr } = await runAgent({ endpoint: sink.url, script, env: { SPANWARDEN_STATE_DIR: state } })
  expect([stdout, stderr]).toEqual(['BUDGET_EXHAUSTED\n', ''])
  const limits = server.requests.map(({ body }) => Number(JSON.parse(body).max_completion_tokens))
  expect(limits.length).toBeGreaterThan(1)
  expect(Math.max(...limits)).toBeLessThan(4_000)
  expect(Math.min(...limits)).toBeGreaterThanOrEqual(256)
  const spent = await fetch(`${sidecar.listening['control']}/api/guard`).then((response) => response.json())
  expect(spent).toMatchObject({ budgets: [{ budget: 'daily', held_usd: 0 }] })
}, 120_000)
