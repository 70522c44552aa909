import { trace } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { TEXT, TEXT_STREAM, TOOL } from '../../../../test/support/ai-shapes.ts'
import { startHookedSdk } from '../../../../test/support/hooked.ts'
import { sse, startModelServer } from '../../../../test/support/model-server.ts'
import { ai } from '../ai.ts'
import type { Span, Tracer } from '@opentelemetry/api'
import type * as AiModule from 'ai'
import type * as OpenAiProviderModule from '@ai-sdk/openai'
import type * as OtelModule from '@ai-sdk/otel'
import type { ModelServer } from '../../../../test/support/model-server.ts'

const test = startHookedSdk([ai])

/** A tracer of another provider: it goes its own way, and tells what it was asked for. */
class OtherTracer implements Tracer {
  readonly asked: string[] = []
  readonly #inner: Tracer

  constructor(inner: Tracer) {
    this.#inner = inner
  }

  startSpan(...[name]: Parameters<Tracer['startSpan']>): Span {
    this.asked.push(name)
    return trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 })
  }

  startActiveSpan: Tracer['startActiveSpan'] = (...args: unknown[]) =>
    Reflect.apply(this.#inner.startActiveSpan, this.#inner, args)
}

describe.each(['esm', 'cjs'] as const)("the AI SDK's own telemetry, ai 7 %s", (format) => {
  let server: ModelServer
  let sdk: typeof AiModule
  let otel: typeof OtelModule
  let model: ReturnType<ReturnType<(typeof OpenAiProviderModule)['createOpenAI']>['chat']>

  beforeAll(async () => {
    server = await startModelServer()
    const build = { major: 'current', format } as const
    // oxlint-disable-next-line typescript/consistent-type-assertions
    sdk = (await test.load('ai', build)) as typeof AiModule
    otel = await import('@ai-sdk/otel')
    const { createOpenAI } = await import('@ai-sdk/openai')
    model = createOpenAI({ apiKey: 'key', baseURL: `${server.url}/v1` }).chat('gpt-4o-mini')
  })
  afterAll(() => server.close())

  const ask = () => ({
    model,
    prompt: 'CANARY prompt',
    tools: { weather: sdk.tool({ inputSchema: z.object({ city: z.string() }), execute: async () => 'CANARY sunny' }) },
    stopWhen: sdk.stepCountIs(3),
  })

  /** A loop with a tool and a stream, as an application with its telemetry registered makes them. */
  async function play(telemetry: AiModule.TelemetryOptions | undefined): Promise<void> {
    const settings = telemetry === undefined ? {} : { telemetry }
    server.answer(TOOL, TEXT, sse(TEXT_STREAM))
    await sdk.generateText({ ...ask(), ...settings })
    await sdk.streamText({ ...ask(), ...settings }).consumeStream()
  }

  const ended = () => {
    const spans = test.takeSpans()
    return {
      names: spans.map(({ instrumentationScope: { name: scope }, name }) => `${scope}: ${name}`),
      tokens: spans.reduce((sum, { attributes }) => sum + Number(attributes['gen_ai.usage.input_tokens'] ?? 0), 0),
      hasContent: JSON.stringify(spans.map((span) => [span.attributes, span.events, span.status])).includes('CANARY'),
      faults: test.faults,
    }
  }

  const OURS = {
    names: [
      'chat gpt-4o-mini',
      'execute_tool weather',
      'chat gpt-4o-mini',
      'invoke_agent',
      'chat gpt-4o-mini',
      'invoke_agent',
    ].map((name) => `spanwarden: ${name}`),
    tokens: 360,
    hasContent: false,
    faults: [],
  }

  it.each(['OpenTelemetry', 'LegacyOpenTelemetry'] as const)('steps back: %s given to a call', async (name) => {
    await play({ integrations: new otel[name]() })
    expect(ended()).toEqual(OURS)
    await play({ integrations: [new otel[name]({ tracer: trace.getTracer('application') })] })
    expect(ended()).toEqual(OURS)
  })

  it.each(['OpenTelemetry', 'LegacyOpenTelemetry'] as const)('goes on for another provider: %s', async (name) => {
    const tracer = new OtherTracer(test.sdk.tracer)
    await play({ integrations: [new otel[name]({ tracer })] })
    expect(tracer.asked.length).toBeGreaterThan(5)
    expect(ended()).toEqual(OURS)
  })

  it('steps back where it is registered for all calls', async () => {
    sdk.registerTelemetry(new otel.OpenTelemetry(), new otel.LegacyOpenTelemetry())
    await play(undefined)
    expect(ended()).toEqual(OURS)
  })
})
