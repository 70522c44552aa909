import { expect, it } from 'vitest'
import { responseInput, responseOutput } from './response-items.ts'

it('puts every kind of item into the shape of the conventions', () => {
  const search = { id: 'ws_1', type: 'web_search_call', status: 'completed' }
  expect(responseInput('hi')).toEqual([{ role: 'user', parts: [{ type: 'text', content: 'hi' }] }])
  expect(
    responseInput([
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'hi' },
          { type: 'input_image', image_url: 'https://example.com/a.png' },
        ],
      },
      { type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{"id":7}' },
      { type: 'function_call_output', call_id: 'call_1', output: 'a parcel' },
    ]),
  ).toEqual([
    {
      role: 'user',
      parts: [
        { type: 'text', content: 'hi' },
        { type: 'uri', modality: 'image', uri: 'https://example.com/a.png' },
      ],
    },
    { role: 'assistant', parts: [{ type: 'tool_call', id: 'call_1', name: 'look', arguments: { id: 7 } }] },
    { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: 'a parcel' }] },
  ])
  expect(
    responseOutput(
      [
        { type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }] },
        search,
        {
          type: 'message',
          role: 'assistant',
          content: [
            { type: 'output_text', text: 'yes' },
            { type: 'refusal', refusal: 'no' },
          ],
        },
      ],
      'completed',
    ),
  ).toEqual([
    {
      role: 'assistant',
      finish_reason: 'completed',
      parts: [
        { type: 'reasoning', content: 'hm' },
        { type: 'server_tool_call', id: 'ws_1', name: 'web_search_call', server_tool_call: search },
        { type: 'text', content: 'yes' },
        { type: 'refusal', content: 'no' },
      ],
    },
  ])
})
