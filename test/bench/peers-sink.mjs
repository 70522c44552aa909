// Takes what SDKs send, whatever their protocol, for peers.ts: counts bytes, and the calls whose number is in them.
import { createServer } from 'node:http'
import { gunzipSync } from 'node:zlib'

let bytes = 0
let calls = new Set()

const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const raw = Buffer.concat(chunks)
    const isJson = !(request.headers['content-type'] ?? '').includes('protobuf')
    const answer = (text) =>
      response.writeHead(200, { 'content-type': isJson ? 'application/json' : 'application/x-protobuf' }).end(text)
    if (request.url === '/seen') return answer(JSON.stringify({ calls: calls.size, bytes }))
    if (request.url === '/reset') {
      bytes = 0
      calls = new Set()
      return answer('{}')
    }
    answer(isJson ? '{}' : '')
    bytes += raw.length
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw
    for (const [, number] of body.toString('latin1').matchAll(/(?:chatcmpl|parcel)-(\d+)-/g)) calls.add(number)
  })
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
