import { expect, it } from 'vitest'
import { contentViolations } from './content-schema.ts'

const check = (key: string, content: unknown): string[] => contentViolations(key, JSON.stringify(content))
const input = (part: unknown): string[] => check('gen_ai.input.messages', [{ role: 'user', parts: [part] }])

it('takes every kind of part, and content of other attributes', () => {
  for (const part of [
    { type: 'text', content: '' },
    { type: 'tool_call', name: 'look', arguments: { a: 1 } },
    { type: 'tool_call_response', id: 'a', response: null },
    { type: 'server_tool_call', name: 'search', server_tool_call: { type: 'search', query: 'q' } },
    { type: 'blob', modality: 'image', mime_type: 'image/png', content: '[left out]' },
    { type: 'uri', modality: 'image', uri: 'https://example.com' },
    { type: 'compaction' },
  ])
    expect(input(part)).toEqual([])
  expect(check('gen_ai.tool.definitions', [{ type: 'function', name: 'look', parameters: {} }])).toEqual([])
  expect(contentViolations('gen_ai.tool.call.result', 'anything')).toEqual([])
})

it('says what is wrong, without the content', () => {
  expect(input({ type: 'tool_call_response', result: 'secret' })).toEqual([
    '.parts (tool_call_response) lacks response',
    '.parts (tool_call_response) has an unknown field result',
  ])
  expect(input({ type: 'server_tool_call', name: 'a', server_tool_call: {} })).toEqual([
    '.parts (server_tool_call) .server_tool_call lacks type',
  ])
  expect(input({ type: 'image', content: 'secret' })).toEqual(['.parts is a part of no known type'])
  expect(check('gen_ai.output.messages', [{ parts: [], finish: 'stop' }])).toEqual([
    'lacks role',
    'has an unknown field finish',
  ])
  expect(contentViolations('gen_ai.input.messages', 'secret')).toEqual(['is no JSON'])
  expect(check('gen_ai.system_instructions', 'secret')).toEqual(['is no list'])
})
