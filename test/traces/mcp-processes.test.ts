import { describe, expect, test } from 'vitest'
import { startModelServer } from '../../examples/support-agent/model-server.ts'
import { sinkViolations } from '../support/conformance.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { preloadFile, projectFolder, runAgent } from '../support/run-agent.ts'
import { traceTree } from '../support/trace-tree.ts'

interface Generation {
  readonly name: string
  readonly module: 'esm' | 'commonjs'
  /** Statements that leave Client and StdioClientTransport. */
  readonly client: string
  /** Statements that leave McpServer, StdioServerTransport and z. */
  readonly server: string
}

const firstServer = [
  ['McpServer', '@modelcontextprotocol/sdk/server/mcp.js'],
  ['StdioServerTransport', '@modelcontextprotocol/sdk/server/stdio.js'],
  ['z', 'zod'],
  ['OpenAI', 'openai'],
]
const secondServer = [
  ['McpServer', '@modelcontextprotocol/server'],
  ['StdioServerTransport', '@modelcontextprotocol/server/stdio'],
  ['z', 'zod'],
  ['OpenAI', 'openai'],
]
const firstClient = [
  ['Client', '@modelcontextprotocol/sdk/client/index.js'],
  ['StdioClientTransport', '@modelcontextprotocol/sdk/client/stdio.js'],
]
const secondClient = [
  ['Client', '@modelcontextprotocol/client'],
  ['StdioClientTransport', '@modelcontextprotocol/client/stdio'],
]
const esm = (modules: string[][]): string =>
  modules.map(([name, from]) => `import { ${name} } from '${from}'`).join('\n')
const commonjs = (modules: string[][]): string =>
  modules.map(([name, from]) => `const { ${name} } = require('${from}')`).join('\n')

const generations: Generation[] = [
  { name: 'sdk 1, ESM', module: 'esm', client: esm(firstClient), server: esm(firstServer) },
  { name: 'sdk 1, CommonJS', module: 'commonjs', client: commonjs(firstClient), server: commonjs(firstServer) },
  { name: 'client and server 2, ESM', module: 'esm', client: esm(secondClient), server: esm(secondServer) },
  {
    name: 'client and server 2, CommonJS',
    module: 'commonjs',
    client: commonjs(secondClient),
    server: commonjs(secondServer),
  },
  { name: 'client 2 with a server of sdk 1', module: 'esm', client: esm(secondClient), server: esm(firstServer) },
]

/** A tool that asks a model, as a server's author wrote it. */
const serverOf = ({ server }: Generation): string => `${server}
  const main = async () => {
    const server = new McpServer({ name: 'desk', version: '1' })
    const tool = { inputSchema: z.object({ id: z.string() }) }
    server.registerTool('look', tool, async ({ id }) => ({ content: [{ type: 'text', text: id }], isError: id === 'none' }))
    server.registerTool('ask', tool, async ({ id }) => {
      const { data } = await new OpenAI({ apiKey: 'none' }).embeddings.create({ model: 'text-embedding-3-small', input: id })
      return { content: [{ type: 'text', text: String(data.length) }] }
    })
    server.registerTool('fail', tool, async () => { throw new Error('card 4111') })
    await server.connect(new StdioServerTransport())
  }
  main()`

/** An agent that calls them. Its server is preloaded by the environment that it is given. */
const agentOf = (generation: Generation, env: Readonly<Record<string, string>>): string => `${generation.client}
  ${generation.module === 'esm' ? "import { agent } from './src/index.ts'" : "const { agent } = require('./src/index.ts')"}
  const main = async () => {
    const client = new Client({ name: 'agent', version: '1' })
    const args = ['--input-type=${generation.module === 'esm' ? 'module' : 'commonjs'}', '--eval', ${JSON.stringify(serverOf(generation))}]
    await agent('desk', async () => {
      await client.connect(new StdioClientTransport({ command: process.execPath, args, cwd: ${JSON.stringify(projectFolder)}, env: ${JSON.stringify(env)} }))
      await client.listTools()
      await client.callTool({ name: 'look', arguments: { id: 'a' } })
      await client.callTool({ name: 'look', arguments: { id: 'none' } })
      await client.callTool({ name: 'ask', arguments: { id: 'a' } })
      await client.callTool({ name: 'fail', arguments: { id: 'a' } })
    })()
    await client.close()
  }
  main().catch((error) => { console.error(error); process.exitCode = 1 })`

const facts = '[mcp.protocol.version=2025-11-25 network.transport=pipe]'
const oneTrace = `INTERNAL invoke_agent desk
  CLIENT initialize ${facts}
    SERVER initialize ${facts}
  CLIENT notifications/initialized ${facts}
    SERVER notifications/initialized ${facts}
  CLIENT tools/list ${facts}
    SERVER tools/list ${facts}
  CLIENT tools/call look ${facts}
    SERVER tools/call look ${facts}
  CLIENT tools/call look ${facts} ERROR(tool_error)
    SERVER tools/call look ${facts} ERROR(tool_error)
  CLIENT tools/call ask ${facts}
    SERVER tools/call ask ${facts}
      CLIENT embeddings text-embedding-3-small
  CLIENT tools/call fail ${facts} ERROR(tool_error)
    SERVER tools/call fail ${facts} ERROR(tool_error)`

describe.each(generations)('$name', (generation) => {
  test.each([
    ['NODE_OPTIONS', { NODE_OPTIONS: `--import ${preloadFile}` }, oneTrace],
    ['nothing: the server is not observed', {}, oneTrace.replaceAll(/\n {4,}.*/g, '')],
  ])('one trace over two processes; the server is preloaded by %s', async (_, env, expected) => {
    await using sink = await startOtlpSink()
    const models = await startModelServer({ latencyMs: 0 })
    const servers = {
      ...env,
      OPENAI_BASE_URL: models.openaiUrl,
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      SPANWARDEN_SPOOL: 'off',
      OTEL_LOG_LEVEL: 'warn',
      OTEL_SERVICE_NAME: 'desk-server',
    }
    const script = agentOf(generation, servers)
    const { code, stderr } = await runAgent({ endpoint: sink.url, script, module: generation.module })
    await models.close()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    await sink.until(({ spans }) => spans.length >= expected.split('\n').length)
    expect(traceTree(sink.spans, ['mcp.protocol.version', 'network.transport'])).toBe(expected)
    expect(new Set(sink.spans.map(({ traceId }) => traceId)).size).toBe(1)
    expect(sinkViolations(sink, false)).toEqual([])
    expect(sink.requests.some(({ body }) => body.includes('4111'))).toBe(false)
  })
})
