import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { CONTENT_CHARACTERS_MAX, GrowingText, contentJson, media, toolArguments } from './content.ts'

it('is JSON of the content itself while that is short', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (content) => {
      expect(contentJson(content)).toBe(JSON.stringify(content))
    }),
  )
})

it('is valid JSON within the limit, however long the content, and keeps its shape', () => {
  const long = fc.integer({ min: 1, max: 5 }).map((power) => '😀"\\\n'.repeat(10 ** power))
  fc.assert(
    fc.property(
      fc.array(fc.record({ role: fc.constant('user'), parts: fc.array(long, { maxLength: 4 }) }), { maxLength: 4 }),
      (content) => {
        const json = contentJson(content)
        expect(json.length).toBeLessThanOrEqual(CONTENT_CHARACTERS_MAX)
        const parsed: { role: string; parts: unknown[] }[] = JSON.parse(json)
        expect(parsed.map(({ parts }) => parts.length)).toEqual(content.map(({ parts }) => parts.length))
      },
    ),
    { numRuns: 30 },
  )
})

it('says how much is missing when even the shape is too long', () => {
  const json = contentJson(Array.from({ length: CONTENT_CHARACTERS_MAX / 8 }, () => 'x'.repeat(13)))
  expect(JSON.parse(json)).toEqual([
    { role: 'unknown', parts: [{ type: 'text', content: `[${2 * CONTENT_CHARACTERS_MAX + 1} characters cut]` }] },
  ])
})

it('leaves the bytes of inlined media out', () => {
  expect(media('image', 'https://example.com/a.png')).toEqual({
    type: 'uri',
    modality: 'image',
    uri: 'https://example.com/a.png',
  })
  expect(media('image', 'data:image/png;base64,AAAA')).toEqual({
    type: 'blob',
    modality: 'image',
    mime_type: 'image/png',
    content: '[3 bytes left out, sha256 709e80c88487a2411e1ee4dfb9f22a861492d20c4765150c0c794abd70f8147c]',
  })
})

it('keeps arguments that are no JSON as they are', () => {
  expect(toolArguments('{"a":1}')).toEqual({ a: 1 })
  expect(toolArguments('{"a":')).toBe('{"a":')
})

it('stops growing at the limit', () => {
  const growing = new GrowingText()
  for (let step = 0; step < 10; step += 1) growing.add('x'.repeat(CONTENT_CHARACTERS_MAX / 4))
  expect(growing.value.length).toBe(CONTENT_CHARACTERS_MAX)
})

it('gives up on what has more values than can be told, without going through all of them', () => {
  let looks = 0
  const values = Array.from({ length: 2_000_000 }, () => ({
    toJSON() {
      looks += 1
      return 0.5
    },
  }))
  expect(contentJson(values)).toBe(
    JSON.stringify([
      { role: 'unknown', parts: [{ type: 'text', content: `[more than ${CONTENT_CHARACTERS_MAX} values cut]` }] },
    ]),
  )
  expect(looks).toBeLessThanOrEqual(CONTENT_CHARACTERS_MAX + 1)
})
