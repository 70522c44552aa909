import { afterAll, beforeAll, expect, it } from 'vitest'
import { json, startModelServer } from '../../test/support/model-server.ts'
import type { ModelServer } from '../../test/support/model-server.ts'
import { startOtlpSink } from '../../test/support/otlp-sink.ts'
import type { SinkLog, SinkSpan } from '../../test/support/otlp-sink.ts'
import { runAgent } from '../../test/support/run-agent.ts'

const script = `
import OpenAI from 'openai'
const client = new OpenAI({ apiKey: 'key', baseURL: process.env.MODEL + '/v1', maxRetries: 0 })
await client.chat.completions.create({
  model: 'gpt-4o-mini',
  temperature: 1,
  messages: [{ role: 'system', content: 'be kind' }, { role: 'user', content: 'CANARY' }],
})`

const answer = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-4o-mini-2024-07-18',
  choices: [{ index: 0, message: { role: 'assistant', content: 'a CANARY' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 20, completion_tokens: 4, total_tokens: 24 },
}

let model: ModelServer
beforeAll(async () => {
  model = await startModelServer()
  model.answer(json(answer))
})
afterAll(() => model.close())

async function signals(capture: string): Promise<{ spans: SinkSpan[]; logs: SinkLog[] }> {
  await using sink = await startOtlpSink()
  const env = { MODEL: model.url, OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: capture }
  const run = await runAgent({ endpoint: sink.url, script, env })
  expect(run).toMatchObject({ code: 0 })
  return { spans: sink.spans, logs: sink.logs }
}

it('tells a call with its content in structure, under its span, when events are asked for', async () => {
  const { spans, logs } = await signals('EVENT_ONLY')
  expect(JSON.stringify(spans.map(({ attributes }) => attributes))).not.toContain('CANARY')
  expect(logs.map(({ eventName, severity, spanId }) => [eventName, severity, spanId])).toEqual([
    ['gen_ai.client.inference.operation.details', 5, spans[0]?.spanId],
  ])
  expect(logs[0]?.attributes).toMatchObject({
    ...spans[0]?.attributes,
    'gen_ai.request.temperature': 1,
    'gen_ai.usage.input_tokens': 20,
    'gen_ai.input.messages': [
      { role: 'system', parts: [{ type: 'text', content: 'be kind' }] },
      { role: 'user', parts: [{ type: 'text', content: 'CANARY' }] },
    ],
    'gen_ai.output.messages': [
      { role: 'assistant', finish_reason: 'stop', parts: [{ type: 'text', content: 'a CANARY' }] },
    ],
  })
})

it('both, when both are asked for; no event when nobody asked', async () => {
  const both = await signals('span_and_event')
  expect(both.logs.length).toBe(1)
  expect(both.spans[0]?.attributes['gen_ai.input.messages']).toContain('CANARY')
  expect((await signals('true')).logs).toEqual([])
})
