import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { array, assert, asyncProperty, constantFrom, letrec, oneof, record } from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anthropic } from '../../src/sdk/instrumentation/anthropic.ts'
import { langchain, langchainCore, langgraph } from '../../src/sdk/instrumentation/langchain.ts'
import { openai } from '../../src/sdk/instrumentation/openai.ts'
import { startHookedSdk } from '../support/hooked.ts'
import { loadLangChain, scriptedModel } from '../support/langchain.ts'
import type * as AnthropicModels from '@langchain/anthropic'
import type { LangChain } from '../support/langchain.ts'

/** What a mix is made of: calls, and what runs other steps inside it. */
type Step =
  | { readonly kind: 'invoke' | 'stream' | 'events' | 'batch' | 'claude' | 'own' | 'structured' | 'twice' }
  | { readonly kind: 'tool' | 'graph' | 'agent' | 'together'; readonly inside: readonly Step[] }

const { step: stepOf } = letrec<{ step: Step }>((tie) => ({
  step: oneof(
    { depthSize: 'small', withCrossShrink: true },
    record({
      kind: constantFrom(...(['invoke', 'stream', 'events', 'batch', 'claude', 'own', 'structured', 'twice'] as const)),
    }),
    record({
      kind: constantFrom(...(['tool', 'graph', 'agent', 'together'] as const)),
      inside: array(tie('step'), { minLength: 1, maxLength: 3 }),
    }),
  ),
}))

/** What the model server has sent, and what own models have said. */
const sent = { calls: 0, input: 0, output: 0 }

let questions = 0

function count(): { input: number; output: number } {
  sent.calls += 1
  const input = sent.calls * 7
  const output = sent.calls * 3
  sent.input += input
  sent.output += output
  return { input, output }
}

describe('random mixes of calls through LangChain', () => {
  const test = startHookedSdk([openai, anthropic, langchainCore, langgraph, langchain])
  const server = createServer((request, response) => void serve(request, response))
  let lc: LangChain
  let url: string
  let Claude: typeof AnthropicModels.ChatAnthropic

  beforeAll(async () => {
    lc = await loadLangChain(test, { major: 'current', format: 'esm' })
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    const models = (await test.load('@langchain/anthropic')) as unknown as typeof AnthropicModels
    Claude = models.ChatAnthropic
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    url = typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : ''
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  const gpt = () =>
    new lc.openai.ChatOpenAI({
      model: 'gpt-4o-mini',
      apiKey: 'key',
      maxConcurrency: 2,
      configuration: { baseURL: `${url}/v1` },
    })

  async function play(step: Step): Promise<void> {
    const inside = 'inside' in step ? step.inside : []
    switch (step.kind) {
      case 'invoke':
        return void (await gpt().invoke('question'))
      case 'stream':
        for await (const _ of await gpt().stream('question')) continue
        return undefined
      case 'events':
        for await (const _ of gpt().streamEvents('question', { version: 'v2' })) continue
        return undefined
      case 'batch':
        return void (await gpt().batch(['one', 'two', 'three']))
      case 'claude':
        return void (await new Claude({ model: 'claude-haiku-4-5', apiKey: 'key', anthropicApiUrl: url }).invoke(
          'question',
        ))
      case 'own':
        return void (await scriptedModel(lc, [{ text: 'hi', usage: ownUsage() }]).invoke('question'))
      case 'structured': {
        const chain = gpt().pipe((message) => message.content)
        for await (const _ of await chain.stream('question')) continue
        return undefined
      }
      case 'twice': {
        const model = scriptedModel(lc, [{ text: 'hi', usage: ownUsage() }], { cache: true })
        // The cache is that of the process.
        const question = `question ${(questions += 1)}`
        await model.invoke(question)
        return void (await model.invoke(question))
      }
      case 'together':
        return void (await Promise.all(inside.map(play)))
      case 'tool':
        return void (await toolOf(inside).invoke({}))
      case 'graph':
        return playGraph(inside)
      case 'agent': {
        const call = { text: '', toolCalls: [{ name: 'work', args: {}, id: 'call_1' }], usage: ownUsage() }
        const llm = scriptedModel(lc, [call, { text: 'done', usage: ownUsage() }])
        const agent = lc.prebuilt.createReactAgent({ llm, tools: [toolOf(inside)] })
        for await (const _ of await agent.stream({ messages: ['question'] }, { streamMode: 'messages' })) continue
        return undefined
      }
    }
  }

  const toolOf = (steps: readonly Step[]) =>
    lc.tools.tool(
      async () => {
        for (const step of steps) await play(step)
        return 'worked'
      },
      { name: 'work', description: 'Works', schema: { type: 'object', properties: {} } },
    )

  /** One node for each step, all at once. */
  async function playGraph(steps: readonly Step[]): Promise<void> {
    const work = async ({ index }: { index: number }): Promise<object> => {
      const step = steps[index]
      if (step !== undefined) await play(step)
      return {}
    }
    const graph = new lc.graph.StateGraph(lc.graph.Annotation.Root({ index: lc.graph.Annotation<number>() }))
      .addNode('work', work)
      .addConditionalEdges('__start__', () => steps.map((_, index) => new lc.graph.Send('work', { index })))
      .compile()
    await graph.invoke({})
  }

  it('has on its inference spans the tokens that were sent, once', async () => {
    await assert(
      asyncProperty(array(stepOf, { minLength: 1, maxLength: 4 }), async (steps) => {
        Object.assign(sent, { calls: 0, input: 0, output: 0 })
        for (const step of steps) await play(step)
        const spans = test.takeSpans()
        const calls = spans.filter(({ attributes }) => attributes['gen_ai.operation.name'] === 'chat')
        const sum = (key: string): number => calls.reduce((all, span) => all + Number(span.attributes[key]), 0)
        expect(test.faults).toEqual([])
        expect({
          calls: calls.length,
          input: sum('gen_ai.usage.input_tokens'),
          output: sum('gen_ai.usage.output_tokens'),
        }).toEqual(sent)
        const others = spans.filter((span) => !calls.includes(span))
        expect(others.some(({ attributes }) => 'gen_ai.usage.input_tokens' in attributes)).toBe(false)
      }),
      { numRuns: 25 },
    )
  })
})

function ownUsage() {
  const { input, output } = count()
  return { input_tokens: input, output_tokens: output, total_tokens: input + output }
}

/** Answers as OpenAI or Anthropic does, with counts that no other answer has. */
async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  const streamed = Buffer.concat(chunks).includes('"stream":true')
  const { input, output } = count()
  const say = (type: string, body: string): unknown => response.writeHead(200, { 'content-type': type }).end(body)
  if (request.url?.endsWith('/messages') === true) {
    const usage = { input_tokens: input, output_tokens: output }
    const content = [{ type: 'text', text: 'hello' }]
    const head = { id: `msg_${input}`, type: 'message', role: 'assistant', model: 'claude-haiku-4-5' }
    if (streamed)
      say('text/event-stream', claudeEvents({ ...head, content: [], usage: { ...usage, output_tokens: 1 } }, usage))
    else say('application/json', JSON.stringify({ ...head, content, stop_reason: 'end_turn', usage }))
    return
  }
  const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output }
  const head = { id: `chatcmpl-${input}`, created: 1, model: 'gpt-4o-mini' }
  const message = { role: 'assistant', content: 'hello' }
  if (streamed) {
    const events = [{ choices: [{ index: 0, delta: message, finish_reason: 'stop' }] }, { choices: [], usage }]
    const lines = events.map(
      (event) => `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...event })}\n\n`,
    )
    say('text/event-stream', `${lines.join('')}data: [DONE]\n\n`)
  } else {
    const choices = [{ index: 0, message, finish_reason: 'stop' }]
    say('application/json', JSON.stringify({ ...head, object: 'chat.completion', choices, usage }))
  }
}

const claudeEvents = (message: object, usage: object): string =>
  [
    { type: 'message_start', message },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hello' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage },
    { type: 'message_stop' },
  ]
    .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join('')
