// Does the sidecar in this container live? Exit code 0 or 1. Without a shell or curl, which small images do not have.
import { request } from 'node:http'

const endpoint = process.env['SPANWARDEN_HTTP_ENDPOINT'] ?? '127.0.0.1:8080'
const port = Number(endpoint.slice(endpoint.lastIndexOf(':') + 1))
const check = request({ host: '127.0.0.1', port, path: '/livez', timeout: 4000 }, (response) => {
  response.resume()
  process.exitCode = response.statusCode === 200 ? 0 : 1
})
check.on('timeout', () => check.destroy(new Error('no answer')))
check.on('error', (error) => {
  process.stderr.write(`no answer: ${error.message}\n`)
  process.exitCode = 1
})
check.end()
