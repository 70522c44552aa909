import { request } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { post } from '../../../test/support/post.ts'
import { createExtension } from '../../../test/support/running-extension.ts'
import type { RunningExtension } from '../../../test/support/running-extension.ts'
import { healthCheck } from './health-check.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function start(config: object = {}): Promise<{ running: RunningExtension; url: string }> {
  const running = createExtension(healthCheck, { endpoint: 'localhost:0', ...config })
  await running.extension.start?.()
  cleanUps.push(() => running.extension.stop?.())
  return { running, url: running.extension.listening?.()['health_check'] ?? '' }
}

async function probe(url: string): Promise<[number, string]> {
  const response = await fetch(url)
  return [response.status, await response.text()]
}

describe('health_check', () => {
  test('what the stock collector answers: 503 until everything has started, and again when it stops', async () => {
    const { running, url } = await start()
    const startedMs = running.context.clock.now()
    running.readySinceMs = undefined
    const unready = '{"status":"Server not available","upSince":"0001-01-01T00:00:00Z","uptime":""}'
    expect(await probe(url)).toEqual([503, unready])
    running.readySinceMs = startedMs
    running.context.clock.advance(1_500)
    const ready = '{"status":"Server available","upSince":"2026-11-21T12:00:00.000Z","uptime":"1.5s"}'
    expect(await probe(url)).toEqual([200, ready])
    expect(await probe(`${url}any/path`)).toEqual([200, ready])
    running.readySinceMs = undefined
    expect((await probe(url))[0]).toBe(503)
  })

  test('a path and texts of its own', async () => {
    const { running, url } = await start({ path: '/healthz', response_body: { healthy: 'yes', unhealthy: 'no' } })
    expect(await probe(`${url}?verbose`)).toEqual([200, 'yes'])
    expect((await probe(url.replace('/healthz', '/')))[0]).toBe(404)
    running.readySinceMs = undefined
    expect(await probe(url)).toEqual([503, 'no'])
  })

  test('a web page that calls this host by a name of its own gets nothing', async () => {
    const { url } = await start()
    const answer = await post(url, Buffer.alloc(0), { headers: { host: 'evil.example' } })
    expect(answer.status).toBe(403)
  })

  test('a place that is taken is named', async () => {
    const { url } = await start()
    const { host } = new URL(url)
    const second = createExtension(healthCheck, { endpoint: host })
    await expect(second.extension.start?.()).rejects.toThrow(host)
  })

  test('it stops while a probe holds its connection', async () => {
    const { running, url } = await start()
    const held = request(url, { headers: { connection: 'keep-alive' } })
    held.on('error', () => {})
    held.flushHeaders()
    await running.extension.stop?.()
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })
})
