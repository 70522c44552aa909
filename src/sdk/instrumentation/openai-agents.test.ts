import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { SHOWN, TEXT, TEXT_STREAM, TOOL, TOOL_STREAM } from '../../../test/support/ai-shapes.ts'
import { BUILDS, startHookedSdk } from '../../../test/support/hooked.ts'
import { json, sse, startModelServer } from '../../../test/support/model-server.ts'
import { spanTree } from '../../../test/support/span-tree.ts'
import { openai } from './openai.ts'
import { openaiAgents } from './openai-agents.ts'
import type * as AgentsModule from '@openai/agents'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type * as OpenAiModule from 'openai'
import type { Build } from '../../../test/support/hooked.ts'
import type { ModelServer } from '../../../test/support/model-server.ts'

const test = startHookedSdk([openaiAgents, openai])
let server: ModelServer
beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())

const TOKENS =
  'gen_ai.usage.input_tokens=120 gen_ai.usage.output_tokens=60 gen_ai.usage.cache_read.input_tokens=40 gen_ai.usage.reasoning.output_tokens=25'
const chat = (end: string): string =>
  `  CLIENT chat gpt-4o-mini [${TOKENS} gen_ai.response.finish_reasons=${JSON.stringify([end])}]`
const streamed = (line: string): string => line.replace('[', '[gen_ai.request.stream=true ')
const EXECUTED = '  INTERNAL execute_tool weather [gen_ai.tool.call.id=call_1]'

const tree = (...lines: string[]): string => lines.join('\n')
const inner = (line: string): string => `  ${line}`

for (const build of BUILDS.filter(({ major }) => major === 'current')) {
  describe(`@openai/agents 0 ${build.format}`, () => {
    let agents: typeof AgentsModule
    let model: AgentsModule.Model

    beforeAll(async () => {
      // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: modules that are loaded by name
      agents = (await test.load('@openai/agents', build)) as unknown as typeof AgentsModule
      model = new agents.OpenAIChatCompletionsModel(await client(build), 'gpt-4o-mini')
      agents.setTracingDisabled(true)
    })

    const weather = (execute: () => unknown = () => 'CANARY sunny', more: object = {}) =>
      agents.tool({
        name: 'weather',
        description: 'the weather',
        parameters: z.object({ city: z.string() }),
        execute: async () => execute(),
        ...more,
      })
    const helper = (more: object = {}) => new agents.Agent({ name: 'helper', instructions: 'CANARY', model, ...more })

    const spans = (): string => {
      const all = test.takeSpans()
      expect(test.faults).toEqual([])
      expect(JSON.stringify(all.map(contentOf))).not.toContain('CANARY')
      return spanTree(all, SHOWN)
    }

    describe('chat', () => {
      it('of one agent', async () => {
        server.answer(TEXT)
        const result = await agents.run(helper(), 'CANARY')
        expect(result.finalOutput).toBe('CANARY hello')
        expect(spans()).toBe(tree('INTERNAL invoke_agent helper', chat('stop')))
      })

      it('names the conversation of a session', async () => {
        server.answer(TEXT)
        const session = new agents.MemorySession({ sessionId: 'conv-1' })
        await agents.run(helper(), 'CANARY', { session })
        const ids = test.takeSpans().map(({ attributes }) => attributes['gen_ai.conversation.id'])
        expect(ids).toEqual(['conv-1', 'conv-1'])
      })
    })

    describe('chat stream', () => {
      it('read to its end', async () => {
        server.answer(sse(TOOL_STREAM), sse(TEXT_STREAM))
        const result = await agents.run(helper({ tools: [weather()] }), 'CANARY', { stream: true })
        let text = ''
        for await (const piece of result.toTextStream()) text += piece
        await result.completed
        expect(text).toBe('CANARY hello')
        expect(spans()).toBe(
          tree('INTERNAL invoke_agent helper', streamed(chat('tool_calls')), EXECUTED, streamed(chat('stop'))),
        )
      })
    })

    describe('responses', () => {
      it('of one agent', async () => {
        server.answer(json(RESPONSE))
        const responses = new agents.OpenAIResponsesModel(await client(build), 'gpt-4o-mini')
        expect((await agents.run(helper({ model: responses }), 'CANARY')).finalOutput).toBe('CANARY')
        expect(spans()).toBe(
          tree(
            'INTERNAL invoke_agent helper',
            '  CLIENT chat gpt-4o-mini [gen_ai.usage.input_tokens=20 gen_ai.usage.output_tokens=5 gen_ai.usage.cache_read.input_tokens=8 gen_ai.usage.reasoning.output_tokens=0 gen_ai.response.finish_reasons=["completed"]]',
          ),
        )
      })
    })

    describe('tools', () => {
      it('one in a loop', async () => {
        server.answer(TOOL, TEXT)
        await agents.run(helper({ tools: [weather()] }), 'CANARY')
        expect(spans()).toBe(tree('INTERNAL invoke_agent helper', chat('tool_calls'), EXECUTED, chat('stop')))
      })

      it.each([{}, { errorFunction: () => 'CANARY failed' }])(
        'one that fails, of which the model is told',
        async (more) => {
          server.answer(TOOL, TEXT)
          const fail = (): never => {
            throw new RangeError('CANARY')
          }
          await agents.run(helper({ tools: [weather(fail, more)] }), 'CANARY')
          expect(spans()).toBe(
            tree('INTERNAL invoke_agent helper', chat('tool_calls'), `${EXECUTED} ERROR(RangeError)`, chat('stop')),
          )
        },
      )

      it('one that ends the run', async () => {
        server.answer(TOOL)
        const fail = (): never => {
          throw new RangeError('CANARY')
        }
        const run = agents.run(helper({ tools: [weather(fail, { errorFunction: null })] }), 'CANARY')
        await expect(run).rejects.toThrow(agents.ToolCallError)
        expect(spans()).toBe(
          tree(
            'INTERNAL invoke_agent helper ERROR(ToolCallError)',
            chat('tool_calls'),
            `${EXECUTED} ERROR(RangeError)`,
          ),
        )
      })

      it('two at a time', async () => {
        server.answer(twoCalls(), TEXT)
        await agents.run(helper({ tools: [weather()] }), 'CANARY')
        expect(
          spans()
            .split('\n')
            .filter((line) => line.startsWith('  INTERNAL execute_tool'))
            .toSorted(),
        ).toEqual([EXECUTED, EXECUTED.replace('call_1', 'call_2')])
      })

      it('an agent as a tool', async () => {
        server.answer(TOOL, TEXT, TEXT)
        const asTool = helper({ name: 'expert' }).asTool({ toolName: 'weather', toolDescription: 'an expert' })
        const accepting = {
          ...asTool,
          invoke: (context: never, _: string, details?: never) => asTool.invoke(context, '{"input":"CANARY"}', details),
        }
        await agents.run(helper({ tools: [accepting] }), 'CANARY')
        expect(spans()).toBe(
          tree(
            'INTERNAL invoke_agent helper',
            chat('tool_calls'),
            EXECUTED,
            inner('  INTERNAL invoke_agent expert'),
            inner(inner(chat('stop'))),
            chat('stop'),
          ),
        )
      })
    })

    describe('agents', () => {
      it.each([false, true])('a handoff, streamed: %s', async (stream) => {
        const expert = helper({ name: 'expert' })
        const first = helper({ handoffs: [expert] })
        const transfer = { id: 'call_9', type: 'function', function: { name: 'transfer_to_expert', arguments: '{}' } }
        const call = { role: 'assistant', content: null, tool_calls: [{ index: 0, ...transfer }] }
        server.answer(...(stream ? [sse(chunksOf(call)), sse(TEXT_STREAM)] : [wholeOf(call), TEXT]))
        if (stream) await (await agents.run(first, 'CANARY', { stream: true })).completed
        else await agents.run(first, 'CANARY')
        const line = stream ? (end: string) => streamed(chat(end)) : chat
        expect(spans()).toBe(
          tree(
            'INTERNAL invoke_agent helper',
            line('tool_calls'),
            '  INTERNAL invoke_agent expert',
            inner(line('stop')),
          ),
        )
      })

      it('one whose model is not observed otherwise', async () => {
        const answer = {
          usage: new agents.Usage({
            inputTokens: 7,
            outputTokens: 3,
            totalTokens: 10,
            inputTokensDetails: { cached_tokens: 2 },
            outputTokensDetails: { reasoning_tokens: 1 },
          }),
          output: [
            {
              type: 'message' as const,
              role: 'assistant' as const,
              status: 'completed' as const,
              content: [{ type: 'output_text' as const, text: 'CANARY' }],
            },
          ],
          responseId: 'r1',
        }
        const own = {
          provider: 'acme',
          model: 'acme-1',
          getResponse: async () => answer,
          async *getStreamedResponse() {
            yield { type: 'output_text_delta' as const, delta: 'CANARY' }
            yield {
              type: 'response_done' as const,
              response: {
                id: 'r1',
                usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10 },
                output: answer.output,
              },
            }
          },
        }
        await agents.run(helper({ model: own }), 'CANARY')
        await (
          await agents.run(helper({ model: own }), 'CANARY', { stream: true })
        ).completed
        expect(spans()).toBe(
          tree(
            'INTERNAL invoke_agent helper',
            '  CLIENT chat acme-1 [gen_ai.usage.input_tokens=7 gen_ai.usage.output_tokens=3 gen_ai.usage.cache_read.input_tokens=2 gen_ai.usage.reasoning.output_tokens=1]',
            'INTERNAL invoke_agent helper',
            '  CLIENT chat acme-1 [gen_ai.request.stream=true gen_ai.usage.input_tokens=7 gen_ai.usage.output_tokens=3]',
          ),
        )
      })

      it('leaves the own tracing of the library as it is', async () => {
        const names: string[] = []
        const processor = {
          onTraceStart: async () => void names.push('trace'),
          onTraceEnd: async () => undefined,
          onSpanStart: async () => undefined,
          onSpanEnd: async (span: { spanData: { type: string } }) => void names.push(span.spanData.type),
          shutdown: async () => undefined,
          forceFlush: async () => undefined,
        }
        agents.setTraceProcessors([processor])
        agents.setTracingDisabled(false)
        try {
          server.answer(TOOL, TEXT)
          await agents.run(helper({ tools: [weather()] }), 'CANARY')
        } finally {
          agents.setTracingDisabled(true)
        }
        expect(names).toContain('agent')
        expect(names.filter((name) => name === 'generation').length).toBe(2)
        expect(names.filter((name) => name === 'function').length).toBe(1)
        expect(spans()).toBe(tree('INTERNAL invoke_agent helper', chat('tool_calls'), EXECUTED, chat('stop')))
      })
    })

    describe('errors', () => {
      it('of the model', async () => {
        server.answer(
          json({ error: { message: 'CANARY', type: 'invalid_request_error', code: 'model_not_found' } }, 404),
        )
        await expect(agents.run(helper(), 'CANARY')).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
        expect(spans()).toBe(
          tree(
            'INTERNAL invoke_agent helper ERROR(model_not_found)',
            '  CLIENT chat gpt-4o-mini ERROR(model_not_found)',
          ),
        )
      })

      it('of the model, streamed', async () => {
        server.answer(
          json({ error: { message: 'CANARY', type: 'invalid_request_error', code: 'model_not_found' } }, 404),
        )
        const result = await agents.run(helper(), 'CANARY', { stream: true })
        await expect(result.completed).rejects.toMatchObject({ status: 404 })
        expect(spans()).toBe(
          tree(
            'INTERNAL invoke_agent helper ERROR(model_not_found)',
            '  CLIENT chat gpt-4o-mini [gen_ai.request.stream=true] ERROR(model_not_found)',
          ),
        )
      })

      it('too many turns', async () => {
        server.answer(TOOL)
        const run = agents.run(helper({ tools: [weather()] }), 'CANARY', { maxTurns: 1 })
        await expect(run).rejects.toThrow(agents.MaxTurnsExceededError)
        expect(spans()).toBe(
          tree('INTERNAL invoke_agent helper ERROR(MaxTurnsExceededError)', chat('tool_calls'), EXECUTED),
        )
      })
    })

    describe('abort', () => {
      it('of a stream', async () => {
        server.answer(sse(TEXT_STREAM.slice(0, 2), 'wait'))
        const controller = new AbortController()
        const result = await agents.run(helper(), 'CANARY', { stream: true, signal: controller.signal })
        for await (const _ of result.toTextStream()) controller.abort()
        await result.completed
        expect(spans()).toBe(
          tree(
            'INTERNAL invoke_agent helper',
            '  CLIENT chat gpt-4o-mini [gen_ai.request.stream=true gen_ai.response.finish_reasons=["error"] spanwarden.usage.source=unknown]',
          ),
        )
      })
    })

    it('is not noticed by the caller', async () => {
      const { run } = agents.Runner.prototype
      expect([run.name, run.length, agents.tool.name, agents.tool.length]).toEqual(['run', 2, 'tool', 1])
      server.answer(TEXT, sse(TEXT_STREAM))
      expect(await agents.run(helper(), 'CANARY')).toBeInstanceOf(agents.RunResult)
      const streaming = await agents.run(helper(), 'CANARY', { stream: true })
      expect(streaming).toBeInstanceOf(agents.StreamedRunResult)
      await streaming.completed
      expect(test.takeSpans().length).toBe(4)
    })

    it('leaves a rejection that nobody handles as it is: reported once', async () => {
      server.answer(json({ error: { message: 'no', type: 'invalid_request_error' } }, 400))
      const listeners = process.rawListeners('unhandledRejection')
      process.removeAllListeners('unhandledRejection')
      const reasons: unknown[] = []
      try {
        const reported = new Promise<void>((resolve) => {
          process.on('unhandledRejection', (reason) => {
            reasons.push(reason)
            resolve()
          })
        })
        void agents.run(helper(), 'CANARY')
        await reported
        // A streamed run that fails tells whoever reads it.
        const failing = await agents.run(helper(), 'CANARY', { stream: true })
        await expect(failing.completed).rejects.toMatchObject({ status: 400 })
        await new Promise((resolve) => setImmediate(resolve))
      } finally {
        process.removeAllListeners('unhandledRejection')
        for (const listener of listeners)
          process.on('unhandledRejection', (...args) => Reflect.apply(listener, process, args))
      }
      expect(reasons.length).toBe(1)
      expect(test.takeSpans().length).toBe(4)
    })

    it('records content in the shape of the conventions when it is asked to', async () => {
      test.sdk.captureContent = true
      try {
        server.answer(TOOL, TEXT)
        await agents.run(helper({ tools: [weather()] }), 'CANARY prompt')
        const all = new Map(test.takeSpans().map(({ name, attributes }) => [name, attributes]))
        const prompt = [{ role: 'user', parts: [{ type: 'text', content: 'CANARY prompt' }] }]
        const answer = [{ role: 'assistant', parts: [{ type: 'text', content: 'CANARY hello' }] }]
        const run = all.get('invoke_agent helper') ?? {}
        expect(JSON.parse(String(run['gen_ai.input.messages']))).toEqual(prompt)
        expect(JSON.parse(String(run['gen_ai.output.messages']))).toEqual(answer)
        expect(all.get('execute_tool weather')).toMatchObject({
          'gen_ai.tool.call.arguments': '{"city":"CANARY"}',
          'gen_ai.tool.call.result': 'CANARY sunny',
        })
      } finally {
        test.sdk.captureContent = false
      }
    })
  })
}

async function client(build: Build): Promise<OpenAiModule.OpenAI> {
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: modules that are loaded by name
  const { OpenAI } = (await test.load('openai', build)) as unknown as typeof OpenAiModule
  return new OpenAI({ apiKey: 'key', baseURL: `${server.url}/v1`, maxRetries: 0 })
}

/** Everything of a span that leaves the process. */
const contentOf = ({ name, attributes, status, events }: ReadableSpan): unknown => ({
  name,
  attributes,
  status,
  events,
})

const bodyOf = (answer: typeof TOOL): { choices: { message: { tool_calls: object[] } }[] } =>
  JSON.parse(String(answer.writes[0]))

function wholeOf(message: object): typeof TOOL {
  const body = bodyOf(TOOL)
  return json({ ...body, choices: [{ ...body.choices[0], message }] })
}

function twoCalls(): typeof TOOL {
  const [choice] = bodyOf(TOOL).choices
  const [call] = choice?.message.tool_calls ?? []
  return wholeOf({ role: 'assistant', content: null, tool_calls: [call, { ...call, id: 'call_2' }] })
}

const chunksOf = (delta: object): object[] =>
  TOOL_STREAM.map((chunk, index) =>
    index === 0 ? { ...chunk, choices: [{ index: 0, delta, finish_reason: null }] } : chunk,
  )

const RESPONSE = {
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  status: 'completed',
  model: 'gpt-4o-mini-2024-07-18',
  output: [
    {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: 'CANARY', annotations: [] }],
    },
  ],
  usage: {
    input_tokens: 20,
    output_tokens: 5,
    total_tokens: 25,
    input_tokens_details: { cached_tokens: 8 },
    output_tokens_details: { reasoning_tokens: 0 },
  },
}
