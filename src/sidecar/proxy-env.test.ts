import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { alertMessage } from '../alerts/alert-message.ts'
import { testAlert } from '../alerts/test-alert.ts'
import { WebhookNotifier } from '../alerts/webhook-notifier.ts'
import { HttpClient } from './exporters/otlp/http-client.ts'
import { proxyEnvOf } from './proxy-env.ts'

/** A proxy that answers what is plain by itself and lets nobody through; what it was asked for is in `asked`. */
async function startProxy(): Promise<{ readonly url: string; readonly asked: string[] } & AsyncDisposable> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.end()
  }).on('connect', ({ url }, socket) => {
    asked.push(`CONNECT ${url}`)
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://name:secret@127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const message = alertMessage([testAlert('AgentNotRunning', 0)], { receiver: 'r', sidecar: 's', url: '' })

test('exporters and webhooks go by the proxy of the environment where they are told to', async () => {
  await using proxy = await startProxy()
  const proxies = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: 'near.invalid' }
  expect(proxyEnvOf(proxies)).toBeUndefined()
  const proxyEnv = proxyEnvOf({ ...proxies, NODE_USE_ENV_PROXY: '1' })
  const client = new HttpClient({
    clock: new VirtualClock(),
    tls: {},
    connectionsMax: 1,
    idleMs: 1000,
    timeoutMs: 1000,
    proxyEnv,
  })
  const post = (url: string): ReturnType<typeof client.post> =>
    client.post(new URL(url), {}, Buffer.from('x'), new AbortController().signal)
  expect(await post('http://backend.invalid/v1/traces')).toMatchObject({ status: 200 })
  expect(await post('https://backend.invalid/v1/traces')).toMatchObject({ failure: 'ERR_PROXY_TUNNEL' })
  expect(await post('http://near.invalid/')).toMatchObject({ failure: expect.stringMatching(/^E/) })
  client.close()
  const tell = (url: string): Promise<void> =>
    new WebhookNotifier({ name: 'w', url, headers: {}, timeoutMs: 5000, userAgent: 'test/0', proxyEnv }).notify(message)
  await tell('http://hooks.invalid/a')
  await expect(tell('https://hooks.invalid/a')).rejects.toThrow('ERR_PROXY_TUNNEL')
  expect(proxy.asked).toEqual([
    'POST http://backend.invalid/v1/traces',
    'CONNECT backend.invalid:443',
    'POST http://hooks.invalid/a',
    'CONNECT hooks.invalid:443',
  ])
})
