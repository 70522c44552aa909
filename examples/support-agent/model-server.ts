import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * A model server for the example and the end-to-end tests: it answers in the real wire formats of OpenAI (chat completions, responses,
 * embeddings) and Anthropic (messages), plain and streaming. Its "model" is a small script of a support desk, so that every run is alike.
 */
export interface ModelServer {
  /** Base URL for the OpenAI client, ends in /v1. */
  readonly openaiUrl: string
  /** Base URL for the Anthropic client. */
  readonly anthropicUrl: string
  close(): Promise<void>
}

export interface ModelServerOptions {
  /** Thinking time before the first byte, in milliseconds. */
  readonly latencyMs?: number
  /** Pause between two chunks of a stream, in milliseconds. */
  readonly chunkMs?: number
}

interface ToolCall {
  readonly name: string
  readonly arguments: Record<string, unknown>
}
interface Answer {
  readonly text: string
  readonly toolCalls: readonly ToolCall[]
}
interface Turn {
  readonly role: string
  readonly text: string
  /** Name of the tool that a result belongs to. */
  readonly tool?: string
}

export async function startModelServer({ latencyMs = 40, chunkMs = 5 }: ModelServerOptions = {}): Promise<ModelServer> {
  let calls = 0
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy())
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const body = JSON.parse(Buffer.concat(parts).toString('utf8') || '{}') as Record<string, unknown>
    const id = `${++calls}`.padStart(8, '0')
    await delay(latencyMs + (calls % 5) * latencyMs)
    const routes: Record<string, () => Reply> = {
      '/v1/chat/completions': () => chatCompletion(id, body),
      '/v1/responses': () => openaiResponse(id, body),
      '/v1/embeddings': () => embeddings(body),
      '/v1/messages': () => anthropicMessage(id, body),
    }
    const route = routes[new URL(request.url ?? '/', 'http://localhost').pathname]
    if (route === undefined) {
      response.writeHead(404, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ error: { message: 'no such path', type: 'invalid_request_error' } }))
      return
    }
    const reply = route()
    if ('json' in reply) {
      response.writeHead(200, {
        'content-type': 'application/json',
        'x-request-id': `req_${id}`,
        'request-id': `req_${id}`,
      })
      response.end(JSON.stringify(reply.json))
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-request-id': `req_${id}` })
    for (const event of reply.events) {
      response.write(event)
      await delay(chunkMs)
    }
    response.end()
  }

  await listen(server)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    openaiUrl: `${url}/v1`,
    anthropicUrl: url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

type Reply = { readonly json: unknown } | { readonly events: readonly string[] }

const listen = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })

/** The script: look the order up, refund it, try once more when that failed, then answer. */
function decide(turns: readonly Turn[], tools: ReadonlySet<string>): Answer {
  const request = turns.find((turn) => turn.role === 'user')?.text ?? ''
  const order = /order (\d+)/.exec(request)?.[1] ?? '1000'
  const results = turns.filter((turn) => turn.role === 'tool')
  const refunds = results.filter((turn) => turn.tool === 'refund_payment')
  const last = results.at(-1)
  const call = (name: string, args: Record<string, unknown>): Answer => ({
    text: '',
    toolCalls: [{ name, arguments: args }],
  })
  if (tools.has('lookup_order') && last === undefined) return call('lookup_order', { order_id: order })
  if (tools.has('refund_payment') && last?.tool === 'lookup_order') {
    const card = /\b(?:\d[ -]?){13,19}\b/.exec(request)?.[0]?.trim()
    return call('refund_payment', { order_id: order, ...(card === undefined ? {} : { card }) })
  }
  if (tools.has('refund_payment') && refunds.length === 1 && last?.text.includes('declined') === true) {
    return call('refund_payment', { order_id: order, retry: true })
  }
  const email = /[\w.+-]+@[\w.-]+\w/.exec(request)?.[0]
  const done = last?.text.includes('declined') === true ? 'could not be refunded' : 'has been refunded'
  return {
    text: `Thank you for your patience. Order ${order} ${done}; a confirmation goes to ${email ?? 'your address on file'}.`,
    toolCalls: [],
  }
}

/** Four characters a token, as English text has about. */
const tokensOf = (value: unknown): number => Math.max(1, Math.ceil(JSON.stringify(value ?? '').length / 4))

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .map((part: { text?: string; content?: unknown }) => part.text ?? textOf(part.content))
    .filter((text) => text !== '')
    .join('\n')
}

// OpenAI

interface ChatMessage {
  readonly role: string
  readonly content?: unknown
  readonly tool_call_id?: string
  readonly tool_calls?: readonly { readonly id: string; readonly function: { readonly name: string } }[]
}

function chatCompletion(id: string, body: Record<string, unknown>): Reply {
  const messages = (body['messages'] ?? []) as readonly ChatMessage[]
  const names = new Map(messages.flatMap((m) => m.tool_calls ?? []).map((c) => [c.id, c.function.name]))
  const turns = messages.map((m) => ({
    role: m.role,
    text: textOf(m.content),
    tool: names.get(m.tool_call_id ?? '') ?? '',
  }))
  const tools = new Set(
    ((body['tools'] ?? []) as readonly { function: { name: string } }[]).map((tool) => tool.function.name),
  )
  const { text, toolCalls } = decide(turns, tools)
  const base = { id: `chatcmpl-${id}`, created: 1_790_000_000, model: `${String(body['model'])}-2025-08-07` }
  const finish = toolCalls.length > 0 ? 'tool_calls' : 'stop'
  const calls = toolCalls.map((call, i) => ({
    id: `call_${id}_${i}`,
    type: 'function',
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
  }))
  const promptTokens = tokensOf(messages)
  const completionTokens = tokensOf(text) + tokensOf(toolCalls) + 64
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: Math.floor(promptTokens / 2), audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 64, audio_tokens: 0 },
  }
  if (body['stream'] !== true) {
    const message = {
      role: 'assistant',
      content: text === '' ? null : text,
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    }
    return {
      json: { ...base, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: finish }], usage },
    }
  }
  const includeUsage = (body['stream_options'] as { include_usage?: boolean } | undefined)?.include_usage === true
  const chunk = (delta: unknown, finishReason: string | null = null): string =>
    sse({
      ...base,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, finish_reason: finishReason }],
      ...(includeUsage ? { usage: null } : {}),
    })
  return {
    events: [
      chunk({ role: 'assistant', content: '' }),
      ...pieces(text).map((piece) => chunk({ content: piece })),
      ...calls.flatMap((call, index) => [
        chunk({ tool_calls: [{ index, ...call, function: { name: call.function.name, arguments: '' } }] }),
        ...pieces(call.function.arguments).map((piece) =>
          chunk({ tool_calls: [{ index, function: { arguments: piece } }] }),
        ),
      ]),
      chunk({}, finish),
      ...(includeUsage ? [sse({ ...base, object: 'chat.completion.chunk', choices: [], usage })] : []),
      'data: [DONE]\n\n',
    ],
  }
}

function openaiResponse(id: string, body: Record<string, unknown>): Reply {
  const input = body['input']
  const inputTokens = tokensOf(input)
  const text = `Summary: ${textOf(input).slice(0, 160)}`
  return {
    json: {
      id: `resp_${id}`,
      object: 'response',
      created_at: 1_790_000_000,
      status: 'completed',
      model: `${String(body['model'])}-2025-08-07`,
      output: [
        {
          type: 'message',
          id: `msg_${id}`,
          status: 'completed',
          role: 'assistant',
          content: [{ type: 'output_text', text, annotations: [] }],
        },
      ],
      parallel_tool_calls: true,
      tool_choice: 'auto',
      tools: [],
      usage: {
        input_tokens: inputTokens,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: tokensOf(text),
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: inputTokens + tokensOf(text),
      },
    },
  }
}

function embeddings(body: Record<string, unknown>): Reply {
  const inputs = Array.isArray(body['input']) ? body['input'] : [body['input']]
  const vector = new Float32Array(16).map((_, i) => Math.sin(i + inputs.length))
  const embedding =
    body['encoding_format'] === 'base64' ? Buffer.from(vector.buffer).toString('base64') : Array.from(vector)
  const tokens = tokensOf(inputs)
  return {
    json: {
      object: 'list',
      model: String(body['model']),
      data: inputs.map((_, index) => ({ object: 'embedding', index, embedding })),
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    },
  }
}

// Anthropic

function anthropicMessage(id: string, body: Record<string, unknown>): Reply {
  const messages = (body['messages'] ?? []) as readonly { role: string; content: unknown }[]
  const request = textOf(messages[0]?.content)
  const text = /refund|charged/i.test(request.slice(request.indexOf('\n'))) ? 'refund' : 'other'
  const inputTokens = tokensOf(messages)
  const usage = {
    input_tokens: inputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 128,
    output_tokens: tokensOf(text),
  }
  const message = {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model: String(body['model']),
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage,
  }
  if (body['stream'] !== true) return { json: message }
  const event = (type: string, fields: object): string => `event: ${type}\n${sse({ type, ...fields })}`
  return {
    events: [
      event('message_start', {
        message: { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } },
      }),
      event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      ...pieces(text).map((piece) =>
        event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: piece } }),
      ),
      event('content_block_stop', { index: 0 }),
      event('message_delta', {
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: usage.output_tokens },
      }),
      event('message_stop', {}),
    ],
  }
}

const sse = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`

const pieces = (text: string): readonly string[] => text.match(/[\s\S]{1,24}/g) ?? []
