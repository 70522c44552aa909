import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import type { ProxyEnv } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { AlertMessage } from './alert-message.ts'
import type { Notifier } from './notifier.ts'
import { RefusedMessageError } from './refused-message-error.ts'

export interface WebhookOptions {
  readonly name: string
  /** May hold a secret: never in an error. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly userAgent: string
  /** Variables that name proxies; undefined: none is used. */
  readonly proxyEnv?: ProxyEnv | undefined
}

/** What a receiver answers to a message that it can't read; all others are about its address, its credentials or its own state, and may pass. */
const ABOUT_CONTENT = new Set([400, 406, 413, 415, 422])

/** Posts messages as Alertmanager does. Redirects are not followed: they would carry headers elsewhere. */
export class WebhookNotifier implements Notifier {
  readonly name: string
  readonly #options: WebhookOptions

  constructor(options: WebhookOptions) {
    this.name = options.name
    this.#options = options
  }

  notify(message: AlertMessage): Promise<void> {
    const { url, headers, timeoutMs, userAgent, proxyEnv } = this.#options
    const body = Buffer.from(JSON.stringify(message))
    const isHttps = url.startsWith('https:')
    const send = isHttps ? httpsRequest : httpRequest
    return new Promise((resolve, reject) => {
      const outgoing = send(url, {
        method: 'POST',
        agent: isHttps ? new HttpsAgent({ proxyEnv }) : new HttpAgent({ proxyEnv }),
        headers: {
          'user-agent': userAgent,
          ...headers,
          'content-type': 'application/json',
          'content-length': String(body.length),
        },
        signal: AbortSignal.timeout(timeoutMs),
      })
      outgoing.on('response', (response) => {
        const { statusCode = 0 } = response
        response.on('error', () => undefined).resume()
        if (statusCode >= 200 && statusCode < 300) resolve()
        else if (ABOUT_CONTENT.has(statusCode)) reject(new RefusedMessageError(`it answered ${statusCode}`))
        else reject(new Error(`it answered ${statusCode}`))
      })
      outgoing.on('error', (error) => reject(new Error(reasonOf(error, timeoutMs), { cause: error })))
      outgoing.end(body)
    })
  }
}

function reasonOf(error: Error, timeoutMs: number): string {
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return `no answer within ${timeoutMs} ms`
  return 'code' in error ? String(error.code) : error.name
}
