// Does the agent in this container answer? Exit code 0 or 1, without curl.
import { get } from 'node:http'

const check = get({ host: '127.0.0.1', port: Number(process.env['PORT'] ?? 8080), path: '/health', timeout: 4000 })
check.on('response', (response) => {
  response.resume()
  process.exitCode = response.statusCode === 200 ? 0 : 1
})
check.on('timeout', () => check.destroy(new Error('no answer')))
check.on('error', (error) => {
  process.stderr.write(`not healthy: ${error.message}\n`)
  process.exitCode = 1
})
