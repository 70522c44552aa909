import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TEXT, TEXT_STREAM, TOOL, TOOL_STREAM } from '../support/ai-shapes.ts'
import { sse, startModelServer } from '../support/model-server.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { runAgent } from '../support/run-agent.ts'
import { traceTree } from '../support/trace-tree.ts'
import type { ModelServer } from '../support/model-server.ts'

/** An agent as its author wrote it: a loop of two model calls and a tool, as a whole and as a stream. */
const AGENT = `
  const model = createOpenAI({ apiKey: 'key', baseURL: MODEL + '/v1' }).chat('gpt-4o-mini')
  const weather = tool({ inputSchema: z.object({ city: z.string() }), execute: async () => 'CANARY sunny' })
  const helper = new ToolLoopAgent({ id: 'helper', model, tools: { weather } })
  await helper.generate({ prompt: 'CANARY' })
  for await (const _ of (await helper.stream({ prompt: 'CANARY' })).textStream);
`

const IMPORTS = {
  esm: (from: string) => `
    import { ToolLoopAgent, tool } from '${from}ai${from === '' ? '' : '/dist/index.mjs'}'
    import { createOpenAI } from '${from}@ai-sdk/openai${from === '' ? '' : '/dist/index.mjs'}'
    import * as z from 'zod'
    ${AGENT}`,
  commonjs: (from: string) => `
    const { ToolLoopAgent, tool } = require('${from}ai')
    const { createOpenAI } = require('${from}@ai-sdk/openai')
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

describe('a loop of the AI SDK in a process of its own', () => {
  let server: ModelServer
  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  const previous = './test/previous/node_modules/'
  it.each([
    { major: 7, module: 'esm' as const, from: '' },
    { major: 7, module: 'commonjs' as const, from: '' },
    { major: 6, module: 'esm' as const, from: previous },
    { major: 6, module: 'commonjs' as const, from: previous },
  ])('ai $major $module', async ({ module, from }) => {
    await using sink = await startOtlpSink()
    server.answer(TOOL, TEXT, sse(TOOL_STREAM), sse(TEXT_STREAM))
    const script = IMPORTS[module](from).replace('MODEL', JSON.stringify(server.url))
    const run = await runAgent({ endpoint: sink.url, script, module })
    expect(run.stderr).not.toMatch(/spanwarden.*(fault|not observed)/i)
    expect(run.code).toBe(0)
    await expect(`${traceTree(sink.spans, SHOWN)}\n`).toMatchFileSnapshot('../golden/ai/loop.txt')
    expect(sink.requests.some(({ body }) => body.includes('CANARY'))).toBe(false)
  })
})
