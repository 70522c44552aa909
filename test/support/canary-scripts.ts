/**
 * Agents that use one library in every way that matters, with a canary wherever an agent puts what is nobody else's business. A script
 * is the body of an async function; it has `load(package)`, `c(place)` (the canary with the name of its place), `each(use)` (once for every
 * behaviour of the server, with its base URL and a signal) and `quiet(work)` (reads what comes to its end, errors included).
 */
export interface CanaryScript {
  readonly library: string
  readonly body: string
  /** Places whose canary must be found when content is captured; sorted. */
  readonly captured: readonly string[]
  /** The major before is played too. */
  readonly previous?: boolean
}

const BODY = `
  const schema = { type: 'object', properties: { q: { type: 'string', description: c('schema') } } }
  const tools = [{ type: 'function', function: { name: 'look', description: c('description'), parameters: schema } }]
  const earlier = { id: 'call00002', type: 'function', function: { name: 'look', arguments: JSON.stringify({ q: c('arguments') }) } }
  const messages = [
    { role: 'system', content: c('system') },
    { role: 'user', content: c('prompt') },
    { role: 'assistant', content: '', tool_calls: [earlier] },
    { role: 'tool', tool_call_id: 'call00002', content: c('result') },
  ]
  const headers = { 'x-secret': c('header') }
  const image = 'data:image/png;base64,' + btoa(c('image').repeat(99))
`

const fail = `() => { throw Object.assign(new Error(c('thrown'), { cause: c('cause') }), { name: c('name') + ' is bad', detail: c('detail') }) }`

const likeOpenAi = (library: string, name: string, path: string): CanaryScript => ({
  library,
  body: `${BODY}
    const { ${name}: Client } = await load('${library}')
    await each(async (base, signal) => {
      const client = new Client({ apiKey: c('key'), baseURL: base + '${path}', maxRetries: 0, defaultHeaders: headers, defaultQuery: { token: c('query') } })
      const body = { model: 'gpt-4o-mini', messages, tools }
      await quiet(() => client.chat.completions.create(body, { signal }))
      await quiet(() => client.chat.completions.create({ ...body, stream: true }, { signal }))
    })`,
  captured: ['answer', 'arguments', 'callargs', 'complaint', 'prompt', 'result', 'system'],
  previous: library === 'groq-sdk',
})

export const CANARY_SCRIPTS: readonly CanaryScript[] = [
  {
    library: 'openai',
    body: `${BODY}
      const { OpenAI } = await load('openai')
      const withImage = [...messages, { role: 'user', content: [{ type: 'image_url', image_url: { url: image } }] }]
      await each(async (base, signal) => {
        const client = new OpenAI({ apiKey: c('key'), organization: c('org'), project: c('project'), baseURL: base + '/' + c('path') + '/v1', maxRetries: 0, defaultHeaders: headers, defaultQuery: { token: c('query') } })
        const body = { model: 'gpt-4o-mini', messages: withImage, tools, metadata: { note: c('metadata') } }
        const input = [{ role: 'user', content: c('prompt') }, { type: 'function_call', call_id: 'a', name: 'look', arguments: '{"q":"' + c('arguments') + '"}' }, { type: 'function_call_output', call_id: 'a', output: c('result') }]
        const ask = { model: 'gpt-4o-mini', input, instructions: c('instructions') }
        await quiet(() => client.chat.completions.create(body, { signal }))
        await quiet(() => client.chat.completions.create({ ...body, stream: true }, { signal }))
        await quiet(() => client.chat.completions.stream(body, { signal }).finalChatCompletion())
        await quiet(() => client.responses.create(ask, { signal }))
        await quiet(() => client.responses.create({ ...ask, stream: true }, { signal }))
        await quiet(() => client.embeddings.create({ model: 'text-embedding-3-small', input: c('embedded') }, { signal }))
        const run = { type: 'function', function: { name: 'look', parameters: schema, parse: JSON.parse, function: ${fail} } }
        await quiet(() => client.chat.completions.runTools({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: c('prompt') }], tools: [run] }, { signal }).finalContent())
      })`,
    captured: ['answer', 'arguments', 'callargs', 'complaint', 'instructions', 'prompt', 'result', 'system', 'thrown'],
    previous: true,
  },
  likeOpenAi('groq-sdk', 'Groq', ''),
  likeOpenAi('together-ai', 'Together', '/v1'),
  {
    library: '@anthropic-ai/sdk',
    body: `${BODY}
      const { Anthropic } = await load('@anthropic-ai/sdk')
      const claude = [
        { role: 'user', content: [{ type: 'text', text: c('prompt') }, { type: 'image', source: { type: 'base64', media_type: 'image/png', data: btoa(c('image').repeat(9)) } }] },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'look', input: { q: c('arguments') } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: c('result') }, { type: 'image', source: { type: 'base64', media_type: 'image/png', data: btoa(c('image').repeat(99)) } }] }] },
      ]
      await each(async (base, signal) => {
        const client = new Anthropic({ apiKey: c('key'), baseURL: base + '/' + c('path'), maxRetries: 0, defaultHeaders: headers, defaultQuery: { token: c('query') } })
        const body = { model: 'claude-haiku-4-5', max_tokens: 9, system: c('system'), messages: claude, tools: [{ name: 'look', description: c('description'), input_schema: schema }] }
        await quiet(() => client.messages.create(body, { signal }))
        await quiet(() => client.messages.create({ ...body, stream: true }, { signal }))
        await quiet(() => client.messages.stream(body, { signal }).finalMessage())
        const run = { name: 'look', type: 'custom', description: c('description'), input_schema: schema, run: ${fail}, parse: (input) => input }
        await quiet(() => client.beta.messages.toolRunner({ ...body, messages: [{ role: 'user', content: c('prompt') }], tools: [run], max_iterations: 3 }, { signal }).runUntilDone())
      })`,
    captured: [
      'answer',
      'arguments',
      'callargs',
      'complaint',
      'description',
      'prompt',
      'result',
      'schema',
      'system',
      'thrown',
    ],
    previous: true,
  },
  {
    library: '@google/genai',
    body: `${BODY}
      const { GoogleGenAI } = await load('@google/genai')
      const contents = [
        { role: 'user', parts: [{ text: c('prompt') }, { inlineData: { mimeType: 'image/png', data: btoa(c('image').repeat(9)) } }] },
        { role: 'model', parts: [{ functionCall: { name: 'look', args: { q: c('arguments') } } }] },
        { role: 'user', parts: [{ functionResponse: { name: 'seen', response: { output: c('result') } } }] },
      ]
      await each(async (base, abortSignal) => {
        const client = new GoogleGenAI({ apiKey: c('key'), httpOptions: { baseUrl: base, headers } })
        const config = { abortSignal, systemInstruction: c('system'), tools: [{ functionDeclarations: [{ name: 'look', description: c('description'), parametersJsonSchema: schema }] }] }
        const body = { model: 'gemini-2.5-flash', contents, config }
        await quiet(() => client.models.generateContent(body))
        await quiet(() => client.models.generateContentStream(body))
        await quiet(async () => client.chats.create({ model: 'gemini-2.5-flash', config }).sendMessage({ message: c('prompt') }))
        const callable = { tool: async () => ({ functionDeclarations: [{ name: 'look', parametersJsonSchema: schema }] }), callTool: async () => { (${fail})() } }
        await quiet(() => client.models.generateContent({ model: 'gemini-2.5-flash', contents: c('prompt'), config: { abortSignal, tools: [callable] } }))
      })`,
    captured: [
      'answer',
      'arguments',
      'callargs',
      'complaint',
      'description',
      'prompt',
      'result',
      'schema',
      'system',
      'thrown',
    ],
    previous: true,
  },
  {
    library: '@aws-sdk/client-bedrock-runtime',
    body: `${BODY}
      const { NodeHttpHandler } = await load('@smithy/node-http-handler')
      const { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } = await load('@aws-sdk/client-bedrock-runtime')
      await each(async (base, abortSignal) => {
        const client = new BedrockRuntimeClient({ region: 'us-east-1', endpoint: base, credentials: { accessKeyId: c('keyid'), secretAccessKey: c('key'), sessionToken: c('session') }, maxAttempts: 1, requestHandler: new NodeHttpHandler() })
        const input = {
          modelId: 'us.anthropic.claude-haiku-4-5-20251001-v1:0',
          system: [{ text: c('system') }],
          toolConfig: { tools: [{ toolSpec: { name: 'look', description: c('description'), inputSchema: { json: schema } } }] },
          requestMetadata: { note: c('metadata') },
          messages: [
            { role: 'user', content: [{ text: c('prompt') }, { image: { format: 'png', source: { bytes: Buffer.from(c('image')) } } }] },
            { role: 'assistant', content: [{ toolUse: { toolUseId: 'a', name: 'look', input: { q: c('arguments') } } }] },
            { role: 'user', content: [{ toolResult: { toolUseId: 'a', content: [{ text: c('result') }] } }] },
          ],
        }
        await quiet(() => client.send(new ConverseCommand(input), { abortSignal }))
        await quiet(async () => (await client.send(new ConverseStreamCommand(input), { abortSignal })).stream)
      })`,
    captured: ['answer', 'arguments', 'callargs', 'complaint', 'prompt', 'result', 'system'],
  },
  {
    library: '@mistralai/mistralai',
    body: `${BODY}
      const { Mistral } = await load('@mistralai/mistralai')
      await each(async (base, signal) => {
        const client = new Mistral({ apiKey: c('key'), serverURL: base, retryConfig: { strategy: 'none' } })
        const call = { id: 'call00002', function: { name: 'look', arguments: { q: c('arguments') } } }
        const body = { model: 'mistral-small-latest', tools, messages: [
          { role: 'system', content: c('system') },
          { role: 'user', content: c('prompt') },
          { role: 'assistant', content: '', toolCalls: [call] },
          { role: 'tool', toolCallId: 'call00002', content: c('result') },
        ] }
        await quiet(() => client.chat.complete(body, { fetchOptions: { signal, headers } }))
        await quiet(() => client.chat.stream(body, { fetchOptions: { signal } }))
      })`,
    captured: ['answer', 'arguments', 'callargs', 'complaint', 'prompt', 'reason', 'result', 'system'],
    previous: true,
  },
  {
    library: 'cohere-ai',
    body: `${BODY}
      const { CohereClientV2 } = await load('cohere-ai')
      await each(async (base, abortSignal) => {
        const client = new CohereClientV2({ token: c('key'), environment: base, maxRetries: 0, clientName: c('client') })
        const body = { model: 'command-a-03-2025', tools, messages: [
          { role: 'system', content: c('system') },
          { role: 'user', content: c('prompt') },
          { role: 'assistant', toolCalls: [earlier] },
          { role: 'tool', toolCallId: 'call00002', content: c('result') },
        ] }
        await quiet(() => client.chat(body, { abortSignal, headers }))
        await quiet(() => client.chatStream(body, { abortSignal }))
      })`,
    captured: ['answer', 'arguments', 'callargs', 'complaint', 'prompt', 'reason', 'result', 'system'],
    previous: true,
  },
  {
    library: 'ollama',
    body: `${BODY}
      const { Ollama } = await load('ollama')
      await each(async (base, signal) => {
        const client = new Ollama({ host: base, headers: { ...headers, authorization: 'Bearer ' + c('key') } })
        signal?.addEventListener('abort', () => client.abort())
        const call = { function: { name: 'look', arguments: { q: c('arguments') } } }
        const body = { model: 'llama3.2', tools, messages: [
          { role: 'system', content: c('system') },
          { role: 'user', content: c('prompt'), images: [btoa(c('image'))] },
          { role: 'assistant', content: '', tool_calls: [call] },
          { role: 'tool', tool_name: 'seen', content: c('result') },
        ] }
        // A whole answer that never comes cannot be aborted.
        if (signal === undefined) await quiet(() => client.chat(body))
        await quiet(() => client.chat({ ...body, stream: true }))
      })`,
    captured: ['answer', 'arguments', 'callargs', 'complaint', 'prompt', 'result', 'system'],
  },
  {
    library: '@huggingface/inference',
    body: `${BODY}
      const { InferenceClient } = await load('@huggingface/inference')
      await each(async (base, signal) => {
        const client = new InferenceClient('hf_' + c('key'), { endpointUrl: base + '/v1' })
        const body = { model: 'llama', messages, tools }
        await quiet(() => client.chatCompletion(body, { signal }))
        await quiet(() => client.chatCompletionStream(body, { signal }))
      })`,
    captured: ['answer', 'arguments', 'callargs', 'complaint', 'prompt', 'reason', 'result', 'system'],
    previous: true,
  },
  {
    library: '@openrouter/sdk',
    body: `${BODY}
      const { OpenRouter } = await load('@openrouter/sdk')
      await each(async (base, signal) => {
        const client = new OpenRouter({ apiKey: c('key'), serverURL: base, httpReferer: c('referer'), xTitle: c('title'), retryConfig: { strategy: 'none' } })
        const call = { id: 'call00002', type: 'function', function: { name: 'look', arguments: JSON.stringify({ q: c('arguments') }) } }
        const request = { model: 'openai/gpt-4o-mini', tools, messages: [
          { role: 'system', content: c('system') },
          { role: 'user', content: c('prompt') },
          { role: 'assistant', content: '', toolCalls: [call] },
          { role: 'tool', toolCallId: 'call00002', content: c('result') },
        ] }
        for (const chatRequest of [request, { ...request, stream: true }]) {
          await quiet(() => client.chat.send({ chatRequest }, { fetchOptions: { signal, headers } }))
          await quiet(() => client.chat.send({ chatGenerationParams: chatRequest }, { fetchOptions: { signal, headers } }))
          await quiet(() => client.chat.send(chatRequest, { fetchOptions: { signal, headers } }))
        }
      })`,
    captured: ['answer', 'arguments', 'callargs', 'prompt', 'reason', 'result', 'system'],
    previous: true,
  },
  {
    library: 'ai',
    body: `${BODY}
      const { generateText, streamText, generateObject, embed, tool, jsonSchema, stepCountIs, isStepCount = stepCountIs } = await load('ai')
      const { createOpenAI } = await load('@ai-sdk/openai')
      await each(async (base, abortSignal) => {
        const provider = createOpenAI({ apiKey: c('key'), baseURL: base + '/v1', headers })
        const model = provider.chat('gpt-4o-mini')
        const look = tool({ description: c('description'), inputSchema: jsonSchema(schema), execute: async () => c('result') })
        const bad = tool({ description: c('description'), inputSchema: jsonSchema(schema), execute: async () => (${fail})() })
        for (const one of [look, bad]) {
          const options = { model, system: c('system'), prompt: c('prompt'), tools: { look: one }, stopWhen: isStepCount(3), maxRetries: 0, abortSignal, onError: () => undefined, allowSystemInMessages: true }
          await quiet(() => generateText(options))
          await quiet(async () => streamText(options).fullStream)
          await quiet(() => generateText({ ...options, experimental_telemetry: { isEnabled: true, functionId: 'named', metadata: { note: c('metadata') } } }))
        }
        await quiet(() => generateObject({ model, schema: jsonSchema(schema), prompt: c('prompt'), maxRetries: 0, abortSignal }))
        await quiet(() => embed({ model: provider.textEmbeddingModel('text-embedding-3-small'), value: c('embedded'), maxRetries: 0, abortSignal }))
      })`,
    captured: [
      'answer',
      'callargs',
      'complaint',
      'description',
      'name',
      'prompt',
      'reason',
      'result',
      'schema',
      'system',
      'thrown',
    ],
    previous: true,
  },
  {
    library: '@langchain/core',
    body: `${BODY}
      const { ChatOpenAI, OpenAIEmbeddings } = await load('@langchain/openai')
      const { tool } = await load('@langchain/core/tools')
      const { HumanMessage, SystemMessage } = await load('@langchain/core/messages')
      const { BaseRetriever } = await load('@langchain/core/retrievers')
      const { createReactAgent } = await load('@langchain/langgraph/prebuilt')
      class Shelf extends BaseRetriever {
        lc_namespace = ['shelf']
        constructor(fails) { super(); this.fails = fails }
        async _getRelevantDocuments() { if (this.fails) (${fail})(); return [{ pageContent: c('document'), metadata: { from: c('source') } }] }
      }
      await each(async (base, signal) => {
        const model = new ChatOpenAI({ model: 'gpt-4o-mini', apiKey: c('key'), maxRetries: 0, configuration: { baseURL: base + '/v1', defaultHeaders: headers } })
        const said = [new SystemMessage(c('system')), new HumanMessage(c('prompt'))]
        const config = { signal, metadata: { note: c('metadata') }, tags: [c('tag')] }
        await quiet(() => model.invoke(said, config))
        await quiet(() => model.stream(said, config))
        for (const work of [async () => c('result'), async () => (${fail})()]) {
          const look = tool(work, { name: 'look', description: c('description'), schema })
          await quiet(() => look.invoke({ q: c('arguments') }, config))
          const agent = createReactAgent({ llm: model, tools: [look], prompt: c('system') })
          await quiet(() => agent.invoke({ messages: [new HumanMessage(c('prompt'))] }, { ...config, recursionLimit: 6 }))
          await quiet(() => agent.stream({ messages: [new HumanMessage(c('prompt'))] }, { ...config, recursionLimit: 6 }))
        }
        for (const fails of [false, true]) await quiet(() => new Shelf(fails).invoke(c('question'), config))
        // Takes no signal.
        if (signal === undefined) await quiet(() => new OpenAIEmbeddings({ apiKey: c('key'), maxRetries: 0, configuration: { baseURL: base + '/v1' } }).embedQuery(c('embedded')))
      })`,
    captured: [
      'answer',
      'arguments',
      'callargs',
      'complaint',
      'description',
      'document',
      'prompt',
      'question',
      'result',
      'source',
      'system',
      'thrown',
    ],
    previous: true,
  },
  {
    library: 'langchain',
    body: `${BODY}
      const { createAgent } = await load('langchain')
      const { ChatOpenAI } = await load('@langchain/openai')
      const { tool } = await load('@langchain/core/tools')
      await each(async (base, signal) => {
        const model = new ChatOpenAI({ model: 'gpt-4o-mini', apiKey: c('key'), maxRetries: 0, configuration: { baseURL: base + '/v1', defaultHeaders: headers } })
        for (const work of [async () => c('result'), async () => (${fail})()]) {
          const look = tool(work, { name: 'look', description: c('description'), schema })
          const agent = createAgent({ model, tools: [look], systemPrompt: c('system') })
          const config = { signal, metadata: { note: c('metadata') }, tags: [c('tag')], recursionLimit: 6 }
          await quiet(() => agent.invoke({ messages: [{ role: 'user', content: c('prompt') }] }, config))
          await quiet(() => agent.stream({ messages: [{ role: 'user', content: c('prompt') }] }, config))
        }
      })`,
    captured: ['answer', 'callargs', 'complaint', 'description', 'name', 'prompt', 'result', 'system', 'thrown'],
  },
  {
    library: '@mastra/core',
    body: `${BODY}
      const { Agent } = await load('@mastra/core/agent')
      const { createTool } = await load('@mastra/core/tools')
      const { noopLogger } = await load('@mastra/core/logger')
      const { createOpenAI } = await load('@ai-sdk/openai')
      const { z } = await load('zod')
      await each(async (base, abortSignal) => {
        const model = createOpenAI({ apiKey: c('key'), baseURL: base + '/v1', headers }).chat('gpt-4o-mini')
        for (const execute of [async () => c('result'), async () => (${fail})()]) {
          const look = createTool({ id: 'look', description: c('description'), inputSchema: z.looseObject({}), execute })
          const agent = new Agent({ id: 'helper', name: 'helper', instructions: c('instructions'), model, tools: { look }, maxRetries: 0 })
          agent.__setLogger(noopLogger)
          const options = { abortSignal, maxSteps: 3, modelSettings: { maxRetries: 0 } }
          await quiet(() => agent.generate(c('prompt'), options))
          await quiet(async () => { const run = await agent.stream(c('prompt'), options); for await (const _ of run.fullStream); })
        }
      })`,
    captured: [
      'answer',
      'callargs',
      'complaint',
      'description',
      'instructions',
      'prompt',
      'reason',
      'result',
      'thrown',
    ],
  },
  {
    library: '@openai/agents',
    body: `${BODY}
      const { Agent, Runner, OpenAIProvider, tool, handoff } = await load('@openai/agents')
      const { OpenAI } = await load('openai')
      await each(async (base, signal) => {
        const openAIClient = new OpenAI({ apiKey: c('key'), baseURL: base + '/v1', maxRetries: 0, defaultHeaders: headers })
        for (const useResponses of [true, false]) for (const execute of [async () => c('result'), async () => (${fail})()]) {
          const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient, useResponses }), traceMetadata: { note: c('metadata') } })
          const parameters = { ...schema, required: [], additionalProperties: true }
          const look = tool({ name: 'look', description: c('description'), parameters, strict: false, execute, errorFunction: null })
          const agent = new Agent({ name: 'helper', instructions: c('instructions'), model: 'gpt-4o-mini', tools: [look] })
          await quiet(() => runner.run(agent, c('prompt'), { signal, maxTurns: 3 }))
          await quiet(async () => { const run = await runner.run(agent, c('prompt'), { signal, maxTurns: 3, stream: true }); for await (const _ of run); await run.completed })
        }
      })`,
    captured: ['answer', 'callargs', 'complaint', 'description', 'instructions', 'name', 'prompt', 'result', 'thrown'],
  },
  {
    library: '@modelcontextprotocol/sdk',
    body: `
      const { Client } = await load('@modelcontextprotocol/sdk/client/index.js')
      const { McpServer } = await load('@modelcontextprotocol/sdk/server/mcp.js')
      const { InMemoryTransport } = await load('@modelcontextprotocol/sdk/inMemory.js')
      const { z } = await load('zod')
      const server = new McpServer({ name: 'desk', version: '1' })
      const inputSchema = { q: z.string().describe(c('schema')) }
      server.registerTool('look', { description: c('description'), inputSchema }, async () => ({ content: [{ type: 'text', text: c('result') }] }))
      server.registerTool('deny', { inputSchema }, async () => ({ content: [{ type: 'text', text: c('denied') }], isError: true }))
      server.registerTool('fail', { inputSchema }, async () => (${fail})())
      server.registerPrompt('greeting', { argsSchema: { q: z.string() } }, () => ({ messages: [{ role: 'user', content: { type: 'text', text: c('message') } }] }))
      server.registerPrompt('broken', {}, () => (${fail})())
      const [here, there] = InMemoryTransport.createLinkedPair()
      const client = new Client({ name: 'agent', version: '1' })
      await server.connect(there)
      await client.connect(here)
      const args = { q: c('arguments') }
      for (const name of ['look', 'deny', 'fail']) await quiet(() => client.callTool({ name, arguments: args, _meta: { note: c('metadata') } }))
      await quiet(() => client.callTool({ name: 'look', arguments: { q: { wrong: c('arguments') } } }))
      await quiet(() => client.getPrompt({ name: 'greeting', arguments: args }))
      await quiet(() => client.getPrompt({ name: 'broken' }))
      await quiet(() => client.readResource({ uri: 'mem://' + c('uri') + '?q=' + c('uriquery') }))
      await quiet(() => client.callTool({ name: 'look', arguments: args }, undefined, { signal: AbortSignal.abort(new Error(c('reason'))) }))
      await client.close()`,
    captured: ['arguments', 'denied', 'reason', 'result', 'thrown', 'uri', 'uriquery'],
  },
  {
    library: '@modelcontextprotocol/client',
    body: `
      const { Client, InMemoryTransport } = await load('@modelcontextprotocol/client')
      const { McpServer } = await load('@modelcontextprotocol/server')
      const { z } = await load('zod')
      const server = new McpServer({ name: 'desk', version: '1' })
      const inputSchema = z.object({ q: z.string().describe(c('schema')) })
      server.registerTool('look', { description: c('description'), inputSchema }, async () => ({ content: [{ type: 'text', text: c('result') }] }))
      server.registerTool('deny', { inputSchema }, async () => ({ content: [{ type: 'text', text: c('denied') }], isError: true }))
      server.registerTool('fail', { inputSchema }, async () => (${fail})())
      server.registerPrompt('greeting', { argsSchema: z.object({ q: z.string() }) }, () => ({ messages: [{ role: 'user', content: { type: 'text', text: c('message') } }] }))
      server.registerPrompt('broken', {}, () => (${fail})())
      const [here, there] = InMemoryTransport.createLinkedPair()
      const client = new Client({ name: 'agent', version: '1' })
      await server.connect(there)
      await client.connect(here)
      const args = { q: c('arguments') }
      for (const name of ['look', 'deny', 'fail']) await quiet(() => client.callTool({ name, arguments: args, _meta: { note: c('metadata') } }))
      await quiet(() => client.callTool({ name: 'look', arguments: { q: { wrong: c('arguments') } } }))
      await quiet(() => client.getPrompt({ name: 'greeting', arguments: args }))
      await quiet(() => client.getPrompt({ name: 'broken' }))
      await quiet(() => client.readResource({ uri: 'mem://' + c('uri') + '?q=' + c('uriquery') }))
      await quiet(() => client.callTool({ name: 'look', arguments: args }, { signal: AbortSignal.abort(new Error(c('reason'))) }))
      await client.close()`,
    captured: ['arguments', 'denied', 'reason', 'result', 'thrown', 'uri', 'uriquery'],
  },
  {
    library: 'spanwarden',
    body: `
      const { agent, tool, session, evaluation } = await load('./src/index.ts')
      const look = tool('look', async (q) => c('result'))
      const deny = tool('deny', async (q) => (${fail})())
      const throws = tool('throws', (q) => { throw c('text') })
      const support = agent('support', async (question) => {
        await quiet(() => look({ q: c('arguments') }))
        await quiet(() => deny({ q: c('arguments') }))
        await quiet(async () => throws({ q: c('arguments') }))
        return c('returned')
      })
      const broken = agent('broken', async (question) => (${fail})())
      await session({ conversationId: 'conv-1' }, () => quiet(() => support(c('question'))))
      await quiet(() => broken(c('question')))`,
    captured: ['arguments', 'question', 'result', 'returned', 'thrown'],
  },
  {
    library: 'fetch',
    body: `${BODY}
      await each(async (base, signal) => {
        const ask = (body) => fetch(base + '/openai/v1/chat/completions?key=' + c('query'), { method: 'POST', signal, headers: { ...headers, authorization: 'Bearer ' + c('key'), 'content-type': 'application/json' }, body: JSON.stringify({ model: 'gpt-4o-mini', messages, ...body }) })
        await quiet(async () => (await ask({})).text())
        await quiet(async () => (await ask({ stream: true })).text())
      })`,
    captured: ['answer', 'arguments', 'callargs', 'prompt', 'reason', 'result', 'system'],
  },
]
