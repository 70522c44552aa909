import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages'
import { describe, expect, it } from 'vitest'
import { langchainMessages, messageCharacters } from './messages.ts'
import { StreamedAnswer } from './streamed-answer.ts'
import { wholeAnswer } from './whole-answer.ts'

describe('langchainMessages', () => {
  it('takes everything that LangChain takes for messages', () => {
    const said = (role: string) => ({ role, parts: [{ type: 'text', content: 'hi' }] })
    expect(
      langchainMessages(['hi', ['ai', 'hi'], { role: 'developer', content: 'hi' }, new SystemMessage('hi')]),
    ).toEqual([said('user'), said('assistant'), said('developer'), said('system')])
    expect(langchainMessages([undefined, 7, { content: { wrong: 1 } }]).map(({ parts }) => parts)).toEqual([[], [], []])
  })

  it('keeps calls of tools and what they gave', () => {
    const call = { name: 'weather', args: { city: 'Rome' }, id: 'call_1' }
    const response = new ToolMessage({ content: 'sunny', tool_call_id: 'call_1' })
    expect(langchainMessages([new AIMessage({ content: '', tool_calls: [call] }), response])).toEqual([
      {
        role: 'assistant',
        parts: [{ type: 'tool_call', id: 'call_1', name: 'weather', arguments: { city: 'Rome' } }],
      },
      { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: 'sunny' }] },
    ])
  })

  it('names media, and leaves their bytes out', () => {
    const message = new HumanMessage({
      content: [
        { type: 'text', text: 'look' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,CANARY' } },
        { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
        { type: 'image', mimeType: 'image/png', data: 'CANARY' },
        { type: 'file', source_type: 'base64', mime_type: 'application/pdf', data: 'CANARY' },
        { type: 'thinking', thinking: 'hm' },
      ],
    })
    const [{ parts } = { parts: [] }] = langchainMessages([message])
    expect(parts.map(({ type }) => type)).toEqual(['text', 'blob', 'uri', 'blob', 'blob', 'reasoning'])
    expect(JSON.stringify(parts)).not.toContain('CANARY')
    expect(messageCharacters([message, 'four'])).toBe(10)
  })
})

describe('wholeAnswer', () => {
  it('reads counts of both kinds, none twice', () => {
    const usage_metadata = { input_tokens: 10, output_tokens: 4, total_tokens: 14 }
    const choice = (text: string) => ({
      text,
      message: Object.assign(new AIMessage({ content: text, id: 'msg_1' }), { usage_metadata }),
      generationInfo: { finish_reason: 'stop' },
    })
    expect(wholeAnswer({ generations: [choice('one'), choice('two')], llmOutput: {} })).toMatchObject({
      id: 'msg_1',
      finishReasons: ['stop', 'stop'],
      usage: { inputTokens: 10, outputTokens: 4 },
    })
    const tokenUsage = { promptTokens: 3, completionTokens: 2 }
    expect(wholeAnswer({ generations: [[{ text: 'one' }]], llmOutput: { tokenUsage } })).toMatchObject({
      finishReasons: [],
      usage: { inputTokens: 3, outputTokens: 2 },
    })
    const asks = new AIMessage({ content: 'hm', tool_calls: [{ name: 'weather', args: { city: 'Rome' } }] })
    expect(wholeAnswer({ generations: [{ text: '', message: asks }] }).outputCharacters).toBe(6)
    expect(wholeAnswer(undefined)).toMatchObject({ usage: undefined, finishReasons: [], outputCharacters: 0 })
  })

  it('takes no id that LangChain made up', () => {
    const message = (id: string) => ({ generations: [{ text: '', message: new AIMessage({ content: '', id }) }] })
    expect(wholeAnswer(message('run-1')).id).toBeUndefined()
    expect(wholeAnswer(message('resp_1')).id).toBe('resp_1')
  })
})

describe('StreamedAnswer', () => {
  const EVENTS = [
    { event: 'message-start', id: 'msg_1', usage: { input_tokens: 10, output_tokens: 1 } },
    { event: 'content-block-start', index: 0, content: { type: 'text', text: '' } },
    { event: 'content-block-delta', index: 0, delta: { type: 'text-delta', text: 'hel' } },
    { event: 'content-block-delta', index: 0, delta: { type: 'text-delta', text: 'lo' } },
    {
      event: 'content-block-start',
      index: 1,
      content: { type: 'tool_call_chunk', id: 'call_1', name: 'weather', args: '' },
    },
    { event: 'content-block-delta', index: 1, delta: { type: 'tool-call-delta', args: '{"city":' } },
    { event: 'content-block-delta', index: 1, delta: { type: 'tool-call-delta', args: '"Rome"}' } },
    {
      event: 'message-finish',
      reason: 'tool_use',
      usage: { input_tokens: 10, output_tokens: 6 },
      responseMetadata: { model_name: 'm-1' },
    },
  ]
  const read = (items: readonly unknown[], content = true): StreamedAnswer => {
    const answer = new StreamedAnswer(content)
    for (const item of items) answer.add(item)
    return answer
  }

  it('puts events of content blocks together', () => {
    const answer = read(EVENTS).completed()
    expect(answer).toMatchObject({
      id: 'msg_1',
      model: 'm-1',
      finishReasons: ['tool_use'],
      usage: { inputTokens: 10, outputTokens: 6 },
      outputCharacters: 20,
    })
    expect(JSON.parse(String(answer.content()['gen_ai.output.messages']))).toEqual([
      {
        role: 'assistant',
        parts: [
          { type: 'text', content: 'hello' },
          { type: 'tool_call', id: 'call_1', name: 'weather', arguments: { city: 'Rome' } },
        ],
        finish_reason: 'tool_use',
      },
    ])
  })

  it('says of counts that broke off that they are partial', () => {
    expect(read(EVENTS.slice(0, 3)).soFar().usage).toMatchObject({ inputTokens: 10, outputTokens: 1, partial: true })
    expect(read(EVENTS).soFar().usage).toMatchObject({ partial: false })
    expect(read([]).soFar().usage).toBeUndefined()
  })

  it('adds up what chunks count', () => {
    const chunk = (input_tokens: number, output_tokens: number) => ({
      message: {
        content: 'ab',
        usage_metadata: { input_tokens, output_tokens, input_token_details: { cache_read: 2 } },
      },
    })
    expect(read([chunk(10, 0), chunk(0, 3), chunk(0, 4)], false).completed()).toMatchObject({
      usage: { inputTokens: 10, outputTokens: 7, cacheReadTokens: 6 },
      outputCharacters: 6,
    })
  })

  it('keeps nothing of what is said when content is not captured', () => {
    expect(JSON.stringify(read(EVENTS, false).completed().content())).not.toContain('hello')
  })
})
