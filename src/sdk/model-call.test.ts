import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { context, trace } from '@opentelemetry/api'
import type { Context } from '@opentelemetry/api'
import { expect, it } from 'vitest'
import { startTestSdk } from '../../test/support/instrumented.ts'
import { ambientOf } from './context.ts'
import { startModelCall } from './model-call.ts'
import type { ModelCall, ModelRequest, ModelResponse } from './model-call.ts'
import { runTool } from './tool.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const test = startTestSdk()

const request: ModelRequest = {
  operation: 'chat',
  provider: 'openai',
  model: 'gpt-5',
  serverAddress: undefined,
  serverPort: undefined,
  stream: false,
  conversationId: undefined,
  attributes: {},
  content: () => ({}),
  inputCharacters: () => 10,
}
const answer: ModelResponse = {
  id: 'r',
  model: 'gpt-5',
  finishReasons: ['stop'],
  usage: undefined,
  errorType: undefined,
  attributes: {},
  content: () => ({}),
}
const usage = {
  inputTokens: 3,
  outputTokens: 4,
  cacheReadTokens: undefined,
  cacheWriteTokens: undefined,
  reasoningTokens: undefined,
}
const start = (more: Partial<ModelRequest> = {}): ModelCall => startModelCall(test.sdk, { ...request, ...more })

it('a framework call without a client inside is reported', () => {
  const framework = start({ framework: true })
  framework.run(() => undefined)
  framework.succeed({ ...answer, usage })
  expect(test.takeSpans().map(({ name }) => name)).toEqual(['chat gpt-5'])
})

it('a framework call gives way to the client calls inside it, which keep its parent', () => {
  const outer = test.sdk.tracer.startSpan('outer')
  context.with(trace.setSpan(context.active(), outer), () => {
    const framework = start({ framework: true, model: 'framework' })
    framework.run(() => {
      start({ model: 'first try' }).fail(new Error('busy'))
      start({ model: 'second try' }).succeed({ ...answer, usage })
    })
    framework.succeed({ ...answer, usage })
  })
  const spans = test.takeSpans()
  expect(spans.map(({ name }) => name)).toEqual(['chat first try', 'chat second try'])
  expect(spans.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
    spans.map(() => outer.spanContext().spanId),
  )
})

it('a framework call stays when what is called inside is of another kind, as a middleware does', () => {
  const outer = test.sdk.tracer.startSpan('outer')
  context.with(trace.setSpan(context.active(), outer), () => {
    const framework = start({ framework: true })
    framework.run(() =>
      start({ operation: 'embeddings', model: 'm' }).succeed({ ...answer, id: undefined, finishReasons: [] }),
    )
    framework.succeed({ ...answer, usage })
  })
  const spans = test.takeSpans()
  expect(spans.map(({ name }) => name)).toEqual(['embeddings m', 'chat gpt-5'])
  expect(new Set(spans.map(({ parentSpanContext }) => parentSpanContext?.spanId))).toEqual(
    new Set([outer.spanContext().spanId]),
  )
})

it('a framework call stays when its answer is known to be another than those inside', () => {
  const names = (inner: Partial<ModelResponse>, own: Partial<ModelResponse>): string[] => {
    const framework = start({ framework: true })
    framework.run(() => start({ model: 'guard' }).succeed({ ...answer, usage, ...inner }))
    framework.succeed({ ...answer, usage, ...own })
    return test.takeSpans().map(({ name }) => name)
  }
  const more = { ...usage, outputTokens: 5 }
  expect(names({ id: 'a' }, { id: 'b', usage: more })).toEqual(['chat guard', 'chat gpt-5'])
  expect(names({ id: 'a' }, { id: 'a', usage: more })).toEqual(['chat guard'])
  // An id of the framework's own, for the same answer.
  expect(names({ id: 'a' }, { id: 'run-1' })).toEqual(['chat guard'])
  expect(names({ id: undefined }, { id: 'b', usage: more })).toEqual(['chat guard'])
})

it('no span has a parent that gave way', () => {
  const framework = start({ framework: true })
  framework.run(() => {
    runTool(test.sdk, 'guard', {}, () => undefined, [])
    start({ model: 'client' }).succeed({ ...answer, usage })
  })
  framework.succeed({ ...answer, usage })
  const spans = test.takeSpans()
  expect(spans.map(({ name }) => name)).toEqual(['execute_tool guard', 'chat client'])
  expect(spans.map(({ parentSpanContext }) => parentSpanContext)).toEqual([undefined, undefined])
})

it('what was asked is not kept by a context that outlives the call, as a connection has', async () => {
  const asked = (): [WeakRef<object>, Context] => {
    const body = { prompt: 'x'.repeat(100_000) }
    const call = start({ content: () => ({ prompt: body.prompt }), inputCharacters: () => body.prompt.length })
    const connection = call.run(() => context.active())
    call.succeed({ ...answer, usage })
    return [new WeakRef(body), connection]
  }
  const [body, connection] = asked()
  test.takeSpans()
  await expect.poll(() => collectGarbage() ?? body.deref() === undefined).toBe(true)
  expect(trace.getSpan(connection)).toBeDefined()
})

it('a context that a call has left behind knows that the call is over', () => {
  const framework = start({ framework: true })
  const left = framework.run(() => context.active())
  expect(ambientOf(left).modelCall?.over).toBe(false)
  framework.succeed({ ...answer, usage })
  expect(ambientOf(left).modelCall?.over).toBe(true)
  context.with(left, () => start({ model: 'later' }).succeed({ ...answer, usage }))
  expect(test.takeSpans().map(({ name, parentSpanContext }) => [name, parentSpanContext])).toEqual([
    ['chat gpt-5', undefined],
    ['chat later', undefined],
  ])
})

it('what a server says is bounded', () => {
  const long = 'x'.repeat(3_000_000)
  const reasons = Array.from({ length: 1_000 }, () => long)
  start({ model: long }).succeed({ ...answer, id: long, model: long, finishReasons: reasons, usage })
  const [span] = test.takeSpans()
  expect(span?.attributes['gen_ai.response.model']).toHaveLength(1_024)
  expect(JSON.stringify([span?.name, span?.attributes]).length).toBeLessThan(300_000)
})

it('a client call stays when another one is made inside it', () => {
  const client = start({ model: 'outer' })
  client.run(() => start({ model: 'inner' }).succeed({ ...answer, usage }))
  client.succeed({ ...answer, usage })
  expect(test.takeSpans().map(({ name }) => name)).toEqual(['chat inner', 'chat outer'])
})

it('a tool that runs inside a framework call makes calls of its own', () => {
  const framework = start({ framework: true })
  framework.run(() => {
    const call = (): void => {
      expect(ambientOf().modelCall).toBeUndefined()
      start({ model: 'of the tool' }).succeed({ ...answer, usage })
    }
    runTool(test.sdk, 'ask', {}, call, [])
  })
  framework.succeed({ ...answer, usage })
  expect(test.takeSpans().map(({ name }) => name)).toEqual(['chat of the tool', 'execute_tool ask', 'chat gpt-5'])
})

const marks = (settle: (call: ModelCall) => void, more: Partial<ModelRequest> = {}): unknown[] => {
  settle(start(more))
  return test
    .takeSpans()
    .map(({ attributes }) => [
      attributes['spanwarden.usage.source'],
      attributes['gen_ai.usage.input_tokens'],
      attributes['spanwarden.usage.estimate.input_tokens'],
      attributes['spanwarden.usage.estimate.output_tokens'],
    ])
}

it('says when the provider did not count, with an estimate beside it', () => {
  const none = undefined
  expect(marks((call) => call.succeed({ ...answer, usage }))).toEqual([[none, 3, none, none]])
  expect(marks((call) => call.succeed({ ...answer, outputCharacters: 9 }))).toEqual([['unknown', none, 3, 3]])
  expect(marks((call) => call.stop({ ...answer, usage: { ...usage, partial: true }, outputCharacters: 8 }))).toEqual([
    ['partial', 3, none, 2],
  ])
  expect(marks((call) => call.stop())).toEqual([['unknown', none, 3, none]])
  // Refused before any answer: nothing was spent.
  expect(marks((call) => call.fail(new Error('400')))).toEqual([[none, none, none, none]])
  expect(marks((call) => call.stop(), { unmetered: true })).toEqual([[none, none, none, none]])
  const broken = (call: ModelCall): void => {
    call.progress(true)
    call.fail(new Error('cut'), { ...answer, outputCharacters: 4 })
  }
  expect(marks(broken)).toEqual([['unknown', none, 3, 1]])
})
