import { createServer, request as httpRequest } from 'node:http'
import { once } from 'node:events'
import { gzipSync, brotliCompressSync } from 'node:zlib'
import { SpanStatusCode, context } from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fetch as undiciFetch, request as undiciRequest } from 'undici'
import { startTestSdk } from '../../../test/support/instrumented.ts'
import { json, namedSse, sse, startModelServer } from '../../../test/support/model-server.ts'
import { CHUNKS, completion, rejection } from '../../../test/support/openai-shapes.ts'
import { spanLine } from '../../../test/support/span-line.ts'
import { until } from '../../../test/support/until.ts'
import { startModelCall } from '../model-call.ts'
import { observePlainHttp } from './plain-http.ts'
import type { Server } from 'node:http'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { ModelAnswer, ModelServer } from '../../../test/support/model-server.ts'

const test = startTestSdk()
let server: ModelServer
let other: ModelServer

beforeAll(async () => {
  server = await startModelServer()
  other = await startModelServer()
  // A host by its port, and one on any port.
  observePlainHttp(test.sdk, [new URL(server.url).host, 'localhost'])
})
afterAll(() => Promise.all([server.close(), other.close()]))

const asked = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }] }
const CHAT = '/v1/chat/completions'
const PLAIN = 'chat gpt-4o-mini 120/60 cached 40 reasoning 25 [stop]'

/** Waits for spans: what is seen of a request can end after its caller has everything. */
async function spans(count: number): Promise<ReadableSpan[]> {
  const seen: ReadableSpan[] = []
  await until(() => {
    seen.push(...test.takeSpans())
    return seen.length >= count
  })
  expect(test.faults.splice(0)).toEqual([])
  return seen
}
const lines = async (count: number): Promise<string[]> => (await spans(count)).map(spanLine)

/** The ways to make a request: all give the status and the whole text. */
const WAYS: Readonly<Record<string, (url: string, body: string) => Promise<[number, string]>>> = {
  fetch: async (url, body) => {
    const response = await fetch(url, { method: 'POST', body })
    return [response.status, await response.text()]
  },
  'fetch of a Request': async (url, body) => {
    const response = await fetch(new Request(url, { method: 'POST', body }))
    return [response.status, await response.text()]
  },
  'fetch of undici': async (url, body) => {
    const response = await undiciFetch(url, { method: 'POST', body })
    return [response.status, await response.text()]
  },
  'request of undici': async (url, body) => {
    const response = await undiciRequest(url, { method: 'POST', body })
    return [response.statusCode, await response.body.text()]
  },
  'node:http': (url, body) => nodeHttp(url, [body]),
  'node:http, written in pieces': (url, body) => nodeHttp(url, [body.slice(0, 9), body.slice(9)]),
}

async function nodeHttp(url: string, writes: readonly string[]): Promise<[number, string]> {
  const request = httpRequest(url, { method: 'POST', headers: { 'content-type': 'application/json' } })
  for (const write of writes) request.write(write)
  request.end()
  const [response] = await once(request, 'response')
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += chunk
  return [response.statusCode, text]
}

function portOf(listening: Server): number {
  const address = listening.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

const packed = (answer: ModelAnswer, encoding: string, pack: (bytes: Buffer) => Buffer): ModelAnswer => ({
  ...answer,
  headers: { ...answer.headers, 'content-encoding': encoding },
  writes: [pack(Buffer.from(answer.writes.join('')))],
})

for (const [name, post] of Object.entries(WAYS)) {
  describe(`by ${name}`, () => {
    it('gives a span of an answer, with model, usage and status; the caller gets every byte', async () => {
      const answer = completion({ content: 'Hello' })
      server.answer(answer)
      expect(await post(server.url + CHAT, JSON.stringify(asked))).toEqual([200, answer.writes.join('')])
      const [span] = await spans(1)
      expect(span === undefined ? undefined : spanLine(span)).toBe(`${PLAIN} 200`)
      expect(span?.attributes).toMatchObject({
        'gen_ai.provider.name': 'openai',
        'server.address': '127.0.0.1',
        'http.response.status_code': 200,
      })
    })

    it('reads a stream as it passes', async () => {
      const answer = sse(CHUNKS)
      server.answer(answer)
      expect(await post(server.url + CHAT, JSON.stringify({ ...asked, stream: true }))).toEqual([
        200,
        answer.writes.join(''),
      ])
      expect(await lines(1)).toEqual([`${PLAIN} 200 first chunk`])
    })

    it('reads a compressed answer', async () => {
      server.answer(
        packed(completion({ content: 'Hello' }), 'gzip', (bytes) => gzipSync(bytes)),
        packed(sse(CHUNKS), 'br', (bytes) => brotliCompressSync(bytes)),
      )
      await post(server.url + CHAT, JSON.stringify(asked))
      await post(server.url + CHAT, JSON.stringify({ ...asked, stream: true }))
      expect(await lines(2)).toEqual([`${PLAIN} 200`, `${PLAIN} 200 first chunk`])
    })

    it('tells an answer that says no', async () => {
      server.answer(json({ error: { message: 'no', type: 'requests', code: 'rate_limit_exceeded' } }, 429))
      expect((await post(server.url + CHAT, JSON.stringify(asked)))[0]).toBe(429)
      expect(await lines(1)).toEqual(['chat gpt-4o-mini [] rate_limit_exceeded 429'])
    })

    it('tells an error in a stream', async () => {
      server.answer(sse([CHUNKS[0], { error: { message: 'slow down', code: 'overloaded' } }]))
      await post(server.url + CHAT, JSON.stringify({ ...asked, stream: true }))
      expect(await lines(1)).toEqual(['chat gpt-4o-mini [error] overloaded 200 first chunk'])
    })

    it('tells a network that fails', async () => {
      server.answer({ writes: ['{"id'], headers: { 'content-length': '100' } })
      await rejection(post(server.url + CHAT, JSON.stringify(asked)))
      const [span] = await spans(1)
      expect([span?.name, span?.status.code]).toEqual(['chat gpt-4o-mini', SpanStatusCode.ERROR])
      expect(span?.attributes['gen_ai.usage.input_tokens']).toBeUndefined()
    })

    it('tells a server that is not there', async () => {
      const closed = createServer().listen(0, 'localhost')
      await once(closed, 'listening')
      const url = `http://localhost:${portOf(closed)}${CHAT}`
      closed.close()
      await once(closed, 'close')
      await rejection(post(url, JSON.stringify(asked)))
      const [span] = await spans(1)
      expect(span?.attributes).toMatchObject({ 'error.type': 'ECONNREFUSED', 'server.address': 'localhost' })
    })

    it('leaves requests alone that call no model, or go elsewhere', async () => {
      server.answer(json({ data: [] }))
      other.answer(completion({ content: 'Hello' }))
      await post(`${server.url}/v1/files`, '{}')
      await post(`${server.url}/v1/messages/count_tokens`, '{}')
      await post(other.url + CHAT, JSON.stringify(asked))
      server.answer(completion({ content: 'Hello' }))
      await post(server.url + CHAT, JSON.stringify(asked))
      expect(await lines(1)).toEqual([`${PLAIN} 200`])
    })

    it('makes no second span inside a call that is observed, and none where tracing is suppressed', async () => {
      server.answer(completion({ content: 'Hello' }))
      const call = startModelCall(test.sdk, {
        operation: 'chat',
        provider: 'openai',
        model: 'outer',
        serverAddress: undefined,
        serverPort: undefined,
        stream: false,
        conversationId: undefined,
        attributes: {},
        content: () => ({}),
      })
      await call.run(() => post(server.url + CHAT, JSON.stringify(asked)))
      call.stop()
      await context.with(suppressTracing(context.active()), () => post(server.url + CHAT, JSON.stringify(asked)))
      await post(server.url + CHAT, JSON.stringify(asked))
      expect(await lines(2)).toEqual(['chat outer []', `${PLAIN} 200`])
    })

    it('is a child of the span around it', async () => {
      server.answer(completion({ content: 'Hello' }))
      await test.sdk.tracer.startActiveSpan('outer', async (outer) => {
        await post(server.url + CHAT, JSON.stringify(asked))
        const [span] = await spans(1)
        expect(span?.parentSpanContext?.spanId).toBe(outer.spanContext().spanId)
        outer.end()
      })
      await spans(1)
    })

    it('puts no content into a span unless asked', async () => {
      const canary = 'CANARY'
      const body = JSON.stringify({ ...asked, messages: [{ role: 'user', content: canary }] })
      const calls = async (): Promise<ReadableSpan[]> => {
        server.answer(completion({ content: canary }), json({ error: { message: canary } }, 400))
        await post(server.url + CHAT, body)
        await post(server.url + CHAT, body)
        return spans(2)
      }
      const written = (all: readonly ReadableSpan[]): string =>
        JSON.stringify(all.map(({ name: title, attributes, events, status }) => [title, attributes, events, status]))
      expect(written(await calls())).not.toContain(canary)
      test.sdk.captureContent = true
      const [first] = await calls()
      test.sdk.captureContent = false
      expect(first?.attributes['gen_ai.input.messages']).toContain(canary)
      expect(first?.attributes['gen_ai.output.messages']).toContain(canary)
    })
  })
}

describe('formats', () => {
  const MESSAGE = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude',
    content: [],
    stop_reason: 'end_turn',
    usage: { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 2 },
  }
  const GENERATED = {
    candidates: [{ content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 3, totalTokenCount: 10 },
    modelVersion: 'gemini-x',
  }
  const FORMATS: readonly [path: string, body: object, answer: ModelAnswer, line: string][] = [
    ['/v1/messages', { model: 'claude' }, json(MESSAGE), 'chat claude 12/5 cached 2 [end_turn] 200'],
    [
      '/v1/messages',
      { model: 'claude', stream: true },
      namedSse([
        { type: 'message_start', message: { ...MESSAGE, stop_reason: null } },
        { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } },
        { type: 'message_stop' },
      ]),
      'chat claude 12/5 cached 2 [end_turn] 200 first chunk',
    ],
    ['/v1beta/models/gemini-x:generateContent?key=k', {}, json(GENERATED), 'generate_content gemini-x 7/3 [STOP] 200'],
    [
      '/v1beta/models/gemini-x:streamGenerateContent?alt=sse',
      {},
      sse([GENERATED]),
      'generate_content gemini-x 7/3 [STOP] 200 first chunk',
    ],
    [
      '/v1/embeddings',
      { model: 'small', input: 'hi' },
      json({ model: 'small', data: [], usage: { prompt_tokens: 3, total_tokens: 3 } }),
      'embeddings small 3/- [] 200',
    ],
    [
      '/openai/deployments/mine/chat/completions?api-version=1',
      { messages: [] },
      completion({ content: 'Hello' }),
      'chat mine 120/60 cached 40 reasoning 25 [stop] 200',
    ],
    [
      '/v2/chat',
      { model: 'command', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] },
      json({
        id: 'c-1',
        finish_reason: 'COMPLETE',
        message: { role: 'assistant', content: [{ type: 'text', text: 'Hi' }] },
        usage: { billed_units: { input_tokens: 5, output_tokens: 2 }, tokens: { input_tokens: 50, output_tokens: 4 } },
      }),
      'chat command 50/4 [COMPLETE] 200',
    ],
    [
      '/v2/chat',
      { model: 'command', stream: true },
      namedSse([
        { type: 'message-start', id: 'c-1', delta: { message: { role: 'assistant' } } },
        {
          type: 'message-end',
          delta: { finish_reason: 'COMPLETE', usage: { tokens: { input_tokens: 50, output_tokens: 4 } } },
        },
      ]),
      'chat command 50/4 [COMPLETE] 200 first chunk',
    ],
    [
      '/v2/embed',
      { model: 'embed-v4', texts: ['hi'] },
      json({ id: 'e', embeddings: { float: [[1]] }, meta: { billed_units: { input_tokens: 3 } } }),
      'embeddings embed-v4 3/- [] 200',
    ],
    [
      '/model/anthropic.claude-v1%3A0/converse',
      { messages: [], inferenceConfig: { maxTokens: 9 } },
      json({
        output: { message: { role: 'assistant', content: [{ text: 'Hi' }] } },
        stopReason: 'end_turn',
        usage: { inputTokens: 6, outputTokens: 2, totalTokens: 8 },
      }),
      'chat anthropic.claude-v1:0 6/2 [end_turn] 200',
    ],
    [
      '/model/anthropic.claude-v1%3A0/converse-stream',
      { messages: [] },
      { headers: { 'content-type': 'application/vnd.amazon.eventstream' }, writes: ['binary'] },
      'chat anthropic.claude-v1:0 [] 200',
    ],
    [
      '/api/chat',
      { model: 'llama', messages: [] },
      {
        headers: { 'content-type': 'application/x-ndjson' },
        writes: [
          '{"model":"llama","message":{"role":"assistant","content":"Hi"},"done":false}\n',
          '{"model":"llama","done":true,"done_reason":"stop","prompt_eval_count":4,"eval_count":2}\n',
        ],
      },
      'chat llama 4/2 [stop] 200 first chunk',
    ],
  ]

  it.each(FORMATS)('%s %j', async (path, body, answer, line) => {
    server.answer(answer)
    await (await fetch(server.url + path, { method: 'POST', body: JSON.stringify(body) })).text()
    expect(await lines(1)).toEqual([line])
  })
})

describe('the caller of fetch', () => {
  it('keeps its fetch', () => {
    expect(fetch.toString()).toContain('fetch')
    expect(Object.getOwnPropertyNames(fetch)).toEqual(expect.arrayContaining(['name', 'length']))
    expect(fetch.name).toBe('fetch')
  })

  it('can break off: the span ends without an error', async () => {
    server.answer(sse(CHUNKS, 'wait'), sse(CHUNKS, 'wait'))
    const controller = new AbortController()
    const body = JSON.stringify({ ...asked, stream: true })
    const aborted = await fetch(server.url + CHAT, { method: 'POST', body, signal: controller.signal })
    await aborted.body?.getReader().read()
    controller.abort()
    const cancelled = await fetch(server.url + CHAT, { method: 'POST', body })
    await cancelled.body?.cancel()
    const ended = await spans(2)
    expect(ended.map(({ name, status }) => [name, status.code])).toEqual([
      ['chat gpt-4o-mini', 0],
      ['chat gpt-4o-mini', 0],
    ])
  })

  it('can abort before the answer: that is an error to it', async () => {
    const silent = createServer()
    silent.listen(0, 'localhost')
    await once(silent, 'listening')
    const arrived = once(silent, 'request')
    const controller = new AbortController()
    const pending = fetch(`http://localhost:${portOf(silent)}${CHAT}`, {
      method: 'POST',
      body: JSON.stringify(asked),
      signal: controller.signal,
    })
    await arrived
    controller.abort()
    await rejection(pending)
    silent.close()
    expect(await lines(1)).toEqual(['chat gpt-4o-mini [] AbortError'])
  })

  it('sends what is no JSON, or too much of it: a span without model, and the bytes arrive', async () => {
    server.answer(completion({ content: 'Hello' }))
    const much = JSON.stringify({ ...asked, messages: [{ role: 'user', content: 'x'.repeat(5 * 1024 * 1024) }] })
    await (await fetch(server.url + CHAT, { method: 'POST', body: 'nonsense' })).text()
    await (await fetch(server.url + CHAT, { method: 'POST', body: much })).text()
    expect(await lines(2)).toEqual([
      'chat 120/60 cached 40 reasoning 25 [stop] 200',
      'chat 120/60 cached 40 reasoning 25 [stop] 200',
    ])
    expect(server.requests.at(-1)?.body).toBe(much)
  })

  it('gets an estimate when nobody counted', async () => {
    server.answer(sse(CHUNKS.slice(0, 2)))
    await (await fetch(server.url + CHAT, { method: 'POST', body: JSON.stringify({ ...asked, stream: true }) })).text()
    const [span] = await spans(1)
    expect(span?.attributes).toMatchObject({ 'spanwarden.usage.source': 'unknown' })
  })
})
