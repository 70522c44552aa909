import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** What a model server answers: a status, headers, and the body as the writes that are made. */
export interface ModelAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly writes: readonly (string | Uint8Array)[]
  /** After the writes: end the body (default) or leave it open. */
  readonly ending?: 'end' | 'wait'
}

export interface ModelServer extends AsyncDisposable {
  readonly url: string
  /** Answers of the requests to come, in order; the last one repeats. */
  answer(...answers: ModelAnswer[]): void
  /** Bodies of the requests so far. */
  readonly requests: { readonly path: string; readonly headers: IncomingMessage['headers']; readonly body: string }[]
  /** Cuts all connections, as a network does. */
  cut(): void
  /** A `fetch` for clients whose base URL is a real provider's: the same path, on this server. */
  readonly fetch: typeof fetch
  close(): Promise<void>
}

/** A server on a free port that answers in a provider's wire format what the test says. */
export async function startModelServer(): Promise<ModelServer> {
  let answers: ModelAnswer[] = []
  const requests: ModelServer['requests'] = []
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the model server has no port')
  const url = `http://127.0.0.1:${address.port}`

  const close = async (): Promise<void> => {
    if (!server.listening) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return {
    url,
    requests,
    answer: (...next) => {
      answers = next
    },
    cut: () => server.closeAllConnections(),
    fetch: (input, init) => {
      const { pathname, search } = new URL(input instanceof Request ? input.url : input)
      return fetch(`${url}${pathname}${search}`, init)
    },
    close,
    [Symbol.asyncDispose]: close,
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(Buffer.from(chunk))
    requests.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString('utf8') })
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    if (answer === undefined) return void response.writeHead(404).end()
    // A connection for each request: what is cut is never another call's pooled connection.
    const headers = { 'content-type': 'application/json', connection: 'close', ...answer.headers }
    response.writeHead(answer.status ?? 200, headers)
    response.flushHeaders()
    for (const write of answer.writes) {
      if (!response.write(write) && !response.destroyed)
        await Promise.race([once(response, 'drain'), once(response, 'close')])
    }
    if (answer.ending !== 'wait') response.end()
  }
}

/** A whole JSON body. */
export const json = (body: unknown, status = 200): ModelAnswer => ({ status, writes: [JSON.stringify(body)] })

/** Server-sent events in OpenAI's form: `data:` lines, closed by `[DONE]`. */
export const sse = (events: readonly unknown[], ending: ModelAnswer['ending'] = 'end'): ModelAnswer => ({
  headers: { 'content-type': 'text/event-stream' },
  writes: [
    ...events.map((event) => `data: ${JSON.stringify(event)}\n\n`),
    ...(ending === 'end' ? ['data: [DONE]\n\n'] : []),
  ],
  ending,
})

/** Server-sent events in Anthropic's form: named by their type. */
export const namedSse = (
  events: readonly { readonly type: string; readonly [field: string]: unknown }[],
  ending: ModelAnswer['ending'] = 'end',
): ModelAnswer => ({
  headers: { 'content-type': 'text/event-stream' },
  writes: events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`),
  ending,
})

/** The same bytes in writes of `size` bytes. */
export function cut(answer: ModelAnswer, size: number): ModelAnswer {
  const bytes = Buffer.concat(answer.writes.map((write) => Buffer.from(write)))
  const writes: Uint8Array[] = []
  for (let start = 0; start < bytes.length; start += size) writes.push(bytes.subarray(start, start + size))
  return { ...answer, writes }
}

/** Reads a stream to its end. */
export async function collect(events: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const event of events) all.push(event)
  return all
}
