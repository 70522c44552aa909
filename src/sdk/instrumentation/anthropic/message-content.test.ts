import { expect, it } from 'vitest'
import { messageInput } from './message-content.ts'

it('puts every kind of block into the shape of the conventions', () => {
  const search = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } }
  const found = { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] }
  expect(
    messageInput([
      { role: 'user', content: 'hi' },
      {
        role: 'user',
        content: [
          { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AAAA' } },
          { type: 'image', source: { type: 'file', file_id: 'file_1' } },
          { type: 'tool_result', tool_use_id: 'toolu_1', content: 'a parcel' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm', signature: 's' },
          { type: 'redacted_thinking', data: 'AAAA' },
          { type: 'tool_use', id: 'toolu_1', name: 'look', input: { id: 7 } },
          search,
          found,
        ],
      },
    ]),
  ).toEqual([
    { role: 'user', parts: [{ type: 'text', content: 'hi' }] },
    {
      role: 'user',
      parts: [
        { type: 'uri', modality: 'image', uri: 'https://example.com/a.png' },
        {
          type: 'blob',
          modality: 'document',
          mime_type: 'application/pdf',
          content: '[3 bytes left out, sha256 709e80c88487a2411e1ee4dfb9f22a861492d20c4765150c0c794abd70f8147c]',
        },
        { type: 'file', modality: 'image', file_id: 'file_1' },
        { type: 'tool_call_response', id: 'toolu_1', response: 'a parcel' },
      ],
    },
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', content: 'hm' },
        { type: 'tool_call', id: 'toolu_1', name: 'look', arguments: { id: 7 } },
        { type: 'server_tool_call', id: 'srvtoolu_1', name: 'web_search', server_tool_call: search },
        { type: 'server_tool_call_response', id: 'srvtoolu_1', server_tool_call_response: found },
      ],
    },
  ])
})
