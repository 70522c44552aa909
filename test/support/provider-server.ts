import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { CALL_ID, wireFormatOf } from './wire-formats.ts'
import type { ModelAnswer } from './model-server.ts'
import type { Said, WireFormat } from './wire-formats.ts'

/**
 * How a request is answered; the first part of its path says it. `say` and `tool` whole or as a stream, as it asks; `tool` until the request
 * brings the tool's result. `refuse`: 400 with the provider's error. `break`: an error in the midst of a stream, a body that is no JSON
 * otherwise. `cut`: the connection ends in the midst of the answer. `hang`: the start of a stream, then nothing; no answer otherwise.
 * `flaky`: 503 at every first time.
 */
export const BEHAVIOURS = ['say', 'tool', 'refuse', 'break', 'cut', 'hang', 'flaky'] as const
export type Behaviour = (typeof BEHAVIOURS)[number]

export interface ProviderServer extends AsyncDisposable {
  /** Base URL for clients whose own paths begin behind it. */
  base(behaviour: Behaviour, folder?: string): string
  readonly url: string
  /** What left completely, usage included, in order. */
  readonly sent: Said[]
}

export interface ProviderServerOptions {
  /** What the model says to the `number`th request that is answered, counted from 0. `path` and `body` are the request's. */
  readonly say: (number: number, path: string, body: string) => Omit<Said, 'call'>
  readonly call: NonNullable<Said['call']>
  /** What errors say. */
  readonly complaint: string
  /** A request at this path has got all that it will get, which is not everything. */
  readonly onHang?: (path: string) => void
  /** The connection of an answer that was not sent whole is closed. */
  readonly onCut?: () => void
}

/** All providers on one free port: OpenAI (chat, responses, embeddings), Anthropic, Google, Bedrock, Cohere, Ollama, and who speaks like them. */
export async function startProviderServer(options: ProviderServerOptions): Promise<ProviderServer> {
  const sent: Said[] = []
  let answered = 0
  const refusedOnce = new Set<string>()
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const url = `http://127.0.0.1:${address.port}`
  return {
    url,
    sent,
    base: (behaviour, folder = '') => `${url}/${behaviour}${folder}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(Buffer.from(chunk))
    const body = Buffer.concat(chunks).toString('utf8')
    const path = request.url ?? ''
    const format = wireFormatOf(path)
    const behaviour = BEHAVIOURS.find((one) => path.startsWith(`/${one}/`))
    response.once('close', () => {
      if (!response.writableFinished) options.onCut?.()
    })
    if (format === undefined || behaviour === undefined) return void response.writeHead(404).end('{}')
    const streamed = isStream(path, body)
    const says = { ...options.say(answered, path, body), call: undefined }
    answered += 1
    const said = behaviour === 'tool' && !hasResult(body, options.call.name) ? { ...says, call: options.call } : says
    const answer = answerOf(format, behaviour, streamed, said, request)
    const headers = { 'content-type': 'application/json', connection: 'close', ...answer.headers }
    response.writeHead(answer.status ?? 200, headers)
    if (behaviour === 'say' || behaviour === 'tool' || (behaviour === 'flaky' && answer.status !== 503)) sent.push(said)
    const starts = behaviour === 'cut' || behaviour === 'hang'
    for (const write of starts ? partOf(answer, streamed) : answer.writes) response.write(write)
    if (behaviour === 'cut') return void setImmediate(() => response.destroy())
    if (behaviour === 'hang') options.onHang?.(path)
    else response.end()
  }

  function answerOf(format: WireFormat, behaviour: Behaviour, streamed: boolean, said: Said, request: IncomingMessage) {
    if (behaviour === 'refuse') return format.refusal(400, options.complaint)
    if (behaviour === 'break')
      return streamed ? format.broken(said, options.complaint) : { writes: [`${options.complaint} {`] }
    // A client repeats a call with the very same path; the test's own number in it tells calls apart.
    const call = /\/flaky\/(\d+)\//.exec(request.url ?? '')?.[1]
    if (behaviour === 'flaky' && call !== undefined && !refusedOnce.has(call)) {
      refusedOnce.add(call)
      return { ...format.refusal(503, options.complaint), headers: AT_ONCE }
    }
    return streamed ? format.stream(said) : format.whole(said)
  }
}

/** So the clients do not wait before they try again. */
const AT_ONCE = { 'content-type': 'application/json', 'retry-after-ms': '1' }

/** The first event of a stream, half of a whole body. */
function partOf({ writes }: ModelAnswer, streamed: boolean): (string | Uint8Array)[] {
  const [first = ''] = writes
  return streamed ? [first] : [first.slice(0, first.length / 2)]
}

const isStream = (path: string, body: string): boolean =>
  /"stream": ?true/.test(body) ||
  /:streamGenerateContent|\/converse-stream/.test(path) ||
  // Ollama streams unless told otherwise.
  (path.endsWith('/api/chat') && !/"stream": ?false/.test(body))

/** Whether the tool has been called already. Google's and Ollama's results have no id. */
const hasResult = (body: string, tool: string): boolean =>
  body.includes(CALL_ID) ||
  new RegExp(`"functionResponse":\\{[^{}]*"name":"${tool}"`).test(body) ||
  body.includes(`"tool_name":"${tool}"`)
