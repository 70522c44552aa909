import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { isRequestId, REQUEST_ID_HEADER, SPOOL_ID_HEADER } from '../../../control/spool-format.ts'
import type { Clock, Signal } from '../../component.ts'
import { allowsOrigin, corsHeaders } from './cors.ts'
import type { Gate } from './gate.ts'
import type { HttpConfig } from './http-config.ts'
import type { Intake } from './intake.ts'
import { PageGuard } from './page-guard.ts'
import { AbortedError, discardBody, readBody } from './read-body.ts'
import type { ReadSpool } from './read-spool.ts'
import { CODE_INVALID_ARGUMENT, CODE_UNIMPLEMENTED, rpcStatus, rpcStatusJson } from './rpc-status.ts'
import type { Refusal } from './rpc-status.ts'

const PROTOBUF = 'application/x-protobuf'
const JSON_TYPE = 'application/json'
const TEXT_TYPE = 'text/plain; charset=utf-8'
const EMPTY = Buffer.alloc(0)
/** Export<Signal>ServiceResponse with no partial success. */
const EMPTY_JSON = Buffer.from('{}')

type Encoding = 'protobuf' | 'json'
type Headers = Readonly<Record<string, string | number>>

/** What the handler looks at in the head of a request. */
export interface AskingHead {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: Pick<IncomingHttpHeaders, 'content-type' | 'content-encoding' | 'host' | 'origin'> &
    Readonly<Record<string, string | string[] | undefined>>
}

/** A request that may be taken once its body is there. */
export interface Admitted {
  readonly outcome: 'admitted'
  readonly signal: Signal
  readonly encoding: Encoding
  readonly compression: string
  readonly requestId: string | undefined
  /** For the answer, whatever it is. */
  readonly headers: Headers
}
interface Refused {
  readonly outcome: 'refused'
  readonly encoding: Encoding | undefined
  readonly refusal: Refusal
  readonly headers: Headers
}
interface Preflight {
  readonly outcome: 'preflight'
  readonly headers: Headers
}

/** It may be taken when the promise resolves with true. */
interface Asking {
  readonly outcome: 'asking'
  readonly accepted: Promise<boolean>
  readonly headers: Headers
}
type Admission = Admitted | Refused | Preflight | Asking

export interface Answer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Headers
  readonly body: Buffer
}

export interface HandlerParts {
  readonly spool: ReadSpool
  readonly gate: Gate
  readonly clock: Clock
}

/** Answers OTLP/HTTP requests, whoever reads them: `admit`, then `take`; `handle` does both with the bare messages of node:http. */
export class HttpHandler {
  readonly #config: HttpConfig
  readonly #intake: Intake
  readonly #signals: ReadonlyMap<string, Signal>
  readonly #responseHeaders: Headers
  readonly #spool: ReadSpool
  readonly #gate: Gate
  readonly #clock: Clock
  readonly #pages: PageGuard
  #isClosing = false

  /** Throws when a header of `response_headers` can't be sent. */
  constructor(config: HttpConfig, intake: Intake, { spool, gate, clock }: HandlerParts) {
    this.#config = config
    this.#clock = clock
    this.#gate = gate
    this.#pages = new PageGuard(config)
    this.#intake = intake
    this.#spool = spool
    const paths: readonly [string, Signal][] = [
      [config.traces_url_path, 'traces'],
      [config.metrics_url_path, 'metrics'],
      [config.logs_url_path, 'logs'],
    ]
    this.#signals = new Map(paths.filter(([, signal]) => intake.signals.has(signal)))
    for (const [name, value] of Object.entries(config.response_headers)) {
      validateHeaderName(name)
      validateHeaderValue(name, value)
    }
    this.#responseHeaders = Object.fromEntries(
      Object.entries(config.response_headers).map(([name, value]) => [name.toLowerCase(), value]),
    )
  }

  /** From now on every answer ends its connection: one that is kept alive would hold up the end of the server. */
  close(): void {
    this.#isClosing = true
  }

  /** Whether a request can have what its head asks for. Counts nothing. `isAccepted`: its sender is known to be one who may send. */
  admit(head: AskingHead, isAccepted = false): Admission {
    const { cors, compression_algorithms } = this.#config
    const headers = {
      ...(cors ? corsHeaders(cors, head) : {}),
      ...this.#responseHeaders,
      ...(this.#spool.id === undefined ? {} : { [SPOOL_ID_HEADER]: this.#spool.id }),
    }
    const encoding = encodingOf(head.headers['content-type'])
    const refuse = (refusal: Refusal, more: Headers = {}): Refused => {
      return { outcome: 'refused', encoding, refusal, headers: { ...headers, ...more } }
    }
    const { origin } = head.headers
    const intruder = this.#pages.refusal(head.headers, origin !== undefined && allowsOrigin(cors, origin))
    if (intruder !== undefined) return refuse(intruder)
    const { url = '' } = head
    const questionMark = url.indexOf('?')
    const signal = this.#signals.get(questionMark < 0 ? url : url.slice(0, questionMark))
    if (signal === undefined) return refuse(notFound)
    if (head.method === 'OPTIONS' && cors) return { outcome: 'preflight', headers }
    if (head.method !== 'POST') return refuse(wrongMethod, { allow: 'POST' })
    const accepted = isAccepted || this.#gate.accepts(head.headers, url)
    if (accepted === false) return refuse(this.#gate.refusal, { 'www-authenticate': this.#gate.challenge })
    if (accepted !== true) {
      accepted.catch(() => {})
      return { outcome: 'asking', accepted, headers }
    }
    if (encoding === undefined) return refuse(wrongType)
    const compression = compressionOf(head.headers['content-encoding'])
    if (!compression_algorithms.some((known) => known === compression)) {
      const list = compression_algorithms.filter(Boolean).join(', ')
      return refuse(wrongCompression(list), { 'accept-encoding': list === '' ? 'identity' : list })
    }
    const closed = this.#intake.closedTo(signal)
    if (closed !== undefined) return refuse(closed)
    return { outcome: 'admitted', signal, encoding, compression, requestId: requestIdOf(head.headers), headers }
  }

  /** Takes a request with its whole body, read until the promise settles. Never rejects: whatever happens is answered. */
  async take({ signal, encoding, compression, requestId, headers }: Admitted, bytes: Buffer): Promise<Answer> {
    try {
      const { max_decompressed_body_size: bytesMax } = this.#config
      await this.#intake.take({ signal, bytes, encoding, compression, bytesMax, requestId })
      return answerOf(200, encoding, encoding === 'json' ? EMPTY_JSON : EMPTY, headers)
    } catch (error) {
      return refusalAnswer(this.#intake.refusal(error), encoding, headers)
    }
  }

  /** Never throws: whatever happens is answered. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = this.admit(request)
    try {
      const admission = asked.outcome === 'asking' ? await this.#decided(asked, request) : asked
      if (admission.outcome === 'preflight') return void response.writeHead(204, { ...admission.headers }).end()
      const answer = admission.outcome === 'admitted' ? await this.#read(admission, request) : this.#refuse(admission)
      this.#send(request, response, answer)
    } catch (error) {
      if (error instanceof AbortedError) return
      const encoding = encodingOf(request.headers['content-type'])
      this.#send(request, response, refusalAnswer(this.#intake.refusal(error), encoding, asked.headers))
    }
  }

  #refuse({ refusal, encoding, headers }: Refused): Answer {
    return refusalAnswer(this.#intake.refused(refusal), encoding, headers)
  }

  async #read(admitted: Admitted, request: IncomingMessage): Promise<Answer> {
    const body = await readBody(request, this.#intake.memory, this.#config.max_request_body_size)
    try {
      return await this.take(admitted, body.bytes)
    } finally {
      body.release()
    }
  }

  async #decided({ accepted, headers }: Asking, request: IncomingMessage): Promise<Exclude<Admission, Asking>> {
    const admission = (await accepted) ? this.admit(request, true) : undefined
    if (admission !== undefined && admission.outcome !== 'asking') return admission
    const challenge = { 'www-authenticate': this.#gate.challenge }
    const encoding = encodingOf(request.headers['content-type'])
    return { outcome: 'refused', encoding, refusal: this.#gate.refusal, headers: { ...headers, ...challenge } }
  }

  #send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Answer): void {
    if (!request.complete) discardBody(request)
    response.writeHead(status, this.#isClosing ? { ...headers, connection: 'close' } : { ...headers }).end(body)
    const { write_timeout } = this.#config
    if (write_timeout === 0 || response.writableFinished) return
    const cancel = this.#clock.after(write_timeout, () => void response.destroy())
    response.once('close', cancel)
  }
}

function answerOf(status: number, encoding: Encoding | undefined, body: Buffer, headers: Headers): Answer {
  const type = encoding === undefined ? TEXT_TYPE : encoding === 'json' ? JSON_TYPE : PROTOBUF
  return { status, headers: { ...headers, 'content-type': type, 'content-length': body.length }, body }
}

function refusalAnswer(refusal: Refusal, encoding: Encoding | undefined, headers: Headers): Answer {
  const { message, httpStatus, retryAfterMs } = refusal
  const all =
    retryAfterMs === undefined ? headers : { ...headers, 'retry-after': Math.max(1, Math.ceil(retryAfterMs / 1000)) }
  if (encoding === 'json') return answerOf(httpStatus, encoding, Buffer.from(rpcStatusJson(refusal)), all)
  if (encoding === 'protobuf') return answerOf(httpStatus, encoding, rpcStatus(refusal), all)
  return answerOf(httpStatus, encoding, Buffer.from(`${message}\n`), all)
}

const refusal = (httpStatus: number, code: number, message: string): Refusal => ({ httpStatus, code, message })
const notFound = refusal(404, CODE_UNIMPLEMENTED, 'no such path, or no pipeline for this signal')
const wrongMethod = refusal(405, CODE_UNIMPLEMENTED, 'the method must be POST')
const wrongType = refusal(415, CODE_INVALID_ARGUMENT, `the content type must be ${PROTOBUF} or ${JSON_TYPE}`)
const wrongCompression = (list: string): Refusal =>
  refusal(
    415,
    CODE_INVALID_ARGUMENT,
    `the content encoding must be ${list === '' ? 'none' : `one of ${list}, or none`}`,
  )

function encodingOf(contentType: string | undefined): Encoding | undefined {
  if (contentType === undefined) return undefined
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase()
  if (type === PROTOBUF) return 'protobuf'
  return type === JSON_TYPE ? 'json' : undefined
}

function requestIdOf({ [REQUEST_ID_HEADER]: id }: AskingHead['headers']): string | undefined {
  return typeof id === 'string' && isRequestId(id) ? id : undefined
}

function compressionOf(header: string | undefined): string {
  const name = header?.trim().toLowerCase() ?? ''
  return name === 'identity' ? '' : name
}
