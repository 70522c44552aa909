import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { contentJson, contentText } from './content.ts'
import { BLOB_BYTES_HASHED_MAX, dataUrlOf, fingerprint, isBinary } from './fingerprint.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

it('is the same for bytes, for their base64 in either alphabet and for their data: URL', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 5_000 }), (bytes) => {
      const expected = `[${bytes.length} bytes left out, sha256 ${sha256(bytes)}]`
      const buffer = Buffer.from(bytes)
      const url = `data:image/png;base64,${buffer.toString('base64')}`
      for (const form of [bytes, buffer, bytes.slice().buffer, buffer.toString('base64'), buffer.toString('base64url')])
        expect(fingerprint(form)).toBe(expected)
      expect(fingerprint(dataUrlOf(url)?.data)).toBe(expected)
    }),
  )
})

it('hashes the start of what is long, the same in every form', () => {
  const bytes = Buffer.alloc(BLOB_BYTES_HASHED_MAX + 10, 'abc1')
  const start = sha256(bytes.subarray(0, BLOB_BYTES_HASHED_MAX))
  const expected = `[${bytes.length} bytes left out, sha256 of the first ${BLOB_BYTES_HASHED_MAX} ${start}]`
  expect(fingerprint(bytes)).toBe(expected)
  expect(fingerprint(bytes.toString('base64'))).toBe(expected)
})

it('stands for nothing with nothing', () => {
  expect([fingerprint(undefined), fingerprint(''), fingerprint(new Uint8Array())]).toEqual(
    Array.from({ length: 3 }, () => '[left out]'),
  )
})

it('reads data: URLs without base64, and broken ones', () => {
  expect(dataUrlOf('data:text/plain,a%20b')).toEqual({ mimeType: 'text/plain', data: Buffer.from('a%20b') })
  expect(dataUrlOf('data:text/plain;charset=utf-8;base64,YQ==')).toEqual({ mimeType: 'text/plain', data: 'YQ==' })
  expect(dataUrlOf('data:nothing')).toEqual({ mimeType: '', data: '' })
  expect(dataUrlOf('https://example.com/a.png')).toBeUndefined()
})

it('finds binary data at any depth of a content, whoever put it there', () => {
  const bytes = fc.uint8Array({ minLength: 400, maxLength: 2_000 }).map((random) => Buffer.from(random))
  const form = fc.constantFrom<(data: Buffer) => unknown>(
    (data) => data,
    (data) => new Uint8Array(data),
    (data) => data.toString('base64'),
    (data) => `data:image/png;base64,${data.toString('base64')}`,
  )
  fc.assert(
    fc.property(bytes, form, fc.nat({ max: 5 }), (data, write, depth) => {
      // Base64 without a digit or a capital in its first 256 characters is not met.
      fc.pre(isBinary(data.toString('base64')))
      let content: unknown = { type: 'image', data: write(data) }
      for (let level = 0; level < depth; level += 1) content = level % 2 === 0 ? [content] : { content }
      for (const json of [contentJson(content), contentText(content)]) {
        expect(json).toContain(sha256(data))
        expect(json.length).toBeLessThan(300)
      }
    }),
  )
})

it('leaves texts alone', () => {
  for (const text of [
    'short',
    'x'.repeat(5_000),
    'Some words. '.repeat(100),
    'Ab1/'.repeat(100).concat(' and words'),
    '0123456789abcdef'.repeat(40),
  ])
    expect(contentText(text)).toBe(text)
})
