import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { MESSAGE_BYTES_MAX } from './guard-messages.ts'
import { LineReader, lineOf } from './line-framing.ts'

test('messages come out as they went in, however the bytes are cut', () => {
  const message = fc.record({ type: fc.string(), text: fc.string({ unit: 'grapheme' }), n: fc.maxSafeInteger() })
  fc.assert(
    fc.property(fc.array(message), fc.array(fc.nat(40)), (messages, cuts) => {
      const bytes = Buffer.from(messages.map(lineOf).join(''))
      const reader = new LineReader()
      const read: unknown[] = []
      let at = 0
      for (const cut of [...cuts, bytes.length]) {
        read.push(...reader.messages(bytes.subarray(at, at + cut)))
        at += cut
      }
      expect(read).toEqual(messages)
    }),
  )
})

test('a message that is too long is neither read nor written', () => {
  const long = 'x'.repeat(MESSAGE_BYTES_MAX)
  expect(() => lineOf({ long })).toThrow('longer than 65536 bytes')
  const reader = new LineReader()
  const chunk = Buffer.alloc(1000, 0x20)
  expect(() => {
    for (let sent = 0; sent <= MESSAGE_BYTES_MAX; sent += chunk.length) void [...reader.messages(chunk)]
  }).toThrow('longer than 65536 bytes')
})

test('what is no JSON is not quoted, and what came before it counts', () => {
  const read: unknown[] = []
  expect(() => {
    for (const one of new LineReader().messages(Buffer.from('{"a":1}\n\nsecret\n{"a":2}\n'))) read.push(one)
  }).toThrow(/^a line is no JSON$/)
  expect(read).toEqual([{ a: 1 }])
})
