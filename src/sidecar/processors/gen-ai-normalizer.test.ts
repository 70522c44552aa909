import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { normalized, normalizedTwice, spansIn } from '../../../test/support/normalized.ts'
import { spanBatch } from '../../../test/support/span-batch.ts'
import type { AttributeValue } from '../../otlp/edits.ts'
import { jsonToProtobuf } from '../../otlp/json-to-protobuf.ts'
import { protobufToJson } from '../../otlp/protobuf-to-json.ts'
import { DIALECTS, OPERATIONS } from './gen-ai-normalizer/dialects.gen.ts'
import { genAiNormalizer } from './gen-ai-normalizer.ts'

type Attributes = Readonly<Record<string, AttributeValue>>

const batchOf = (attributes: Attributes, name = 'the span'): Buffer =>
  spanBatch({ spans: [{ spanId: '0102030405060708', name, attributes }] })

/** The attributes of the span after the normalizer. */
const became = (attributes: Attributes, config: object = {}): unknown =>
  spansIn(normalized(batchOf(attributes), { rename_spans: false, ...config }))[0]?.attributes

describe('names', () => {
  test('of today stay, and so does every byte of a span without others', () => {
    const bytes = batchOf({
      'gen_ai.operation.name': 'chat',
      'gen_ai.usage.input_tokens': 7,
      mine: 'x',
      'llm.mine': 'y',
    })
    expect(normalized(bytes)).toEqual(bytes)
  })

  test('what is there already wins: the old one goes when it says the same, and stays when it does not', () => {
    expect(
      became({
        'gen_ai.system': 'openai',
        'gen_ai.provider.name': 'openai',
        'llm.request.model': 'a',
        'gen_ai.request.model': 'b',
      }),
    ).toEqual({ 'gen_ai.provider.name': 'openai', 'llm.request.model': 'a', 'gen_ai.request.model': 'b' })
  })

  test('an operation or a value that says nothing to the conventions stays in its own words', () => {
    expect(became({ 'openinference.span.kind': 'GUARDRAIL' })).toEqual({ 'openinference.span.kind': 'GUARDRAIL' })
    expect(became({ 'gen_ai.system': 'my own' })).toEqual({ 'gen_ai.provider.name': 'my own' })
    expect(became({ 'llm.usage.prompt_tokens': 'many' })).toEqual({ 'llm.usage.prompt_tokens': 'many' })
  })

  test('types are those of the conventions', () => {
    expect(
      became({ 'llm.usage.prompt_tokens': '12', 'llm.response.finish_reason': 'stop', 'llm.is_streaming': 'true' }),
    ).toEqual({
      'gen_ai.usage.input_tokens': 12,
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.request.stream': true,
    })
    expect(became({ 'ai.operationId': 'ai.streamText.doStream', 'ai.response.msToFirstChunk': 250 })).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.response.time_to_first_chunk': 0.25,
    })
  })

  test('mean what the operation says', () => {
    const io = { 'input.value': '{"a":1}', 'output.value': 'b' }
    expect(became({ 'openinference.span.kind': 'TOOL', ...io })).toEqual({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.call.arguments': '{"a":1}',
      'gen_ai.tool.call.result': 'b',
    })
    expect(became({ 'openinference.span.kind': 'RETRIEVER', ...io })).toEqual({
      'gen_ai.operation.name': 'retrieval',
      'gen_ai.retrieval.query.text': '{"a":1}',
      'output.value': 'b',
    })
  })

  test('without a prefix count only where the dialect is told by another one', () => {
    const counts = {
      model: 'claude-sonnet-4-5',
      input_tokens: 10,
      output_tokens: 5,
      cache_read_tokens: 30,
      cache_creation_tokens: 2,
    }
    expect(became(counts)).toEqual(counts)
    expect(became({ 'span.type': 'llm_request', ...counts })).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'claude-sonnet-4-5',
      'gen_ai.usage.input_tokens': 42,
      input_tokens: 10,
      'gen_ai.usage.output_tokens': 5,
      'gen_ai.usage.cache_read.input_tokens': 30,
      'gen_ai.usage.cache_write.input_tokens': 2,
    })
  })

  test("Anthropic's input tokens are a total, where they can't be one as they came", () => {
    const cached = { 'gen_ai.system': 'anthropic', 'gen_ai.usage.cache_read.input_tokens': 40 }
    const today = { 'gen_ai.provider.name': 'anthropic', 'gen_ai.usage.cache_read.input_tokens': 40 }
    expect(became({ ...cached, 'gen_ai.usage.input_tokens': 30 })).toEqual({
      ...today,
      'gen_ai.usage.input_tokens': 70,
    })
    expect(became({ ...cached, 'gen_ai.usage.input_tokens': 50 })).toEqual({
      ...today,
      'gen_ai.usage.input_tokens': 50,
    })
  })

  test("Langfuse's usage exclude one another; OpenAI's own, which it takes too, does not", () => {
    const usage = (details: object): unknown =>
      spansIn(
        normalized(
          batchOf({
            'langfuse.observation.type': 'generation',
            'langfuse.observation.usage_details': JSON.stringify(details),
          }),
        ),
      )[0]?.attributes
    const expected = {
      'gen_ai.usage.input_tokens': 120,
      'gen_ai.usage.output_tokens': 60,
      'gen_ai.usage.cache_read.input_tokens': 40,
      'gen_ai.usage.reasoning.output_tokens': 25,
    }
    expect(
      usage({ input: 80, input_cached_tokens: 40, output: 35, output_reasoning_tokens: 25, total: 180 }),
    ).toMatchObject(expected)
    expect(usage({ prompt_tokens: 120, completion_tokens: 60, total_tokens: 180 })).toMatchObject({
      'gen_ai.usage.input_tokens': 120,
      'gen_ai.usage.output_tokens': 60,
    })
  })
})

test('messages in events of the span become attributes; an event without content stays', () => {
  const event = (name: string, attributes: Readonly<Record<string, string>>): object => ({
    name,
    attributes: Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } })),
  })
  const span = {
    traceId: '0102030405060708090a0b0c0d0e0f10',
    spanId: '0102030405060708',
    name: 'chat m',
    attributes: [{ key: 'gen_ai.system', value: { stringValue: 'openai' } }],
    events: [
      event('gen_ai.system.message', { 'gen_ai.system': 'openai', content: 'Be brief.' }),
      event('gen_ai.user.message', { content: 'Hi' }),
      event('gen_ai.tool.message', { content: '4', id: 'call_1' }),
      event('gen_ai.choice', { index: '0', finish_reason: 'stop', message: '{"role":"assistant","content":"Ho"}' }),
      event('gen_ai.choice', { index: '1' }),
      event('other', { content: 'stays' }),
    ],
  }
  const bytes = jsonToProtobuf(
    'traces',
    Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })),
  )
  const json = protobufToJson('traces', normalized(bytes))
  expect(normalizedTwice(bytes)).toEqual(normalized(bytes))
  expect([...json.matchAll(/"name":"(gen_ai[^"]*|other)"/g)].map(([, name]) => name)).toEqual([
    'gen_ai.choice',
    'other',
  ])
  const attributes = spansIn(normalized(bytes))[0]?.attributes ?? {}
  expect(JSON.parse(String(attributes['gen_ai.input.messages']))).toEqual([
    { role: 'system', parts: [{ type: 'text', content: 'Be brief.' }] },
    { role: 'user', parts: [{ type: 'text', content: 'Hi' }] },
    { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: '4' }] },
  ])
  expect(JSON.parse(String(attributes['gen_ai.output.messages']))).toEqual([
    { role: 'assistant', parts: [{ type: 'text', content: 'Ho' }], index: '0', finish_reason: 'stop' },
  ])
})

describe('the name of the span', () => {
  const nameOf = (attributes: Attributes, config: object = {}): unknown => {
    const [span] = spansIn(normalized(batchOf(attributes), config))
    return [span?.name, span?.attributes['spanwarden.original.span_name']]
  }
  test('is that of the conventions; the old one is kept', () => {
    const model = { 'openinference.span.kind': 'LLM', 'llm.model_name': 'm' }
    expect(nameOf(model)).toEqual(['chat m', 'the span'])
    expect(nameOf(model, { rename_spans: false })).toEqual(['the span', undefined])
  })

  test('stays where the span lacks what it is made of', () => {
    expect(nameOf({ 'openinference.span.kind': 'CHAIN' })).toEqual(['the span', undefined])
    expect(nameOf({ 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm' })).toEqual(['the span', undefined])
  })
})

describe('settings', () => {
  const old = { 'gen_ai.system': 'xai', 'llm.request.model': 'm' }

  test('only the dialects that are asked for', () => {
    expect(became(old, { dialects: ['otel'] })).toEqual({ 'gen_ai.provider.name': 'x_ai', 'llm.request.model': 'm' })
  })

  test('originals stay beside', () => {
    expect(became(old, { keep_original: true })).toEqual({
      ...old,
      'gen_ai.provider.name': 'x_ai',
      'gen_ai.request.model': 'm',
    })
  })

  test('names and values of your own', () => {
    const config = {
      mappings: { 'my.model': 'gen_ai.request.model', 'my.maker': 'gen_ai.provider.name' },
      value_mappings: { 'my.maker': { us: 'openai' } },
    }
    expect(became({ 'my.model': 'm', 'my.maker': 'US', 'my.other': 1 }, config)).toEqual({
      'gen_ai.request.model': 'm',
      'gen_ai.provider.name': 'openai',
      'my.other': 1,
    })
  })

  test("the stock collector's block means what it means there", () => {
    const span = { 'openinference.span.kind': 'LLM', 'llm.model_name': 'a', 'gen_ai.request.model': 'b', 'my.id': 'c' }
    const today = { 'gen_ai.operation.name': 'chat' }
    expect(became(span, { sources: [{ name: 'openinference' }] })).toEqual({
      ...span,
      ...today,
      'gen_ai.response.model': 'a',
    })
    expect(
      became(span, {
        sources: [
          { name: 'openinference', remove_originals: true, overwrite: true },
          { name: 'mine', remove_originals: true, mappings: { 'my.id': 'gen_ai.response.id' } },
        ],
      }),
    ).toEqual({ ...today, 'gen_ai.request.model': 'a', 'gen_ai.response.id': 'c' })
    const byName = { openinference: { remove_originals: true } }
    const asList = [{ name: 'openinference', remove_originals: true }]
    expect(became(span, { sources: byName })).toEqual(became(span, { sources: asList }))
    const problems = (sources: unknown): unknown =>
      genAiNormalizer.config.safeParse({ sources }).error?.issues.map(({ path, message }) => [path.join('.'), message])
    expect(problems([{ name: 'foobar' }, { name: 'otel' }, { name: 'otel' }])).toEqual([
      ['sources.0.name', expect.stringContaining('foobar is none of ai_sdk')],
      ['sources.2.name', 'otel is there twice'],
    ])
  })
})

describe('any span', () => {
  const families = DIALECTS.flatMap((dialect) => dialect.families.map(({ prefix }) => prefix))
  const names = DIALECTS.flatMap(({ attributes, markers }) => [
    ...attributes.flatMap(({ from, to }) => [from, to]),
    ...markers,
  ])
  const numbered = fc
    .tuple(
      fc.constantFrom(...families),
      fc.nat(3),
      fc.constantFrom(
        'message.role',
        'message.content',
        'message.contents.0.message_content.text',
        'message.contents.1.message_content.image.image.url',
        'message.tool_calls.0.tool_call.function.arguments',
        'message.tool_calls.0.tool_call.id',
        'role',
        'content',
        'finish_reason',
        'tool_calls.0.name',
        'tool.json_schema',
        'name',
        'document.id',
        'document.score',
        'a.b.c.d',
        '',
      ),
    )
    .map(([prefix, n, path]) => `${prefix}${n}${path === '' ? '' : `.${path}`}`)
  const holdsMessages = DIALECTS.flatMap(({ attributes }) =>
    attributes.filter(({ as }) => as === 'input' || as === 'output' || as === 'definitions').map(({ from }) => from),
  )
  const key = fc.oneof(
    fc.constantFrom(...names),
    fc.constantFrom(...holdsMessages),
    numbered,
    fc.constantFrom('mine', 'llm.mine', 'gen_ai.prompt.name'),
  )
  const kind = fc.constantFrom(
    ...OPERATIONS,
    ...DIALECTS.flatMap(({ values }) => Object.keys(values['gen_ai.operation.name'] ?? {})),
  )
  /** Told from all others wherever it ends up. */
  const leaf = fc.nat(1e9).map((n) => `v${n}v`)
  const messages = fc.oneof(
    leaf.map((text) => JSON.stringify([{ role: 'user', content: text }])),
    fc.tuple(leaf, leaf).map(([text, id]) =>
      JSON.stringify([
        {
          role: 'assistant',
          content: [
            { type: 'text', text },
            { type: 'tool_use', id, name: 'n', input: { a: text } },
          ],
        },
      ]),
    ),
    fc
      .tuple(leaf, leaf)
      .map(([text, more]) => JSON.stringify({ system: text, messages: [{ role: 'user', content: text, more }] })),
    fc
      .tuple(leaf, leaf)
      .map(([text, name]) => JSON.stringify([{ type: 'function', function: { name, description: text } }])),
    leaf.map((text) => JSON.stringify({ output: [text, { deep: text }] })),
  )
  const value = fc.oneof(
    { weight: 3, arbitrary: leaf },
    messages,
    fc.nat(1e9),
    fc.bigInt({ min: 10n ** 15n, max: 10n ** 18n }),
    fc.array(leaf, { maxLength: 3 }),
    fc.boolean(),
  )
  const attributes = fc
    .tuple(
      fc.array(fc.tuple(key, value), { maxLength: 14 }),
      fc.constantFrom(
        'openinference.span.kind',
        'ai.operationId',
        'gen_ai.operation.name',
        'span.type',
        'langfuse.observation.type',
        'x',
      ),
      kind,
    )
    .map(([pairs, name, operation]) => Object.fromEntries([...pairs, [name, operation] as const]))
  const config = fc.record({ keep_original: fc.boolean(), rename_spans: fc.boolean() })

  const CALCULATED = new Set(['ai.response.msToFirstChunk', 'ttft_ms', 'input_tokens'])

  test('normalizing twice is normalizing once', () => {
    fc.assert(
      fc.property(attributes, config, (given, settings) => {
        const bytes = batchOf(given)
        expect(spansIn(normalizedTwice(bytes, settings))).toEqual(spansIn(normalized(bytes, settings)))
      }),
      { numRuns: 600 },
    )
  })

  test('nothing is lost, and nothing is made up', () => {
    fc.assert(
      fc.property(attributes, config, (all, settings) => {
        // Milliseconds become seconds, and the total of tokens is a sum.
        const given = Object.fromEntries(Object.entries(all).filter(([name]) => !CALCULATED.has(name)))
        const leaves = (text: string): Set<string> => new Set(text.match(/v\d+v|\d{5,}/g))
        const before = leaves(JSON.stringify(spansIn(batchOf(given))))
        const after = leaves(JSON.stringify(spansIn(normalized(batchOf(given), settings))))
        expect([...before].filter((text) => !after.has(text))).toEqual([])
        expect([...after].filter((text) => !before.has(text))).toEqual([])
      }),
      { numRuns: 600 },
    )
  })

  test('what is nested without end, or no JSON, is text', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    for (const text of [deep, '[{"role":', '{}', '[]', '[{"role":"user","content":1}]']) {
      const [span] = spansIn(normalized(batchOf({ 'openinference.span.kind': 'LLM', 'input.value': text })))
      expect(span?.attributes['gen_ai.operation.name']).toBe('chat')
    }
    const path = `llm.input_messages.0.${'a.'.repeat(10_000)}b`
    expect(spansIn(normalized(batchOf({ 'openinference.span.kind': 'LLM', [path]: 'x' })))[0]?.attributes[path]).toBe(
      'x',
    )
  })

  test('names that every object has are names like others', () => {
    const given = {
      'openinference.span.kind': 'LLM',
      'llm.input_messages.0.message.__proto__': 'v1v',
      'llm.input_messages.0.message.role': 'user',
    }
    expect(JSON.stringify(spansIn(normalized(batchOf(given))))).toContain('v1v')
  })
})

// What js/src/experimental/otel/translator.ts of langsmith-sdk sets.
describe('LangSmith', () => {
  const llm = { 'langsmith.span.kind': 'llm', 'gen_ai.operation.name': 'chat', 'gen_ai.system': 'openai' }

  test('a model call', () => {
    expect(
      became({
        ...llm,
        'langsmith.trace.name': 'ChatOpenAI',
        'gen_ai.request.model': 'gpt-4o',
        'gen_ai.usage.input_tokens': 7,
        'gen_ai.prompt': '{"messages":[{"role":"user","content":"Hi"}]}',
        'gen_ai.completion': '{"role":"assistant","content":"Hello"}',
        'langsmith.metadata.thread_id': 't',
      }),
    ).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'langsmith.trace.name': 'ChatOpenAI',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.usage.input_tokens': 7,
      'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]',
      'gen_ai.output.messages': '[{"role":"assistant","parts":[{"type":"text","content":"Hello"}]}]',
      'langsmith.metadata.thread_id': 't',
    })
  })

  test('what a tool was given and gave is no message', () => {
    expect(
      became({
        'langsmith.span.kind': 'tool',
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'search',
        'gen_ai.prompt': '{"input":"q"}',
        'gen_ai.completion': '{"output":"r"}',
      }),
    ).toEqual({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'search',
      'gen_ai.tool.call.arguments': '{"input":"q"}',
      'gen_ai.tool.call.result': '{"output":"r"}',
    })
  })

  test('its own word for an operation is translated where it stands under the name of today; others stay', () => {
    expect(became({ 'langsmith.span.kind': 'chain', 'gen_ai.operation.name': 'chain' })).toEqual({
      'gen_ai.operation.name': 'invoke_workflow',
    })
    const prompt = { 'langsmith.span.kind': 'prompt', 'gen_ai.operation.name': 'chat' }
    expect(became(prompt)).toEqual(prompt)
    const own = { 'langsmith.span.kind': 'chain', 'gen_ai.operation.name': 'mine' }
    expect(became(own)).toEqual(own)
  })
})

// What pydantic_ai sets on its spans of agents and tools, and logfire on those of clients.
describe('Logfire and Pydantic AI', () => {
  test('an agent', () => {
    expect(
      became({
        'logfire.msg': 'support run',
        agent_name: 'support',
        model_name: 'gpt-4o',
        'operation.cost': 0.02,
        'pydantic_ai.all_messages': '[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]',
        final_result: 'Hello',
      }),
    ).toEqual({
      'logfire.msg': 'support run',
      'gen_ai.agent.name': 'support',
      'gen_ai.request.model': 'gpt-4o',
      'spanwarden.cost.amount': 0.02,
      'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]',
      final_result: 'Hello',
    })
  })

  test('a tool', () => {
    expect(
      became({
        'logfire.msg': 'running tool: search',
        'gen_ai.tool.name': 'search',
        tool_arguments: '{}',
        tool_response: 'r',
      }),
    ).toEqual({
      'logfire.msg': 'running tool: search',
      'gen_ai.tool.name': 'search',
      'gen_ai.tool.call.arguments': '{}',
      'gen_ai.tool.call.result': 'r',
    })
  })

  test('names without a prefix are nobody else’s', () => {
    const mine = { agent_name: 'a', model_name: 'm', tool_arguments: 'x', tool_response: 'y' }
    expect(became(mine)).toEqual(mine)
  })
})
