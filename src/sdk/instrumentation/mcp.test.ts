import { describe, expect, test } from 'vitest'
import { startOtlpSink } from '../../../test/support/otlp-sink.ts'
import type { OtlpSink } from '../../../test/support/otlp-sink.ts'
import { projectFolder, runAgent } from '../../../test/support/run-agent.ts'
import { traceTree } from '../../../test/support/trace-tree.ts'

/** Server code by generation of the SDK: two tools and what the client sent in `_meta`. */
const server = `
  const made = (McpServer) => {
    const server = new McpServer({ name: 'desk', version: '1' })
    server.registerTool('look', { inputSchema: z.object({ id: z.string() }) }, ({ id }, extra) => ({
      content: [{ type: 'text', text: JSON.stringify((extra._meta ?? extra.mcpReq?._meta)?.traceparent ?? null) }],
      isError: id === 'none',
    }))
    return server
  }`

const stdioServer = (from: string): string => `
  import { z } from 'zod'
  import { McpServer } from '${from === 'sdk' ? '@modelcontextprotocol/sdk/server/mcp.js' : '@modelcontextprotocol/server'}'
  import { StdioServerTransport } from '${from === 'sdk' ? '@modelcontextprotocol/sdk/server/stdio.js' : '@modelcontextprotocol/server/stdio'}'
  ${server}
  await made(McpServer).connect(new StdioServerTransport())`

interface Generation {
  readonly name: string
  /** Statements that leave Client, McpServer, InMemoryTransport, StdioClientTransport and z. */
  readonly load: string
  readonly module: 'esm' | 'commonjs'
  readonly server: string
  /** The first generation does not keep the version on its stdio and in-memory transports. */
  readonly version: string
}

const generations: Generation[] = [
  {
    name: '@modelcontextprotocol/sdk 1, ESM',
    module: 'esm',
    server: 'sdk',
    version: '',
    load: `import { Client } from '@modelcontextprotocol/sdk/client/index.js'
      import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
      import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
      import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
      import { z } from 'zod'
      import { agent, tool } from './src/index.ts'`,
  },
  {
    name: '@modelcontextprotocol/sdk 1, CommonJS',
    module: 'commonjs',
    server: 'sdk',
    version: '',
    load: `const { Client } = require('@modelcontextprotocol/sdk/client/index.js')
      const { StdioClientTransport } = require('@modelcontextprotocol/sdk/client/stdio.js')
      const { InMemoryTransport } = require('@modelcontextprotocol/sdk/inMemory.js')
      const { McpServer } = require('@modelcontextprotocol/sdk/server/mcp.js')
      const { z } = require('zod')
      const { agent, tool } = require('./src/index.ts')`,
  },
  {
    name: '@modelcontextprotocol/client 2, ESM',
    module: 'esm',
    server: 'server',
    version: ' mcp.protocol.version=2025-11-25',
    load: `import { Client, InMemoryTransport } from '@modelcontextprotocol/client'
      import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
      import { McpServer } from '@modelcontextprotocol/server'
      import { z } from 'zod'
      import { agent, tool } from './src/index.ts'`,
  },
  {
    name: '@modelcontextprotocol/client 2, CommonJS',
    module: 'commonjs',
    server: 'server',
    version: ' mcp.protocol.version=2025-11-25',
    load: `const { Client, InMemoryTransport } = require('@modelcontextprotocol/client')
      const { StdioClientTransport } = require('@modelcontextprotocol/client/stdio')
      const { McpServer } = require('@modelcontextprotocol/server')
      const { z } = require('zod')
      const { agent, tool } = require('./src/index.ts')`,
  },
]

const shown = [
  'mcp.method.name',
  'mcp.protocol.version',
  'network.transport',
  'gen_ai.agent.name',
  'gen_ai.tool.call.arguments',
]

describe.each(generations)('$name', (generation) => {
  const main = (body: string): string => `${generation.load}
    ${server}
    async function main() { ${body} }
    main().catch((error) => { console.error(error); process.exitCode = 1 })`

  const connectInMemory = `
    const [here, there] = InMemoryTransport.createLinkedPair()
    await made(McpServer).connect(there)
    const client = new Client({ name: 'agent', version: '1' })
    await client.connect(here)`

  const run = (sink: OtlpSink, body: string, env: Record<string, string> = {}) =>
    runAgent({ endpoint: sink.url, script: main(body), module: generation.module, env })

  test('a tool call is a span with the protocol facts, and the server gets its trace context', async () => {
    await using sink = await startOtlpSink()
    const script = `${connectInMemory}
      const params = Object.freeze({ name: 'look', arguments: { id: 'a' } })
      await agent('desk', async () => {
        const result = await client.callTool(params)
        console.log(result.content[0].text)
      })()
      await client.close()`
    const { code, stdout, stderr } = await run(sink, script)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(traceTree(sink.spans, shown)).toBe(
      `INTERNAL invoke_agent desk [gen_ai.agent.name=desk]\n  CLIENT tools/call look [mcp.method.name=tools/call${generation.version} gen_ai.agent.name=desk]`,
    )
    const [, call] = sink.spans.toSorted((a, b) => a.name.localeCompare(b.name))
    expect(JSON.parse(stdout)).toBe(`00-${call?.traceId}-${call?.spanId}-01`)
  })

  test('inside a tool of the same name there is one span, which gets the protocol facts; the retry has its own', async () => {
    await using sink = await startOtlpSink()
    const script = `${connectInMemory}
      const look = tool('look', async (id) => {
        const first = await client.callTool({ name: 'look', arguments: { id } })
        return first.isError ? await client.callTool({ name: 'look', arguments: { id: 'b' } }) : first
      })
      await look('a')
      await look('none')
      await client.close()`
    const { stderr } = await run(sink, script)
    expect(stderr).toBe('')
    const facts = `[mcp.method.name=tools/call${generation.version}]`
    expect(traceTree(sink.spans, shown)).toBe(
      [
        `INTERNAL execute_tool look ${facts}`,
        `INTERNAL execute_tool look ${facts} ERROR(tool_error)`,
        `  CLIENT tools/call look ${facts}`,
      ].join('\n'),
    )
  })

  test('failures: a tool error, a JSON-RPC error; the error is the one that the client threw, its text stays off the span', async () => {
    await using sink = await startOtlpSink()
    const script = `${connectInMemory}
      console.log((await client.callTool({ name: 'look', arguments: { id: 'none' } })).isError)
      await client.close()
      const [a, b] = InMemoryTransport.createLinkedPair()
      b.onmessage = (message) => {
        if (message.method === 'initialize') b.send({ jsonrpc: '2.0', id: message.id, result: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } } })
        if (message.method === 'tools/call') b.send({ jsonrpc: '2.0', id: message.id, error: { code: -32602, message: 'card 4111' } })
      }
      await b.start()
      const other = new Client({ name: 'agent', version: '1' })
      await other.connect(a)
      await other.callTool({ name: 'look', arguments: {} }).catch((error) => console.log(error.code, error.message.includes('card 4111')))
      await other.close()`
    const { stdout, stderr } = await run(sink, script)
    expect({ stdout, stderr }).toEqual({ stdout: 'true\n-32602 true\n', stderr: '' })
    expect(traceTree(sink.spans, ['rpc.response.status_code'])).toBe(
      'CLIENT tools/call look ERROR(tool_error)\nCLIENT tools/call look [rpc.response.status_code=-32602] ERROR(-32602)',
    )
    expect(sink.requests.some(({ body }) => body.includes('4111'))).toBe(false)
  })

  test('over stdio the transport is a pipe; arguments and result are there when content is captured', async () => {
    await using sink = await startOtlpSink()
    const script = `
      const client = new Client({ name: 'agent', version: '1' })
      const code = ${JSON.stringify(stdioServer(generation.server))}
      await client.connect(new StdioClientTransport({ command: process.execPath, args: ['--input-type=module', '--eval', code], cwd: ${JSON.stringify(projectFolder)} }))
      await client.callTool({ name: 'look', arguments: { id: 'a' } })
      await client.close()`
    const { code, stderr } = await run(sink, script, { OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true' })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(traceTree(sink.spans, shown)).toBe(
      `CLIENT tools/call look [mcp.method.name=tools/call${generation.version} network.transport=pipe gen_ai.tool.call.arguments={"id":"a"}]`,
    )
    expect(sink.spans[0]?.attributes['gen_ai.tool.call.result']).toContain('00-')
  })
})
