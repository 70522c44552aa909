import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDS, loadBuild } from '../../../test/support/hooked.ts'
import { instrument, startTestSdk } from '../../../test/support/instrumented.ts'
import { collect, cut, json, sse, startModelServer } from '../../../test/support/model-server.ts'
import { CHUNKS, rejection, request, streamClassOf } from '../../../test/support/openai-shapes.ts'
import { spanLine } from '../../../test/support/span-line.ts'
import { openai } from './openai.ts'
import type * as OpenAiModule from 'openai'
import type { ModelAnswer, ModelServer } from '../../../test/support/model-server.ts'
import type { SdkContext } from './instrumentation.ts'

const WITHOUT_USAGE = CHUNKS.slice(0, -1)
const STREAMED = 'chat gpt-4o-mini 120/60 cached 40 reasoning 25 [stop] first chunk'
const asked = { ...request, stream: true as const }

/** Ways to read a stream. None may show that its usage was asked for. */
const WAYS: Readonly<Record<string, (client: OpenAiModule.OpenAI) => Promise<unknown>>> = {
  'for await': async (client) => collect(await client.chat.completions.create(asked)),
  'tee()': async (client) => {
    const [left, right] = (await client.chat.completions.create(asked)).tee()
    return [await collect(left), await collect(right)]
  },
  'toReadableStream()': async (client) => {
    const stream = await client.chat.completions.create(asked)
    return collect(streamClassOf(stream).fromReadableStream(stream.toReadableStream(), new AbortController()))
  },
  'withResponse()': async (client) => {
    const { data, response } = await client.chat.completions.create(asked).withResponse()
    return { events: await collect(data), status: response.status }
  },
  'asResponse().text()': async (client) => (await client.chat.completions.create(asked).asResponse()).text(),
  'asResponse().bytes()': async (client) =>
    Buffer.from(await (await client.chat.completions.create(asked).asResponse()).arrayBuffer()).toString(),
  'asResponse().body': async (client) => {
    const { body } = await client.chat.completions.create(asked).asResponse()
    return new Response(body).text()
  },
  'asResponse().clone()': async (client) => {
    const response = await client.chat.completions.create(asked).asResponse()
    const copy = response.clone()
    return [await copy.text(), await response.text()]
  },
  'asResponse() and then the stream': async (client) => {
    const promise = client.chat.completions.create(asked)
    return { status: (await promise.asResponse()).status, events: await collect(await promise) }
  },
  'stream()': async (client) => {
    const stream = client.chat.completions.stream(request)
    const chunks: unknown[] = []
    stream.on('chunk', (chunk) => chunks.push(chunk))
    const final = await stream.finalChatCompletion()
    return { chunks, final, usage: await stream.totalUsage() }
  },
}

const test = startTestSdk()
const sdk: SdkContext = Object.defineProperties(Object.create(test.sdk), {
  streamUsageHosts: { get: () => hosts },
})
let hosts: readonly string[] = []
let server: ModelServer

beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())

/** A provider that counts the tokens of a stream when it is asked to. */
const provider =
  (shape: (answer: ModelAnswer) => ModelAnswer): typeof fetch =>
  (input, init) => {
    const asks = JSON.parse(String(init?.body)).stream_options?.include_usage === true
    const events = asks
      ? CHUNKS.map((chunk) => ('usage' in chunk ? chunk : { ...chunk, usage: null, obfuscation: 'x' }))
      : WITHOUT_USAGE.map((chunk) => ({ ...chunk, obfuscation: 'x' }))
    server.answer(shape(sse(events)))
    return server.fetch(input, init)
  }

const bodySent = (): unknown => JSON.parse(server.requests.at(-1)?.body ?? '{}')

for (const build of BUILDS) {
  describe(`openai ${build.major === 'current' ? 7 : 6} ${build.format}`, () => {
    const bare = new Map<string, unknown>()
    let library: typeof OpenAiModule
    const clientOf = (more: object = {}): OpenAiModule.OpenAI =>
      new library.OpenAI({
        apiKey: 'key',
        baseURL: 'https://api.openai.com/v1',
        maxRetries: 0,
        fetch: provider((answer) => cut(answer, 23)),
        ...more,
      })
    const read = async (way: string): Promise<unknown> => {
      const outcome: unknown = JSON.parse(JSON.stringify({ outcome: await WAYS[way]?.(clientOf()) }))
      return outcome
    }

    beforeAll(async () => {
      // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
      library = (await loadBuild('openai', build)) as unknown as typeof OpenAiModule
      for (const way of Object.keys(WAYS)) bare.set(way, await read(way))
      await instrument(openai, sdk, build)
    })

    describe('chat stream', () => {
      it.each(Object.keys(WAYS))('its usage is asked for and hidden: %s', async (way) => {
        hosts = []
        expect(await read(way)).toEqual(bare.get(way))
        expect(bodySent()).toMatchObject({ stream: true, stream_options: { include_usage: true } })
        expect(test.takeSpans().map(spanLine)).toEqual([STREAMED])
        expect(test.faults).toEqual([])
      })

      it.each([
        ['the caller wants it', { stream_options: { include_usage: true } }, true, 5],
        ['the caller does not', { stream_options: { include_usage: false } }, false, 4],
        ['he speaks of something else', { stream_options: { include_obfuscation: false } }, true, 4],
        ['his options are empty', { stream_options: {} }, true, 4],
        ['his options are null', { stream_options: null }, undefined, 4],
      ])('what the caller says stays: %s', async (_name, more, include, chunks) => {
        const body = { ...asked, ...more }
        const before = structuredClone(body)
        const events = await collect(await clientOf().chat.completions.create(body))
        expect(events).toHaveLength(chunks)
        expect(body).toEqual(before)
        expect(Reflect.get(Object(Reflect.get(Object(bodySent()), 'stream_options')), 'include_usage')).toBe(include)
        expect(bodySent()).toMatchObject({ ...more, stream: true })
        test.takeSpans()
      })

      it.each([
        ['api.groq.com', 'https://api.groq.com/openai/v1', [], false],
        ['a host that nobody knows', 'https://example.com/v1', [], false],
        ['a host that was named', 'https://example.com/v1', ['example.com'], true],
        ['every host', 'https://example.com/v1', ['*'], true],
        ['every host, but one that counts unasked', 'https://api.groq.com/openai/v1', ['*'], false],
        ['no host', 'https://api.openai.com/v1', ['none'], false],
        ['a region of OpenAI', 'https://eu.api.openai.com/v1', [], true],
        ["Azure's API without dated versions", 'https://x.openai.azure.com/openai/v1', [], true],
        ['Azure without a version', 'https://x.openai.azure.com/openai/deployments/d', [], false],
      ])('asks where it is known: %s', async (_name, baseURL, named, asks) => {
        hosts = named
        const events = await collect(await clientOf({ baseURL }).chat.completions.create(asked))
        hosts = []
        expect(events).toHaveLength(4)
        expect('stream_options' in Object(bodySent())).toBe(asks)
        expect(test.takeSpans()).toHaveLength(1)
      })

      it.each([
        ['2024-06-01', false],
        ['2024-09-01-preview', true],
        ['2025-04-01-preview', true],
      ])('Azure at version %s', async (apiVersion, asks) => {
        const client = new library.AzureOpenAI({
          apiKey: 'key',
          endpoint: 'https://x.openai.azure.com',
          apiVersion,
          fetch: provider((answer) => answer),
        })
        await collect(await client.chat.completions.create(asked))
        expect('stream_options' in Object(bodySent())).toBe(asks)
        expect(test.takeSpans().map(({ attributes }) => attributes['gen_ai.provider.name'])).toEqual([
          'azure.ai.openai',
        ])
      })

      it('is not asked again where it is refused, and the call that was refused succeeds', async () => {
        const baseURL = `https://${build.major}-${build.format}.api.openai.com/v1`
        const bodies: string[] = []
        const refusing: typeof fetch = (input, init) => {
          bodies.push(String(init?.body))
          const refuses = String(init?.body).includes('stream_options')
          const error = { message: 'Unrecognized request argument supplied: stream_options', type: 'invalid_request' }
          server.answer(refuses ? json({ error }, 400) : sse(WITHOUT_USAGE))
          return server.fetch(input, init)
        }
        const client = clientOf({ baseURL, fetch: refusing })
        for (let call = 0; call < 2; call += 1) {
          expect(await collect(await client.chat.completions.create(asked))).toHaveLength(4)
        }
        expect(bodies.map((body) => body.includes('stream_options'))).toEqual([true, false, false])
        const [unasked] = test.takeSpans()
        expect(unasked?.attributes).toMatchObject({
          'spanwarden.usage.source': 'unknown',
          'spanwarden.usage.estimate.input_tokens': expect.any(Number),
          'spanwarden.usage.estimate.output_tokens': 2,
        })
      })

      it('any other error is the caller’s, once', async () => {
        const error = { message: 'too long', type: 'invalid_request', code: 'context_length_exceeded' }
        let calls = 0
        const failing: typeof fetch = (input, init) => {
          calls += 1
          server.answer(json({ error }, 400))
          return server.fetch(input, init)
        }
        const failed = await rejection(clientOf({ fetch: failing }).chat.completions.create(asked))
        expect(failed).toMatchObject({
          class: 'BadRequestError',
          status: [400, 'context_length_exceeded', 'invalid_request'],
        })
        expect(calls).toBe(1)
        expect(test.takeSpans().map(spanLine)).toEqual(['chat gpt-4o-mini [] context_length_exceeded 400'])
      })
    })

    describe('completions', () => {
      it('the usage of a stream is asked for and hidden', async () => {
        const events = await collect(
          await clientOf().completions.create({ model: 'gpt-4o-mini', prompt: 'hi', stream: true }),
        )
        expect(events).toHaveLength(4)
        expect(test.takeSpans().map((span) => span.attributes['gen_ai.usage.output_tokens'])).toEqual([60])
      })
    })
  })
}

it('is not asked again where the answer is not one of the platform', async () => {
  const foreign: typeof fetch = async (input, init) => {
    const response = await provider((answer) => answer)(input, init)
    // As node-fetch answers: a body without a reader.
    const body = { [Symbol.asyncIterator]: () => response.body?.[Symbol.asyncIterator]() }
    const { status, headers, ok } = response
    // oxlint-disable-next-line typescript/consistent-type-assertions -- half a response
    return { status, headers, ok, url: '', body, text: () => response.text() } as unknown as Response
  }
  const { OpenAI } = await import('openai')
  const client = new OpenAI({ apiKey: 'key', baseURL: 'https://foreign.api.openai.com/v1', fetch: foreign })
  for (const asks of [true, false]) {
    expect(await collect(await client.chat.completions.create(asked))).toHaveLength(4)
    expect('stream_options' in Object(bodySent())).toBe(asks)
  }
  expect(test.takeSpans()).toHaveLength(2)
})

describe('a request that only looks like one', () => {
  it('is made inside of one, by another client', async () => {
    const { OpenAI } = await import('openai')
    const inner = new OpenAI({ apiKey: 'key', baseURL: 'https://example.com/v1', fetch: provider((answer) => answer) })
    const proxy: typeof fetch = async () => {
      const events = await collect(await inner.chat.completions.create(asked))
      return new Response(sse(events).writes.join(''), { headers: { 'content-type': 'text/event-stream' } })
    }
    const outer = new OpenAI({ apiKey: 'key', baseURL: 'https://api.openai.com/v1', fetch: proxy })
    await collect(await outer.chat.completions.create(asked))
    expect(bodySent()).toEqual(asked)
    expect(test.takeSpans()).toHaveLength(2)
  })

  it('has the words in a tool or in a text: the body stays right', async () => {
    const client = new (await import('openai')).OpenAI({
      apiKey: 'key',
      baseURL: 'https://api.openai.com/v1',
      fetch: provider((answer) => answer),
    })
    const parameters = { type: 'object', properties: { stream_options: { type: 'object' } } }
    const words = { ...asked, messages: [{ role: 'user' as const, content: '{"stream_options":{"stream":true}}' }] }
    await collect(await client.chat.completions.create(words))
    expect(bodySent()).toEqual({ ...words, stream_options: { include_usage: true } })
    const tool = { ...asked, tools: [{ type: 'function' as const, function: { name: 'f', parameters } }] }
    await collect(await client.chat.completions.create(tool))
    expect(bodySent()).toEqual({ ...tool, stream_options: { include_usage: true } })
    const ambiguous = { ...tool, stream_options: {} }
    await collect(await client.chat.completions.create(ambiguous))
    expect(bodySent()).toEqual(ambiguous)
    test.takeSpans()
  })
})
