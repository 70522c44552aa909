import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readable, readInstructions, readMessages, redactedPieces } from './messages.ts'

describe('messages', () => {
  const part = (type: string, text: string, name = ''): object => ({ type, name, text })
  test.each([
    {
      name: 'text, a tool call and its reason',
      value: [
        {
          role: 'assistant',
          parts: [
            { type: 'text', content: 'hi' },
            { type: 'tool_call', name: 'f', arguments: { a: 1 } },
          ],
          finish_reason: 'tool_call',
        },
      ],
      expected: [
        {
          role: 'assistant',
          finishReason: 'tool_call',
          parts: [part('text', 'hi'), part('tool_call', '{\n  "a": 1\n}', 'f')],
        },
      ],
    },
    {
      name: 'the result of a tool',
      value: [{ role: 'tool', parts: [{ type: 'tool_call_response', id: '1', response: 'sunny' }] }],
      expected: [{ role: 'tool', finishReason: '', parts: [part('tool_call_response', 'sunny')] }],
    },
    {
      name: 'content of older clients',
      value: [
        { role: 'user', content: 'hello' },
        { role: 'user', content: [{ type: 'text', text: 'x' }] },
      ],
      expected: [
        { role: 'user', finishReason: '', parts: [part('text', 'hello')] },
        { role: 'user', finishReason: '', parts: [part('text', 'x')] },
      ],
    },
  ])('$name, as a structure and as JSON', ({ value, expected }) => {
    expect(readMessages(value)).toEqual(expected)
    expect(readMessages(JSON.stringify(value))).toEqual(expected)
  })

  test('property: whatever stands there, reading it does not throw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.parse(JSON.stringify(value))
        readMessages(json)
        readInstructions(json)
        expect(typeof readable(json)).toBe('string')
      }),
    )
  })

  test('text that is no list of messages is not taken for one', () => {
    expect(readMessages('just text')).toBeUndefined()
    expect(readMessages('[cut off')).toBeUndefined()
    expect(readMessages(undefined)).toBeUndefined()
  })
})

describe('redacted text', () => {
  test('placeholders are told from the text around them', () => {
    expect(redactedPieces('to [REDACTED:EMAIL], [REDACTED:US_SSN]!')).toEqual([
      { text: 'to ', isRedacted: false },
      { text: '[REDACTED:EMAIL]', isRedacted: true },
      { text: ', ', isRedacted: false },
      { text: '[REDACTED:US_SSN]', isRedacted: true },
      { text: '!', isRedacted: false },
    ])
  })
  test('property: no character is lost', () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom('[REDACTED:EMAIL]', '[REDACTED', ']', '[REDACTED]'))
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const text = pieces.join('')
        expect(
          redactedPieces(text)
            .map((one) => one.text)
            .join(''),
        ).toBe(text)
      }),
    )
  })
})
