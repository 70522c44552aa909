import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { main } from './main.ts'

const entry = fileURLToPath(new URL('../cli.ts', import.meta.url))
const holds = [
  { hold: 'h1', kind: 'call', model: 'gpt-5-mini', run: 'r1' },
  { hold: 'h2', kind: 'slice', model: null, run: '' },
].map((one) => ({ ...one, amount_usd: 0.5, process: 'p1', since: '2026-11-21T10:00:00.000Z' }))

test('a slice is told as what it is, not as a model', async () => {
  const server = createServer(({ url }, response) => {
    const body = url === '/health' ? { program: 'spanwarden' } : { total: holds.length, holds }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  let stdout = ''
  const io = { stdout: { write: (text: unknown) => (stdout += String(text)) }, stderr: { write: () => {} } }
  const env = { SPANWARDEN_STATE_DIR: '/nowhere' }
  const status = await main(['suspense', '--url', `http://127.0.0.1:${port}`], { ...io, env, entry })
  server.close()
  expect(status).toBe(0)
  const rows = stdout.split('\n').map((line) => line.split(/ {2,}/))
  expect(rows.map((row) => row.slice(3))).toEqual([
    ['MODEL', 'PROCESS', 'RUN'],
    ['gpt-5-mini', 'p1', 'r1'],
    ['any (a slice)', 'p1', '-'],
    [],
    [],
    [],
  ])
  expect(stdout).toMatch(/\nA slice is what a process held for several calls at once/)
})
