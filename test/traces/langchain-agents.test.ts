import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { json, sse, startModelServer } from '../support/model-server.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { projectFolder, runAgent } from '../support/run-agent.ts'
import { traceTree } from '../support/trace-tree.ts'
import type { ModelAnswer, ModelServer } from '../support/model-server.ts'
import type { SinkSpan } from '../support/otlp-sink.ts'

const USAGE = { prompt_tokens: 120, completion_tokens: 60, total_tokens: 180 }
const CALL = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"CANARY"}' } }
const ASKS = { role: 'assistant', content: null, tool_calls: [CALL] }
const SAYS = { role: 'assistant', content: 'CANARY' }

const head = (number: number) => ({ id: `chatcmpl-${number}`, created: 1, model: 'gpt-4o-mini-2024-07-18' })
const whole = (number: number, message: object, finish_reason: string): ModelAnswer =>
  json({ ...head(number), object: 'chat.completion', choices: [{ index: 0, message, finish_reason }], usage: USAGE })
const stream = (number: number, delta: object, finish_reason: string): ModelAnswer =>
  sse(
    [
      { choices: [{ index: 0, delta }] },
      { choices: [{ index: 0, delta: {}, finish_reason }] },
      { choices: [], usage: USAGE },
    ].map((chunk) => ({ ...head(number), object: 'chat.completion.chunk', ...chunk })),
  )
const streamedCall = { ...ASKS, tool_calls: [{ ...CALL, index: 0 }] }
const LOOP = [whole(1, ASKS, 'tool_calls'), whole(2, SAYS, 'stop')]
const STREAMED_LOOP = [stream(3, streamedCall, 'tool_calls'), stream(4, SAYS, 'stop')]

interface Case {
  readonly golden: string
  readonly answers: readonly ModelAnswer[]
  /** What the script imports: package and names. */
  readonly imports: Readonly<Record<string, readonly string[]>>
  readonly agent: string
  readonly previous?: boolean
}

const MODEL_AND_TOOL = `
  const model = new ChatOpenAI({ model: 'gpt-4o-mini', apiKey: 'key', maxRetries: 0, configuration: { baseURL: MODEL + '/v1' } })
  const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
  const weather = tool(async () => 'CANARY sunny', { name: 'weather', description: 'Tells the weather', schema })
  const question = { messages: [{ role: 'user', content: 'CANARY' }] }
`
const BASE = { '@langchain/openai': ['ChatOpenAI'], '@langchain/core/tools': ['tool'] }

/** Agents as their authors wrote them. */
const CASES: Readonly<Record<string, Case>> = {
  'createAgent, whole and streamed': {
    golden: 'create-agent',
    answers: [...LOOP, ...STREAMED_LOOP],
    imports: { ...BASE, langchain: ['createAgent'] },
    agent: `
      const agent = createAgent({ model, tools: [weather], name: 'forecaster' })
      await agent.invoke(question, { configurable: { thread_id: 'thread-1' } })
      for await (const _ of await agent.stream(question, { streamMode: 'messages' })) continue
    `,
  },
  'a graph with parallel branches and a subgraph': {
    golden: 'state-graph',
    answers: [1, 2, 3, 4].map((number) => whole(number, SAYS, 'stop')),
    imports: { ...BASE, '@langchain/langgraph': ['StateGraph', 'MessagesAnnotation'] },
    agent: `
      const ask = async (state) => ({ messages: [await model.invoke(state.messages)] })
      const review = new StateGraph(MessagesAnnotation)
        .addNode('read', ask).addNode('judge', ask)
        .addEdge('__start__', 'read').addEdge('read', 'judge')
        .compile()
      const desk = new StateGraph(MessagesAnnotation)
        .addNode('draft', ask).addNode('review', review).addNode('send', ask)
        .addEdge('__start__', 'draft').addEdge('__start__', 'review').addEdge(['draft', 'review'], 'send')
        .compile({ name: 'desk' })
      await desk.invoke(question)
    `,
  },
  'createReactAgent of the previous major': {
    golden: 'create-react-agent',
    answers: LOOP,
    imports: { ...BASE, '@langchain/langgraph/prebuilt': ['createReactAgent'] },
    agent: `await createReactAgent({ llm: model, tools: [weather], name: 'forecaster' }).invoke(question)`,
    previous: true,
  },
  'AgentExecutor of the previous major, which streams its model': {
    golden: 'agent-executor',
    answers: STREAMED_LOOP,
    imports: {
      ...BASE,
      '@langchain/core/prompts': ['ChatPromptTemplate'],
      'langchain/agents': ['AgentExecutor', 'createToolCallingAgent'],
    },
    agent: `
      const prompt = ChatPromptTemplate.fromMessages([['human', '{input}'], ['placeholder', '{agent_scratchpad}']])
      const agent = createToolCallingAgent({ llm: model, tools: [weather], prompt })
      await new AgentExecutor({ agent, tools: [weather] }).invoke({ input: 'CANARY' })
    `,
    previous: true,
  },
}

function scriptOf({ imports, agent }: Case, module: 'esm' | 'commonjs'): string {
  const lines = Object.entries(imports).map(([name, names]) =>
    module === 'esm'
      ? `import { ${names.join(', ')} } from '${name}'`
      : `const { ${names.join(', ')} } = require('${name}')`,
  )
  const body = `${MODEL_AND_TOOL}${agent}`
  return `${lines.join('\n')}\n${module === 'esm' ? body : `void (async () => { ${body} })()`}`
}

const SHOWN = [
  'gen_ai.provider.name',
  'gen_ai.request.stream',
  'gen_ai.conversation.id',
  'gen_ai.agent.name',
  'gen_ai.tool.call.id',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.response.finish_reasons',
  'spanwarden.cost.currency',
]

/** Branches that run at once start in any order: theirs is that of their names, then that of their end. */
const treeOf = (spans: readonly SinkSpan[], parallel: boolean): string =>
  traceTree(
    parallel ? spans.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((span) => ({ ...span, startNs: 0n })) : spans,
    SHOWN,
  )

describe('agents of LangChain in a process of their own', () => {
  let server: ModelServer
  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  const play = async (one: Case, module: 'esm' | 'commonjs', endpoint: string, env: Record<string, string> = {}) => {
    server.answer(...one.answers)
    const script = scriptOf(one, module).replaceAll('MODEL', JSON.stringify(server.url))
    const cwd = one.previous === true ? `${projectFolder}test/previous` : projectFolder
    const run = await runAgent({ endpoint, script, module, cwd, env })
    expect(run.stderr).not.toMatch(/error|fault|not observed/i)
    expect(run.code).toBe(0)
  }
  const runs = Object.entries(CASES).flatMap(([title, one]) =>
    (['esm', 'commonjs'] as const).map((module) => ({ title, one, module })),
  )

  it.each(runs)('$title: $module', async ({ one, module }) => {
    await using sink = await startOtlpSink()
    await play(one, module, sink.url)
    const tree = treeOf(sink.spans, one.golden === 'state-graph')
    await expect(`${tree}\n`).toMatchFileSnapshot(`../golden/langchain/${one.golden}.txt`)
    expect(sink.requests.some(({ body }) => body.includes('CANARY'))).toBe(false)
  })

  it('leaves the tracing of LangSmith as it is', async () => {
    const one = CASES['createAgent, whole and streamed']
    if (one === undefined) throw new Error('no such case')
    await using langsmith = await startModelServer()
    langsmith.answer(json({}))
    await using sink = await startOtlpSink()
    const tracing = { LANGSMITH_TRACING: 'true', LANGSMITH_ENDPOINT: langsmith.url, LANGSMITH_API_KEY: 'key' }
    await play(one, 'esm', sink.url, tracing)
    expect(langsmith.requests.length).toBeGreaterThan(0)
    await expect(`${treeOf(sink.spans, false)}\n`).toMatchFileSnapshot('../golden/langchain/create-agent.txt')
  })
})
