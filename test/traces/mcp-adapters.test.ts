import { beforeAll, afterAll, expect, test } from 'vitest'
import * as z from 'zod'
import { instrumentations } from '../../src/sdk/instrumentation/instrumentations.ts'
import { startHookedSdk } from '../support/hooked.ts'
import { serve } from '../support/mcp-desk.ts'
import { propagateAsThePreload, spanTree } from '../support/span-tree.ts'
import type * as AdaptersModule from '@langchain/mcp-adapters'
import type * as AgentsModule from '@openai/agents'
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
      isError: id === 'none',
    }))
    return server
  })
  ;({ url, stop } = await serve((request) => handler.fetch(request)))
})
afterAll(() => stop())

const calls = (tree: string): string[] => tree.split('\n').filter((line) => line.includes('look'))

test('@langchain/mcp-adapters: one call of a tool is one span of the agent, whoever makes it', async () => {
  const { MultiServerMCPClient } = (await hooked.load('@langchain/mcp-adapters')) as unknown as typeof AdaptersModule
  const client = new MultiServerMCPClient({ mcpServers: { desk: { url: url.href, transport: 'http' } } })
  const [look] = await client.getTools()
  expect(await look?.invoke({ id: 'a' })).toBe('a')
  await expect(look?.invoke({ id: 'none' })).rejects.toThrow('none')
  await client.close()
  const tree = spanTree(hooked.takeSpans(), ['mcp.method.name'])
  expect(calls(tree)).toMatchInlineSnapshot(`
    [
      "INTERNAL execute_tool look [mcp.method.name=tools/call]",
      "  SERVER tools/call look [mcp.method.name=tools/call]",
      "INTERNAL execute_tool look [mcp.method.name=tools/call] ERROR(ToolException)",
      "  SERVER tools/call look [mcp.method.name=tools/call] ERROR(tool_error)",
    ]
  `)
  expect(hooked.faults).toEqual([])
})

test('@openai/agents: the same', async () => {
  const { MCPServerStreamableHttp } = (await hooked.load('@openai/agents')) as unknown as typeof AgentsModule
  const server = new MCPServerStreamableHttp({ url: url.href, name: 'desk' })
  await server.connect()
  await server.listTools()
  expect(await server.callTool('look', { id: 'a' })).toMatchObject([{ text: 'a' }])
  await server.close()
  expect(calls(spanTree(hooked.takeSpans(), ['mcp.method.name']))).toMatchInlineSnapshot(`
    [
      "CLIENT tools/call look [mcp.method.name=tools/call]",
      "  SERVER tools/call look [mcp.method.name=tools/call]",
    ]
  `)
  expect(hooked.faults).toEqual([])
})
/* oxlint-enable typescript/consistent-type-assertions */
