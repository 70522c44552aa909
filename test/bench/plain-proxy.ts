import { Agent, createServer, request } from 'node:http'

/*
 * The other side of the comparison in proxy.ts: pipes requests to the backend in argv[2] without looking at them. Tells its parent its port,
 * and on every message the CPU time that it has used, in microseconds.
 */
const backend = new URL(process.argv[2] ?? '')
const agent = new Agent({ keepAlive: true })
const server = createServer((incoming, reply) => {
  const { url: path = '/', method = 'POST', headers } = incoming
  const outgoing = request(backend, { agent, path, method, headers }, (response) => {
    reply.writeHead(response.statusCode ?? 502, response.headers)
    response.pipe(reply)
  })
  outgoing.on('error', () => reply.writeHead(502).end())
  incoming.pipe(outgoing)
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 })
})
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpuUs: user + system })
})
process.on('disconnect', () => process.exit())
