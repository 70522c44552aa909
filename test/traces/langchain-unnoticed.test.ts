import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { json, sse, startModelServer } from '../support/model-server.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { projectFolder, runAgent } from '../support/run-agent.ts'
import type { ModelServer } from '../support/model-server.ts'

/** Everything that an application can see of what is gated, as lines; ids and times aside. */
const SEEN = `
  const say = (...words) => console.log(JSON.stringify(words))
  const frame = (error) => error.stack.split('\\n').find((line) => line.trim().startsWith('at '))?.replace(/file:\\/\\/|:\\d+:\\d+/g, '')
  class Parrot extends BaseChatModel {
    _llmType() { return 'parrot' }
    async _generate(messages) {
      const text = String(messages.at(-1).content)
      if (text === 'fail') throw new RangeError('no')
      return { generations: [{ text, message: new AIMessage(text) }] }
    }
    async *_streamResponseChunks(messages) {
      for (const text of String(messages.at(-1).content)) {
        if (text === '!') throw new RangeError('no')
        yield new ChatGenerationChunk({ text, message: new AIMessageChunk(text) })
      }
    }
    bindTools() { return this }
  }
  const shape = (owner) => Object.entries(Object.getOwnPropertyDescriptors(owner))
    .map(([key, { value, enumerable, writable, configurable }]) => [key, typeof value, value?.name, value?.length, enumerable, writable, configurable])
  const parrot = new Parrot({})
  const seen = async (title, work) => {
    try { say(title, await work()) } catch (error) { say(title, 'threw', error.constructor.name, error.message.slice(0, 60), frame(error)) }
  }
  const items = async (stream) => { const all = []; for await (const item of await stream) all.push(item); return all }
  const tools = [tool(async ({ city }) => { if (city === 'fail') throw new RangeError('no'); return 'sunny in ' + city }, {
    name: 'weather', description: 'Weather', schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } })]
  const [weather] = tools
  await seen('invoke', async () => { const m = await parrot.invoke('hi'); return [m.constructor.name, m instanceof AIMessage, m.content] })
  await seen('fail', () => parrot.invoke('fail'))
  await seen('batch', async () => (await parrot.batch(['a', 'b', 'fail'], { maxConcurrency: 1 }, { returnExceptions: true })).map((one) => one.constructor.name))
  await seen('stream', async () => (await items(parrot.stream('hi'))).map((chunk) => [chunk.constructor.name, chunk.content]))
  await seen('broken stream', () => items(parrot.stream('hi!')))
  await seen('stream object', async () => { const s = await parrot.stream('hi'); const t = Object.prototype.toString.call(s); await s.return(); return [s.constructor.name, t, typeof s[Symbol.asyncDispose], s instanceof ReadableStream] })
  await seen('generator', async () => {
    const g = parrot._streamResponseChunks([new AIMessage('hey')])
    const first = await g.next()
    const ended = await g.return('bye')
    return [Object.prototype.toString.call(g), typeof g.throw, Object.keys(g), g[Symbol.asyncIterator]() === g, first.value.text, ended, await g.next()]
  })
  await seen('thrown in', async () => { const g = parrot._streamResponseChunks([new AIMessage('hey')]); await g.next(); await g.throw(new TypeError('mine')) })
  await seen('events', async () => (await items(parrot.streamEvents('hi', { version: 'v2' }))).map(({ event, name }) => [event, name]))
  await seen('tool', async () => [await weather.invoke({ city: 'Rome' }), (await weather.invoke({ type: 'tool_call', id: '1', name: 'weather', args: { city: 'Rome' } })).constructor.name])
  await seen('tool fail', () => weather.invoke({ city: 'fail' }))
  await seen('tool input', () => weather.invoke({}))
  class Letters extends Embeddings { async embedQuery(text) { return [text.length] } async embedDocuments(texts) { return texts.map((text) => [text.length]) } }
  const letters = new Letters({ maxConcurrency: 2 })
  await seen('embeddings', async () => [await letters.embedQuery('hi'), letters instanceof Embeddings, Object.getPrototypeOf(Letters) === Embeddings, Embeddings.name, Embeddings.length, letters.caller.maxConcurrency, Object.keys(letters)])
  class Shelf extends BaseRetriever { lc_namespace = ['x']; async _getRelevantDocuments(query) { if (query === 'fail') throw new RangeError('no'); return [] } }
  await seen('retriever', () => new Shelf().invoke('hi'))
  await seen('retriever fail', () => new Shelf().invoke('fail'))
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('ask', async ({ messages }) => ({ messages: [await parrot.invoke(messages)] }))
    .addEdge('__start__', 'ask').compile()
  const question = (content) => ({ messages: [{ role: 'user', content }] })
  await seen('graph', async () => (await graph.invoke(question('hi'))).messages.map(({ content }) => content))
  await seen('graph fail', () => graph.invoke(question('fail')))
  await seen('graph stream', async () => (await items(graph.stream(question('hi'), { streamMode: ['updates', 'messages'] }))).map(([mode]) => mode))
  await seen('graph events', async () => (await items(graph.streamEvents(question('hi'), { version: 'v2' }))).map(({ event, name }) => [event, name]))
  await seen('abort', () => graph.invoke(question('hi'), { signal: AbortSignal.abort() }))
  const client = new ChatOpenAI({ model: 'gpt-4o-mini', apiKey: 'key', maxRetries: 0, configuration: { baseURL: MODEL + '/v1' } })
  await seen('client', async () => { const m = await client.invoke('hi'); return [m.content, m.usage_metadata, m.response_metadata] })
  await seen('client stream', async () => (await items(client.stream('hi'))).map(({ content, usage_metadata }) => [content, usage_metadata]))
  await seen('shapes', () => [BaseChatModel, StructuredTool, BaseRetriever, Parrot, Pregel].map(({ name, length, prototype }) => [name, length, shape(prototype)]))
  let unhandled = 0
  process.on('unhandledRejection', () => { unhandled += 1 })
  void parrot.invoke('fail')
  void weather.invoke({ city: 'fail' })
  void new Shelf().invoke('fail')
  void graph.invoke(question('fail'))
  parrot.invoke('fail').catch(() => undefined)
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  while (unhandled < 4) await turn()
  for (let turns = 0; turns < 20; turns += 1) await turn()
  say('unhandled', unhandled)
`

const IMPORTS = {
  '@langchain/core/language_models/chat_models': ['BaseChatModel'],
  '@langchain/core/messages': ['AIMessage', 'AIMessageChunk'],
  '@langchain/core/outputs': ['ChatGenerationChunk'],
  '@langchain/core/tools': ['tool', 'StructuredTool'],
  '@langchain/core/embeddings': ['Embeddings'],
  '@langchain/core/retrievers': ['BaseRetriever'],
  '@langchain/langgraph': ['StateGraph', 'MessagesAnnotation'],
  '@langchain/langgraph/pregel': ['Pregel'],
  '@langchain/openai': ['ChatOpenAI'],
}

function scriptOf(module: 'esm' | 'commonjs'): string {
  const lines = Object.entries(IMPORTS).map(([name, names]) =>
    module === 'esm'
      ? `import { ${names.join(', ')} } from '${name}'`
      : `const { ${names.join(', ')} } = require('${name}')`,
  )
  return `${lines.join('\n')}\n${module === 'esm' ? SEEN : `void (async () => { ${SEEN} })()`}`
}

const USAGE = { prompt_tokens: 12, completion_tokens: 6, total_tokens: 18 }
const HEAD = { id: 'chatcmpl-1', created: 1, model: 'gpt-4o-mini' }
const ANSWERS = [
  json({
    ...HEAD,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
    usage: USAGE,
  }),
  sse(
    [
      { choices: [{ index: 0, delta: { role: 'assistant', content: 'hel' } }] },
      { choices: [{ index: 0, delta: { content: 'lo' }, finish_reason: 'stop' }] },
      { choices: [], usage: USAGE },
    ].map((chunk) => ({ ...HEAD, object: 'chat.completion.chunk', ...chunk })),
  ),
]

describe('an application with LangChain', () => {
  let server: ModelServer
  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  it.each([
    { major: 'current', module: 'esm' as const },
    { major: 'current', module: 'commonjs' as const },
    { major: 'previous', module: 'esm' as const },
    { major: 'previous', module: 'commonjs' as const },
  ])('sees the same with and without the preload: $major $module', async ({ major, module }) => {
    await using sink = await startOtlpSink()
    const script = scriptOf(module).replaceAll('MODEL', JSON.stringify(server.url))
    const cwd = major === 'previous' ? `${projectFolder}test/previous` : projectFolder
    const run = async (preload: boolean): Promise<string[]> => {
      server.answer(...ANSWERS)
      const { stdout, code } = await runAgent({ endpoint: sink.url, script, module, cwd, preload })
      expect(code).toBe(0)
      return stdout.split('\n')
    }
    const bare = await run(false)
    expect(bare.length).toBeGreaterThan(20)
    expect(sink.spans).toEqual([])
    expect(await run(true)).toEqual(bare)
    expect(sink.spans.length).toBeGreaterThan(20)
  })
})
