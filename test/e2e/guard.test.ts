import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseJournal } from '../../src/control/slice-journal.ts'
import { guardMarkerText } from '../../src/control/guard-marker.ts'
import { TEXT, TOOL } from '../support/ai-shapes.ts'
import { FAKE_RULES, startFakeSidecar } from '../support/fake-sidecar.ts'
import type { FakeSidecar } from '../support/fake-sidecar.ts'
import { startModelServer } from '../support/model-server.ts'
import type { ModelServer } from '../support/model-server.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { runAgent } from '../support/run-agent.ts'
import { until } from '../support/until.ts'

const LOOP = `
  import { generateText, stepCountIs, tool } from 'ai'
  import { createOpenAI } from '@ai-sdk/openai'
  import * as z from 'zod'
  const model = createOpenAI({ apiKey: 'key', baseURL: MODEL + '/v1' }).chat('gpt-4o-mini')
  const tools = { weather: tool({ inputSchema: z.object({ city: z.string() }), execute: async () => console.log('RAN') ?? 'sunny' }) }
  const { steps } = await generateText({ model, tools, prompt: 'CANARY', stopWhen: stepCountIs(3) })
  console.log(JSON.stringify(steps.flatMap(({ content }) => content.map(({ type, error }) => [type, error?.code]))))`

const CALL = `
  import OpenAI from 'openai'
  const client = new OpenAI({ apiKey: 'k', baseURL: MODEL + '/v1' })
  const ask = () => client.chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'CANARY' }] })
  console.log(await ask().then(() => 'answered', (error) => [error.name, error.code].join()))`

describe('an agent in a process of its own', () => {
  let folder: string
  let server: ModelServer
  let sidecar: FakeSidecar
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'spanwarden-guard-'))
    server = await startModelServer()
    sidecar = await startFakeSidecar(join(folder, 'control.sock'))
  })
  afterAll(async () => {
    await sidecar[Symbol.asyncDispose]()
    await server.close()
    rmSync(folder, { recursive: true })
  })

  async function run(script: string, env: Record<string, string> = {}): Promise<{ stdout: string; stderr: string }> {
    await using sink = await startOtlpSink()
    server.requests.length = sidecar.said.length = 0
    const source = script.replaceAll('MODEL', JSON.stringify(server.url))
    return runAgent({ endpoint: sink.url, script: source, env: { SPANWARDEN_STATE_DIR: folder, ...env } })
  }

  test('without a marker there is no guard', async () => {
    server.answer(TEXT)
    expect((await run(CALL)).stdout).toBe('answered\n')
    expect(sidecar.said).toEqual([])
  })

  test('an agent that is there before the first sidecar is guarded when the marker comes', async () => {
    server.answer(TEXT)
    const asked = `
      import { existsSync, renameSync, writeFileSync } from 'node:fs'
      ${CALL}
      console.log('UNGUARDED')
      writeFileSync(FOLDER + '/guard.new', '{"version":1,"mode":"enforce"}')
      renameSync(FOLDER + '/guard.new', FOLDER + '/guard.json')
      // Nothing is called meanwhile: it comes by itself.
      while (!existsSync(FOLDER + '/seen')) await new Promise((resolve) => setTimeout(resolve, 10))
      console.log(await ask().then(() => 'answered', (error) => [error.name, error.code].join()))`
    sidecar.state.answer = () => ({ code: 'BUDGET_EXHAUSTED', rule: 'daily', message: 'nothing is left' })
    const running = run(asked.replaceAll('FOLDER', JSON.stringify(folder)))
    await until(() => sidecar.saidOf('hello').length === 1, 30_000)
    writeFileSync(join(folder, 'seen'), '')
    expect((await running).stdout).toBe('answered\nUNGUARDED\nBudgetExhaustedError,BUDGET_EXHAUSTED\n')
    sidecar.state.answer = () => ({})
  }, 60_000)

  test('with a marker it asks; SPANWARDEN_GUARD=off is the operator’s word', async () => {
    writeFileSync(join(folder, 'guard.json'), guardMarkerText({ mode: 'enforce' }))
    server.answer(TEXT)
    // What is loaded before the first call takes its time.
    const busy = 'for (const end = performance.now() + 2_500; performance.now() < end; );'
    expect((await run(CALL.replace('console.log', `${busy}\n  console.log`))).stdout).toBe('answered\n')
    expect(sidecar.saidOf('hold')).toHaveLength(1)
    expect(sidecar.saidOf('settle')).toHaveLength(1)
    expect(JSON.stringify(sidecar.said)).not.toContain('CANARY')
    expect((await run(CALL, { SPANWARDEN_GUARD: 'off' })).stdout).toBe('answered\n')
    expect(sidecar.said).toEqual([])
  })

  test.each([{}, { SPANWARDEN_GUARD: 'off' }, { SPANWARDEN_STATE_DIR: '/nowhere' }])(
    'a worker thread with the environment %j has the limits of the thread that started it',
    async (env) => {
      writeFileSync(join(folder, 'guard.json'), guardMarkerText({ mode: 'enforce' }))
      server.answer(TEXT)
      sidecar.state.answer = () => ({ code: 'BUDGET_EXHAUSTED', rule: 'daily', message: 'nothing is left' })
      const thread = `
        import OpenAI from 'openai'
        const client = new OpenAI({ apiKey: 'k', baseURL: MODEL + '/v1' })
        client.chat.completions
          .create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'CANARY' }] })
          .then(() => console.log('answered'), (error) => console.log(error.code))`
      const script = `
        import { Worker } from 'node:worker_threads'
        new Worker(\`${thread}\`, { eval: true, env: ${JSON.stringify(env)} })`
      expect((await run(script)).stdout).toBe('BUDGET_EXHAUSTED\n')
      sidecar.state.answer = () => ({})
    },
    60_000,
  )

  test('a process that is busy with its start for longer than a call waits is let in', async () => {
    writeFileSync(join(folder, 'guard.json'), guardMarkerText({ mode: 'enforce' }))
    server.answer(TEXT)
    const busy = 'for (const until = performance.now() + 2_500; performance.now() < until;);'
    expect((await run(`${CALL.replace('console.log', `${busy} console.log`)}`)).stdout).toBe('answered\n')
  })

  test('ai: a tool that is denied is an error that the model is shown; a model call that is denied is the caller’s error', async () => {
    sidecar.state.rules = { ...FAKE_RULES, hasBudgets: false, askTools: ['weather'] }
    sidecar.state.answer = () => ({ code: 'RATE_LIMITED', rule: 'posts', message: 'enough' })
    server.answer(TOOL, TEXT)
    const { stdout, stderr } = await run(LOOP)
    expect(stderr).not.toContain('fault')
    expect(stdout).not.toContain('RAN')
    expect(JSON.parse(stdout)).toContainEqual(['tool-error', 'RATE_LIMITED'])
    expect(server.requests[1]?.body).toContain('enough')

    sidecar.state.rules = FAKE_RULES
    sidecar.state.answer = () => ({ code: 'BUDGET_EXHAUSTED', rule: 'daily', message: 'spent' })
    const denied = await run(
      LOOP.replace('const { steps }', 'const { steps = [] }').replace(
        /await generateText\((.*)\)/,
        'await generateText($1).catch((error) => console.log(error.name, error.code) ?? {})',
      ),
    )
    expect(denied.stdout).toBe('BudgetExhaustedError BUDGET_EXHAUSTED\n[]\n')
    expect(server.requests).toEqual([])
    expect(sidecar.saidOf('hold')).toHaveLength(1)
    sidecar.state.answer = () => ({})
  })

  test('killed in the middle of a call: its journal says what it had spent and what was under way', async () => {
    sidecar.state.rules = { ...FAKE_RULES, sliceMin: 1_000_000_000 }
    server.answer(TEXT, { writes: [], ending: 'wait' })
    await run(`${CALL.slice(0, CALL.indexOf('console.log'))}
      await ask()
      void ask().catch(() => undefined)
      const { readdirSync, readFileSync } = await import('node:fs')
      const path = ${JSON.stringify(join(folder, 'guard'))}
      for (;;) {
        const written = readdirSync(path).map((name) => readFileSync(path + '/' + name, 'latin1')).join('')
        if (/^\\S+ \\w{32} [1-9]\\d* 0 [1-9]/m.test(written)) process.kill(process.pid, 'SIGKILL')
        await new Promise((resolve) => setTimeout(resolve, 5))
      }`)
    const [hold] = sidecar.saidOf('hold')
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    const journals = readdirSync(join(folder, 'guard')).map((name) =>
      parseJournal(readFileSync(join(folder, 'guard', name), 'latin1'), boot),
    )
    const slice = journals.flatMap((journal) => journal?.slices ?? []).find(({ id }) => id === hold?.id)
    expect(slice).toMatchObject({ unknown: 0 })
    expect(slice?.spent).toBeGreaterThan(0)
    expect(slice?.reserved).toBeGreaterThan(0)
  })

  test('a marker and no sidecar: denied', async () => {
    await sidecar.kill()
    server.answer(TEXT)
    const { stdout } = await run(CALL)
    expect(stdout).toBe('GuardUnavailableError,GUARD_UNAVAILABLE\n')
    expect(server.requests).toEqual([])
    expect((await run(CALL, { SPANWARDEN_GUARD: 'shadow' })).stdout).toBe('answered\n')
  })
})
