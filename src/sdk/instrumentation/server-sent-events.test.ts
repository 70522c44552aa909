import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { HIDDEN } from '../stream.ts'
import { ServerSentEvents } from './server-sent-events.ts'

/** Events as providers send them: comments, names, data over several lines, the sentinel, what is no JSON. */
const events = fc.array(
  fc.oneof(
    fc.json().map((json) => `data: ${json}`),
    fc.json().map((json) => `event: message\ndata:${json}`),
    fc.string({ unit: 'grapheme' }).map((word) => `data: ${JSON.stringify({ word, usage: null })}`),
    fc.constantFrom(': ping', 'data: [DONE]', 'data: {"cut', 'id: 7', '', 'data: {\ndata: "a": 1}'),
  ),
  { maxLength: 8 },
)
const ends = fc.constantFrom('\n\n', '\r\n\r\n', '\r\r')

interface Passed {
  readonly bytes: string
  readonly seen: unknown[]
}

function pass(text: string, cuts: readonly number[], shown?: (event: unknown) => unknown): Passed {
  const seen: unknown[] = []
  const reader = new ServerSentEvents({ event: (event) => seen.push(event), shown })
  const bytes = Buffer.from(text)
  const passed: Buffer[] = []
  let start = 0
  for (const cut of [...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]) {
    passed.push(Buffer.from(reader.pass(new Uint8Array(bytes.subarray(start, cut)))))
    start = cut
  }
  passed.push(Buffer.from(reader.end() ?? []))
  return { bytes: Buffer.concat(passed).toString(), seen }
}

it('gives the bytes on as they are, however they are cut, and sees the same events', () => {
  fc.assert(
    fc.property(events, ends, fc.array(fc.nat(), { maxLength: 6 }), fc.boolean(), (parts, end, cuts, filters) => {
      const text = parts.map((part) => part + end).join('')
      const whole = pass(text, [])
      const cut = pass(text, cuts, filters ? (event) => event : undefined)
      expect(cut).toEqual({ bytes: text, seen: whole.seen })
    }),
  )
})

it('leaves out what is hidden, and nothing else', () => {
  fc.assert(
    fc.property(events, fc.array(fc.nat(), { maxLength: 6 }), (parts, cuts) => {
      const hidden = `data: ${JSON.stringify({ hidden: true })}\n\n`
      const text = parts.map((part) => `${part}\n\n`)
      const isHidden = (event: unknown): unknown =>
        typeof event === 'object' && event !== null && Reflect.get(event, 'hidden') === true ? HIDDEN : event
      expect(pass(text.map((part) => part + hidden).join(''), cuts, isHidden).bytes).toBe(text.join(''))
    }),
  )
})

it.each([
  ['first', '{"usage":null,"a":"\\"usage\\":null,"}', '{"a":"\\"usage\\":null,"}'],
  ['last', '{"a":"é ,\\"usage\\":null","usage":null}', '{"a":"é ,\\"usage\\":null"}'],
  ['in the middle', '{"a":1.0,"usage":null,"b":"\\u0041"}', '{"a":1.0,"b":"\\u0041"}'],
  ['not null', '{"a":1,"usage":{"n":2}}', '{"a":1}'],
])('takes a field out of the bytes: %s', (_place, data, left) => {
  const takes = (event: unknown): unknown => {
    const { usage: _, ...rest } = Object(event)
    return rest
  }
  expect(pass(`id: 1\ndata: ${data}\n\n`, [3, 9], takes).bytes).toBe(`id: 1\ndata: ${left}\n\n`)
})

it('reads the event that a stream leaves without a blank line', () => {
  expect(pass('data: {"a":1}', [5])).toEqual({ bytes: 'data: {"a":1}', seen: [{ a: 1 }] })
})

it('stops reading at an event that is too long, not passing it', () => {
  const long = `data: "${'x'.repeat(16 * 1024 * 1024 + 100)}"\n\ndata: 1\n\n`
  for (const shown of [undefined, (event: unknown) => event]) {
    const { bytes, seen } = pass(long, [long.length - 20], shown)
    expect(bytes === long).toBe(true)
    expect(seen.length).toBe(0)
  }
})

it('reads an event that comes in very many pieces without looking at each piece again', () => {
  const word = 'x'.repeat(8 * 1024 * 1024)
  const seen: unknown[] = []
  const reader = new ServerSentEvents({ event: (event) => seen.push(event), shown: undefined })
  const bytes = Buffer.from(`data: "${word}"\n\n`)
  for (let start = 0; start < bytes.length; start += 100) reader.pass(bytes.subarray(start, start + 100))
  expect(seen.length).toBe(1)
  expect(seen[0] === word).toBe(true)
})
