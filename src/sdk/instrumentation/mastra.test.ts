import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { BUILDS, startHookedSdk } from '../../../test/support/hooked.ts'
import {
  SHOWN,
  TEXT,
  TEXT_STREAM,
  TOOL,
  TOOL_STREAM,
  completion,
  completionOf,
} from '../../../test/support/ai-shapes.ts'
import { json, sse, startModelServer } from '../../../test/support/model-server.ts'
import { spanTree } from '../../../test/support/span-tree.ts'
import { mastra } from './mastra.ts'
import { openai } from './openai.ts'
import type * as AgentModule from '@mastra/core/agent'
import type * as LoggerModule from '@mastra/core/logger'
import type * as OpenAiModule from 'openai'
import type * as OpenAiProviderModule from '@ai-sdk/openai'
import type { Build } from '../../../test/support/hooked.ts'
import type { ModelAnswer, ModelServer } from '../../../test/support/model-server.ts'

const test = startHookedSdk([mastra, openai])
let server: ModelServer

/** Mastra in one build, at its edge: modules that are loaded by name, as far as the tests use them. */
interface Mastra {
  readonly Agent: new (config: object) => AgentModule.Agent
  readonly createTool: (config: object) => MadeTool
  readonly createWorkflow: (config: object) => Chain
  readonly createStep: (from: object) => object
  readonly MockMemory: new () => object
  readonly noopLogger: LoggerModule.IMastraLogger
  readonly createOpenAI: (typeof OpenAiProviderModule)['createOpenAI']
  readonly OpenAI: (typeof OpenAiModule)['OpenAI']
  readonly Mastra: new (config: object) => Owner
  readonly evented: Pick<Mastra, 'createStep' | 'createWorkflow'>
}

interface Owner {
  getAgent(name: string): AgentModule.Agent
  startEventEngine(): Promise<void>
  stopEventEngine(): Promise<void>
}

interface MadeTool {
  readonly execute: (input: object, context: object) => Promise<unknown>
}

interface Chain {
  then(step: object): Chain
  map(step: () => Promise<object>): Chain
  commit(): Chain
  createRun(): Promise<{
    start(args: object): Promise<{ readonly status: string }>
    stream(args: object): { readonly fullStream: AsyncIterable<unknown> }
  }>
  __setLogger(logger: LoggerModule.IMastraLogger): void
}

async function load(build: Build): Promise<Mastra> {
  const parts = [
    '@mastra/core',
    ...['agent', 'tools', 'workflows', 'memory', 'logger'].map((part) => `@mastra/core/${part}`),
  ]
  const loaded = [...parts, '@ai-sdk/openai', 'openai'].map((part) => test.load(part, build))
  const evented = await test.load('@mastra/core/workflows/evented', build)
  // oxlint-disable-next-line typescript/consistent-type-assertions
  return Object.assign({}, ...(await Promise.all(loaded)), { evented }) as Mastra
}

/** What an application writes for a model that no package of the AI SDK knows. */
function ownModel({ OpenAI }: Mastra) {
  const client = new OpenAI({ apiKey: 'key', baseURL: `${server.url}/v1` })
  return {
    specificationVersion: 'v2',
    provider: 'own',
    modelId: 'own-1',
    supportedUrls: {},
    doStream: () => Promise.reject(new Error('not used')),
    async doGenerate() {
      const { choices } = await client.chat.completions.create({ model: 'gpt-4o-mini', messages: [] })
      return {
        content: [{ type: 'text', text: choices[0]?.message.content }],
        finishReason: 'stop',
        usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
        warnings: [],
      }
    },
  }
}

const model = ({ createOpenAI }: Mastra) =>
  createOpenAI({ apiKey: 'key', baseURL: `${server.url}/v1` }).chat('gpt-4o-mini')

function weather({ createTool }: Mastra, execute: () => Promise<string> = async () => 'CANARY sunny') {
  const inputSchema = z.object({ city: z.string() })
  return createTool({ id: 'weather', description: 'the weather', inputSchema, outputSchema: z.string(), execute })
}

function helper(library: Mastra, more: object = {}) {
  const { Agent, noopLogger } = library
  const base = {
    id: 'helper',
    name: 'helper',
    instructions: 'CANARY',
    model: model(library),
    tools: { weather: weather(library) },
  }
  const agent = new Agent({ ...base, ...more })
  agent.__setLogger(noopLogger)
  return agent
}

async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const item of items) all.push(item)
  return all
}

const thrown = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'fulfilled',
    (error: Error) => [error.name, error.message, error.constructor.name],
  )

const call = (name: string, args: object): ModelAnswer =>
  completion(
    { tool_calls: [{ id: 'call_1', type: 'function', function: { name, arguments: JSON.stringify(args) } }] },
    'tool_calls',
  )
const says = (value: object): ModelAnswer => completion({ content: JSON.stringify(value) })
const saying = (value: object): object => ({
  ...TEXT_STREAM[0],
  choices: [{ index: 0, delta: { role: 'assistant', content: JSON.stringify(value) }, finish_reason: null }],
})
const REFUSED = json({ error: { message: 'CANARY', type: 'invalid_request_error', code: 'invalid_api_key' } }, 401)
const BUSY = json({ error: { message: 'CANARY', type: 'server_error', code: null } }, 500)

const TOKENS =
  'gen_ai.usage.input_tokens=120 gen_ai.usage.output_tokens=60 gen_ai.usage.cache_read.input_tokens=40 gen_ai.usage.reasoning.output_tokens=25'
const reasons = (reason: string): string => `gen_ai.response.finish_reasons=["${reason}"]`
const STOP = ` [${reasons('stop')}]`
const CHAT = `CLIENT chat gpt-4o-mini [${TOKENS} ${reasons('stop')}]`
const CHAT_TOOL = `CLIENT chat gpt-4o-mini [${TOKENS} ${reasons('tool_calls')}]`
const streamed = (line: string): string => line.replace('[', '[gen_ai.request.stream=true ')
const TOOL_RUN = 'INTERNAL execute_tool weather [gen_ai.tool.call.id=call_1]'
const within = (line: string, ...inner: string[]): string =>
  [line, ...inner.flatMap((tree) => tree.split('\n').map((each) => `  ${each}`))].join('\n')
const LOOP = [CHAT_TOOL, TOOL_RUN, CHAT]
const REFUSED_CHAT = 'CLIENT chat gpt-4o-mini [error.type=invalid_api_key] ERROR(invalid_api_key)'

interface Shape {
  readonly feature: string
  readonly answers: readonly ModelAnswer[]
  readonly use: (library: Mastra) => Promise<unknown>
  readonly spans: string
}

const shapes: Readonly<Record<string, Shape>> = {
  'generate()': {
    feature: 'agents',
    answers: [TOOL, TEXT],
    use: async (library) => {
      const { text, finishReason, usage } = await helper(library).generate('CANARY')
      return { text, finishReason, usage }
    },
    spans: within(`INTERNAL invoke_agent helper${STOP}`, ...LOOP),
  },
  'stream()': {
    feature: 'agents',
    answers: [sse(TOOL_STREAM), sse(TEXT_STREAM)],
    use: async (library) => {
      const output = await helper(library).stream('CANARY')
      const types = (await collect(output.fullStream)).map((part) => Object(part).type)
      return [types, await output.text, await output.usage, output.constructor.name]
    },
    spans: within(`INTERNAL invoke_agent helper${STOP}`, streamed(CHAT_TOOL), TOOL_RUN, streamed(CHAT)),
  },
  'an agent as a tool': {
    feature: 'agents',
    answers: [call('agent-helper', { prompt: 'CANARY' }), TOOL, TEXT, TEXT],
    use: async (library) => {
      const boss = helper(library, { id: 'boss', name: 'boss', tools: {}, agents: { helper: helper(library) } })
      return (await boss.generate('CANARY')).text
    },
    spans: within(
      `INTERNAL invoke_agent boss${STOP}`,
      CHAT_TOOL,
      within(
        'INTERNAL execute_tool agent-helper [gen_ai.tool.call.id=call_1]',
        within(`INTERNAL invoke_agent helper${STOP}`, ...LOOP),
      ),
      CHAT,
    ),
  },
  'a model by its name': {
    feature: 'agents',
    answers: [TEXT],
    use: async (library) => {
      const named = { id: 'openai/gpt-4o-mini', url: `${server.url}/v1`, apiKey: 'key' }
      return (await helper(library, { model: named }).generate('CANARY')).text
    },
    spans: within(`INTERNAL invoke_agent helper${STOP}`, CHAT),
  },
  'a model by a function': {
    feature: 'agents',
    answers: [TEXT],
    use: async (library) => (await helper(library, { model: () => model(library) }).generate('CANARY')).text,
    spans: within(`INTERNAL invoke_agent helper${STOP}`, CHAT),
  },
  'network()': {
    feature: 'agents',
    answers: [
      says({ primitiveId: 'weather', primitiveType: 'tool', prompt: '{"city":"CANARY"}', selectionReason: 'CANARY' }),
      sse([saying({ isComplete: true, completionReason: 'CANARY', finalResult: 'CANARY' }), ...TEXT_STREAM.slice(2)]),
    ],
    use: async (library) => {
      const agent = helper(library, { memory: new library.MockMemory() })
      const stream = await agent.network('CANARY', {
        maxSteps: 1,
        memory: { thread: 'thread-1', resource: 'resource-1' },
      })
      return (await collect(stream))
        .map((part) => Object(part).type)
        .filter((type) => !String(type).includes('routing-agent-text'))
    },
    spans: within(
      'INTERNAL invoke_agent helper',
      within(`INTERNAL invoke_agent Routing Agent${STOP}`, CHAT),
      'INTERNAL execute_tool weather',
      within(`INTERNAL invoke_agent Routing Agent${STOP}`, streamed(CHAT)),
    ),
  },
  'a model of its own that asks a client': {
    feature: 'agents',
    answers: [TEXT],
    use: async (library) => (await helper(library, { model: ownModel(library) }).generate('CANARY')).text,
    spans: within(`INTERNAL invoke_agent helper${STOP}`, CHAT),
  },
  'an object': {
    feature: 'structured output',
    answers: [says({ city: 'CANARY' })],
    use: async (library) => {
      const schema = z.object({ city: z.string() })
      return (await helper(library).generate('CANARY', { structuredOutput: { schema } })).object
    },
    spans: within(`INTERNAL invoke_agent helper${STOP}`, CHAT),
  },
  'a tool that somebody has to allow': {
    feature: 'tools',
    answers: [sse(TOOL_STREAM), sse(TEXT_STREAM)],
    use: async (library) => {
      const owner = new library.Mastra({ agents: { helper: helper(library) }, logger: false })
      const agent = owner.getAgent('helper')
      const asked = await agent.stream('CANARY', { requireToolApproval: true })
      const before = await collect(asked.fullStream)
      const resumed = await agent.approveToolCall({ runId: asked.runId, toolCallId: 'call_1' })
      return [before, await collect(resumed.fullStream)].map((parts) => parts.map((part) => Object(part).type))
    },
    spans: [
      within('INTERNAL invoke_agent helper', streamed(CHAT_TOOL)),
      within(`INTERNAL invoke_agent helper${STOP}`, TOOL_RUN, streamed(CHAT)),
    ].join('\n'),
  },
  'a tool that throws': {
    feature: 'tools',
    answers: [TOOL, TEXT],
    use: async (library) => {
      const failing = weather(library, () => Promise.reject(new RangeError('CANARY')))
      return (await helper(library, { tools: { weather: failing } }).generate('CANARY')).text
    },
    spans: within(
      `INTERNAL invoke_agent helper${STOP}`,
      CHAT_TOOL,
      `INTERNAL execute_tool weather [gen_ai.tool.call.id=call_1 error.type=RangeError] ERROR(RangeError)`,
      CHAT,
    ),
  },
  'arguments that do not fit': {
    feature: 'tools',
    answers: [call('weather', { town: 'CANARY' }), TEXT],
    use: async (library) => (await helper(library).generate('CANARY')).text,
    spans: within(
      `INTERNAL invoke_agent helper${STOP}`,
      CHAT_TOOL,
      `INTERNAL execute_tool weather [gen_ai.tool.call.id=call_1 error.type=tool_error] ERROR(tool_error)`,
      CHAT,
    ),
  },
  'a tool that nobody asked an agent for': {
    feature: 'tools',
    answers: [TEXT],
    use: async (library) => {
      const tool = weather(library)
      return [await tool.execute({ city: 'CANARY' }, {}), tool.execute.name, tool.execute.length, tool.constructor.name]
    },
    spans: 'INTERNAL execute_tool weather',
  },
  'steps that are agents and tools': {
    feature: 'workflows',
    answers: [sse(TEXT_STREAM)],
    use: async (library) => {
      const run = await trip(library).createRun()
      const { status } = await run.start({ inputData: { prompt: 'CANARY' } })
      return status
    },
    spans: within(
      'INTERNAL invoke_workflow trip',
      within(`INTERNAL invoke_agent helper${STOP}`, streamed(CHAT)),
      'INTERNAL execute_tool weather',
    ),
  },
  'a stream': {
    feature: 'workflows',
    answers: [sse(TEXT_STREAM)],
    use: async (library) => {
      const output = (await trip(library).createRun()).stream({ inputData: { prompt: 'CANARY' } })
      return (await collect(output.fullStream)).map((part) => Object(part).type)
    },
    spans: within(
      'INTERNAL invoke_workflow trip',
      within(`INTERNAL invoke_agent helper${STOP}`, streamed(CHAT)),
      'INTERNAL execute_tool weather',
    ),
  },
  'a workflow in a workflow that fails': {
    feature: 'workflows',
    answers: [TEXT],
    use: async (library) => {
      const step = library.createStep({
        id: 'step',
        inputSchema: z.any(),
        outputSchema: z.any(),
        execute: () => Promise.reject(new RangeError('CANARY')),
      })
      const inner = workflow(library, 'inner').then(step).commit()
      const outer = workflow(library, 'outer').then(inner).commit()
      outer.__setLogger(library.noopLogger)
      const { status } = await (await outer.createRun()).start({ inputData: {} })
      return status
    },
    spans: within(
      'INTERNAL invoke_workflow outer [error.type=RangeError] ERROR(RangeError)',
      'INTERNAL invoke_workflow inner [error.type=RangeError] ERROR(RangeError)',
    ),
  },
  'steps by way of events': {
    feature: 'workflows',
    answers: [TEXT],
    use: async (library) => {
      const { createStep, createWorkflow } = library.evented
      const any = { inputSchema: z.any(), outputSchema: z.any() }
      const execute = async () => (await helper(library).generate('CANARY')).text
      const events = createWorkflow({ id: 'events', ...any })
        .then(createStep({ id: 'ask', ...any, execute }))
        .commit()
      const owner = new library.Mastra({ workflows: { events }, logger: false })
      await owner.startEventEngine()
      const { status } = await (await events.createRun()).start({ inputData: {} })
      await owner.stopEventEngine()
      return status
    },
    spans: within('INTERNAL invoke_workflow events', within(`INTERNAL invoke_agent helper${STOP}`, CHAT)),
  },
  'a refused call': {
    feature: 'errors',
    answers: [REFUSED],
    use: (library) => thrown(helper(library).generate('CANARY')),
    spans: within('INTERNAL invoke_agent helper [error.type=invalid_api_key] ERROR(invalid_api_key)', REFUSED_CHAT),
  },
  'a refused call of a stream': {
    feature: 'errors',
    answers: [REFUSED],
    use: async (library) => {
      const output = await helper(library).stream('CANARY')
      return (await collect(output.fullStream)).map((part) => Object(part).type)
    },
    spans: within(
      'INTERNAL invoke_agent helper [error.type=invalid_api_key] ERROR(invalid_api_key)',
      streamed(REFUSED_CHAT),
    ),
  },
  'attempts of one call': {
    feature: 'errors',
    answers: [BUSY, TEXT],
    use: async (library) => (await helper(library).generate('CANARY', { modelSettings: { maxRetries: 1 } })).text,
    spans: within(`INTERNAL invoke_agent helper${STOP}`, CHAT),
  },
  'a stream that is aborted': {
    feature: 'abort',
    answers: [{ ...sse(TEXT_STREAM.slice(0, 1)), ending: 'wait' }],
    use: async (library) => {
      const controller = new AbortController()
      const output = await helper(library).stream('CANARY', { abortSignal: controller.signal })
      const types: unknown[] = []
      for await (const part of output.fullStream) {
        types.push(part.type)
        if (part.type === 'text-delta') controller.abort()
      }
      return types
    },
    spans: within(
      'INTERNAL invoke_agent helper',
      `CLIENT chat gpt-4o-mini [gen_ai.request.stream=true ${reasons('error')} spanwarden.usage.source=unknown]`,
    ),
  },
}

const workflow = ({ createWorkflow }: Mastra, id: string) =>
  createWorkflow({ id, inputSchema: z.any(), outputSchema: z.any() })

function trip(library: Mastra) {
  const { createStep } = library
  const built = workflow(library, 'trip')
    .then(createStep(helper(library)))
    .map(async () => ({ city: 'CANARY' }))
    .then(createStep(weather(library)))
    .commit()
  built.__setLogger(library.noopLogger)
  return built
}

const TREE = [...SHOWN, 'error.type']

beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())

for (const build of BUILDS.filter(({ major }) => major === 'current')) {
  describe(`@mastra/core 1 ${build.format}`, () => {
    const bare = new Map<string, unknown>()
    let library: Mastra

    const use = async ({ answers, use: run }: Shape): Promise<unknown> => {
      server.answer(...answers)
      const outcome: unknown = JSON.parse(JSON.stringify({ outcome: await run(library) }))
      return outcome
    }

    beforeAll(async () => {
      library = await load(build)
      // Without a tracer the patches lead straight to the library's own code.
      const { tracer } = test.sdk
      Reflect.set(test.sdk, 'tracer', undefined)
      for (const [name, shape] of Object.entries(shapes)) bare.set(name, await use(shape))
      Reflect.set(test.sdk, 'tracer', tracer)
      test.faults.splice(0)
    }, 60_000)

    for (const [feature, group] of Map.groupBy(Object.entries(shapes), ([, shape]) => shape.feature)) {
      describe(`${feature}`, () => {
        it.each(group)('%s', async (name, shape) => {
          const outcome = await use(shape)
          expect(outcome).toEqual(bare.get(name))
          const spans = test.takeSpans()
          expect(spanTree(spans, TREE)).toBe(shape.spans)
          expect(
            JSON.stringify(spans.map((span) => [span.name, span.attributes, span.status, span.events])),
          ).not.toContain('CANARY')
          expect(test.faults.splice(0)).toEqual([])
        })
      })
    }

    it('knows the provider, its address, the model and the conversation', async () => {
      server.answer(TEXT)
      const memory = { thread: 'thread-2', resource: 'resource-1' }
      await helper(library, { memory: new library.MockMemory() }).generate('CANARY', { memory })
      const [chat, agent] = test.takeSpans().map(({ attributes }) => attributes)
      expect(chat).toMatchObject({
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt-4o-mini',
        'gen_ai.response.id': 'chatcmpl-1',
        'gen_ai.agent.name': 'helper',
        'gen_ai.conversation.id': 'thread-2',
        'server.address': '127.0.0.1',
      })
      expect(agent).toMatchObject({ 'gen_ai.request.model': 'gpt-4o-mini', 'gen_ai.conversation.id': 'thread-2' })
    })

    it('ends the spans of a stream that nobody reads', async () => {
      server.answer(sse(TOOL_STREAM), sse(TEXT_STREAM))
      await helper(library).stream('CANARY')
      const names: string[] = []
      while (names.length < 4) {
        await new Promise((resolve) => setImmediate(resolve))
        names.push(...test.takeSpans().map(({ name }) => name))
      }
      expect(names).toEqual(['chat gpt-4o-mini', 'execute_tool weather', 'chat gpt-4o-mini', 'invoke_agent helper'])
    })

    it('counts the tokens that the server sent', async () => {
      const count = fc.nat({ max: 100_000 })
      const step = fc.record({ input: count, output: count })
      const agent = helper(library)
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), fc.boolean(), async (steps, stream) => {
          const last = steps.length - 1
          server.answer(
            ...steps.flatMap((one, index) => completionOf({ ...one, failures: 0, stream, tool: index < last })),
          )
          if (stream) await (await agent.stream('CANARY', { maxSteps: 9 })).consumeStream()
          else await agent.generate('CANARY', { maxSteps: 9 })
          const calls = test.takeSpans().filter(({ name }) => name.startsWith('chat'))
          const sum = (key: string): number => calls.reduce((all, one) => all + Number(one.attributes[key]), 0)
          expect(calls.length).toBe(steps.length)
          expect(sum('gen_ai.usage.input_tokens')).toBe(steps.reduce((all, { input }) => all + input, 0))
          expect(sum('gen_ai.usage.output_tokens')).toBe(steps.reduce((all, { output }) => all + output, 0))
        }),
        { numRuns: 15 },
      )
    })

    it('records content in the shape of the conventions when it is asked to', async () => {
      test.sdk.captureContent = true
      try {
        server.answer(TOOL, TEXT)
        await helper(library).generate(['CANARY one', 'two'])
        const run = await trip(library).createRun()
        server.answer(sse(TEXT_STREAM))
        await run.start({ inputData: { prompt: 'CANARY' } })
        const told = test.takeSpans().map(({ name, attributes }) => [
          name,
          ...Object.entries(attributes)
            .filter(([key]) => /messages|tool\.call\.(arguments|result)/.test(key))
            .map(([key, value]) => `${key.replace('gen_ai.', '')} ${String(value)}`),
        ])
        await expect(`${told.flat().join('\n')}\n`).toMatchFileSnapshot('../../../test/golden/mastra/content.txt')
      } finally {
        test.sdk.captureContent = false
      }
    })

    it('keeps names, lengths and flags of methods', () => {
      for (const method of ['generate', 'stream', 'network', 'resumeStream', 'resumeGenerate', 'resumeNetwork']) {
        const descriptor = Object.getOwnPropertyDescriptor(library.Agent.prototype, method)
        expect(descriptor).toMatchObject({ enumerable: false, writable: true, configurable: true })
        expect([descriptor?.value.name, descriptor?.value.length]).toEqual([method, 2])
      }
    })
  })
}
