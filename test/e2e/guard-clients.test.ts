import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { startProviderServer } from '../support/provider-server.ts'
import { projectFolder, runAgent } from '../support/run-agent.ts'
import { runNode } from '../support/run-node.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import { until } from '../support/until.ts'
import type { NodeRun } from '../support/run-node.ts'
import type { OtlpSink } from '../support/otlp-sink.ts'
import type { ProviderServer } from '../support/provider-server.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'

/** An agent with five client libraries, as its author wrote it. Each part says what became of it: the code of the error, from whatever stands around it. */
const AGENT = `
  import { setTimeout as delay } from 'node:timers/promises'
  import OpenAI from 'openai'
  import Anthropic from '@anthropic-ai/sdk'
  import { generateText, streamText } from 'ai'
  import { createOpenAI } from '@ai-sdk/openai'
  import { ChatOpenAI } from '@langchain/openai'
  import { Client } from '@modelcontextprotocol/sdk/client/index.js'
  import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
  import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
  import { denialIn } from ${JSON.stringify(`${projectFolder}src/index.ts`)}
  const server = new McpServer({ name: 's', version: '1' })
  server.registerTool('post', {}, async () => console.log('RAN') ?? { content: [] })
  const mcp = new Client({ name: 'c', version: '1' })
  const ends = InMemoryTransport.createLinkedPair()
  await Promise.all([server.connect(ends[0]), mcp.connect(ends[1])])
  const messages = [{ role: 'user', content: 'CANARY' }]
  const clients = (base) => ({
    openai: () => new OpenAI({ apiKey: 'k', baseURL: base + '/v1' }).chat.completions.create({ model: 'gpt-4o-mini', messages, stream: true }),
    anthropic: () => new Anthropic({ apiKey: 'k', baseURL: base }).messages.create({ model: 'claude-haiku-4-5', max_tokens: 9, messages, stream: true }),
    ai: () => streamText({ model: createOpenAI({ apiKey: 'k', baseURL: base + '/v1' }).chat('gpt-4o-mini'), messages, onError() {} }).fullStream,
    langchain: () => new ChatOpenAI({ model: 'gpt-4o-mini', apiKey: 'k', configuration: { baseURL: base + '/v1' } }).stream('CANARY'),
    openaiHelper: () => new OpenAI({ apiKey: 'k', baseURL: base + '/v1' }).chat.completions.stream({ model: 'gpt-4o-mini', messages }),
    anthropicHelper: () => new Anthropic({ apiKey: 'k', baseURL: base }).messages.stream({ model: 'claude-haiku-4-5', max_tokens: 9, messages }),
    aiWhole: () => generateText({ model: createOpenAI({ apiKey: 'k', baseURL: base + '/v1' }).chat('gpt-4o-mini'), messages }).then(() => []),
    langchainWhole: () => new ChatOpenAI({ model: 'gpt-4o-mini', apiKey: 'k', configuration: { baseURL: base + '/v1' } }).invoke('CANARY').then(() => []),
  })
  const codeOf = (error) => denialIn(error)?.code ?? 'no denial'
  const read = async (open) => {
    try {
      for await (const item of await open()) if (item.type === 'error') throw item.error
      return 'answered'
    } catch (error) {
      return codeOf(error)
    }
  }
  const all = async (behaviour) => {
    const parts = Object.entries(clients(MODEL + '/' + behaviour)).map(async ([name, open]) => [name, await read(open)])
    return Object.fromEntries(await Promise.all(parts))
  }
  const tell = (what) => console.log(JSON.stringify(what))
  tell(await all('refuse'))
  tell(await all('hang'))
  tell({ ...(await all('say')), mcp: await mcp.callTool({ name: 'post' }).then(() => 'ran', codeOf) })`

const EACH = ['openai', 'anthropic', 'ai', 'langchain', 'openaiHelper', 'anthropicHelper', 'aiWhole', 'langchainWhole']
const allOf = (code: string): Record<string, string> => Object.fromEntries(EACH.map((name) => [name, code]))

describe('real clients in one process, and a real sidecar', () => {
  let server: ProviderServer
  let sink: OtlpSink
  let sidecar: SidecarProcess
  let reached = 0
  let open = 0

  beforeAll(async () => {
    server = await startProviderServer({
      say: () => {
        reached += 1
        return { id: 'a', model: 'gpt-4o-mini', text: 'answer', usage: { input: 100, cached: 0, output: 20 } }
      },
      call: { name: 'look', args: {} },
      complaint: 'no',
      onHang: () => (open += 1),
    })
    sink = await startOtlpSink()
    sidecar = await startSidecar({
      receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
      exporters: { debug: {} },
      extensions: {
        guard: {
          budgets: {
            daily: { scope: 'agent', window: 'day', limit_usd: 5 },
            nothing: { scope: 'agent', value: 'poor', window: 'day', limit_usd: 0.0000001 },
          },
          rates: { posts: { tool: 'post', limit: 1, window: '1h' } },
        },
      },
      service: {
        http: { endpoint: '127.0.0.1:0' },
        telemetry: { metrics: { address: '127.0.0.1:0' } },
        extensions: ['guard'],
        pipelines: { traces: { receivers: ['otlp'], exporters: ['debug'] } },
      },
    })
  })
  afterAll(async () => {
    await sidecar.stop()
    await sink[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  const run = (name: string): Promise<NodeRun> =>
    runAgent({
      endpoint: sink.url,
      script: AGENT.replaceAll('MODEL', JSON.stringify(server.url)),
      env: { SPANWARDEN_STATE_DIR: sidecar.stateFolder, OTEL_SERVICE_NAME: name },
    })
  const command = (...args: string[]): Promise<NodeRun> =>
    runNode([`${projectFolder}src/cli.ts`, ...args], {
      cwd: projectFolder,
      env: { SPANWARDEN_STATE_DIR: sidecar.stateFolder },
    })
  const told = ({ stdout }: NodeRun): unknown[] =>
    stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line): unknown => JSON.parse(line))

  test('a budget that is spent: each client’s caller gets its error, and the model server nothing', async () => {
    const agent = await run('poor')
    const denied = allOf('BUDGET_EXHAUSTED')
    expect(told(agent)).toEqual([denied, denied, { ...denied, mcp: 'ran' }])
    expect({ reached, stderr: agent.stderr }).toEqual({ reached: 0, stderr: '' })
  })

  test('spanwarden stop: streams are cut, it is confirmed, and nothing is sent any more', async () => {
    const agent = run('rich')
    await until(() => open === EACH.length, 25_000)
    const stop = await command('stop', 'agent=rich', '--reason', 'test')
    expect({ code: stop.code, stderr: stop.stderr }).toEqual({ code: 0, stderr: '' })
    expect(stop.stdout).toMatch(/confirmed/)
    const stopped = allOf('STOPPED')
    // What the provider has refused is no denial.
    expect(told(await agent)).toEqual([allOf('no denial'), stopped, { ...stopped, mcp: 'STOPPED' }])
    expect((await agent).stdout).not.toContain('RAN')
    // Once refused, once cut.
    expect(reached).toBe(2 * EACH.length)
  })
})
