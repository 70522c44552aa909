import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { EmbeddedStore } from '../../../store/embedded-store.ts'
import type { Run, StoreChange } from '../../../store/records.ts'
import type { Clock } from '../../component.ts'

/** Changes are gathered for so long before they are sent: a busy agent writes many batches a second. */
const GATHER_MS = 500
/** A comment keeps the connection from looking dead to proxies. */
const KEEP_ALIVE_MS = 15_000
const RUNS_PER_MESSAGE_MAX = 50
/** A client that does not read is cut off; the browser comes back by itself. */
const CLIENT_BYTES_MAX = 1024 * 1024
const RETRY_MS = 2_000

/** Server-sent events: tells open pages what the store was given. */
export class EventStream {
  readonly #store: EmbeddedStore
  readonly #clock: Clock
  readonly #clientsMax: number
  readonly #clients = new Set<ServerResponse>()
  readonly #changed = new Set<string>()
  #metricsChanged = false
  #cancelGathering: (() => void) | undefined
  #cancelKeepAlive: (() => void) | undefined
  readonly #ignoreWrites: () => void

  constructor(store: EmbeddedStore, { clock }: { readonly clock: Clock }, clientsMax: number) {
    this.#store = store
    this.#clock = clock
    this.#clientsMax = clientsMax
    this.#ignoreWrites = store.onWrite(({ traceIds, metrics }) => {
      if (this.#clients.size === 0) return
      for (const traceId of traceIds) if (this.#changed.size <= RUNS_PER_MESSAGE_MAX) this.#changed.add(traceId)
      this.#metricsChanged ||= metrics
      this.#cancelGathering ??= clock.after(GATHER_MS, () => this.#tell())
    })
  }

  /** Answers a request with the stream; it ends when the client goes or the stream is closed. */
  serve(reply: FastifyReply): FastifyReply {
    if (this.#clients.size >= this.#clientsMax) {
      return reply.code(503).header('retry-after', '10').send({ error: 'too many open pages' })
    }
    reply.hijack()
    const response = reply.raw
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) response.setHeader(name, value)
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    response.write(`retry: ${RETRY_MS}\n\n`)
    response.on('close', () => this.#clients.delete(response))
    this.#clients.add(response)
    this.#cancelKeepAlive ??= this.#clock.after(KEEP_ALIVE_MS, () => this.#keepAlive())
    return reply
  }

  close(): void {
    this.#ignoreWrites()
    this.#cancelGathering?.()
    this.#cancelKeepAlive?.()
    for (const client of this.#clients) client.end()
    this.#clients.clear()
  }

  #tell(): void {
    this.#cancelGathering = undefined
    const runs: Run[] = []
    for (const traceId of [...this.#changed].slice(0, RUNS_PER_MESSAGE_MAX)) {
      const run = this.#store.run(traceId)
      if (run !== undefined) runs.push(run)
    }
    const change: StoreChange = { runs, more: this.#changed.size > RUNS_PER_MESSAGE_MAX, metrics: this.#metricsChanged }
    this.#changed.clear()
    this.#metricsChanged = false
    this.#send(`event: change\ndata: ${JSON.stringify(change)}\n\n`)
  }

  #keepAlive(): void {
    this.#send(': here\n\n')
    this.#cancelKeepAlive =
      this.#clients.size === 0 ? undefined : this.#clock.after(KEEP_ALIVE_MS, () => this.#keepAlive())
  }

  #send(text: string): void {
    for (const client of this.#clients) {
      if (client.writableLength > CLIENT_BYTES_MAX) client.destroy()
      else client.write(text)
    }
  }
}
