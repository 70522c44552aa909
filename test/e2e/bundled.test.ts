import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { build } from 'esbuild'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { projectFolder, runAgent } from '../support/run-agent.ts'
import { traceTree } from '../support/trace-tree.ts'

/** Agents that esbuild has put into one file, the client libraries included: `instrument()` is their way to be observed. */
let folder = ''
let models: Server
let baseUrl = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanwarden-bundled-'))
  models = createServer((request, response) => {
    request.resume().on('end', () => {
      const answer = Object.entries(answers).find(([path]) => request.url?.includes(path))?.[1]
      response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(answer ?? {}))
    })
  }).listen(0, '127.0.0.1')
  await once(models, 'listening')
  const address = models.address()
  baseUrl = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
})

afterAll(() => {
  models.close()
  rmSync(folder, { recursive: true, force: true })
})

const answers = {
  '/chat/completions': {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-5-mini',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hi' } }],
    usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  },
  '/v1/messages': {
    id: 'm',
    type: 'message',
    role: 'assistant',
    model: 'claude-next',
    content: [{ type: 'text', text: 'hi' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 4, output_tokens: 2 },
  },
  ':generateContent': {
    candidates: [{ content: { role: 'model', parts: [{ text: 'hi' }] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 },
    modelVersion: 'gemini-2.5-flash',
    responseId: 'g',
  },
}

const TOKENS = ['gen_ai.usage.input_tokens']
const CALLS = {
  openai: `await new OpenAI({ apiKey: 'none', baseURL: BASE + '/v1' }).chat.completions.create({ model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hi' }] })`,
  anthropic: `await new Anthropic({ apiKey: 'none', baseURL: BASE }).messages.create({ model: 'claude-next', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] })`,
  google: `await new GoogleGenAI({ apiKey: 'none', httpOptions: { baseUrl: BASE } }).models.generateContent({ model: 'gemini-2.5-flash', contents: 'hi' })`,
  mcp: `const [here, there] = InMemoryTransport.createLinkedPair()
    const server = new McpServer({ name: 's', version: '1' })
    server.registerTool('look', { description: 'Looks.' }, async () => ({ content: [] }))
    await server.connect(there)
    const client = new Client({ name: 'c', version: '1' })
    await client.connect(here)
    await client.callTool({ name: 'look', arguments: {} })`,
}
const TREES = {
  openai: 'CLIENT chat gpt-5-mini [gen_ai.usage.input_tokens=3]',
  anthropic: 'CLIENT chat claude-next [gen_ai.usage.input_tokens=4]',
  google: 'CLIENT generate_content gemini-2.5-flash [gen_ai.usage.input_tokens=5]',
}

async function runBundled(contents: string, format: 'esm' | 'cjs') {
  const outfile = join(folder, `agent-${Math.random()}.${format === 'esm' ? 'mjs' : 'cjs'}`)
  const stdin = {
    contents: `const BASE = process.env.BASE\n${contents}`,
    resolveDir: projectFolder,
    loader: 'ts',
  } as const
  const wrapped = format === 'esm' ? stdin : { ...stdin, contents: asyncBody(stdin.contents) }
  const banner = { js: "import { createRequire as __r } from 'node:module'; const require = __r(import.meta.url);" }
  await build({
    stdin: wrapped,
    outfile,
    format,
    bundle: true,
    minify: true,
    platform: 'node',
    logLevel: 'error',
    ...(format === 'esm' ? { banner } : {}),
  })
  await using sink = await startOtlpSink()
  const run = await runAgent({ endpoint: sink.url, file: [outfile], env: { BASE: baseUrl } })
  return { ...run, sink, tree: traceTree(sink.spans, TOKENS) }
}

/** CommonJS has no `await` at its top. */
function asyncBody(contents: string): string {
  const lines = contents.split('\n')
  const imports = lines.filter((line) => line.startsWith('import '))
  return `${imports.join('\n')}\nvoid (async () => {\n${lines.filter((line) => !line.startsWith('import ')).join('\n')}\n})()`
}

describe.each(['esm', 'cjs'] as const)('minified by esbuild as %s', (format) => {
  test('namespaces', async () => {
    const run = await runBundled(
      `import * as openai from 'openai'
import * as anthropic from '@anthropic-ai/sdk'
import * as google from '@google/genai'
import { instrument } from './src/index.ts'
console.log(JSON.stringify([instrument({ openai, anthropic, google }), instrument({ openai, '@google/genai': google })]))
const { OpenAI } = openai; const { Anthropic } = anthropic; const { GoogleGenAI } = google
${CALLS.openai}
${CALLS.anthropic}
${CALLS.google}`,
      format,
    )
    expect([run.code, run.stderr]).toEqual([0, ''])
    expect(JSON.parse(run.stdout)).toEqual([
      ['openai', '@anthropic-ai/sdk', '@google/genai'],
      ['openai', '@google/genai'],
    ])
    expect(run.tree).toBe([TREES.openai, TREES.anthropic, TREES.google].join('\n'))
  })

  test('classes and clients', async () => {
    const run = await runBundled(
      `import OpenAI from 'openai'
import { Anthropic } from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import { instrument } from './src/index.ts'
instrument({ openai: OpenAI, '@anthropic-ai/sdk': new Anthropic({ apiKey: 'none' }), genai: new GoogleGenAI({ apiKey: 'none' }) })
${CALLS.openai}
${CALLS.anthropic}
${CALLS.google}`,
      format,
    )
    expect([run.code, run.stderr]).toEqual([0, ''])
    expect(run.tree).toBe([TREES.openai, TREES.anthropic, TREES.google].join('\n'))
  })
})

test('MCP', async () => {
  const run = await runBundled(
    `import * as sdk from '@modelcontextprotocol/sdk/client/index.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { instrument } from './src/index.ts'
instrument({ mcp: sdk })
const { Client } = sdk
${CALLS.mcp}`,
    'esm',
  )
  expect([run.code, run.stderr]).toEqual([0, ''])
  expect(run.tree).toContain('CLIENT tools/call look\n  SERVER tools/call look')
})

test('a library that is a package of its own is observed once, whatever is handed over', async () => {
  await using sink = await startOtlpSink()
  const script = `import * as openai from 'openai'
    import { instrument } from './src/index.ts'
    console.log(JSON.stringify([instrument({ openai }), instrument({ openai: openai.AzureOpenAI })]))
    const BASE = process.env.BASE; const { OpenAI } = openai
    ${CALLS.openai}`
  const run = await runAgent({ endpoint: sink.url, script, env: { BASE: baseUrl } })
  expect([run.code, run.stderr, JSON.parse(run.stdout)]).toEqual([0, '', [['openai'], ['openai']]])
  expect(traceTree(sink.spans, TOKENS)).toBe(TREES.openai)
})

test('what cannot be observed is told, and nothing breaks', async () => {
  await using sink = await startOtlpSink()
  const script = `import { flush, instrument } from './src/index.ts'
    console.log(JSON.stringify([instrument({ openai: {}, nonsense: 1, anthropic: undefined, google: () => 1 }), await flush()]))`
  const run = await runAgent({ endpoint: sink.url, script })
  expect([run.code, JSON.parse(run.stdout)]).toEqual([0, [[], true]])
  expect(run.stderr.split('\n').filter((line) => line !== '')).toEqual([
    'spanwarden: instrument(): openai is NOT observed: what was given has none of the expected classes',
    expect.stringMatching(/^spanwarden: instrument\(\): nonsense is NOT observed: nothing of that name .*openai/),
    'spanwarden: instrument(): anthropic is NOT observed: what was given has none of the expected classes',
    expect.stringContaining('google is NOT observed'),
  ])
  const without = await runAgent({ endpoint: sink.url, script, preload: false })
  expect([without.stderr, without.stdout.trim()]).toEqual(['', '[[],true]'])
})

test('flush() sends what is there before a platform freezes the process', async () => {
  await using sink = await startOtlpSink()
  const script = `import { agent, flush } from './src/index.ts'
    await agent('a', async () => 1)()
    const sent = await flush()
    const { traces } = globalThis[Symbol.for('spanwarden.sdk')].state()
    // As a freeze: no handler of the end of the process runs.
    require('node:fs').writeSync(1, JSON.stringify([sent, traces.sent, traces.unsent]))
    process.kill(process.pid, 'SIGKILL')`.replace('require(', 'process.getBuiltinModule(')
  const run = await runAgent({ endpoint: sink.url, script })
  expect([run.signal, JSON.parse(run.stdout)]).toEqual(['SIGKILL', [true, 1, 0]])
  expect(traceTree(sink.spans)).toBe('INTERNAL invoke_agent a')

  const away = await runAgent({ endpoint: 'http://127.0.0.1:1', script })
  expect(JSON.parse(away.stdout)).toEqual([false, 0, 1])
})
