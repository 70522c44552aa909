import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { httpUrl } from './loopback.ts'

const CONNECTIONS_MAX = 200
const KEEP_ALIVE_MS = 75_000
const REQUEST_TIMEOUT_MS = 30_000

/** Listens for the control routes; a reload puts others in their place without a connection lost. */
export class ControlServer {
  readonly #host: string
  readonly #port: number
  readonly #server: Server
  #routes: FastifyInstance | undefined

  constructor({ host, port }: { host: string; port: number }) {
    this.#host = host
    this.#port = port
    const options = { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_TIMEOUT_MS }
    this.#server = createServer(options, (request, response) => {
      if (this.#routes === undefined) response.writeHead(503).end()
      else this.#routes.routing(request, response)
    })
    this.#server.maxConnections = CONNECTIONS_MAX
  }

  /** Answers with these from now on; they are `ready()`. */
  serve(routes: FastifyInstance): void {
    this.#routes = routes
  }

  /** Throws with the address in the message when it can't listen. */
  async start(): Promise<void> {
    this.#server.listen(this.#port, this.#host)
    await once(this.#server, 'listening')
  }

  listening(): Readonly<Record<string, string>> {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') return {}
    return { control: httpUrl(this.#host, address.port) }
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }
}
