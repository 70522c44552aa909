import { SpanKind } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDS, startHookedSdk } from '../../../../test/support/hooked.ts'
import { GENERATIONS } from '../../../../test/support/mcp-desk.ts'
import { json, namedSse, startModelServer } from '../../../../test/support/model-server.ts'
import { spanTree } from '../../../../test/support/span-tree.ts'
import { anthropic } from '../anthropic.ts'
import { mcpClient, mcpSdk } from '../mcp.ts'
import type Anthropic from '@anthropic-ai/sdk'
import type * as AnthropicModule from '@anthropic-ai/sdk'
import type * as McpHelpers from '@anthropic-ai/sdk/helpers/beta/mcp'
import type { Build } from '../../../../test/support/hooked.ts'
import type { ModelAnswer, ModelServer } from '../../../../test/support/model-server.ts'

const CANARY = 'canary-5f1c'
const request = {
  model: 'claude-haiku-4-5',
  max_tokens: 64,
  messages: [{ role: 'user' as const, content: CANARY }],
}
const usage = { input_tokens: 8, output_tokens: 6 }
const message = (content: object[], stop: string | null): object => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-4-5',
  content,
  stop_reason: stop,
  stop_sequence: null,
  usage,
})
const CALL = { type: 'tool_use', id: 'toolu_1', name: 'add', input: { a: CANARY } }
const TEXT = { type: 'text', text: CANARY, citations: null }
const TURNS = [json(message([CALL], 'tool_use')), json(message([TEXT], 'end_turn'))]

const streamed = (block: { readonly [field: string]: unknown }, delta: object, stop: string): ModelAnswer =>
  namedSse([
    { type: 'message_start', message: message([], null) },
    { type: 'content_block_start', index: 0, content_block: block },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: stop, stop_sequence: null }, usage },
    { type: 'message_stop' },
  ])
const STREAMED_TURNS = [
  streamed({ ...CALL, input: {} }, { type: 'input_json_delta', partial_json: `{"a":"${CANARY}"}` }, 'tool_use'),
  streamed({ ...TEXT, text: '' }, { type: 'text_delta', text: CANARY }, 'end_turn'),
]

/** A tool as an application writes it by hand. */
const addTool = (run: (input: unknown) => string | Promise<string>): AddTool => ({
  type: 'custom',
  name: 'add',
  description: 'adds',
  input_schema: { type: 'object' },
  parse: (input) => input,
  run,
})
interface AddTool {
  readonly type: 'custom'
  readonly name: string
  readonly description: string
  readonly input_schema: { readonly type: 'object' }
  readonly parse: (input: unknown) => unknown
  readonly run: (input: unknown) => string | Promise<string>
}

const SHOWN = ['gen_ai.usage.output_tokens', 'gen_ai.tool.call.id', 'gen_ai.tool.description', 'mcp.method.name']
const TOOL = 'INTERNAL execute_tool add [gen_ai.tool.call.id=toolu_1 gen_ai.tool.description=adds]'
const CHAT = 'CLIENT chat claude-haiku-4-5 [gen_ai.usage.output_tokens=6]'
const LOOP = `INTERNAL invoke_agent
  ${CHAT}
  ${TOOL}
  ${CHAT}`

// The client reads it when it is made: content on its own spans, which must not become ours.
process.env['ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE'] = 'content'
const test = startHookedSdk([anthropic, mcpSdk, mcpClient])
let server: ModelServer

beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())

describe.each(
  BUILDS.map((build) => ({ build, title: `@anthropic-ai/sdk ${build.major === 'current' ? 1 : 0} ${build.format}` })),
)('$title', ({ build }) => {
  describe('tool runner', () => {
    it('is an agent with its model calls and tools below it', async () => {
      server.answer(...TURNS)
      const runner = (await clientOf(build)).beta.messages.toolRunner({ ...request, tools: [addTool(() => '3')] })
      expect(await runner).toMatchObject({ content: [{ text: CANARY }] })
      expect(tree()).toBe(LOOP)
      expect(await runner.runUntilDone()).toMatchObject({ stop_reason: 'end_turn' })
      expect(tree()).toBe('')
    })

    it('streams', async () => {
      server.answer(...STREAMED_TURNS)
      const tools = [addTool(() => '3')]
      const runner = (await clientOf(build)).beta.messages.toolRunner({ ...request, tools, stream: true })
      const texts: unknown[] = []
      for await (const stream of runner) texts.push((await stream.finalMessage()).stop_reason)
      expect(texts).toEqual(['tool_use', 'end_turn'])
      expect(tree()).toBe(LOOP)
    })

    it('ends its span when the application breaks off', async () => {
      server.answer(...TURNS)
      const tools = [addTool(() => '3')]
      for await (const _ of (await clientOf(build)).beta.messages.toolRunner({ ...request, tools })) break
      expect(tree()).toBe(`INTERNAL invoke_agent\n  ${CHAT}`)
    })

    it('fails with its model call', async () => {
      server.answer(json({ type: 'error', error: { type: 'overloaded_error', message: CANARY } }, 529))
      const tools = [addTool(() => '3')]
      const runner = (await clientOf(build)).beta.messages.toolRunner({ ...request, tools })
      await expect(runner.runUntilDone()).rejects.toMatchObject({ status: 529 })
      // The client's class of a status from 500 on.
      expect(tree()).toMatch(
        /^INTERNAL invoke_agent ERROR\(\w+Error\)\n {2}CLIENT chat claude-haiku-4-5 ERROR\(overloaded_error\)$/,
      )
    })
  })

  describe('tools', () => {
    it('marks a tool that fails, and the model is told', async () => {
      server.answer(...TURNS)
      const failing = addTool(() => Promise.reject(new TypeError(CANARY)))
      const runner = (await clientOf(build)).beta.messages.toolRunner({ ...request, tools: [failing] })
      await runner.runUntilDone()
      // Version 1 sends what is new in the conversation, version 0 all of it.
      const sent: { messages: unknown[] } = JSON.parse(server.requests.at(-1)?.body ?? '')
      expect(sent.messages.at(-1)).toMatchObject({
        content: [{ tool_use_id: 'toolu_1', is_error: true, content: `Error: ${CANARY}` }],
      })
      expect(tree()).toBe(LOOP.replace(TOOL, `${TOOL} ERROR(tool_error)`))
    })

    it('leaves the tool as it is', async () => {
      server.answer(...TURNS)
      const seen: unknown[] = []
      const tool = addTool(function (this: unknown, ...args: unknown[]) {
        seen.push(this, ...args.slice(0, 1), args.length)
        return '3'
      })
      const run = tool.run
      await (await clientOf(build)).beta.messages.toolRunner({ ...request, tools: [tool] })
      expect(seen).toEqual([tool, { a: CANARY }, 2])
      expect(tool.run).toBe(run)
      tree()
    })

    it.each(GENERATIONS)('is one span with a tool of MCP: $name', async ({ open, format }) => {
      if (format !== build.format) return
      server.answer(...TURNS.map((turn) => ({ ...turn, writes: turn.writes.map(lookFor) })))
      await using desk = await open(test, { transport: 'memory' })
      const { mcpTool } = await load<typeof McpHelpers>('@anthropic-ai/sdk/helpers/beta/mcp', build)
      const inputSchema = { type: 'object' as const, properties: { id: { type: 'string' } } }
      // oxlint-disable-next-line typescript/consistent-type-assertions -- the two generations of the client differ in types only
      const client = desk as unknown as Parameters<typeof mcpTool>[1]
      await (
        await clientOf(build)
      ).beta.messages.toolRunner({ ...request, tools: [mcpTool({ name: 'look', inputSchema }, client)] })
      const calls = test
        .takeSpans()
        .filter(({ kind }) => kind !== SpanKind.SERVER)
        .filter(({ attributes }) => attributes['gen_ai.operation.name'] === 'execute_tool')
      expect(calls.map(({ name, attributes }) => [name, attributes['mcp.method.name']])).toEqual([
        ['execute_tool look', 'tools/call'],
      ])
    })

    it('has arguments and result when content is captured', async () => {
      server.answer(...TURNS)
      test.sdk.captureContent = true
      await (await clientOf(build)).beta.messages.toolRunner({ ...request, tools: [addTool(() => `${CANARY} 3`)] })
      test.sdk.captureContent = false
      const tool = test.takeSpans().find(({ name }) => name === 'execute_tool add')
      expect(tool?.attributes).toMatchObject({
        'gen_ai.tool.call.arguments': JSON.stringify({ a: CANARY }),
        'gen_ai.tool.call.result': `${CANARY} 3`,
      })
    })
  })
})

describe('eager tools', () => {
  it.each(BUILDS.filter(({ major }) => major === 'current'))('belong to the runner: $format', async (build) => {
    server.answer(...STREAMED_TURNS)
    const tools = [addTool(() => '3')]
    const eager = { ...request, tools, stream: true, runToolsEagerly: true } as const
    await (await clientOf(build)).beta.messages.toolRunner(eager)
    // The tool starts while its call is read: which of the two ends first is chance.
    expect(tree().split('\n').toSorted()).toEqual(LOOP.split('\n').toSorted())
  })
})

describe('toolsets', () => {
  it.each(BUILDS.filter(({ major }) => major === 'current'))('run their members as tools: $format', async (build) => {
    const member = { ...CALL, name: 'screenshot', toolset_name: 'computer' }
    const turns = [json(message([member], 'tool_use')), json(message([TEXT], 'end_turn'))]
    for (const [run, failed] of [
      [async () => 'seen', ''],
      [() => Promise.reject(new Error(CANARY)), ' ERROR(tool_error)'],
    ] as const) {
      server.answer(...turns)
      const toolset = { type: 'computer_toolset_20260801', name: 'computer', run } as const
      // oxlint-disable-next-line typescript/consistent-type-assertions -- the part of a toolset that the runner uses
      const tools = [toolset] as unknown as AddTool[]
      await (await clientOf(build)).beta.messages.toolRunner({ ...request, tools })
      const tool = 'INTERNAL execute_tool screenshot [gen_ai.tool.call.id=toolu_1]'
      expect(tree()).toBe(LOOP.replace(TOOL, tool + failed))
    }
  })
})

/** Lets the answer call the tool of the MCP desk. */
const lookFor = (write: string | Uint8Array): string =>
  String(write).replaceAll('"name":"add"', '"name":"look"').replaceAll('"a":', '"id":')

/** The tree of all spans since the last call, which carry no content. */
function tree(): string {
  const spans = test.takeSpans()
  expect(test.faults).toEqual([])
  const content = spans.map(({ name, attributes, events, status }) =>
    JSON.stringify({ name, attributes, events, status }),
  )
  expect(content.filter((one) => one.includes(CANARY))).toEqual([])
  expect(spans.filter(({ instrumentationScope: { name } }) => name !== 'spanwarden')).toEqual([])
  return spanTree(spans, SHOWN)
}

async function clientOf(build: Build): Promise<Anthropic> {
  const { default: Client } = await load<typeof AnthropicModule>('@anthropic-ai/sdk', build)
  return new Client({ apiKey: 'key', baseURL: server.url, maxRetries: 0 })
}

/** What it loads is typed like the current major. */
async function load<Module>(specifier: string, build: Build): Promise<Module> {
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
  return (await test.load(specifier, build)) as unknown as Module
}
