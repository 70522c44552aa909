import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TEXT, TEXT_STREAM, TOOL, TOOL_STREAM } from '../support/ai-shapes.ts'
import { sse, startModelServer } from '../support/model-server.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { runAgent } from '../support/run-agent.ts'
import { traceTree } from '../support/trace-tree.ts'
import type { ModelServer } from '../support/model-server.ts'

/** An application as its author wrote it: a loop of two model calls and a tool, as a whole and as a stream, and a workflow around it. */
const APPLICATION = `
  const model = createOpenAI({ apiKey: 'key', baseURL: MODEL + '/v1' }).chat('gpt-4o-mini')
  const weather = createTool({ id: 'weather', description: 'the weather', inputSchema: z.object({ city: z.string() }), execute: async () => 'CANARY sunny' })
  const helper = new Agent({ id: 'helper', name: 'helper', instructions: 'CANARY', model, tools: { weather } })
  const ask = createStep({ id: 'ask', inputSchema: z.any(), outputSchema: z.any(), execute: async () => (await helper.generate('CANARY')).text })
  const trip = createWorkflow({ id: 'trip', inputSchema: z.any(), outputSchema: z.any() }).then(ask).commit()
  const mastra = new Mastra({ agents: { helper }, workflows: { trip }, logger: false })
  const answer = await helper.generate('CANARY')
  console.log(answer.text, answer.finishReason, answer.steps.length, answer.constructor.name, JSON.stringify(answer.usage))
  const output = await mastra.getAgent('helper').stream('CANARY')
  const types = []
  for await (const { type } of output.fullStream) types.push(type)
  console.log(types.join(), await output.text, output.constructor.name, JSON.stringify(await output.usage))
  const run = await mastra.getWorkflow('trip').createRun()
  const { status, result } = await run.start({ inputData: 'CANARY' })
  console.log(status, result)
`

const IMPORTS = {
  esm: `
    import { Mastra } from '@mastra/core'
    import { Agent } from '@mastra/core/agent'
    import { createTool } from '@mastra/core/tools'
    import { createStep, createWorkflow } from '@mastra/core/workflows'
    import { createOpenAI } from '@ai-sdk/openai'
    import * as z from 'zod'
    ${APPLICATION}`,
  commonjs: `
    const { Mastra } = require('@mastra/core')
    const { Agent } = require('@mastra/core/agent')
    const { createTool } = require('@mastra/core/tools')
    const { createStep, createWorkflow } = require('@mastra/core/workflows')
    const { createOpenAI } = require('@ai-sdk/openai')
    const { z } = require('zod')
    void (async () => { ${APPLICATION} })()`,
}

const SHOWN = [
  'gen_ai.provider.name',
  'gen_ai.request.stream',
  'gen_ai.agent.name',
  'gen_ai.workflow.name',
  'gen_ai.tool.call.id',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.response.finish_reasons',
  'spanwarden.cost.currency',
]

describe('Mastra in a process of its own', () => {
  let server: ModelServer
  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  it.each(['esm', 'commonjs'] as const)('%s', { timeout: 60_000 }, async (module) => {
    await using sink = await startOtlpSink()
    const script = IMPORTS[module].replace('MODEL', JSON.stringify(server.url))
    const play = (preload: boolean) => {
      server.answer(TOOL, TEXT, sse(TOOL_STREAM), sse(TEXT_STREAM), TOOL, TEXT)
      return runAgent({ endpoint: sink.url, script, module, preload })
    }
    const bare = await play(false)
    const run = await play(true)
    expect(run).toEqual(bare)
    expect(run.code).toBe(0)
    await expect(`${traceTree(sink.spans, SHOWN)}\n`).toMatchFileSnapshot('../golden/mastra/loop.txt')
    expect(sink.requests.some(({ body }) => body.includes('CANARY'))).toBe(false)
  })
})
