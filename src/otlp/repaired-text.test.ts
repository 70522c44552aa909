import { isUtf8 } from 'node:buffer'
import { assert, nat, property, uint8Array } from 'fast-check'
import { expect, test } from 'vitest'
import { encodeIndependently, otlpRequest } from '../../test/support/otlp-arbitrary.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
import { repairedText } from './repaired-text.ts'
import { fieldById } from './schema.ts'
import { OtlpView } from './view.ts'

const texts = (view: OtlpView): Buffer[] =>
  Array.from({ length: view.count }, (_, n) => n)
    .filter((n) => fieldById(view.field(n))?.type === 'string')
    .map((n) => Buffer.from(view.content(n)))

test('text that is UTF-8 stays the same bytes object', () => {
  assert(
    property(otlpRequest('traces'), (request) => {
      const view = new OtlpView('traces', encodeIndependently('traces', request))
      expect(repairedText(view)).toBe(view.bytes)
    }),
  )
})

test('text that is not becomes what a decoder makes of it, wherever it stands', () => {
  assert(
    property(
      uint8Array({ maxLength: 20 }),
      uint8Array({ max: 127, maxLength: 20 }),
      nat({ max: 3 }),
      (name, key, offset) => {
        const bytes = new ProtobufWriter()
          .message(1, (w) =>
            w.message(2, () =>
              w.message(2, () => w.bytes(5, name).message(9, () => w.bytes(1, key).message(2, () => w.bytes(1, name)))),
            ),
          )
          .finish()
        const memory = Buffer.alloc(bytes.length + offset, 0xff)
        bytes.copy(memory, offset)
        const view = new OtlpView('traces', memory.subarray(offset))
        const repaired = repairedText(view)
        const expected = Buffer.from(Buffer.from(name).toString('utf8'))
        expect(texts(new OtlpView('traces', repaired))).toEqual([expected, Buffer.from(key), expected])
        expect(repaired === view.bytes).toBe(isUtf8(name))
      },
    ),
    { numRuns: 300 },
  )
})
