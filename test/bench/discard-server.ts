import { createServer } from 'node:http'

/** A backend that reads requests to their end and answers 200 to all. Tells its parent its port. */
const server = createServer((request, response) => {
  request.on('data', () => undefined)
  request.on('end', () =>
    response.writeHead(200, { 'content-type': 'application/x-protobuf', 'content-length': '0' }).end(),
  )
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 })
})
process.on('disconnect', () => process.exit())
