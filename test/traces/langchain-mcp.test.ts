import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { instrumentations } from '../../src/sdk/instrumentation/instrumentations.ts'
import { startHookedSdk } from '../support/hooked.ts'
import { loadLangChain, scriptedModel } from '../support/langchain.ts'
import { serve } from '../support/mcp-desk.ts'
import { propagateAsThePreload, spanTree } from '../support/span-tree.ts'
import type * as AdaptersModule from '@langchain/mcp-adapters'
import type * as ServerModule from '@modelcontextprotocol/server'

const hooked = startHookedSdk(instrumentations)
propagateAsThePreload()
let url: URL
let stop = async (): Promise<void> => undefined

/* oxlint-disable typescript/consistent-type-assertions -- the edge: modules loaded by name */
beforeAll(async () => {
  const { McpServer, createMcpHandler } = (await hooked.load(
    '@modelcontextprotocol/server',
  )) as unknown as typeof ServerModule
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'desk', version: '1' })
    server.registerTool('look', { inputSchema: z.object({ id: z.string() }) }, ({ id }) => ({
      content: [{ type: 'text', text: id }],
    }))
    return server
  })
  ;({ url, stop } = await serve((request) => handler.fetch(request)))
})
afterAll(() => stop())

test('an agent of LangGraph calls a tool of an MCP server: one span of the agent, whatever stands before the name', async () => {
  const lc = await loadLangChain(hooked, { major: 'current', format: 'esm' })
  const { MultiServerMCPClient } = (await hooked.load('@langchain/mcp-adapters')) as unknown as typeof AdaptersModule
  const client = new MultiServerMCPClient({
    mcpServers: { desk: { url: url.href, transport: 'http' } },
    prefixToolNameWithServerName: true,
  })
  const tools = await client.getTools()
  hooked.takeSpans()
  const call = { name: 'desk__look', args: { id: 'a' }, id: 'call_1' }
  const llm = scriptedModel(lc, [{ toolCalls: [call] }, { text: 'seen' }])
  const result = await lc.prebuilt.createReactAgent({ llm, tools, name: 'helper' }).invoke({ messages: ['look'] })
  await client.close()
  expect(result.messages.at(-1)?.content).toBe('seen')
  const tree = spanTree(hooked.takeSpans(), ['mcp.method.name', 'gen_ai.tool.call.id'])
  expect(tree.split('\n').filter((line) => /agent|chat|look/.test(line))).toEqual([
    'INTERNAL invoke_agent helper',
    '  CLIENT chat home-1',
    '  INTERNAL execute_tool desk__look [mcp.method.name=tools/call gen_ai.tool.call.id=call_1]',
    '    SERVER tools/call look [mcp.method.name=tools/call]',
    '  CLIENT chat home-1',
  ])
  expect(hooked.faults).toEqual([])
})
/* oxlint-enable typescript/consistent-type-assertions */
