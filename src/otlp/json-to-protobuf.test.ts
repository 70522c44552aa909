import { isUtf8 } from 'node:buffer'
import { array, assert, constantFrom, nat, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeIndependently, otlpJson, otlpRequest } from '../../test/support/otlp-arbitrary.ts'
import { unlessRefused } from '../../test/support/unless-refused.ts'
import { decodeIndependently } from '../../test/support/otlp-reflection.ts'
import { jsonToProtobuf } from './json-to-protobuf.ts'
import { OtlpError } from './otlp-error.ts'
import { protobufToJson } from './protobuf-to-json.ts'

const signals = ['traces', 'metrics', 'logs'] as const

const transcoded = (signal: (typeof signals)[number], json: string): unknown =>
  decodeIndependently(signal, jsonToProtobuf(signal, Buffer.from(json)))

/** The only span of a batch with these fields, as protobufjs reads it. */
function span(fields: string): unknown {
  const request = transcoded('traces', `{"resourceSpans":[{"scopeSpans":[{"spans":[{${fields}}]}]}]}`)
  return JSON.parse(JSON.stringify(request)).resourceSpans[0].scopeSpans[0].spans[0]
}
const value = (anyValue: string): unknown => {
  const request = transcoded('logs', `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${anyValue}}]}]}]}`)
  return Reflect.get(request as object, 'resourceLogs')[0].scopeLogs[0].logRecords[0].body
}
const refusal = (signal: (typeof signals)[number], json: string | Buffer): string => {
  const outcome = unlessRefused(() => jsonToProtobuf(signal, Buffer.from(json)))
  return outcome instanceof OtlpError ? outcome.message : 'accepted'
}

describe.each(signals)('JSON and protobuf of %s', (signal) => {
  test('agree, however the JSON is written', () => {
    assert(
      property(otlpRequest(signal), array(nat({ max: 59 }), { maxLength: 40 }), (request, picks) => {
        const json = otlpJson(signal, request, picks)
        expect(transcoded(signal, json)).toStrictEqual(
          decodeIndependently(signal, encodeIndependently(signal, request)),
        )
      }),
      { numRuns: 100 },
    )
  })

  test('agree where they stand at any offset of their memory', () => {
    assert(
      property(otlpRequest(signal), nat({ max: 7 }), (request, offset) => {
        const json = Buffer.from(otlpJson(signal, request, []))
        const memory = Buffer.alloc(json.length + 16, '"')
        json.copy(memory, offset)
        expect(jsonToProtobuf(signal, memory.subarray(offset, offset + json.length))).toEqual(
          jsonToProtobuf(signal, json),
        )
      }),
      { numRuns: 50 },
    )
  })

  test('protobuf to JSON and back is the same message', () => {
    assert(
      property(otlpRequest(signal), (request) => {
        const bytes = encodeIndependently(signal, request)
        const json = protobufToJson(signal, bytes)
        expect(() => JSON.parse(json)).not.toThrow()
        expect(transcoded(signal, json)).toStrictEqual(decodeIndependently(signal, bytes))
      }),
      { numRuns: 100 },
    )
  })

  test('an empty request is empty bytes', () => {
    expect(jsonToProtobuf(signal, Buffer.from(' {} '))).toHaveLength(0)
    expect(protobufToJson(signal, Buffer.alloc(0))).toBe('{}')
  })
})

describe('OTLP/JSON', () => {
  test.each([
    ['{"intValue":"9007199254740993"}', { intValue: '9007199254740993' }],
    ['{"intValue":9007199254740993}', { intValue: '9007199254740993' }],
    ['{"intValue":-9223372036854775808}', { intValue: '-9223372036854775808' }],
    ['{"intValue":1e3}', { intValue: '1000' }],
    ['{"intValue":"12.50e1"}', { intValue: '125' }],
    ['{"int\\u0056alue":"\\u0031"}', { intValue: '1' }],
    ['{"doubleValue":1}', { doubleValue: 1 }],
    ['{"doubleValue":"-Infinity"}', { doubleValue: -Infinity }],
    ['{"doubleValue":0.1}', { doubleValue: 0.1 }],
    ['{"doubleValue":123456789012345678901234567890}', { doubleValue: 1.2345678901234568e29 }],
    ['{"stringValue":"\\ud83d\\ude00 \\ud800 \\udc00x"}', { stringValue: '😀 \ufffd \ufffdx' }],
    ['{"stringValue":"a\\/b\\b\\f\\n\\r\\t\\"\\\\"}', { stringValue: 'a/b\b\f\n\r\t"\\' }],
    ['{"bytesValue":"-_8="}', { bytesValue: Buffer.from([0xfb, 0xff]) }],
    ['{"bytesValue":"+\\/8"}', { bytesValue: Buffer.from([0xfb, 0xff]) }],
    [
      '{"arrayValue":{"values":[null,{},{"boolValue":false}]}}',
      { arrayValue: { values: [{}, {}, { boolValue: false }] } },
    ],
    ['{"kvlistValue":{"values":[]}}', { kvlistValue: {} }],
    ['{"plain":{"key1":{"stringValue":"x"}}}', {}],
    ['null', undefined],
  ])('a value %s', (json, expected) => {
    expect(value(json)).toStrictEqual(expected)
  })

  test.each([
    ['"kind":3', { kind: 3 }],
    ['"kind":"SPAN_KIND_CLIENT"', { kind: 3 }],
    ['"kind":99', { kind: 99 }],
    ['"status":{"code":"STATUS_CODE_ERROR","message":null}', { status: { code: 2 } }],
    ['"start_time_unix_nano":1790000000123456789', { startTimeUnixNano: '1790000000123456789' }],
    ['"endTimeUnixNano":"18446744073709551615"', { endTimeUnixNano: '18446744073709551615' }],
    ['"flags":4294967295', { flags: 4294967295 }],
    ['"attributes":[],"events":null', {}],
    ['"name":"first","name":"last"', { name: 'last' }],
    ['"links":[{"flags":1}],"links":[{"flags":2}]', { links: [{ flags: 1 }, { flags: 2 }] }],
  ])('a span with %s', (fields, expected) => {
    expect(span(fields)).toEqual(expected)
  })

  test('ids are hex in either case, of their size or empty', () => {
    const bytes = jsonToProtobuf(
      'logs',
      Buffer.from(record('"traceId":"5B8EFFF798038103D269B633813FC60c","spanId":""')),
    )
    expect(bytes.includes(Buffer.from('5b8efff798038103d269b633813fc60c', 'hex'))).toBe(true)
    for (const id of [
      '5b8e',
      'xBPVtf6jZXMl/2YzIMf9EA==',
      '5b8efff798038103d269b633813fc60g',
      '5b8efff798038103d269b633813fc60',
    ]) {
      expect(refusal('logs', record(`"traceId":"${id}"`))).toContain(
        'resourceLogs[0].scopeLogs[0].logRecords[0].traceId',
      )
    }
  })

  test('bytes that are not UTF-8 become U+FFFD, as many as they are', () => {
    const json = Buffer.concat([
      Buffer.from('{"resourceSpans":[{"schemaUrl":"'),
      Buffer.alloc(5000, 0xff),
      Buffer.from('é\\n"}]}'),
    ])
    expect(decodeIndependently('traces', jsonToProtobuf('traces', json))).toEqual({
      resourceSpans: [{ schemaUrl: `${'\ufffd'.repeat(5000)}é\n` }],
    })
  })

  test('UTF-8 is checked as Unicode defines it', () => {
    const sequences = [
      'c080',
      'c1bf',
      'e08080',
      'eda080',
      'edbfbf',
      'f0808080',
      'f4908080',
      'f5808080',
      'e282',
      'f09f98',
      '80',
      'e28261',
    ]
    for (const hex of [...sequences, 'c280', 'dfbf', 'e0a080', 'ed9fbf', 'ee8080', 'efbfbf', 'f0908080', 'f48fbfbf']) {
      const text = Buffer.from(hex, 'hex')
      const json = Buffer.concat([Buffer.from('{"resourceSpans":[{"schemaUrl":"abc'), text, Buffer.from('"}]}')])
      const { resourceSpans } = Object(decodeIndependently('traces', jsonToProtobuf('traces', json)))
      const isText = isUtf8(text)
      expect(isUtf8(Buffer.from(resourceSpans[0].schemaUrl))).toBe(true)
      expect([hex, resourceSpans[0].schemaUrl.includes('\ufffd')]).toEqual([hex, !isText])
    }
  })

  test('a byte order mark is skipped, anything behind the request is refused', () => {
    expect(jsonToProtobuf('traces', Buffer.from('\ufeff{}'))).toHaveLength(0)
    expect(refusal('traces', '{} {}')).toContain('something behind the request')
  })

  test.each([
    ['', 'no object'],
    ['[]', 'no object'],
    ['null', 'no object'],
    ['{"resourceLogs":{}}', 'no array, at resourceLogs, byte 16'],
    ['{"resourceLogs":[1]}', 'no object, at resourceLogs[0], byte 17'],
    ['{"resourceLogs":[{},]}', 'no object, at resourceLogs[1]'],
    ['{"resourceLogs":[{}}', 'no comma or end of the array'],
    ['{"resourceLogs":[]', 'no comma or end of the object'],
    ['{"resourceLogs" []}', 'no ":"'],
    ['{resourceLogs:[]}', 'no name of a field'],
    ['{"resourceLogs":[],}', 'no name of a field'],
    ['{"unknown":tru}', 'no value'],
    ['{"unknown":01}', 'a number that is none'],
    ['{"unknown":[1 2]}', 'no comma or end'],
    ['{"unknown":"x', 'a string without an end'],
    ['{"unknown":"\\', 'a string without an end'],
    ['{"a\nb":1}', 'a control character'],
    [record(`"severityText":"${'x'.repeat(40)}\u0001${'x'.repeat(40)}"`), 'a control character'],
    [record('"body":[]'), 'no object, at resourceLogs[0].scopeLogs[0].logRecords[0].body'],
    [record('"severityText":1'), 'no string'],
    [record('"severityText":"\\x"'), 'an escape'],
    [record('"severityText":"\\u12"'), 'an escape'],
    [record('"timeUnixNano":{}'), 'no value'],
    [record('"timeUnixNano":-1'), 'no integer of that size'],
    [record('"timeUnixNano":18446744073709551616'), 'no integer of that size'],
    [record('"timeUnixNano":1.5'), 'no integer of that size'],
    [record('"timeUnixNano":1e99999'), 'no integer of that size'],
    [record('"timeUnixNano":"0x10"'), 'no integer of that size'],
    [record('"timeUnixNano":""'), 'no integer of that size'],
    [record('"flags":4294967296'), 'no integer of that size'],
    [record('"droppedAttributesCount":-1'), 'no integer of that size'],
    [record('"severityNumber":2147483648'), 'no integer of that size'],
    [record('"severityNumber":"constructor"'), 'a name that the enum does not have'],
    [record('"body":{"intValue":"9223372036854775808"}'), 'no integer of that size'],
    [record('"body":{"boolValue":1}'), 'no value'],
    [record('"body":{"doubleValue":"Inf"}'), 'no number'],
    [record('"body":{"doubleValue":1e999}'), 'no number'],
    [record('"body":{"doubleValue":.5}'), 'no number'],
    [record('"body":{"doubleValue":+1}'), 'no number'],
    [record('"body":{"bytesValue":"a"}'), 'no base64'],
    [record('"body":{"bytesValue":"a b="}'), 'no base64'],
    [
      record('"attributes":[{"key":"a","value":"plain"}]'),
      'no object, at resourceLogs[0].scopeLogs[0].logRecords[0].attributes[0].value',
    ],
    [record('"attributes":{"a":1}'), 'no array'],
  ])('refuses %s', (json, message) => {
    expect(refusal('logs', json)).toContain(message)
  })

  test('is refused when it is nested deeper than protobuf may be, and never overflows', () => {
    const nested = (depth: number): string =>
      record(`"body":${'{"arrayValue":{"values":['.repeat(depth)}{}${']}}'.repeat(depth)}`)
    expect(refusal('logs', nested(47))).toBe('accepted')
    expect(refusal('logs', nested(48))).toContain('nested deeper than 100 messages')
    expect(refusal('logs', nested(100_000))).toContain('nested deeper than 100 messages')
    expect(refusal('logs', `{"unknown":${'['.repeat(100_000)}`)).toContain('nested too deep')
    expect(refusal('logs', `{"unknown":${'[{"a":'.repeat(100_000)}`)).toContain('nested too deep')
  })

  test('an error never holds content', () => {
    const secret = 'hunter2'
    const request = record(
      `"severityText":"${secret}","body":{"stringValue":"${secret}"},"attributes":[{"key":"${secret}"}],"${secret}":1`,
    )
    assert(
      property(nat({ max: request.length }), string({ maxLength: 3 }), nat({ max: 4 }), (at, inserted, removed) => {
        const broken = request.slice(0, at) + inserted + request.slice(at + removed)
        expect(refusal('logs', broken)).not.toContain(secret)
      }),
      { numRuns: 200 },
    )
  })

  test('broken anywhere, it is transcoded to something that walks, or refused', () => {
    const bytes = constantFrom(
      0,
      0x22,
      0x5c,
      0x7b,
      0x7d,
      0x5b,
      0x5d,
      0x2c,
      0x3a,
      0x30,
      0x2d,
      0x65,
      0x6e,
      0x80,
      0xff,
      0xf0,
    )
    assert(
      property(
        otlpRequest('traces'),
        array(nat({ max: 59 }), { maxLength: 20 }),
        nat(),
        bytes,
        (request, picks, where, byte) => {
          const json = Buffer.from(otlpJson('traces', request, picks))
          const at = where % json.length
          json[at] = byte
          for (const broken of [json, json.subarray(0, at)]) {
            const output = unlessRefused(() => jsonToProtobuf('traces', broken))
            if (!(output instanceof OtlpError)) decodeIndependently('traces', output)
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  test('takes the memory it is given, and asks for more when numbers grow', () => {
    const counts = Array.from({ length: 5000 }, () => 1)
    const json = `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"bucketCounts":[${counts.join()}]}]}}]}]}]}`
    const sizes: number[] = []
    const bytes = jsonToProtobuf('metrics', Buffer.from(json), (size) => {
      sizes.push(size)
      return Buffer.alloc(size)
    })
    expect(bytes).toEqual(jsonToProtobuf('metrics', Buffer.from(json)))
    expect(bytes.length).toBeGreaterThan(40_000)
    expect(sizes.length).toBeGreaterThan(1)
    expect(Math.max(...sizes)).toBeLessThan(80_000)
  })
})

function record(fields: string): string {
  return `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{${fields}}]}]}]}`
}
