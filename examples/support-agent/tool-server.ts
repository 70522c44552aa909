import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { z } from 'zod'

/** The support desk's tools as an MCP server over stdio. Refunds are declined for every order that ends in 3 or 7, and once for those that end in 5. */
const server = new McpServer({ name: 'support-desk', version: '1.0.0' })
const declined = new Set<string>()

server.registerTool(
  'lookup_order',
  { description: 'Finds an order', inputSchema: { order_id: z.string() } },
  ({ order_id: orderId }) => ({
    content: [
      {
        type: 'text',
        text: JSON.stringify({
          order_id: orderId,
          amount: 42.5,
          currency: 'EUR',
          customer: { name: 'Grace Hopper', email: `customer.${orderId}@example.org`, phone: '+1 (415) 555-0132' },
        }),
      },
    ],
  }),
)

server.registerTool(
  'refund_payment',
  {
    description: 'Refunds an order',
    inputSchema: { order_id: z.string(), card: z.string().optional(), retry: z.boolean().optional() },
  },
  ({ order_id: orderId }) => {
    const refuse = /[37]$/.test(orderId) || (orderId.endsWith('5') && !declined.has(orderId))
    declined.add(orderId)
    return refuse
      ? { isError: true, content: [{ type: 'text', text: 'declined by the payment provider' }] }
      : { content: [{ type: 'text', text: `refunded order ${orderId}` }] }
  },
)

await server.connect(new StdioServerTransport())
