import { expect, it } from 'vitest'
import { InteractionReader } from './interaction-reader.ts'
import { interactionInput } from './interaction-parts.ts'

const messages = (reader: InteractionReader): unknown =>
  JSON.parse(String(reader.soFar().content()['gen_ai.output.messages']))

const STEPS = [
  { type: 'thought', summary: [{ type: 'text', text: 'hm' }] },
  { type: 'google_search_call', id: 's1', arguments: { queries: ['q'] } },
  { type: 'google_search_result', call_id: 's1', result: [{ url: 'u' }] },
  { type: 'model_output', content: [{ type: 'text', text: 'Hel' }] },
  { type: 'function_call', id: 'f1', name: 'add', arguments: {} },
]
const OUTPUT = [
  {
    role: 'assistant',
    parts: [
      { type: 'reasoning', content: 'hm' },
      { type: 'server_tool_call', id: 's1', name: 'google_search', server_tool_call: STEPS[1] },
      { type: 'server_tool_call_response', id: 's1', server_tool_call_response: STEPS[2] },
      { type: 'text', content: 'Hello' },
      {
        type: 'blob',
        modality: 'image',
        mime_type: 'image/png',
        content: '[3 bytes left out, sha256 709e80c88487a2411e1ee4dfb9f22a861492d20c4765150c0c794abd70f8147c]',
      },
      { type: 'tool_call', id: 'f1', name: 'add', arguments: { a: 1 } },
    ],
    finish_reason: 'requires_action',
  },
]

it('reads the steps of a stream, and of a whole answer, into one message', () => {
  const streamed = new InteractionReader(true)
  STEPS.forEach((step, index) =>
    streamed.event({ event_type: 'step.start', index, step: index === 2 ? { ...step, result: [] } : step }),
  )
  const delta = (index: number, what: object): void => streamed.event({ event_type: 'step.delta', index, delta: what })
  delta(0, { type: 'thought_signature', signature: 's' })
  delta(2, { type: 'google_search_result', result: [{ url: 'u' }] })
  delta(3, { type: 'text', text: 'lo' })
  delta(3, { type: 'image', data: 'AAAA', mime_type: 'image/png' })
  delta(4, { type: 'arguments_delta', arguments: '{"a":' })
  delta(4, { type: 'arguments_delta', arguments: '1}' })
  streamed.event({ event_type: 'interaction.completed', interaction: { id: 'i', status: 'requires_action' } })
  // The text of the step's start is a content of its own.
  const texts = ['Hel', 'lo'].map((content) => ({ type: 'text', content }))
  const [reasoning, search, found, , ...others] = OUTPUT[0]?.parts ?? []
  expect(messages(streamed)).toEqual([{ ...OUTPUT[0], parts: [reasoning, search, found, ...texts, ...others] }])

  const whole = new InteractionReader(true)
  const image = { type: 'image', data: 'AAAA', mime_type: 'image/png' }
  const steps = STEPS.map((step) =>
    step.type === 'model_output'
      ? { ...step, content: [{ type: 'text', text: 'Hello' }, image] }
      : step.type === 'function_call'
        ? { ...step, arguments: { a: 1 } }
        : step,
  )
  whole.whole({ id: 'i', status: 'requires_action', steps: [{ type: 'user_input', content: 'q' }, ...steps] })
  expect(messages(whole)).toEqual(OUTPUT)
})

it.each([
  ['failed', { status: 'failed', error: { code: 'overloaded' } }, 'overloaded', ['failed']],
  ['failed without a word', { status: 'failed' }, 'interaction_failed', ['failed']],
  ['still running', { status: 'in_progress' }, undefined, []],
  ['incomplete', { status: 'incomplete' }, undefined, ['incomplete']],
])('tells an interaction that is %s', (_, interaction, errorType, finishReasons) => {
  expect(new InteractionReader(false).whole(interaction)).toMatchObject({ errorType, finishReasons })
})

it.each([
  ['hi', [{ role: 'user', parts: [{ type: 'text', content: 'hi' }] }]],
  [{ type: 'text', text: 'hi' }, [{ role: 'user', parts: [{ type: 'text', content: 'hi' }] }]],
  [
    [
      { type: 'text', text: 'look' },
      { type: 'image', uri: 'https://example.com/a.png' },
    ],
    [
      {
        role: 'user',
        parts: [
          { type: 'text', content: 'look' },
          { type: 'uri', modality: 'image', uri: 'https://example.com/a.png' },
        ],
      },
    ],
  ],
  [
    [
      { role: 'user', content: 'hi' },
      { role: 'model', content: [{ type: 'text', text: 'yes?' }] },
      { type: 'function_call', id: 'f1', name: 'add', arguments: {} },
      { type: 'function_result', call_id: 'f1', result: '3' },
    ],
    [
      { role: 'user', parts: [{ type: 'text', content: 'hi' }] },
      {
        role: 'assistant',
        parts: [
          { type: 'text', content: 'yes?' },
          { type: 'tool_call', id: 'f1', name: 'add', arguments: {} },
        ],
      },
      { role: 'user', parts: [{ type: 'tool_call_response', id: 'f1', response: '3' }] },
    ],
  ],
])('reads the input %j', (input, expected) => {
  expect(interactionInput(input)).toEqual(expected)
})
