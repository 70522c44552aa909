import { request } from 'node:http'
import type { IncomingHttpHeaders, RequestOptions } from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** One request with a connection of its own; several parts are sent chunked. */
export function post(url: string, body: Buffer | readonly Buffer[], options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const parts = Buffer.isBuffer(body) ? [body] : body
    const length = Buffer.isBuffer(body) ? { 'content-length': body.length } : {}
    const headers = { 'content-type': 'application/x-protobuf', ...length, ...options.headers }
    const sent = request(url, { method: 'POST', agent: false, ...options, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      )
      response.on('error', reject)
    })
    sent.on('error', reject)
    for (const part of parts) sent.write(part)
    sent.end()
  })
}
