import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server, ServerResponse } from 'node:http'
import { isLoopback, namesLoopback, httpUrl } from './loopback.ts'

/** Serves the own metrics under /metrics. */
export class OwnMetricsServer {
  readonly #server: Server
  readonly #host: string
  readonly #port: number

  constructor(render: () => Promise<string>, { host, port }: { host: string; port: number }) {
    this.#host = host
    this.#port = port
    this.#server = createServer((request, response) => {
      const path = request.url?.split('?')[0]
      if (isLoopback(host) && !namesLoopback(request)) return void response.writeHead(403).end()
      if (path !== '/metrics') return void response.writeHead(404).end()
      if (request.method !== 'GET') return void response.writeHead(405, { allow: 'GET' }).end()
      void answer(response, render)
    })
    this.#server.maxConnections = 50
  }

  /** Throws with the address in the message when it can't listen. */
  async start(): Promise<void> {
    this.#server.listen(this.#port, this.#host)
    await once(this.#server, 'listening')
  }

  listening(): Readonly<Record<string, string>> {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') return {}
    return { own_metrics: `${httpUrl(this.#host, address.port)}/metrics` }
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}

async function answer(response: ServerResponse, render: () => Promise<string>): Promise<void> {
  const text = await render()
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text)
}
