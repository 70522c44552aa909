import { afterEach, describe, expect, test } from 'vitest'
import { mcpClient, mcpSdk, mcpServer } from '../../src/sdk/instrumentation/mcp.ts'
import { GENERATIONS } from '../support/mcp-desk.ts'
import { startHookedSdk } from '../support/hooked.ts'
import { propagateAsThePreload, spanTree } from '../support/span-tree.ts'

const hooked = startHookedSdk([mcpSdk, mcpClient, mcpServer])
propagateAsThePreload()

afterEach(() => {
  hooked.takeSpans()
  if (hooked.faults.length > 0) throw new Error(`faults: ${hooked.faults.map(String).join(', ')}`)
})

const shown = [
  'mcp.protocol.version',
  'mcp.session.id',
  'jsonrpc.request.id',
  'gen_ai.operation.name',
  'network.transport',
  'rpc.response.status_code',
]

describe.each(GENERATIONS)('$name', (generation) => {
  describe('clients and servers', () => {
    const open = generation.open.bind(undefined, hooked)

    test.each(['memory', 'http'] as const)('every method is a span on both sides, over %s', async (transport) => {
      {
        await using desk = await open({ transport })
        const { client } = desk
        await client.listTools()
        await desk.callTool({ name: 'look', arguments: { id: 'a' } })
        await desk.callTool({ name: 'look', arguments: { id: 'none' } })
        await desk.callTool({ name: 'ask' })
        await client.listPrompts()
        await client.getPrompt({ name: 'greeting' })
        await client.listResources()
        await client.listResourceTemplates()
        await client.readResource({ uri: 'mem://page' })
        await expect(client.readResource({ uri: 'mem://nope' })).rejects.toThrow('nope')
        await client.ping()
        await client.setLoggingLevel('info')
        await client.sendRootsListChanged()
        await expect(
          client.complete({ ref: { type: 'ref/prompt', name: 'greeting' }, argument: { name: 'a', value: 'b' } }),
        ).rejects.toThrow('Method not found')
        await expect(desk.request({ method: 'own/thing' })).rejects.toThrow('not found')
      }
      const spans = hooked.takeSpans()
      const connection = transport === 'http' ? ' mcp.session.id=desk-session' : ''
      const network = transport === 'http' ? ' network.transport=tcp' : ''
      const facts = (id: number | undefined, more = '', error = ''): string =>
        `[mcp.protocol.version=2025-11-25${connection}${id === undefined ? '' : ` jsonrpc.request.id=${id}`}${more}${network}${error}]`
      const both = (name: string, id: number, more = '', error = ''): string[] =>
        ['CLIENT', '  SERVER'].map(
          (kind) =>
            `${kind} ${name} ${facts(id, more, error === '' ? '' : ` rpc.response.status_code=${error}`)}${error === '' ? '' : ` ERROR(${error})`}`,
        )
      // Nothing is put into the parameters of a method that is the application's own, so that over HTTP nobody knows its parent.
      const unknown = transport === 'http' ? '  SERVER own/thing' : 'SERVER own/thing'
      const tool = ' gen_ai.operation.name=execute_tool'
      const expected = [
        ...both('initialize', 0),
        `CLIENT notifications/initialized ${facts(undefined)}`,
        `  SERVER notifications/initialized ${facts(undefined)}`,
        ...both('tools/list', 1),
        ...both('tools/call look', 2, tool),
        ...both('tools/call look', 3, tool).map((line) => `${line} ERROR(tool_error)`),
        ...both('tools/call ask', 4, tool),
        `    CLIENT sampling/createMessage ${facts(0)}`,
        `      SERVER sampling/createMessage ${facts(0)}`,
        ...both('prompts/list', 5),
        ...both('prompts/get greeting', 6),
        ...both('resources/list', 7),
        ...both('resources/templates/list', 8),
        ...both('resources/read', 9),
        ...both('resources/read', 10, '', '-32602'),
        ...both('ping', 11),
        ...both('logging/setLevel', 12),
        `CLIENT notifications/roots/list_changed ${facts(undefined)}`,
        ...both('completion/complete', 13, '', '-32601'),
        ...both('own/thing', 14, '', '-32601').map((line) => line.replace(unknown, 'SERVER _OTHER')),
      ]
      expect(spanTree(spans, shown).split('\n')).toEqual(expected)
    })
  })
})
