import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TEXT, TEXT_STREAM, TOOL, TOOL_STREAM } from '../support/ai-shapes.ts'
import { sse, startModelServer } from '../support/model-server.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { runAgent } from '../support/run-agent.ts'
import { traceTree } from '../support/trace-tree.ts'
import type { ModelServer } from '../support/model-server.ts'

/** An agent as its author wrote it: a loop of two model calls and a tool, as a whole and as a stream. */
const AGENT = `
  setDefaultOpenAIClient(new OpenAI({ apiKey: 'key', baseURL: MODEL + '/v1' }))
  setOpenAIAPI('chat_completions')
  const parameters = z.object({ city: z.string() })
  const weather = tool({ name: 'weather', description: 'the weather', parameters, execute: async () => 'CANARY sunny' })
  const helper = new Agent({ name: 'helper', instructions: 'CANARY', model: 'gpt-4o-mini', tools: [weather] })
  await run(helper, 'CANARY')
  await (await run(helper, 'CANARY', { stream: true })).completed
`

const SCRIPTS = {
  esm: `
    import { Agent, run, setDefaultOpenAIClient, setOpenAIAPI, tool } from '@openai/agents'
    import OpenAI from 'openai'
    import * as z from 'zod'
    ${AGENT}`,
  commonjs: `
    const { Agent, run, setDefaultOpenAIClient, setOpenAIAPI, tool } = require('@openai/agents')
    const { OpenAI } = require('openai')
    const { z } = require('zod')
    void (async () => { ${AGENT} })()`,
}

const SHOWN = [
  'gen_ai.provider.name',
  'gen_ai.request.stream',
  'gen_ai.agent.name',
  'gen_ai.tool.call.id',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.response.finish_reasons',
  'spanwarden.cost.currency',
]

describe('a loop of @openai/agents in a process of its own', () => {
  let server: ModelServer
  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  it.each(['esm', 'commonjs'] as const)('@openai/agents 0 %s', async (module) => {
    await using sink = await startOtlpSink()
    server.answer(TOOL, TEXT, sse(TOOL_STREAM), sse(TEXT_STREAM))
    const script = SCRIPTS[module].replace('MODEL', JSON.stringify(server.url))
    // Its own exporter would call its maker; without its tracing everything is seen all the same.
    const run = await runAgent({ endpoint: sink.url, script, module, env: { OPENAI_AGENTS_DISABLE_TRACING: '1' } })
    expect(run.stderr).not.toMatch(/spanwarden.*(fault|not observed)/i)
    expect(run.code).toBe(0)
    await expect(`${traceTree(sink.spans, SHOWN)}\n`).toMatchFileSnapshot('../golden/openai-agents/loop.txt')
    expect(sink.requests.some(({ body }) => body.includes('CANARY'))).toBe(false)
  })
})
