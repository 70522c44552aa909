// Does the sidecar in this container live? Exit code 0 or 1. Without a shell or curl, which small images do not have.
import { readFileSync } from 'node:fs'
import { request } from 'node:http'

const url = new URL(
  '/livez',
  leftByTheSidecar() ?? `http://${process.env['SPANWARDEN_HTTP_ENDPOINT'] ?? '127.0.0.1:8080'}`,
)
// Whoever listens on all addresses is asked at its own.
if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1'
if (url.hostname === '[::]') url.hostname = '[::1]'
const check = request(url, { timeout: 4000 }, (response) => {
  response.resume()
  process.exitCode = response.statusCode === 200 ? 0 : 1
})
check.on('timeout', () => check.destroy(new Error('no answer')))
check.on('error', (error) => {
  process.stderr.write(`no answer at ${url.origin}: ${error.message}\n`)
  process.exitCode = 1
})
check.end()

/** Where it says that it listens, whatever its configuration says. Undefined before its first start, or when its state is elsewhere. */
function leftByTheSidecar() {
  try {
    return JSON.parse(readFileSync(`${process.env['SPANWARDEN_STATE_DIR']}/sidecar.json`, 'utf8')).control
  } catch {
    return undefined
  }
}
