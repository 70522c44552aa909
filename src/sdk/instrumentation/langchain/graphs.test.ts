import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { trace } from '@opentelemetry/api'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { BUILDS, startHookedSdk } from '../../../../test/support/hooked.ts'
import { loadLangChain, scriptedModel } from '../../../../test/support/langchain.ts'
import { spanTree } from '../../../../test/support/span-tree.ts'
import { until } from '../../../../test/support/until.ts'
import { langchain, langchainCore, langgraph } from '../langchain.ts'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { LangChain } from '../../../../test/support/langchain.ts'

const WEATHER_CALL = { name: 'weather', args: { city: 'CANARY' }, id: 'call_1' }
const ASKS = { text: '', toolCalls: [WEATHER_CALL], metadata: { finish_reason: 'tool_calls' } }
const ANSWERS = { text: 'CANARY', metadata: { finish_reason: 'stop' } }
const QUESTION = { messages: [{ role: 'user', content: 'CANARY' }] }

const test = startHookedSdk([langchainCore, langgraph, langchain])
const collectGarbage: () => void = (setFlagsFromString('--expose-gc'), runInNewContext('gc'))
/** Without the kinds. */
const treeOf = (spans: readonly ReadableSpan[]): string => spanTree(spans).replaceAll(/^( *)[A-Z]+ /gm, '$1')
const tree = (): string => treeOf(test.takeSpans())

afterEach(() => {
  test.sdk.captureContent = false
  const left = [...test.faults, ...test.takeSpans().map(({ name }) => name)]
  if (left.length > 0) throw new Error(`a fault, or spans that the test did not expect: ${left.join(', ')}`)
})

for (const build of BUILDS) {
  const previous = build.major === 'previous'
  let lc: LangChain
  beforeAll(async () => {
    lc = await loadLangChain(test, build)
  })

  const weather = (run: (city: string) => unknown = (city) => `sunny in ${city}`) =>
    lc.tools.tool((input: unknown) => run(cityOf(input)), {
      name: 'weather',
      description: 'Tells the weather',
      schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    })

  describe(`@langchain/core ${previous ? '0.3' : '1'} ${build.format}`, () => {
    describe('tools', () => {
      it('runs a tool inside its span', async () => {
        const inside = weather(() => trace.getActiveSpan()?.spanContext().spanId ?? '')
        const result: unknown = await inside.invoke({ city: 'Rome' })
        const [span, ...more] = test.takeSpans()
        expect(more).toEqual([])
        expect(span?.name).toBe('execute_tool weather')
        expect(result).toBe(span?.spanContext().spanId)
        expect(span?.attributes).toMatchObject({ 'gen_ai.tool.description': 'Tells the weather' })
      })

      it('knows the call of the model', async () => {
        const message: unknown = await weather().invoke({ ...WEATHER_CALL, type: 'tool_call' })
        expect(message).toBeInstanceOf(lc.messages.ToolMessage)
        const [span] = test.takeSpans()
        expect(span?.attributes['gen_ai.tool.call.id']).toBe('call_1')
        expect(JSON.stringify(span?.attributes)).not.toContain('CANARY')
      })

      it('keeps arguments and result when content is captured', async () => {
        test.sdk.captureContent = true
        await weather().invoke({ ...WEATHER_CALL, type: 'tool_call' })
        expect(test.takeSpans()[0]?.attributes).toMatchObject({
          'gen_ai.tool.call.arguments': '{"city":"CANARY"}',
          'gen_ai.tool.call.result': 'sunny in CANARY',
        })
      })

      it('passes errors on, those of the arguments too', async () => {
        const error = new RangeError('CANARY')
        const broken = weather(() => {
          throw error
        })
        await expect(broken.invoke({ city: 'Rome' })).rejects.toBe(error)
        expect(tree()).toBe('execute_tool weather ERROR(RangeError)')
        await expect(Promise.resolve(broken.invoke({ town: 'Rome' }))).rejects.toThrow('schema')
        expect(tree()).toBe('execute_tool weather ERROR(ToolInputParsingException)')
      })

      it('takes what is called inside below it', async () => {
        const asks = weather(async () => (await scriptedModel(lc, [ANSWERS]).invoke('question')).content)
        await asks.invoke({ city: 'Rome' })
        expect(tree()).toBe('execute_tool weather\n  chat home-1')
      })
    })
  })

  describe(`@langchain/langgraph ${previous ? '0.4' : '1'} ${build.format}`, () => {
    const agentOf = (name?: string, tool = weather()) =>
      lc.prebuilt.createReactAgent({
        llm: scriptedModel(lc, [ASKS, ANSWERS]),
        tools: [tool],
        ...(name === undefined ? {} : { name }),
      })
    const AGENT = 'invoke_agent helper\n  chat home-1\n  execute_tool weather\n  chat home-1'

    describe('agents', () => {
      it('makes one tree of a run, whichever way in is taken', async () => {
        const result = await agentOf('helper').invoke(QUESTION, { configurable: { thread_id: 'thread-1' } })
        expect(result.messages).toHaveLength(4)
        const spans = test.takeSpans()
        expect(treeOf(spans)).toBe(AGENT)
        for (const { attributes } of spans) {
          expect(attributes).toMatchObject({
            'gen_ai.conversation.id': 'thread-1',
            'gen_ai.agent.name': 'helper',
          })
          expect(JSON.stringify(attributes)).not.toContain('CANARY')
        }
        for (const streamMode of ['values', 'updates', 'messages', 'debug'] as const) {
          for await (const _ of await agentOf('helper').stream(QUESTION, { streamMode })) continue
          expect(tree()).toBe(AGENT)
        }
        for await (const _ of agentOf('helper').streamEvents(QUESTION, { version: 'v2' })) continue
        expect(tree()).toBe(AGENT)
        await agentOf('helper').batch([QUESTION])
        expect(tree()).toBe(AGENT)
      })

      it('knows the loop that is written by hand', async () => {
        const model = scriptedModel(lc, [ASKS, ANSWERS])
        const graph = new lc.graph.StateGraph(lc.graph.MessagesAnnotation)
          .addNode('agent', async ({ messages }) => ({ messages: [await model.invoke(messages)] }))
          .addNode('tools', new lc.prebuilt.ToolNode([weather()]))
          .addEdge('__start__', 'agent')
          .addConditionalEdges('agent', lc.prebuilt.toolsCondition, ['tools', '__end__'])
          .addEdge('tools', 'agent')
          .compile({ name: 'helper' })
        await graph.invoke(QUESTION)
        expect(tree()).toBe(AGENT)
      })

      it('has no name that nobody gave', async () => {
        await agentOf().invoke(QUESTION)
        expect(tree().split('\n')[0]).toBe('invoke_agent')
      })

      it('keeps the messages when content is captured', async () => {
        test.sdk.captureContent = true
        await agentOf('helper').invoke(QUESTION)
        const agent = test.takeSpans().find(({ name }) => name === 'invoke_agent helper')
        const content = [agent?.attributes['gen_ai.input.messages'], agent?.attributes['gen_ai.output.messages']]
        expect(content.map((json) => JSON.parse(String(json)))).toEqual([
          [{ role: 'user', parts: [{ type: 'text', content: 'CANARY' }] }],
          [expect.objectContaining({ role: 'assistant', parts: [{ type: 'text', content: 'CANARY' }] })],
        ])
      })

      it('takes an agent that is a tool of another below the tool', async () => {
        const outer = agentOf(
          'outer',
          weather(async () => {
            await agentOf('inner').invoke(QUESTION)
            return 'asked'
          }),
        )
        await outer.invoke(QUESTION)
        const inner = AGENT.replace('helper', 'inner').replaceAll(/^/gm, '    ')
        expect(tree()).toBe(`invoke_agent outer\n  chat home-1\n  execute_tool weather\n${inner}\n  chat home-1`)
      })

      it('tells the model of a tool that fails, as the library does', async () => {
        const result = await agentOf(
          'helper',
          weather(() => {
            throw new RangeError('no')
          }),
        ).invoke(QUESTION)
        expect(result.messages).toHaveLength(4)
        expect(tree()).toBe(AGENT.replace('weather', 'weather ERROR(RangeError)'))
      })
    })

    describe('workflows', () => {
      const state = () =>
        lc.graph.Annotation.Root({
          words: lc.graph.Annotation<string[]>({ reducer: (all, more) => all.concat(more), default: () => [] }),
        })
      const says = async (): Promise<{ words: string[] }> => {
        const { content } = await scriptedModel(lc, [ANSWERS]).invoke('question')
        return { words: [String(content)] }
      }
      const chain = (name?: string) =>
        new lc.graph.StateGraph(state())
          .addNode('first', says)
          .addNode('second', says)
          .addEdge('__start__', 'first')
          .addEdge('first', 'second')
          .addEdge('second', '__end__')
          .compile(name === undefined ? {} : { name })

      it('makes one span of a graph, with its name', async () => {
        expect(await chain('pipeline').invoke({})).toEqual({ words: ['CANARY', 'CANARY'] })
        expect(tree()).toBe('invoke_workflow pipeline\n  chat home-1\n  chat home-1')
        await chain().invoke({})
        expect(tree()).toBe('invoke_workflow LangGraph\n  chat home-1\n  chat home-1')
      })

      it('keeps parallel branches and subgraphs in their place', async () => {
        const graph = new lc.graph.StateGraph(state())
          .addNode('left', says)
          .addNode('right', chain())
          .addNode('sent', says)
          .addEdge('__start__', 'left')
          .addEdge('__start__', 'right')
          .addConditionalEdges('left', () => [new lc.graph.Send('sent', {}), new lc.graph.Send('sent', {})])
          .compile({ name: 'pipeline' })
        await graph.invoke({})
        const lines = tree().split('\n')
        expect(lines[0]).toBe('invoke_workflow pipeline')
        expect(lines.slice(1).toSorted()).toEqual(
          [
            '    chat home-1',
            '    chat home-1',
            '  chat home-1',
            '  chat home-1',
            '  chat home-1',
            '  invoke_workflow right',
          ].toSorted(),
        )
      })

      it('ends when the reader breaks off', async () => {
        for await (const _ of await chain('pipeline').stream({}, { streamMode: 'updates' })) break
        const spans: string[] = []
        await until(() => {
          spans.push(...test.takeSpans().map(({ name, status }) => `${name} ${status.code}`))
          return spans.some((line) => line.startsWith('invoke_workflow'))
        })
        expect(spans.filter((line) => line.startsWith('invoke_workflow'))).toEqual(['invoke_workflow pipeline 0'])
      })

      it('ends when a run is aborted', async () => {
        const controller = new AbortController()
        const graph = new lc.graph.StateGraph(state())
          .addNode('first', async () => {
            controller.abort()
            return { words: ['one'] }
          })
          .addNode('second', says)
          .addEdge('__start__', 'first')
          .addEdge('first', 'second')
          .compile({ name: 'pipeline' })
        await expect(graph.invoke({}, { signal: controller.signal })).rejects.toThrow(/abort/i)
        const ends: string[] = []
        await until(() => ends.push(...test.takeSpans().map(({ name }) => name)) > 0)
        expect(ends).toContain('invoke_workflow pipeline')
      })

      it('ends when a stream that nobody reads is collected', async () => {
        await chain('pipeline').stream({})
        const spans: string[] = []
        await until(() => {
          collectGarbage()
          spans.push(...test.takeSpans().map(({ name }) => name))
          return spans.includes('invoke_workflow pipeline')
        })
        expect(spans.toSorted()).toEqual(['chat home-1', 'chat home-1', 'invoke_workflow pipeline'])
      })

      it('marks a run that fails', async () => {
        const error = new RangeError('CANARY')
        const graph = new lc.graph.StateGraph(state())
          .addNode('first', () => {
            throw error
          })
          .addEdge('__start__', 'first')
          .compile({ name: 'pipeline' })
        await expect(graph.invoke({})).rejects.toBe(error)
        expect(tree()).toBe('invoke_workflow pipeline ERROR(RangeError)')
        const loop = new lc.graph.StateGraph(state())
          .addNode('first', () => ({ words: ['again'] }))
          .addEdge('__start__', 'first')
          .addConditionalEdges('first', () => 'first')
          .compile({ name: 'loop' })
        await expect(loop.invoke({}, { recursionLimit: 3 })).rejects.toThrow('Recursion limit')
        expect(tree()).toBe('invoke_workflow loop ERROR(GraphRecursionError)')
      })

      it('ends at an interrupt without an error and goes on with another span', async () => {
        const asks = weather(() => lc.graph.interrupt('may I?'))
        const inner = new lc.graph.StateGraph(state())
          .addNode('ask', async () => ({ words: [String(await asks.invoke({ city: 'Rome' }))] }))
          .addEdge('__start__', 'ask')
          .compile({ name: 'inner' })
        const checkpointer = new lc.graph.MemorySaver()
        const graph = new lc.graph.StateGraph(state())
          .addNode('inner', inner)
          .addEdge('__start__', 'inner')
          .compile({ name: 'outer', checkpointer })
        const config = { configurable: { thread_id: 'thread-1' } }
        await graph.invoke({}, config)
        const TREE = 'invoke_workflow outer\n  invoke_workflow inner\n    execute_tool weather'
        expect(tree()).toBe(TREE)
        const result = await graph.invoke(new lc.graph.Command({ resume: 'yes' }), config)
        expect(result).toEqual({ words: ['yes'] })
        expect(tree()).toBe(TREE)
      })

      it('knows workflows that are functions', async () => {
        const step = lc.graph.task('step', async () => (await says()).words)
        const flow = lc.graph.entrypoint('flow', async () => step())
        expect(await flow.invoke('go')).toEqual(['CANARY'])
        expect(tree()).toBe('invoke_workflow flow\n  chat home-1')
      })
    })
  })
}

const cityOf = (input: unknown): string =>
  typeof input === 'object' && input !== null ? String(Reflect.get(input, 'city')) : ''
