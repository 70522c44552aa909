import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Signal } from '../../component.ts'
import { corsHeaders } from './cors.ts'
import type { HttpConfig } from './http-config.ts'
import type { Intake } from './intake.ts'
import { AbortedError, discardBody, readBody } from './read-body.ts'
import { CODE_INVALID_ARGUMENT, CODE_UNIMPLEMENTED, rpcStatus } from './rpc-status.ts'
import type { Refusal } from './rpc-status.ts'

const PROTOBUF = 'application/x-protobuf'
const JSON_TYPE = 'application/json'
const TEXT_TYPE = 'text/plain; charset=utf-8'
const EMPTY = Buffer.alloc(0)
/** Export<Signal>ServiceResponse with no partial success. */
const EMPTY_JSON = Buffer.from('{}')

type Encoding = 'protobuf' | 'json'

/** Answers OTLP/HTTP requests, on the bare messages of node:http: the body goes into pooled memory and is not copied again. */
export class HttpHandler {
  readonly #config: HttpConfig
  readonly #intake: Intake
  readonly #signals: ReadonlyMap<string, Signal>
  #isClosing = false

  constructor(config: HttpConfig, intake: Intake) {
    this.#config = config
    this.#intake = intake
    const paths: readonly [string, Signal][] = [
      [config.traces_url_path, 'traces'],
      [config.metrics_url_path, 'metrics'],
      [config.logs_url_path, 'logs'],
    ]
    this.#signals = new Map(paths.filter(([, signal]) => intake.signals.has(signal)))
  }

  /** From now on every answer ends its connection: one that is kept alive would hold up the end of the server. */
  close(): void {
    this.#isClosing = true
  }

  /** Never throws: whatever happens is answered. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers, method, url = '' } = request
    for (const [name, value] of Object.entries(this.#headers(request))) response.setHeader(name, value)
    const signal = this.#signals.get(url.split('?', 1)[0] ?? '')
    const encoding = encodingOf(headers['content-type'])
    const compression = compressionOf(headers['content-encoding'])
    if (signal === undefined) return this.#refuse(request, response, encoding, notFound)
    if (method === 'OPTIONS' && this.#config.cors) return void response.writeHead(204).end()
    if (method !== 'POST') {
      response.setHeader('allow', 'POST')
      return this.#refuse(request, response, encoding, wrongMethod)
    }
    if (encoding === undefined) return this.#refuse(request, response, encoding, wrongType)
    if (!this.#config.compression_algorithms.some((known) => known === compression)) {
      response.setHeader('accept-encoding', this.#config.compression_algorithms.filter(Boolean).join(', '))
      return this.#refuse(request, response, encoding, wrongCompression)
    }
    try {
      await this.#take(request, signal, encoding, compression)
      this.#send(response, 200, encoding, encoding === 'json' ? EMPTY_JSON : EMPTY)
    } catch (error) {
      if (!(error instanceof AbortedError)) this.#answer(request, response, encoding, this.#intake.refusal(error))
    }
  }

  async #take(request: IncomingMessage, signal: Signal, encoding: Encoding, compression: string): Promise<void> {
    const { max_request_body_size: bytesMax } = this.#config
    const body = await readBody(request, this.#intake.memory, bytesMax)
    try {
      await this.#intake.take({ signal, bytes: body.bytes, encoding, compression, bytesMax })
    } finally {
      body.release()
    }
  }

  #headers(request: IncomingMessage): Readonly<Record<string, string>> {
    const { cors, response_headers } = this.#config
    return cors ? { ...corsHeaders(cors, request), ...response_headers } : response_headers
  }

  #refuse(request: IncomingMessage, response: ServerResponse, encoding: Encoding | undefined, refusal: Refusal): void {
    this.#answer(request, response, encoding, this.#intake.refused(refusal))
  }

  #answer(request: IncomingMessage, response: ServerResponse, encoding: Encoding | undefined, refusal: Refusal): void {
    if (!request.complete) discardBody(request)
    if (refusal.retryAfterMs !== undefined) {
      response.setHeader('retry-after', Math.max(1, Math.ceil(refusal.retryAfterMs / 1000)))
    }
    const { code, message, httpStatus } = refusal
    if (encoding === 'json') this.#send(response, httpStatus, encoding, Buffer.from(JSON.stringify({ code, message })))
    else if (encoding === 'protobuf') this.#send(response, httpStatus, encoding, rpcStatus(refusal))
    else {
      this.#send(response, httpStatus, encoding, Buffer.from(`${message}\n`))
    }
  }

  #send(response: ServerResponse, status: number, encoding: Encoding | undefined, body: Buffer): void {
    if (this.#isClosing) response.setHeader('connection', 'close')
    response.setHeader('content-type', encoding === undefined ? TEXT_TYPE : encoding === 'json' ? JSON_TYPE : PROTOBUF)
    response.setHeader('content-length', body.length)
    response.writeHead(status).end(body)
  }
}

const refusal = (httpStatus: number, code: number, message: string): Refusal => ({ httpStatus, code, message })
const notFound = refusal(404, CODE_UNIMPLEMENTED, 'no such path, or no pipeline for this signal')
const wrongMethod = refusal(405, CODE_UNIMPLEMENTED, 'the method must be POST')
const wrongType = refusal(415, CODE_INVALID_ARGUMENT, `the content type must be ${PROTOBUF} or ${JSON_TYPE}`)
const wrongCompression = refusal(415, CODE_INVALID_ARGUMENT, 'this content encoding is not accepted')

function encodingOf(contentType: string | undefined): Encoding | undefined {
  if (contentType === undefined) return undefined
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase()
  if (type === PROTOBUF) return 'protobuf'
  return type === JSON_TYPE ? 'json' : undefined
}

function compressionOf(header: string | undefined): string {
  const name = header?.trim().toLowerCase() ?? ''
  return name === 'identity' ? '' : name
}
