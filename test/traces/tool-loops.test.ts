import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { json, startModelServer } from '../support/model-server.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { runAgent } from '../support/run-agent.ts'
import { traceTree } from '../support/trace-tree.ts'
import type { ModelServer } from '../support/model-server.ts'

/** The loops of functions that clients run themselves: Anthropic's tool runner, Google's automatic function calling. */
const agent = `
  const claude = new Anthropic({ apiKey: 'key', baseURL: MODEL, maxRetries: 0 })
  const gemini = new GoogleGenAI({ apiKey: 'key', httpOptions: { baseUrl: MODEL } })
  const look = {
    type: 'custom', name: 'look', description: 'looks', input_schema: { type: 'object' },
    parse: (input) => input, run: async ({ at }) => 'CANARY ' + at,
  }
  const messages = [{ role: 'user', content: 'CANARY' }]
  await claude.beta.messages.toolRunner({ model: 'claude-haiku-4-5', max_tokens: 64, messages, tools: [look] })
  const functions = {
    tool: async () => ({ functionDeclarations: [{ name: 'look' }] }),
    callTool: async (calls) => calls.map(({ name }) => ({ functionResponse: { name, response: { output: 'CANARY' } } })),
  }
  const chat = gemini.chats.create({ model: 'gemini-2.5-flash', config: { tools: [functions] } })
  await chat.sendMessage({ message: 'CANARY' })
`

const SCRIPTS = {
  esm: `
    import Anthropic from '@anthropic-ai/sdk'
    import { GoogleGenAI } from '@google/genai'
    ${agent}`,
  commonjs: `
    const { Anthropic } = require('@anthropic-ai/sdk')
    const { GoogleGenAI } = require('@google/genai')
    void (async () => { ${agent} })()`,
}

const message = (content: object[], stop: string): object => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-4-5-20251001',
  content,
  stop_reason: stop,
  usage: { input_tokens: 120, output_tokens: 60 },
})
const answer = (part: object): object => ({
  candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 }],
  usageMetadata: { promptTokenCount: 120, candidatesTokenCount: 60, totalTokenCount: 180 },
  modelVersion: 'gemini-2.5-flash',
  responseId: 'resp_1',
})
const ANSWERS = [
  json(message([{ type: 'tool_use', id: 'toolu_1', name: 'look', input: { at: 'CANARY' } }], 'tool_use')),
  json(message([{ type: 'text', text: 'CANARY' }], 'end_turn')),
  json(answer({ functionCall: { name: 'look', args: { at: 'CANARY' } } })),
  json(answer({ text: 'CANARY' })),
]

const SHOWN = ['gen_ai.tool.call.id', 'gen_ai.usage.output_tokens', 'spanwarden.cost.amount']
const CLAUDE = 'CLIENT chat claude-haiku-4-5 [gen_ai.usage.output_tokens=60 spanwarden.cost.amount=0.00042]'
const GEMINI =
  'CLIENT generate_content gemini-2.5-flash [gen_ai.usage.output_tokens=60 spanwarden.cost.amount=0.000186]'
const TREE = `INTERNAL invoke_agent
  ${CLAUDE}
  INTERNAL execute_tool look [gen_ai.tool.call.id=toolu_1]
  ${CLAUDE}
${GEMINI}
INTERNAL execute_tool look
${GEMINI}`

describe('loops of functions that clients run, with the preload', () => {
  let server: ModelServer
  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  it.each(['esm', 'commonjs'] as const)('leave their trace: %s', async (module) => {
    await using sink = await startOtlpSink()
    server.answer(...ANSWERS)
    const script = SCRIPTS[module].replaceAll('MODEL', JSON.stringify(server.url))
    // Content on the client's own spans, which must not become ours.
    const env = { ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE: 'content' }
    const run = await runAgent({ endpoint: sink.url, script, module, env })
    expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 0, stdout: '' })
    expect(run.stderr).not.toMatch(/error|fault|failed/i)
    expect(traceTree(sink.spans, SHOWN)).toBe(TREE)
    expect(Buffer.concat(sink.requests.map((request) => request.body)).includes('CANARY')).toBe(false)
  })
})
