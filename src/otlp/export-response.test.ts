import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { readExportResponse, readExportResponseJson, readRpcStatus } from './export-response.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

const partial = fc.record({ rejectedItems: fc.nat(), message: fc.string({ unit: 'grapheme' }) })

test('partial success, in protobuf and in JSON', () => {
  fc.assert(
    fc.property(
      partial,
      fc.constantFrom('rejectedSpans', 'rejectedDataPoints', 'rejectedLogRecords'),
      (response, name) => {
        const { rejectedItems, message } = response
        const protobuf = new ProtobufWriter()
          .fixed64(7, 1n)
          .message(1, (w) => w.varint(1, rejectedItems).string(2, message).fixed32(9, 1))
          .finish()
        expect(readExportResponse(protobuf)).toEqual(response)
        const json = (count: number | string): string =>
          JSON.stringify({ partialSuccess: { [name]: count, errorMessage: message } })
        expect(readExportResponseJson(json(rejectedItems))).toEqual(response)
        expect(readExportResponseJson(json(String(rejectedItems)))).toEqual(response)
      },
    ),
  )
})

test('full success', () => {
  expect(readExportResponse(new Uint8Array(0))).toEqual({ rejectedItems: 0, message: '' })
  expect(readExportResponseJson('{}')).toEqual({ rejectedItems: 0, message: '' })
  expect(readExportResponseJson('{"partialSuccess":null}')).toEqual({ rejectedItems: 0, message: '' })
})

test('google.rpc.Status, with RetryInfo among other details', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 16 }),
      fc.string(),
      fc.nat({ max: 1e6 }),
      fc.nat({ max: 999 }),
      (code, message, seconds, ms) => {
        const status = new ProtobufWriter()
          .varint(1, code)
          .string(2, message)
          .message(3, (w) => w.string(1, 'type.googleapis.com/google.rpc.Help').message(2, () => w.string(1, 'x')))
          .message(3, (w) =>
            w
              .string(1, 'type.googleapis.com/google.rpc.RetryInfo')
              .message(2, () => w.message(1, () => w.varint(1, seconds).varint(2, ms * 1e6))),
          )
          .finish()
        expect(readRpcStatus(status)).toEqual({ code, message, retryDelayMs: seconds * 1000 + ms })
      },
    ),
  )
  expect(readRpcStatus(new ProtobufWriter().varint(1, 14).finish())).toEqual({ code: 14, message: '' })
})

test('any bytes are read or are none, and never throw', () => {
  const tags = fc.constantFrom(0x08, 0x0a, 0x12, 0x1a, 0x22, 0x01, 0x0d, 0xff)
  const bytes = fc.uint8Array({ maxLength: 40 }).chain((tail) => fc.tuple(fc.array(tags), fc.constant(tail)))
  fc.assert(
    fc.property(bytes, fc.string(), ([head, tail], text) => {
      const input = Uint8Array.from([...head, ...tail])
      for (const read of [readExportResponse(input), readRpcStatus(input), readExportResponseJson(text)]) {
        expect(read === undefined || typeof read.message === 'string').toBe(true)
      }
    }),
  )
  for (const broken of [[0x0a, 0x05, 0x01], [0x08], [0x0b], [0x00], [0x0a, 0x02, 0x08, 0x80]]) {
    expect(readExportResponse(Uint8Array.from(broken))).toBeUndefined()
  }
  for (const broken of ['', '[', 'null', '7', '"x"']) expect(readExportResponseJson(broken)).toBeUndefined()
})
