import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { json, namedSse, sse, startModelServer } from '../support/model-server.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { runAgent } from '../support/run-agent.ts'
import { traceTree } from '../support/trace-tree.ts'
import type { ModelServer } from '../support/model-server.ts'

/** An agent as its author wrote it: nothing of ours in it but the words `agent` and `session`, which name its runs. */
const agent = `
  const support = agent('support', async () => {
    const chat = new OpenAI({ apiKey: 'key', baseURL: MODEL + '/v1', maxRetries: 0 })
    const claude = new Anthropic({ apiKey: 'key', baseURL: MODEL, maxRetries: 0 })
    const messages = [{ role: 'user', content: 'CANARY' }]
    await chat.chat.completions.create({ model: 'gpt-4o-mini', messages })
    for await (const _ of await chat.chat.completions.create({ model: 'gpt-4o-mini', messages, stream: true })) break
    await chat.chat.completions.stream({ model: 'gpt-4o-mini', messages }).finalChatCompletion()
    await chat.embeddings.create({ model: 'text-embedding-3-small', input: 'CANARY' })
    await claude.messages.create({ model: 'claude-haiku-4-5', max_tokens: 64, messages })
    await claude.messages.stream({ model: 'claude-haiku-4-5', max_tokens: 64, messages }).finalMessage()
    await chat.chat.completions.create({ model: 'gpt-4o-mini', messages }).catch(() => undefined)
  })
  await session({ conversationId: 'conv-1' }, () => support())
`

const SCRIPTS = {
  esm: `
    import OpenAI from 'openai'
    import Anthropic from '@anthropic-ai/sdk'
    import { agent, session } from './src/index.ts'
    ${agent}`,
  commonjs: `
    const { OpenAI } = require('openai')
    const { Anthropic } = require('@anthropic-ai/sdk')
    const { agent, session } = require('./src/index.ts')
    void (async () => { ${agent} })()`,
}

const USAGE = {
  prompt_tokens: 120,
  completion_tokens: 60,
  total_tokens: 180,
  prompt_tokens_details: { cached_tokens: 40 },
}
const HEAD = { id: 'chatcmpl-1', created: 1, model: 'gpt-4o-mini-2024-07-18' }
const CHUNKS = [
  { choices: [{ index: 0, delta: { role: 'assistant', content: 'CANARY' } }] },
  { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  { choices: [], usage: USAGE },
].map((chunk) => ({ ...HEAD, object: 'chat.completion.chunk', ...chunk }))
const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-4-5-20251001',
  content: [{ type: 'text', text: 'CANARY' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 80, cache_read_input_tokens: 40, output_tokens: 60 },
}
const ANSWERS = [
  json({
    ...HEAD,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: 'CANARY' }, finish_reason: 'stop' }],
    usage: USAGE,
  }),
  sse(CHUNKS),
  sse(CHUNKS),
  json({ object: 'list', model: 'text-embedding-3-small', data: [], usage: { prompt_tokens: 5, total_tokens: 5 } }),
  json(MESSAGE),
  namedSse([
    { type: 'message_start', message: { ...MESSAGE, content: [], stop_reason: null } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'CANARY' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 60 } },
    { type: 'message_stop' },
  ]),
  json({ error: { message: 'CANARY', type: 'requests', code: 'rate_limit_exceeded' } }, 429),
]

const SHOWN = [
  'gen_ai.conversation.id',
  'gen_ai.agent.name',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.response.finish_reasons',
  'spanwarden.cost.amount',
]
const NAMES = 'gen_ai.conversation.id=conv-1 gen_ai.agent.name=support'
const OPENAI = `${NAMES} gen_ai.usage.input_tokens=120 gen_ai.usage.output_tokens=60 gen_ai.response.finish_reasons=["stop"] spanwarden.cost.amount=0.000051`
const CLAUDE = `${NAMES} gen_ai.usage.input_tokens=120 gen_ai.usage.output_tokens=60 gen_ai.response.finish_reasons=["end_turn"] spanwarden.cost.amount=0.000384`
const TREE = `INTERNAL invoke_agent support [${NAMES}]
  CLIENT chat gpt-4o-mini [${OPENAI}]
  CLIENT chat gpt-4o-mini [${NAMES} gen_ai.response.finish_reasons=["error"]]
  CLIENT chat gpt-4o-mini [${OPENAI}]
  CLIENT embeddings text-embedding-3-small [${NAMES} gen_ai.usage.input_tokens=5 spanwarden.cost.amount=1e-7]
  CLIENT chat claude-haiku-4-5 [${CLAUDE}]
  CLIENT chat claude-haiku-4-5 [${CLAUDE}]
  CLIENT chat gpt-4o-mini [${NAMES}] ERROR(rate_limit_exceeded)`

describe('an unchanged agent with the preload', () => {
  let server: ModelServer
  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  it.each(['esm', 'commonjs'] as const)('leaves its trace: %s', async (module) => {
    await using sink = await startOtlpSink()
    server.answer(...ANSWERS)
    const script = SCRIPTS[module].replaceAll('MODEL', JSON.stringify(server.url))
    const run = await runAgent({ endpoint: sink.url, script, module })
    expect({ code: run.code, stdout: run.stdout }).toEqual({ code: 0, stdout: '' })
    expect(run.stderr).not.toMatch(/error|fault|failed/i)
    expect(traceTree(sink.spans, SHOWN)).toBe(TREE)
    expect(Buffer.concat(sink.requests.map((request) => request.body)).includes('CANARY')).toBe(false)
  })
})
