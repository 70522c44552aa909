import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { trace } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { BUILDS, startHookedSdk } from '../../../test/support/hooked.ts'
import { loadLangChain, scriptedModel } from '../../../test/support/langchain.ts'
import { json, sse, startModelServer } from '../../../test/support/model-server.ts'
import { spanLine } from '../../../test/support/span-line.ts'
import { until } from '../../../test/support/until.ts'
import { langchain, langchainCore, langgraph } from './langchain.ts'
import { openai } from './openai.ts'
import type { LangChain } from '../../../test/support/langchain.ts'
import type { ModelServer } from '../../../test/support/model-server.ts'

const USAGE = {
  input_tokens: 120,
  output_tokens: 60,
  total_tokens: 180,
  input_token_details: { cache_read: 40 },
  output_token_details: { reasoning: 25 },
}
const METADATA = { model_name: 'home-1-2026', finish_reason: 'stop' }
const OPENAI_HEAD = { id: 'chatcmpl-1', created: 1, model: 'gpt-4o-mini' }
const OPENAI_USAGE = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 }
const OPENAI_ANSWER = json({
  ...OPENAI_HEAD,
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
  usage: OPENAI_USAGE,
})
const OPENAI_STREAM = sse(
  [
    { choices: [{ index: 0, delta: { role: 'assistant', content: 'hel' } }] },
    { choices: [{ index: 0, delta: { content: 'lo' }, finish_reason: 'stop' }] },
    { choices: [], usage: OPENAI_USAGE },
  ].map((chunk) => ({ ...OPENAI_HEAD, object: 'chat.completion.chunk', ...chunk })),
)
const ANSWER = 'chat home-1 120/60 cached 40 reasoning 25 [stop]'
const OPENAI_SPAN = 'chat gpt-4o-mini 7/3 [stop]'

const test = startHookedSdk([openai, langchainCore, langgraph, langchain])
const collectGarbage: () => void = (setFlagsFromString('--expose-gc'), runInNewContext('gc'))
const lines = (): string[] => test.takeSpans().map(spanLine)

let server: ModelServer
beforeAll(async () => {
  server = await startModelServer()
})
afterAll(() => server.close())
afterEach(() => {
  test.sdk.captureContent = false
  const left = [...test.faults, ...test.takeSpans().map(({ name }) => name)]
  if (left.length > 0) throw new Error(`a fault, or spans that the test did not expect: ${left.join(', ')}`)
})

for (const build of BUILDS) {
  describe(`@langchain/core ${build.major === 'current' ? '1' : '0.3'} ${build.format}`, () => {
    let lc: LangChain
    beforeAll(async () => {
      lc = await loadLangChain(test, build)
    })

    const chatOpenAI = (options: { maxConcurrency?: number } = {}) =>
      new lc.openai.ChatOpenAI({
        model: 'gpt-4o-mini',
        apiKey: 'key',
        maxRetries: 0,
        configuration: { baseURL: `${server.url}/v1` },
        ...options,
      })

    describe('chat', () => {
      it('makes one span of a call, whichever way in is taken', async () => {
        const script = [{ text: 'hi', usage: USAGE, metadata: METADATA }]
        const model = scriptedModel(lc, script, { streams: false })
        const message = await model.invoke('question')
        expect(message).toBeInstanceOf(lc.messages.AIMessage)
        expect(message.content).toBe('hi')
        expect(lines()).toEqual([ANSWER])
        await model.generate([[new lc.messages.HumanMessage('one')], [new lc.messages.HumanMessage('two')]])
        expect(lines()).toEqual([ANSWER, ANSWER])
        await model.batch(['one', 'two', 'three'], { maxConcurrency: 2 })
        expect(lines()).toEqual([ANSWER, ANSWER, ANSWER])
        for await (const _ of await model.stream('question')) continue
        expect(lines()).toEqual([ANSWER])
        for await (const _ of model.streamEvents('question', { version: 'v2' })) continue
        expect(lines()).toEqual([ANSWER])
      })

      it('says what is known of the model', async () => {
        await scriptedModel(lc, [{ text: 'hi', usage: USAGE, metadata: METADATA }]).invoke('question', {
          stop: ['END'],
        })
        expect(test.takeSpans()[0]?.attributes).toMatchObject({
          'gen_ai.provider.name': 'homegrown',
          'gen_ai.request.model': 'home-1',
          'gen_ai.request.temperature': 0.5,
          'gen_ai.request.stop_sequences': ['END'],
          'gen_ai.response.model': 'home-1-2026',
        })
      })

      it('leaves the methods as they look', async () => {
        const model = scriptedModel(lc, [{ text: 'hi' }])
        const fresh = Object.getPrototypeOf(Object.getPrototypeOf(model))
        const before = Object.getOwnPropertyDescriptor(fresh, '_generate')
        await model.invoke('question')
        const after = Object.getOwnPropertyDescriptor(fresh, '_generate')
        expect({ ...after, value: undefined }).toEqual({ ...before, value: undefined })
        expect([after?.value.name, after?.value.length]).toEqual([before?.value.name, before?.value.length])
        expect(after?.value).not.toBe(before?.value)
        expect(lines()).toEqual(['chat home-1 []'])
      })

      it('marks an answer without counts', async () => {
        await scriptedModel(lc, [{ text: 'four', metadata: METADATA }]).invoke('question')
        expect(test.takeSpans()[0]?.attributes).toMatchObject({
          'spanwarden.usage.source': 'unknown',
          'spanwarden.usage.estimate.input_tokens': 2,
          'spanwarden.usage.estimate.output_tokens': 1,
        })
      })

      it('makes no span of what a cache answers', async () => {
        const model = scriptedModel(lc, [{ text: 'hi', usage: USAGE, metadata: METADATA }], { cache: true })
        const question = `cached ${build.major} ${build.format}`
        await model.invoke(question)
        await model.invoke(question)
        expect(lines()).toEqual([ANSWER])
      })

      it('makes a span of each attempt of fallbacks and retries', async () => {
        const broken = scriptedModel(lc, [{ error: new RangeError('no') }])
        const works = scriptedModel(lc, [{ text: 'hi', usage: USAGE, metadata: METADATA }])
        await broken.withFallbacks([works]).invoke('question')
        expect(lines()).toEqual(['chat home-1 [] RangeError', ANSWER])
        const shaky = scriptedModel(lc, [{ error: new RangeError('no') }, { text: 'hi', usage: USAGE }])
        await shaky.withRetry({ stopAfterAttempt: 2 }).invoke('question')
        expect(lines()).toEqual(['chat home-1 [] RangeError', 'chat home-1 120/60 cached 40 reasoning 25 []'])
      })

      it('leaves the span to an observed client', async () => {
        server.answer(OPENAI_ANSWER)
        const model = chatOpenAI()
        await model.invoke('question')
        await model.batch(['one', 'two'])
        expect(lines()).toEqual([OPENAI_SPAN, OPENAI_SPAN, OPENAI_SPAN])
      })

      it('keeps calls that wait for others in their own place', async () => {
        server.answer(OPENAI_ANSWER)
        const model = chatOpenAI({ maxConcurrency: 1 })
        const tracer = trace.getTracer('agent')
        await Promise.all(
          [1, 2, 3].map((number) =>
            tracer.startActiveSpan(`parent ${number}`, async (span) => {
              await model.invoke('question')
              span.end()
            }),
          ),
        )
        const spans = test.takeSpans()
        const parents = spans.filter(({ name }) => name.startsWith('parent'))
        const calls = spans.filter(({ name }) => name.startsWith('chat'))
        expect(calls.map(spanLine)).toEqual([OPENAI_SPAN, OPENAI_SPAN, OPENAI_SPAN])
        expect(new Set(calls.map((span) => span.parentSpanContext?.spanId))).toEqual(
          new Set(parents.map((span) => span.spanContext().spanId)),
        )
      })
    })

    describe('chat stream', () => {
      const script = { text: 'hello', usage: USAGE, metadata: METADATA }

      it('ends with the stream', async () => {
        const model = scriptedModel(lc, [script])
        let answer = ''
        for await (const chunk of await model.stream('question')) answer += String(chunk.content)
        expect(answer).toBe('hello')
        expect(lines()).toEqual([`${ANSWER} first chunk`])
        for await (const _ of model.streamEvents('question', { version: 'v2' })) continue
        expect(lines()).toEqual([`${ANSWER} first chunk`])
      })

      it('ends when the reader breaks off', async () => {
        const model = scriptedModel(lc, [script])
        for await (const _ of await model.stream('question')) break
        const [span, ...more] = test.takeSpans()
        expect(more).toEqual([])
        expect(span?.status.code).toBe(0)
        expect(span?.attributes).toMatchObject({ 'spanwarden.usage.source': 'unknown' })
      })

      it('leaves the span to an observed client', async () => {
        server.answer(OPENAI_STREAM)
        let answer = ''
        for await (const chunk of await chatOpenAI().stream('question')) answer += String(chunk.content)
        expect(answer).toBe('hello')
        expect(lines()).toEqual([`${OPENAI_SPAN} first chunk`])
        for await (const _ of chatOpenAI().streamEvents('question', { version: 'v2' })) continue
        expect(lines()).toEqual([`${OPENAI_SPAN} first chunk`])
        for await (const _ of await chatOpenAI().stream('question')) break
        await until(() => true)
        expect(test.takeSpans().map(({ name, status }) => [name, status.code])).toEqual([['chat gpt-4o-mini', 0]])
      })

      it('ends when a stream that nobody reads is collected', async () => {
        await scriptedModel(lc, [script]).stream('question')
        const spans: string[] = []
        await until(() => {
          collectGarbage()
          spans.push(...lines())
          return spans.length > 0
        })
        expect(spans).toHaveLength(1)
      })

      it('puts together what is said, when content is captured', async () => {
        test.sdk.captureContent = true
        const toolCalls = [{ name: 'weather', args: { city: 'Rome' }, id: 'call_1' }]
        for await (const _ of await scriptedModel(lc, [{ ...script, toolCalls }]).stream('question')) continue
        const { attributes } = test.takeSpans()[0] ?? {}
        expect(JSON.parse(String(attributes?.['gen_ai.input.messages']))).toEqual([
          { role: 'user', parts: [{ type: 'text', content: 'question' }] },
        ])
        expect(JSON.parse(String(attributes?.['gen_ai.output.messages']))).toEqual([
          {
            role: 'assistant',
            parts: [
              { type: 'text', content: 'hello' },
              { type: 'tool_call', id: 'call_1', name: 'weather', arguments: { city: 'Rome' } },
            ],
            finish_reason: 'stop',
          },
        ])
      })
    })

    describe('errors', () => {
      it('passes on what a model throws, named by its class', async () => {
        const error = new RangeError('CANARY')
        const model = scriptedModel(lc, [{ error }], { streams: false })
        await expect(model.invoke('question')).rejects.toBe(error)
        expect(lines()).toEqual(['chat home-1 [] RangeError'])
      })

      it('marks the span of a stream that breaks', async () => {
        const error = new RangeError('CANARY')
        const read = async (): Promise<void> => {
          for await (const _ of await scriptedModel(lc, [{ text: 'he', error }]).stream('question')) continue
        }
        await expect(read()).rejects.toBe(error)
        expect(lines()).toEqual(['chat home-1 [] RangeError first chunk'])
      })

      it('works on unobserved where a model cannot be read', async () => {
        const model = scriptedModel(lc, [{ text: 'hi' }])
        Object.defineProperty(model, 'topK', {
          get: () => {
            throw new RangeError('CANARY')
          },
        })
        expect((await model.invoke('question')).content).toBe('hi')
        expect(test.faults.splice(0)).toEqual(['langchain: begin model call', expect.any(RangeError)])
      })

      it('leaves the failed call to an observed client', async () => {
        server.answer(json({ error: { message: 'CANARY', type: 'requests', code: 'rate_limit_exceeded' } }, 429))
        await expect(chatOpenAI().invoke('question')).rejects.toThrow('CANARY')
        expect(lines()).toEqual(['chat gpt-4o-mini [] rate_limit_exceeded 429'])
      })
    })

    describe('abort', () => {
      it('ends the span of a stream that is aborted', async () => {
        const controller = new AbortController()
        const beforeChunk = async (index: number): Promise<void> => (index === 2 ? controller.abort() : undefined)
        const model = scriptedModel(lc, [{ text: 'hello', usage: USAGE, beforeChunk }])
        const read = async (): Promise<void> => {
          for await (const _ of await model.stream('question', { signal: controller.signal })) continue
        }
        await expect(read()).rejects.toThrow(/abort/i)
        const spans: string[] = []
        await until(() => spans.push(...lines()) > 0)
        expect(spans.map((line) => line.slice(0, 11))).toEqual(['chat home-1'])
      })
    })

    describe('completions', () => {
      it('makes one span of a call of a plain-text model', async () => {
        class Parrot extends lc.llms.LLM {
          model = 'parrot-1'
          _llmType(): string {
            return 'parrot'
          }
          async _call(prompt: string): Promise<string> {
            return prompt
          }
        }
        expect(await new Parrot({}).invoke('question')).toBe('question')
        const [span, ...more] = test.takeSpans()
        expect(more).toEqual([])
        expect(span?.name).toBe('text_completion parrot-1')
        expect(span?.attributes).toMatchObject({ 'gen_ai.provider.name': 'parrot' })
      })

      it('reads the counts beside the generations', async () => {
        class Counting extends lc.llms.BaseLLM {
          model = 'counting-1'
          _llmType(): string {
            return 'counting'
          }
          async _generate(prompts: string[]) {
            const llmOutput = { tokenUsage: { promptTokens: 11, completionTokens: 5, totalTokens: 16 } }
            const generationInfo = { finish_reason: 'length' }
            return { generations: prompts.map((text) => [{ text, generationInfo }]), llmOutput }
          }
        }
        await new Counting({}).invoke('question')
        expect(lines()).toEqual(['text_completion counting-1 11/5 [length]'])
      })
    })

    describe('embeddings', () => {
      it('makes a span of each call, and leaves it to an observed client', async () => {
        class Counted extends lc.embeddings.Embeddings {
          model = 'letters'
          async embedQuery(text: string): Promise<number[]> {
            return [text.length]
          }
          async embedDocuments(texts: string[]): Promise<number[][]> {
            return Promise.all(texts.map((text) => this.embedQuery(text)))
          }
        }
        const embeddings = new Counted({})
        expect(embeddings).toBeInstanceOf(lc.embeddings.Embeddings)
        expect(lc.embeddings.Embeddings.name).toBe('Embeddings')
        expect(await embeddings.embedQuery('four')).toEqual([4])
        expect(lines()).toEqual(['embeddings letters []'])
        expect(await embeddings.embedDocuments(['four'])).toEqual([[4]])
        expect(lines()).toEqual(['embeddings letters []'])
        const data = [{ object: 'embedding', index: 0, embedding: [1, 2] }]
        const usage = { prompt_tokens: 5, total_tokens: 5 }
        server.answer(json({ object: 'list', model: 'text-embedding-3-small', data, usage }))
        const configuration = { baseURL: `${server.url}/v1` }
        const model = 'text-embedding-3-small'
        await new lc.openai.OpenAIEmbeddings({ model, apiKey: 'key', maxRetries: 0, configuration }).embedQuery('four')
        expect(lines()).toEqual(['embeddings text-embedding-3-small 5/- []'])
      })
    })

    describe('retrieval', () => {
      const retriever = (documents: readonly string[] | Error) =>
        new (class extends lc.retrievers.BaseRetriever {
          lc_namespace = ['test']
          k = 3
          vectorStore = { collectionName: 'handbook' }
          override async _getRelevantDocuments() {
            if (documents instanceof Error) throw documents
            return documents.map((pageContent) => new lc.documents.Document({ pageContent }))
          }
        })()

      it('makes a span of a lookup', async () => {
        const found = await retriever(['CANARY']).invoke('CANARY')
        expect(found.map(({ pageContent }) => pageContent)).toEqual(['CANARY'])
        const [span, ...more] = test.takeSpans()
        expect(more).toEqual([])
        expect(span?.name).toBe('retrieval handbook')
        expect(span?.attributes['gen_ai.retrieval.top_k']).toBe(3)
        expect(JSON.stringify(span?.attributes)).not.toContain('CANARY')
      })

      it('keeps query and documents when content is captured, and passes errors on', async () => {
        test.sdk.captureContent = true
        await retriever(['page']).invoke('question')
        const { attributes } = test.takeSpans()[0] ?? {}
        expect(attributes?.['gen_ai.retrieval.query.text']).toBe('question')
        expect(JSON.parse(String(attributes?.['gen_ai.retrieval.documents']))).toEqual([
          { content: 'page', metadata: {} },
        ])
        const error = new RangeError('no')
        await expect(retriever(error).invoke('question')).rejects.toBe(error)
        expect(lines()).toEqual(['retrieval handbook [] RangeError'])
      })
    })
  })
}
