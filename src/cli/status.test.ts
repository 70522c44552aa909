import { once } from 'node:events'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { main } from './main.ts'

const entry = fileURLToPath(new URL('../cli.ts', import.meta.url))

test('status --forget has the sidecar forget one agent, and says when there is none', async () => {
  const known = new Set(['shop/support'])
  const server = createServer((request, response) => {
    void (async () => {
      if (request.url === '/health') return response.end(JSON.stringify({ program: 'spanwarden' }))
      const body = await json(request)
      const agent = String(Reflect.get(Object(body), 'agent'))
      const isOrder = request.method === 'POST' && request.url === '/api/agents/forget'
      if (isOrder && known.delete(agent)) return response.end(JSON.stringify({ forgotten: agent }))
      return response.writeHead(404).end(JSON.stringify({ error: `no agent ${agent} is known` }))
    })()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  let told = ''
  const stream = { write: (text: unknown) => (told += String(text)) }
  const env = { SPANWARDEN_STATE_DIR: '/nowhere' }
  const forget = (): Promise<number> =>
    main(['status', '--url', url, '--forget', 'shop/support'], { stdout: stream, stderr: stream, env, entry })
  expect(await forget()).toBe(0)
  expect(told).toContain('shop/support is forgotten')
  expect(await forget()).toBe(1)
  expect(told).toContain('no agent shop/support is known')
  server.close()
  server.closeAllConnections()
})
