import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeOtlpProtobuf } from '../../test/support/otlp-proto.ts'
import { jsonAttributes, logRecord, serialiseLogs } from './log-record.ts'
import { logsRequest } from './otlp-logs.ts'

const resource = { 'service.name': 'support', 'process.pid': 42 }
const attributes = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 8 })
const hex = (size: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: size, maxLength: size })

it('says in Protocol Buffers what it says in JSON', () => {
  const record = fc
    .record({
      name: fc.string({ minLength: 1 }),
      severityNumber: fc.integer({ min: 1, max: 24 }),
      atMs: fc.integer({ min: 1, max: 2 ** 42 }),
      span: fc.option(fc.record({ traceId: hex(32), spanId: hex(16), traceFlags: fc.constant(1) }), {
        nil: undefined,
      }),
      attributes: attributes.map((each) => jsonAttributes(each, new Set(['score']))),
    })
    .map(logRecord)
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 4 }), (records) => {
      const json: unknown = JSON.parse(new TextDecoder().decode(serialiseLogs(resource, records)))
      expect(withoutEmpty(decodeOtlpProtobuf('logs', logsRequest(resource, records)))).toEqual(withoutEmpty(json))
    }),
  )
})

/** An empty list or key and an absent one are the same in Protocol Buffers; JSON has no -0. */
const withoutEmpty = (request: unknown): unknown =>
  JSON.parse(
    JSON.stringify(request, (key, field: unknown) =>
      (Array.isArray(field) && field.length === 0) || (key === 'key' && field === '') ? undefined : field,
    ),
  )
