import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, ProxyEnv } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { ConnectionOptions } from 'node:tls'
import { urlToHttpOptions } from 'node:url'
import type { Clock } from '../../component.ts'
import { errorCode } from './error-code.ts'

/** What is read of a response; the rest is not waited for. */
export const RESPONSE_BYTES_MAX = 4 * 1024 * 1024

/** Kept connections that turn out to be closed by the backend, for one request. */
const STALE_CONNECTIONS_MAX = 2

export interface HttpClientOptions {
  readonly clock: Clock
  readonly tls: ConnectionOptions
  readonly connectionsMax: number
  readonly idleMs: number
  readonly timeoutMs: number
  /** Variables that name proxies; undefined: none is used. */
  readonly proxyEnv?: ProxyEnv | undefined
}

export type HttpAnswer =
  /** `body` is undefined when it was cut off or too long. */
  | { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer | undefined }
  /** No answer; why, in one word. */
  | { readonly failure: string }

/**
 * Posts bodies over `node:http` connections that are kept open: cheaper per byte than fetch and undici when bodies are large.
 * Nobody reads a body any more once `post` has resolved, so its memory may be used again.
 */
export class HttpClient {
  readonly #options: HttpClientOptions
  readonly #http: HttpAgent
  readonly #https: HttpsAgent

  constructor(options: HttpClientOptions) {
    this.#options = options
    const agentOptions = {
      keepAlive: true,
      maxSockets: options.connectionsMax,
      maxFreeSockets: 100,
      timeout: options.idleMs,
      proxyEnv: options.proxyEnv,
    }
    this.#http = new HttpAgent(agentOptions)
    this.#https = new HttpsAgent({ ...agentOptions, ...options.tls })
  }

  async post(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: Buffer,
    abort: AbortSignal,
  ): Promise<HttpAnswer> {
    for (let stale = 0; ; stale++) {
      const { answer, isStale } = await this.#attempt(url, headers, body, abort)
      if (!isStale || stale >= STALE_CONNECTIONS_MAX || abort.aborted) return answer
    }
  }

  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }

  #attempt(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: Buffer,
    abort: AbortSignal,
  ): Promise<{ answer: HttpAnswer; isStale: boolean }> {
    const { clock, timeoutMs } = this.#options
    const options = { ...urlToHttpOptions(url), method: 'POST', headers }
    const isHttps = url.protocol === 'https:'
    return new Promise((resolve) => {
      const request: ClientRequest = isHttps
        ? httpsRequest({ ...options, agent: this.#https })
        : httpRequest({ ...options, agent: this.#http })
      let answer: HttpAnswer = { failure: 'connection closed' }
      let isStale = false
      let received: Promise<void> | undefined
      const fail = (failure: string): void => {
        if ('failure' in answer) answer = { failure }
        request.destroy()
      }
      const onAbort = (): void => fail('stopped')
      const cancelTimeout = clock.after(timeoutMs, () => fail('timeout'))
      abort.addEventListener('abort', onAbort)
      if (abort.aborted) onAbort()
      request.on('error', (error) => {
        if (!('failure' in answer) || answer.failure !== 'connection closed') return
        answer = { failure: errorCode(error) }
        isStale = request.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(answer.failure)
      })
      request.on('response', (response) => {
        const { statusCode: status = 0, headers } = response
        answer = { status, headers, body: undefined }
        received = readBody(response).then((body) => {
          answer = { status, headers, body }
          // The backend has answered before it had read everything: the connection is of no more use.
          if (!request.writableFinished) request.destroy()
          return undefined
        })
      })
      // `close` comes last: the connection is either free again or gone, and with it the last reader of the body.
      request.on('close', () => {
        cancelTimeout()
        abort.removeEventListener('abort', onAbort)
        void Promise.resolve(received).then(() => resolve({ answer, isStale }))
      })
      request.end(body)
    })
  }
}

/** The body; undefined when it is too long or cut off: the status says enough. */
async function readBody(response: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of response) {
      if (!Buffer.isBuffer(chunk)) continue
      size += chunk.length
      if (size > RESPONSE_BYTES_MAX) return undefined
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  } catch {
    return undefined
  }
}
