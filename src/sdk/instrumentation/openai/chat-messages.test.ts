import { expect, it } from 'vitest'
import { ChatChoice, chatInput, chatOutput } from './chat-messages.ts'

it('puts every kind of message into the shape of the conventions', () => {
  const call = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"id":7}' } }
  expect(
    chatInput([
      { role: 'system', content: 'Be kind.' },
      {
        role: 'user',
        name: 'ann',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
          { type: 'file', file: { file_id: 'file-1' } },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'call_1', content: 'a parcel' },
      { role: 'assistant', function_call: { name: 'old', arguments: 'not json' } },
      null,
    ]),
  ).toEqual([
    { role: 'system', parts: [{ type: 'text', content: 'Be kind.' }] },
    {
      role: 'user',
      name: 'ann',
      parts: [
        { type: 'text', content: 'What is this?' },
        { type: 'uri', modality: 'image', uri: 'https://example.com/a.png' },
        {
          type: 'blob',
          modality: 'image',
          mime_type: 'image/png',
          content: '[3 bytes left out, sha256 709e80c88487a2411e1ee4dfb9f22a861492d20c4765150c0c794abd70f8147c]',
        },
        {
          type: 'blob',
          modality: 'audio',
          mime_type: 'audio/wav',
          content: '[3 bytes left out, sha256 709e80c88487a2411e1ee4dfb9f22a861492d20c4765150c0c794abd70f8147c]',
        },
        { type: 'file', modality: 'document', file_id: 'file-1' },
      ],
    },
    { role: 'assistant', parts: [{ type: 'tool_call', id: 'call_1', name: 'look', arguments: { id: 7 } }] },
    { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: 'a parcel' }] },
    { role: 'assistant', parts: [{ type: 'tool_call', name: 'old', arguments: 'not json' }] },
    { role: 'unknown', parts: [] },
  ])
})

it('builds an answer up from deltas as from a whole message', () => {
  const whole = new ChatChoice(true)
  whole.add(
    {
      role: 'assistant',
      reasoning_content: 'hm',
      content: 'Two calls.',
      tool_calls: [
        { id: 'a', function: { name: 'add', arguments: '{"x":1}' } },
        { id: 'b', function: { name: 'add', arguments: '{"x":2}' } },
      ],
    },
    'tool_calls',
  )
  const streamed = new ChatChoice(true)
  for (const delta of [
    { role: 'assistant', reasoning_content: 'h' },
    { reasoning_content: 'm' },
    { content: 'Two ' },
    { content: 'calls.' },
    // Some providers give every call the index 0.
    { tool_calls: [{ index: 0, id: 'a', function: { name: 'add', arguments: '' } }] },
    { tool_calls: [{ index: 0, function: { arguments: '{"x":1}' } }] },
    { tool_calls: [{ index: 0, id: 'b', function: { name: 'add', arguments: '{"x":2}' } }] },
  ]) {
    streamed.add(delta, undefined)
  }
  streamed.add({}, 'tool_calls')
  expect(chatOutput([streamed])).toEqual(chatOutput([whole]))
  expect(chatOutput([whole])).toEqual([
    {
      role: 'assistant',
      finish_reason: 'tool_calls',
      parts: [
        { type: 'reasoning', content: 'hm' },
        { type: 'text', content: 'Two calls.' },
        { type: 'tool_call', id: 'a', name: 'add', arguments: { x: 1 } },
        { type: 'tool_call', id: 'b', name: 'add', arguments: { x: 2 } },
      ],
    },
  ])
})
