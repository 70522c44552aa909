import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { Random } from '../fuzz/random.ts'

/** What a token costs, in nano-USD; `judgePrices` says the same to the agents. */
const NANO_PER_INPUT_TOKEN = 1_000
const NANO_PER_OUTPUT_TOKEN = 4_000
/** Taken for a request without a limit of its output, which no bound covers. */
const UNLIMITED_OUTPUT_TOKENS = 1_000_000

/** A file of prices for `SPANWARDEN_PRICES_FILE`. */
export const judgePrices = {
  version: 'judge',
  prices: ['judge-o', 'judge-a'].map((model) => ({
    model,
    usd_per_million: { input: NANO_PER_INPUT_TOKEN / 1_000, output: NANO_PER_OUTPUT_TOKEN / 1_000 },
  })),
}

/** What the provider charges for one request, whatever became of its answer; or a post that was made. */
export interface Bill {
  readonly what: 'model' | 'post'
  readonly agent: string
  readonly nanoUsd: number
  /** When the call began in the agent, and when its request was here, in ms of the host. */
  readonly begunMs: number
  readonly receivedMs: number
  readonly fate: Fate
}

const FATES = {
  answered: 80,
  refused: 4,
  'failed after work': 4,
  'cut before the answer': 4,
  'cut in the middle': 5,
  hangs: 3,
  'usage missing': 3,
  'usage garbled': 4,
  'usage late': 3,
} as const
export type Fate = keyof typeof FATES

export interface ModelBank extends AsyncDisposable {
  readonly url: string
  readonly bills: readonly Bill[]
  /** false: every request is answered, with its usage. */
  isFlaky: boolean
  /** Until then (ms of the host) everything fails with this status. */
  outage: { readonly untilMs: number; readonly status: number }
  cut(): void
}

/** A model server that keeps its own books: what it has received it charges, at what it has really used. Speaks OpenAI's chat completions and Anthropic's messages. */
export async function startModelBank(seed: number): Promise<ModelBank> {
  const bills: Bill[] = []
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const bank: ModelBank = {
    url: `http://127.0.0.1:${port}`,
    bills,
    isFlaky: false,
    outage: { untilMs: 0, status: 0 },
    cut: () => server.closeAllConnections(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return bank

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(Buffer.from(chunk))
    const receivedMs = hostMs()
    const body = Buffer.concat(chunks)
    const name = headerOf(request, 'x-judge')
    const agent = name.split('/')[0] ?? ''
    const begunMs = Number(headerOf(request, 'x-begun'))
    if (request.url === '/post') {
      bills.push({ what: 'post', agent, nanoUsd: 0, begunMs, receivedMs, fate: 'answered' })
      return void response.end('{}')
    }
    const random = new Random(seed, ...Buffer.from(`${name} ${headerOf(request, 'x-stainless-retry-count')}`))
    if (bank.outage.untilMs > receivedMs) {
      // A refusal is not charged; what failed may be.
      const { status } = bank.outage
      if (status >= 500) bills.push(billOf('failed after work'))
      return fail(response, status)
    }
    const fate = bank.isFlaky ? fateOf(random) : 'answered'
    if (fate !== 'refused') bills.push(billOf(fate))
    await answer(fate)

    function billOf(of: Fate): Bill {
      const { nanoUsd } = usageOf()
      return { what: 'model', agent, nanoUsd, begunMs, receivedMs, fate: of }
    }
    /** The same for the same request. */
    function usageOf() {
      const own = new Random(seed, ...Buffer.from(name), body.length)
      const limit = outputLimitOf(body) ?? UNLIMITED_OUTPUT_TOKENS
      const input = 1 + own.below(Math.floor(body.length / 2))
      // Few use all of it; some do. What says something has a token: of less is nobody sure (believable-usage.ts).
      const output = own.chance(0.1) ? limit : Math.min(limit, 1 + own.below(own.below(limit) + 1))
      return { input, output, nanoUsd: input * NANO_PER_INPUT_TOKEN + output * NANO_PER_OUTPUT_TOKEN }
    }
    async function answer(how: Fate): Promise<void> {
      await pause(5 + random.below(60))
      if (how === 'refused') return fail(response, 429)
      if (how === 'failed after work') return fail(response, random.pick([500, 502, 503, 529]))
      if (how === 'cut before the answer') return void response.destroy()
      if (how === 'hangs') await pause(500 + random.below(2_500))
      const isStream = /"stream":\s*true/.test(body.toString('latin1'))
      const isAnthropic = request.url?.endsWith('/messages') === true
      const usage = usageFor(how, usageOf(), random)
      const events = isAnthropic ? anthropicEvents(usage) : openaiEvents(usage)
      if (!isStream) {
        const whole = isAnthropic ? anthropicMessage(usage) : openaiCompletion(usage)
        const text = JSON.stringify(whole)
        response.writeHead(200, { 'content-type': 'application/json' })
        if (how !== 'cut in the middle') return void response.end(text)
        response.write(text.slice(0, text.length / 2))
        await pause(5)
        return void response.destroy()
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const [i, event] of events.entries()) {
        if (how === 'cut in the middle' && i === 2) return void response.destroy()
        if (how === 'usage late' && i >= events.length - 2) await pause(100 + random.below(400))
        response.write(event)
        await pause(random.below(8))
      }
      response.end()
    }
  }
}

/** Milliseconds of the host, the same in all its processes, whatever their `Date` says. */
export const hostMs = (): number => performance.timeOrigin + performance.now()

const headerOf = ({ headers }: IncomingMessage, name: string): string => String(headers[name] ?? '')

function fateOf(random: Random): Fate {
  const all = Object.entries(FATES)
  let left = random.below(all.reduce((sum, [, weight]) => sum + weight, 0))
  for (const [fate, weight] of all) {
    left -= weight
    if (left < 0) return fate as Fate
  }
  return 'answered'
}

function outputLimitOf(body: Buffer): number | undefined {
  const request: unknown = JSON.parse(body.toString())
  if (typeof request !== 'object' || request === null) return undefined
  for (const key of ['max_tokens', 'max_completion_tokens', 'max_output_tokens']) {
    const value: unknown = Reflect.get(request, key)
    if (typeof value === 'number') return value
  }
  return undefined
}

interface ToldUsage {
  readonly input: unknown
  readonly output: unknown
}

/** undefined: it is not told. */
function usageFor(
  fate: Fate,
  { input, output }: { readonly input: number; readonly output: number },
  random: Random,
): ToldUsage | undefined {
  if (fate === 'usage missing') return undefined
  if (fate !== 'usage garbled') return { input, output }
  return random.pick<ToldUsage>([
    { input, output: undefined },
    { input: undefined, output },
    { input: String(input), output: String(output) },
    { input, output: -output - 1 },
    { input: -1, output },
    { input: null, output: null },
    { input, output: { tokens: output } },
    { input: [], output: false },
  ])
}

function fail(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after-ms': '20' })
  response.end(JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: `status ${status}` } }))
}

const TEXT = ['On ', 'the ', 'books', '.']

const openaiUsage = (usage: ToldUsage | undefined): object =>
  usage === undefined
    ? {}
    : { usage: { prompt_tokens: usage.input, completion_tokens: usage.output, total_tokens: undefined } }

const openaiCompletion = (usage: ToldUsage | undefined): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'judge-o',
  choices: [{ index: 0, message: { role: 'assistant', content: TEXT.join('') }, finish_reason: 'stop' }],
  ...openaiUsage(usage),
})

function openaiEvents(usage: ToldUsage | undefined): string[] {
  const chunk = (rest: object): string =>
    `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'judge-o', ...rest })}\n\n`
  const choice = (delta: object, finish: string | null): object => ({
    choices: [{ index: 0, delta, finish_reason: finish }],
  })
  return [
    ...TEXT.map((content) => chunk(choice({ role: 'assistant', content }, null))),
    chunk(choice({}, 'stop')),
    ...(usage === undefined ? [] : [chunk({ choices: [], ...openaiUsage(usage) })]),
    'data: [DONE]\n\n',
  ]
}

const anthropicUsage = (usage: ToldUsage | undefined): object =>
  usage === undefined ? {} : { usage: { input_tokens: usage.input, output_tokens: usage.output } }

const anthropicMessage = (usage: ToldUsage | undefined): object => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'judge-a',
  content: [{ type: 'text', text: TEXT.join('') }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  ...anthropicUsage(usage),
})

function anthropicEvents(usage: ToldUsage | undefined): string[] {
  const event = (type: string, rest: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`
  const started = usage === undefined ? undefined : { ...usage, output: 1 }
  return [
    event('message_start', {
      message: { ...anthropicMessage(started), content: [], stop_reason: null },
    }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ...TEXT.map((text) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })),
    event('content_block_stop', { index: 0 }),
    event('message_delta', {
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      ...(usage === undefined ? {} : { usage: { output_tokens: usage.output } }),
    }),
    event('message_stop', {}),
  ]
}
