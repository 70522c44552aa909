import { createRequire } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { pathToFileURL } from 'node:url'
import { context, trace } from '@opentelemetry/api'
import * as fc from 'fast-check'
import * as z from 'zod'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUILDS, startHookedSdk } from '../../../test/support/hooked.ts'
import { SHOWN, TEXT, TEXT_STREAM, TOOL, TOOL_STREAM, completionOf, shapes } from '../../../test/support/ai-shapes.ts'
import { json, sse, startModelServer } from '../../../test/support/model-server.ts'
import { spanTree } from '../../../test/support/span-tree.ts'
import { withAmbient } from '../context.ts'
import { ai } from './ai.ts'
import { openai } from './openai.ts'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type * as AiModule from 'ai'
import type * as OpenAiModule from 'openai'
import type * as OpenAiProviderModule from '@ai-sdk/openai'
import type { AiBuild, AiShape } from '../../../test/support/ai-shapes.ts'
import type { Build } from '../../../test/support/hooked.ts'
import type { ModelServer } from '../../../test/support/model-server.ts'

const test = startHookedSdk([ai, openai])
let server: ModelServer

/** The edge: modules that are loaded by name. */
async function builtOf(sdk: unknown, build: Build): Promise<AiBuild> {
  const { createOpenAI } = await test.load('@ai-sdk/openai', build)
  // oxlint-disable-next-line typescript/consistent-type-assertions
  const create = createOpenAI as (typeof OpenAiProviderModule)['createOpenAI']
  // oxlint-disable-next-line typescript/consistent-type-assertions
  return { sdk: sdk as typeof AiModule, provider: create({ apiKey: 'key', baseURL: `${server.url}/v1` }) }
}

/** The same file under another address: the hook leaves it alone. */
async function bareSdk({ major }: Build): Promise<unknown> {
  const from = major === 'current' ? import.meta.url : new URL('../../../test/previous/', import.meta.url)
  const file = createRequire(from)
    .resolve('ai')
    .replace(/\.js$/, major === 'current' ? '.js' : '.mjs')
  return import(`${pathToFileURL(file).href}?bare`)
}

async function use({ answers, use: run }: AiShape, build: AiBuild): Promise<unknown> {
  server.answer(...answers)
  const outcome: unknown = JSON.parse(JSON.stringify({ outcome: await run(build, server) }))
  return outcome
}

/** Everything of a span that leaves the process. */
const contentOf = ({ name, attributes, status, events }: ReadableSpan): unknown => ({
  name,
  attributes,
  status,
  events,
})

beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())

for (const build of BUILDS) {
  describe(`ai ${build.major === 'current' ? 7 : 6} ${build.format}`, () => {
    const bare = new Map<string, unknown>()
    let observed: AiBuild

    beforeAll(async () => {
      const unobserved = await builtOf(await bareSdk(build), build)
      for (const [name, shape] of Object.entries(shapes)) bare.set(name, await use(shape, unobserved))
      test.takeSpans()
      observed = await builtOf(await test.load('ai', build), build)
    })

    for (const [feature, group] of Map.groupBy(Object.entries(shapes), ([, shape]) => shape.feature)) {
      describe(`${feature}`, () => {
        it.each(group)('%s', async (name, shape) => {
          const outcome = await use(shape, observed)
          expect(outcome).toEqual(bare.get(name))
          const spans = test.takeSpans()
          expect(spanTree(spans, SHOWN)).toBe(shape.spans)
          expect(JSON.stringify(spans.map(contentOf))).not.toContain('CANARY')
          expect(test.faults).toEqual([])
        })
      })
    }
  })
}

for (const build of BUILDS.filter(({ format }) => format === 'esm')) {
  describe(`ai ${build.major === 'current' ? 7 : 6} esm`, () => {
    let observed: AiBuild
    beforeAll(async () => {
      observed = await builtOf(await test.load('ai', build), build)
    })

    const ask = () => ({ model: observed.provider.chat('gpt-4o-mini'), prompt: 'CANARY prompt' })
    const tools = () => ({
      weather: observed.sdk.tool({ inputSchema: z.object({ city: z.string() }), execute: async () => 'CANARY sunny' }),
    })

    it('keeps the names and lengths of the functions', async () => {
      const bare = Object(await bareSdk(build))
      const names = ['generateText', 'streamText', 'generateObject', 'streamObject', 'embed', 'embedMany', 'rerank']
      for (const name of names) {
        const [before, after] = [Reflect.get(bare, name), Reflect.get(observed.sdk, name)]
        expect([after.name, after.length]).toEqual([before.name, before.length])
        expect(after).not.toBe(before)
      }
    })

    it('ends the spans of streams that are never read or dropped, once they are collected', async () => {
      const drop = async (): Promise<void> => {
        server.answer(sse(TEXT_STREAM))
        observed.sdk.streamText(ask())
        for await (const _ of observed.sdk.streamText(ask()).textStream) break
        server.cut()
      }
      await drop()
      const collectGarbage: () => void = (setFlagsFromString('--expose-gc'), runInNewContext('gc'))
      const spans: ReadableSpan[] = []
      while (spans.length < 4) {
        collectGarbage()
        await new Promise((resolve) => setImmediate(resolve))
        spans.push(...test.takeSpans())
      }
      expect(spans.map(({ name }) => name).toSorted()).toEqual([
        'chat gpt-4o-mini',
        'chat gpt-4o-mini',
        'invoke_agent',
        'invoke_agent',
      ])
      expect(test.faults).toEqual([])
    })

    it('records content in the shape of the conventions when it is asked to', async () => {
      test.sdk.captureContent = true
      try {
        server.answer(TOOL, TEXT)
        await observed.sdk.generateText({ ...ask(), tools: tools(), stopWhen: observed.sdk.stepCountIs(3) })
        const told = test.takeSpans().map(({ name, attributes }) => [
          name,
          Object.fromEntries(
            Object.entries(attributes)
              .filter(([key]) => /messages|tool\.call\.(arguments|result)/.test(key))
              .map(([key, value]) => [
                key.replace('gen_ai.', ''),
                JSON.parse(`[${String(value).replace(/^CANARY.*/, '"$&"')}]`)[0],
              ]),
          ),
        ])
        const user = { role: 'user', parts: [{ type: 'text', content: 'CANARY prompt' }] }
        const call = { type: 'tool_call', id: 'call_1', name: 'weather', arguments: { city: 'CANARY' } }
        const answer = { role: 'assistant', parts: [{ type: 'text', content: 'CANARY hello' }] }
        expect(told).toEqual([
          [
            'chat gpt-4o-mini',
            {
              'input.messages': [user],
              'output.messages': [{ role: 'assistant', parts: [call], finish_reason: 'tool_calls' }],
            },
          ],
          ['execute_tool weather', { 'tool.call.arguments': { city: 'CANARY' }, 'tool.call.result': 'CANARY sunny' }],
          [
            'chat gpt-4o-mini',
            {
              'input.messages': [
                user,
                { role: 'assistant', parts: [call] },
                { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: 'CANARY sunny' }] },
              ],
              'output.messages': [{ ...answer, finish_reason: 'stop' }],
            },
          ],
          ['invoke_agent', { 'input.messages': [user], 'output.messages': [answer] }],
        ])
      } finally {
        test.sdk.captureContent = false
      }
    })

    it('leaves a rejection that nobody handles as it is: reported once', async () => {
      server.answer(json({ error: { message: 'no', type: 'invalid_request_error' } }, 400))
      const listeners = process.rawListeners('unhandledRejection')
      process.removeAllListeners('unhandledRejection')
      const reasons: unknown[] = []
      try {
        const reported = new Promise<void>((resolve) => {
          process.on('unhandledRejection', (reason) => {
            reasons.push(reason)
            if (reasons.length === 2) resolve()
          })
        })
        void observed.sdk.generateText(ask())
        void observed.sdk.generateObject({ ...ask(), schema: z.object({}) })
        const stream = observed.sdk.streamText({ ...ask(), onError: () => undefined })
        await stream.consumeStream()
        await reported
        await new Promise((resolve) => setImmediate(resolve))
      } finally {
        process.removeAllListeners('unhandledRejection')
        for (const listener of listeners)
          process.on('unhandledRejection', (...args) => Reflect.apply(listener, process, args))
      }
      expect(reasons.length).toBe(2)
      expect(test.takeSpans().length).toBe(5)
    })

    it('shows the model that the caller gave', async () => {
      server.answer(TEXT)
      const seen: unknown[] = []
      const asked = ask()
      await observed.sdk.generateText({ ...asked, prepareStep: ({ model }) => (seen.push(model), {}) })
      expect(seen).toEqual([asked.model])
      expect(seen[0]).toBe(asked.model)
      expect(test.takeSpans().length).toBe(2)
    })

    it('sees one call through a model that wraps another, and none that the wrapper answers', async () => {
      server.answer(TEXT, TEXT)
      const model = observed.sdk.wrapLanguageModel({
        model: observed.provider.chat('gpt-4o-mini'),
        middleware: { wrapGenerate: ({ doGenerate }) => doGenerate() },
      })
      await observed.sdk.generateText({ ...ask(), model })
      expect(spanTree(test.takeSpans(), SHOWN)).toBe(shapes['generateText()']?.spans)
    })

    it('gives way to the span of a client that the model is made of', async () => {
      server.answer(TEXT)
      // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module that is loaded by name
      const { OpenAI } = (await test.load('openai', build)) as unknown as typeof OpenAiModule
      const client = new OpenAI({ apiKey: 'key', baseURL: `${server.url}/v1` })
      const model = {
        specificationVersion: 'v3' as const,
        provider: 'mine',
        modelId: 'mine-1',
        supportedUrls: {},
        doGenerate: async () => {
          const messages = [{ role: 'user' as const, content: 'CANARY' }]
          const answer = await client.chat.completions.create({ model: 'gpt-4o-mini', messages })
          return {
            content: [{ type: 'text' as const, text: answer.choices[0]?.message.content ?? '' }],
            finishReason: { unified: 'stop' as const, raw: 'stop' },
            usage: {
              inputTokens: { total: 120, noCache: 80, cacheRead: 40, cacheWrite: 0 },
              outputTokens: { total: 60, text: 35, reasoning: 25 },
            },
            warnings: [],
          }
        },
        doStream: async () => {
          throw new Error('not asked')
        },
      }
      const { text } = await observed.sdk.generateText({ ...ask(), model })
      expect(text).toBe('CANARY hello')
      expect(spanTree(test.takeSpans(), SHOWN)).toBe(shapes['generateText()']?.spans)
    })

    it('belongs to the agent around it', async () => {
      server.answer(TEXT)
      const outer = withAmbient(context.active(), { agentName: 'outer', conversationId: 'c1' })
      await context.with(outer, () => observed.sdk.generateText(ask()))
      expect(spanTree(test.takeSpans(), ['gen_ai.agent.name', 'gen_ai.conversation.id'])).toBe(
        'INTERNAL invoke_agent [gen_ai.conversation.id=c1]\n  CLIENT chat gpt-4o-mini [gen_ai.agent.name=outer gen_ai.conversation.id=c1]',
      )
    })

    it('keeps the steps of a stream together, whoever reads it, and the reader out of them', async () => {
      server.answer(sse(TOOL_STREAM), sse(TEXT_STREAM))
      const result = observed.sdk.streamText({ ...ask(), tools: tools(), stopWhen: observed.sdk.stepCountIs(3) })
      const reader = test.sdk.tracer.startSpan('reader')
      const seen = new Set<unknown>()
      await context.with(trace.setSpan(context.active(), reader), async () => {
        for await (const _ of result.textStream) seen.add(trace.getActiveSpan())
      })
      reader.end()
      expect([...seen]).toEqual([reader])
      expect(spanTree(test.takeSpans(), SHOWN)).toContain(shapes['streamText() with a tool']?.spans)
    })

    describe('rerank', () => {
      it('reranks', async () => {
        const model = {
          specificationVersion: 'v3' as const,
          provider: 'cohere.reranking',
          modelId: 'rerank-v3.5',
          doRerank: async () => ({ ranking: [{ index: 0, relevanceScore: 0.5 }], response: { id: 'r1' } }),
        }
        const { ranking } = await observed.sdk.rerank({ model, documents: ['CANARY'], query: 'CANARY', topN: 1 })
        expect(ranking.length).toBe(1)
        expect(
          spanTree(test.takeSpans(), ['gen_ai.provider.name', 'gen_ai.response.id', 'gen_ai.retrieval.top_k']),
        ).toBe('CLIENT rerank rerank-v3.5 [gen_ai.provider.name=cohere gen_ai.response.id=r1 gen_ai.retrieval.top_k=1]')
      })
    })

    it('leaves out a call that its author excepted, where that is not the default', async () => {
      server.answer(sse(TEXT_STREAM), TEXT)
      const telemetry = { isEnabled: false }
      for await (const _ of observed.sdk.streamText({ ...ask(), experimental_telemetry: telemetry }).textStream);
      await observed.sdk.generateText({ ...ask(), experimental_telemetry: telemetry })
      expect(test.takeSpans().length).toBe(build.major === 'current' ? 0 : 4)
    })

    it('lets its own spans step back where they would come to the same provider', async () => {
      server.answer(TEXT)
      const events: string[] = []
      class OpenTelemetry {
        tracer = test.sdk.tracer
        onStart(): void {
          events.push('theirs')
        }
      }
      class Others {
        onStart(): void {
          events.push('others')
        }
      }
      const integrations = [new OpenTelemetry(), new Others()]
      await observed.sdk.generateText({ ...ask(), experimental_telemetry: { isEnabled: true, integrations } })
      expect(spanTree(test.takeSpans(), SHOWN)).toBe(shapes['generateText()']?.spans)
      expect(events.includes('others')).toBe(true)
      expect(events.includes('theirs')).toBe(build.major === 'previous')
    })

    it('counts the tokens that the server sent', async () => {
      const count = fc.nat({ max: 100_000 })
      const step = fc.record({ input: count, output: count, failures: fc.nat({ max: 1 }) })
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), fc.boolean(), async (steps, stream) => {
          const last = steps.length - 1
          server.answer(...steps.flatMap((one, index) => completionOf({ ...one, stream, tool: index < last })))
          const options = { ...ask(), tools: tools(), stopWhen: observed.sdk.stepCountIs(9) }
          if (stream) await observed.sdk.streamText(options).consumeStream()
          else await observed.sdk.generateText(options)
          const calls = test.takeSpans().filter(({ name }) => name.startsWith('chat'))
          const sum = (key: string): number => calls.reduce((all, one) => all + Number(one.attributes[key]), 0)
          expect(calls.length).toBe(steps.length)
          expect(sum('gen_ai.usage.input_tokens')).toBe(steps.reduce((all, { input }) => all + input, 0))
          expect(sum('gen_ai.usage.output_tokens')).toBe(steps.reduce((all, { output }) => all + output, 0))
        }),
        { numRuns: 25 },
      )
    })
  })
}
