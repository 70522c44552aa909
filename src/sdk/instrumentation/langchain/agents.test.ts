import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { BUILDS, startHookedSdk } from '../../../../test/support/hooked.ts'
import { loadLangChain, scriptedModel } from '../../../../test/support/langchain.ts'
import { spanTree } from '../../../../test/support/span-tree.ts'
import { until } from '../../../../test/support/until.ts'
import { langchain, langchainCore, langgraph } from '../langchain.ts'
import { fieldsOf } from '../fields.ts'
import type * as LangChainModule from 'langchain'
import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import type { LangChain, Scripted } from '../../../../test/support/langchain.ts'

const ASKS = {
  toolCalls: [{ name: 'weather', args: { city: 'CANARY' }, id: 'call_1' }],
  metadata: { finish_reason: 'tool_calls' },
}
const ANSWERS = { text: 'CANARY', metadata: { finish_reason: 'stop' } }
const QUESTION = { messages: [{ role: 'user' as const, content: 'CANARY' }] }
const AGENT = 'invoke_agent helper\n  chat home-1\n  execute_tool weather\n  chat home-1'

const test = startHookedSdk([langchainCore, langgraph, langchain])
const tree = (): string => spanTree(test.takeSpans()).replaceAll(/^( *)[A-Z]+ /gm, '$1')

afterEach(() => {
  test.sdk.captureContent = false
  const left = [...test.faults, ...test.takeSpans().map(({ name }) => name)]
  if (left.length > 0) throw new Error(`a fault, or spans that the test did not expect: ${left.join(', ')}`)
})

const weatherOf = (lc: LangChain) =>
  lc.tools.tool(() => 'sunny', {
    name: 'weather',
    description: 'Tells the weather',
    schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  })

for (const build of BUILDS.filter(({ major }) => major === 'current')) {
  describe(`langchain 1 ${build.format}`, () => {
    let lc: LangChain
    let library: typeof LangChainModule
    beforeAll(async () => {
      lc = await loadLangChain(test, build)
      // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
      library = (await test.load('langchain', build)) as unknown as typeof LangChainModule
    })

    const agentOf = (scripts: readonly Scripted[] = [ASKS, ANSWERS]) =>
      library.createAgent({
        model: scriptedModel(lc, scripts),
        tools: [weatherOf(lc)],
        name: 'helper',
        description: 'Helps',
      })

    describe('agents', () => {
      it('makes one tree of a run, whichever way in is taken', async () => {
        await agentOf().invoke(QUESTION, { configurable: { thread_id: 'thread-1' } })
        const spans = test.takeSpans()
        expect(spanTree(spans).replaceAll(/^( *)[A-Z]+ /gm, '$1')).toBe(AGENT)
        expect(spans.find(({ name }) => name === 'invoke_agent helper')?.attributes).toMatchObject({
          'gen_ai.agent.description': 'Helps',
          'gen_ai.conversation.id': 'thread-1',
        })
        expect(
          JSON.stringify(spans.map(({ attributes, events, status }) => [attributes, events, status])),
        ).not.toContain('CANARY')
        for await (const _ of await agentOf().stream(QUESTION, { streamMode: ['updates', 'messages'] })) continue
        expect(tree()).toBe(AGENT)
        for await (const _ of agentOf().streamEvents(QUESTION, { version: 'v2' })) continue
        expect(tree()).toBe(AGENT)
        const run = await agentOf().streamEvents(QUESTION, { version: 'v3' })
        for await (const _ of run) continue
        expect(tree()).toBe(AGENT)
      })

      it('keeps its name where it is part of a graph', async () => {
        const graph = new lc.graph.StateGraph(lc.graph.MessagesAnnotation)
          .addNode('ask', agentOf().graph)
          .addEdge('__start__', 'ask')
          .compile({ name: 'desk' })
        await graph.invoke(QUESTION)
        expect(tree()).toBe(`invoke_workflow desk\n${AGENT.replaceAll(/^/gm, '  ')}`)
      })

      it('ends where a person is asked, and goes on with another span', async () => {
        const agent = library.createAgent({
          model: scriptedModel(lc, [ASKS, ANSWERS]),
          tools: [weatherOf(lc)],
          name: 'helper',
          checkpointer: new lc.graph.MemorySaver(),
          middleware: [asksFirst(library)],
        })
        const config = { configurable: { thread_id: 'thread-1' } }
        const asked = await agent.invoke(QUESTION, config)
        expect(asked.__interrupt__).toHaveLength(1)
        expect(tree()).toBe('invoke_agent helper\n  chat home-1')
        await agent.invoke(new lc.graph.Command({ resume: { decisions: [{ type: 'approve' }] } }), config)
        expect(tree()).toBe('invoke_agent helper\n  execute_tool weather\n  chat home-1')
      })

      it('marks an agent whose model fails', async () => {
        const error = new RangeError('CANARY')
        await expect(agentOf([{ error }]).invoke(QUESTION)).rejects.toThrow('CANARY')
        const text = tree()
        expect(text).toBe('invoke_agent helper ERROR(RangeError)\n  chat home-1 ERROR(RangeError)')
      })

      it('ends when the reader breaks off', async () => {
        for await (const _ of await agentOf().stream(QUESTION, { streamMode: 'messages' })) break
        const ended: string[] = []
        await until(() => {
          ended.push(...test.takeSpans().map(({ name, status }) => `${name} ${status.code}`))
          return ended.some((line) => line.startsWith('invoke_agent'))
        })
        expect(ended).toContain('invoke_agent helper 0')
      })
    })

    describe('chat stream', () => {
      it('ends with the events of a message', async () => {
        const usage = { input_tokens: 12, output_tokens: 6, total_tokens: 18 }
        const model: BaseChatModel = scriptedModel(lc, [{ ...ANSWERS, usage }])
        // oxlint-disable-next-line typescript/consistent-type-assertions -- the types of 1.4 leave the third version out
        const events = model.streamEvents('question', { version: 'v3' } as unknown as { version: 'v2' })
        for await (const _ of events) continue
        const [span, ...more] = test.takeSpans()
        expect(more).toEqual([])
        expect(span?.attributes).toMatchObject({
          'gen_ai.usage.input_tokens': 12,
          'gen_ai.usage.output_tokens': 6,
          'gen_ai.response.finish_reasons': ['stop'],
        })
      })
    })
  })
}

for (const build of BUILDS.filter(({ major }) => major === 'previous')) {
  describe(`langchain 0.3 ${build.format}`, () => {
    let lc: LangChain
    let executor: () => Executor
    beforeAll(async () => {
      lc = await loadLangChain(test, build)
      const agents = await test.load('langchain/agents', build)
      const { ChatPromptTemplate } = await test.load('@langchain/core/prompts', build)
      executor = () => {
        const tools = [weatherOf(lc)]
        const prompt = call(ChatPromptTemplate, 'fromMessages', [
          ['human', '{input}'],
          ['placeholder', '{agent_scratchpad}'],
        ])
        const agent = call(agents, 'createToolCallingAgent', { llm: scriptedModel(lc, [ASKS, ANSWERS]), tools, prompt })
        const { AgentExecutor } = agents
        if (typeof AgentExecutor !== 'function') throw new TypeError('no AgentExecutor')
        const made: unknown = Reflect.construct(AgentExecutor, [{ agent, tools }])
        if (!isExecutor(made)) throw new TypeError('no executor')
        return made
      }
    })

    describe('agents', () => {
      const TREE = 'invoke_agent AgentExecutor\n  chat home-1\n  execute_tool weather\n  chat home-1'

      it('makes one tree of a run, whichever way in is taken', async () => {
        expect(await executor().invoke({ input: 'CANARY' })).toMatchObject({ output: 'CANARY' })
        expect(tree()).toBe(TREE)
        for await (const _ of await executor().stream({ input: 'CANARY' })) continue
        expect(tree()).toBe(TREE)
        await executor().invoke({ input: 'CANARY' }, { runName: 'forecaster' })
        expect(tree().split('\n')[0]).toBe('invoke_agent forecaster')
      })

      it('keeps question and answer when content is captured', async () => {
        test.sdk.captureContent = true
        await executor().invoke({ input: 'question' })
        const { attributes } = test.takeSpans().find(({ name }) => name.startsWith('invoke_agent')) ?? {}
        const content = [attributes?.['gen_ai.input.messages'], attributes?.['gen_ai.output.messages']]
        expect(content.map((json) => JSON.parse(String(json)))).toEqual([
          [{ role: 'user', parts: [{ type: 'text', content: 'question' }] }],
          [{ role: 'assistant', parts: [{ type: 'text', content: 'CANARY' }] }],
        ])
      })
    })
  })
}

/** The library's types and exactOptionalPropertyTypes do not go together here. */
const asksFirst = (library: typeof LangChainModule) =>
  Reflect.apply(library.humanInTheLoopMiddleware, library, [{ interruptOn: { weather: true } }])

interface Executor {
  invoke(inputs: unknown, config?: unknown): Promise<unknown>
  stream(inputs: unknown): Promise<AsyncIterable<unknown>>
}

const isExecutor = (value: unknown): value is Executor => typeof fieldsOf(value)['invoke'] === 'function'

/** Calls what a module or a class of the previous major has under that name. */
function call(holder: unknown, name: string, ...args: unknown[]): unknown {
  const method: unknown =
    (typeof holder === 'object' || typeof holder === 'function') && holder !== null
      ? Reflect.get(holder, name)
      : undefined
  if (typeof method !== 'function') throw new TypeError(`no ${name}`)
  return Reflect.apply(method, holder, args)
}
