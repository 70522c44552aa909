import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import protobuf from 'protobufjs'
import { describe, expect, test } from 'vitest'
import { otlpTypes } from '../../test/support/otlp-reflection.ts'
import { describeWithData, sharedData } from '../../test/support/shared-data.ts'
import { unlessRefused } from '../../test/support/unless-refused.ts'
import { jsonToProtobuf } from './json-to-protobuf.ts'
import { OtlpError } from './otlp-error.ts'
import { protobufToJson } from './protobuf-to-json.ts'
import { requestMessage } from './schema.ts'
import type { FieldSchema, MessageSchema, Signal } from './schema.ts'
import { OtlpView } from './view.ts'

const file = (...parts: string[]): Buffer => readFileSync(sharedData('otlp', ...parts))
const signals = ['traces', 'metrics', 'logs'] as const
const signalOf = (name: string): Signal =>
  /logs|events/.test(name) ? 'logs' : name.includes('metric') ? 'metrics' : 'traces'
const decoded = (signal: Signal, bytes: Uint8Array): unknown => otlpTypes[signal].decode(bytes).toJSON()

describeWithData('otlp/opentelemetry-proto', () => {
  const folder = sharedData('otlp', 'opentelemetry-proto', 'proto')
  const root = new protobuf.Root()
  root.resolvePath = (_origin, target) => join(folder, target)
  for (const name of ['trace', 'metrics', 'logs']) {
    root.loadSync(`opentelemetry/proto/collector/${name}/v1/${name}_service.proto`)
  }
  root.resolveAll()

  test.each(signals)('the schema of %s is that of the .proto files', (signal) => {
    const differences: string[] = []
    const seen = new Set<MessageSchema>()
    const compare = (type: protobuf.Type, message: MessageSchema): void => {
      if (seen.has(message)) return
      seen.add(message)
      const official = type.fieldsArray.filter(({ name }) => !name.endsWith('Strindex'))
      if (official.length !== message.fields.length) differences.push(`${message.name} has other fields`)
      for (const field of official) {
        const ours = message.byJsonName.get(field.name)
        if (ours === undefined || describeField(ours) !== describeOfficial(field)) {
          differences.push(`${message.name}.${field.name}: ${describeOfficial(field)}`)
        } else if (ours.message !== undefined && field.resolvedType instanceof protobuf.Type) {
          compare(field.resolvedType, ours.message)
        }
      }
    }
    const name = requestMessage[signal].name
    compare(root.lookupType(name), requestMessage[signal])
    expect(differences).toEqual([])
    expect(seen.size).toBeGreaterThan(10)
  })

  const describeField = ({ number, repeated, type, enumNames }: FieldSchema): string =>
    `${number} ${type === 'id' ? 'bytes' : type}${repeated ? '[]' : ''} ${JSON.stringify(enumNames ?? {})}`
  const describeOfficial = ({ id, repeated, type, resolvedType }: protobuf.Field): string => {
    const enumNames = resolvedType instanceof protobuf.Enum ? resolvedType.values : undefined
    const kind = enumNames !== undefined ? 'enum' : resolvedType === null ? type : 'message'
    return `${id} ${kind}${repeated ? '[]' : ''} ${JSON.stringify(enumNames ?? {})}`
  }

  test.each(['trace.json', 'metrics.json', 'logs.json', 'events.json'])(
    'example %s is the same as its bytes',
    (name) => {
      const signal = signalOf(name)
      const expected = file('generated-pb', `proto-example-${name.replace('.json', '.pb')}`)
      const bytes = jsonToProtobuf(signal, file('opentelemetry-proto', 'examples', name))
      expect(decoded(signal, bytes)).toEqual(decoded(signal, expected))
      expect(decoded(signal, jsonToProtobuf(signal, Buffer.from(protobufToJson(signal, bytes))))).toEqual(
        decoded(signal, bytes),
      )
    },
  )
})

describeWithData('otlp/generated-pb', () => {
  test.each(readdirSync(sharedData('otlp', 'generated-pb')))('%s: to JSON and back', (name) => {
    const signal = signalOf(name)
    const bytes = file('generated-pb', name)
    const again = jsonToProtobuf(signal, Buffer.from(protobufToJson(signal, bytes)))
    expect(decoded(signal, again)).toEqual(decoded(signal, bytes))
  })
})

describeWithData('otlp/fluent-bit', () => {
  const cases = signals.flatMap((signal) =>
    casesOf(file('fluent-bit', 'internal-cases', `${signal}.json`)).map(
      ([name, input]) => [`${signal} ${name}`, signal, input] as const,
    ),
  )

  test('every case is taken or refused with an OtlpError; what is taken is a request', () => {
    expect(cases.length).toBeGreaterThanOrEqual(139)
    const refused: string[] = []
    for (const [name, signal, input] of cases) {
      const outcome = unlessRefused(() => jsonToProtobuf(signal, Buffer.from(input)))
      if (outcome instanceof OtlpError) refused.push(name)
      else decoded(signal, outcome)
    }
    // Wrong types, wrong ids and broken numbers are refused; what is only missing is an empty request to OTLP.
    expect(refused.length).toBeGreaterThanOrEqual(60)
    // Two are taken by Fluent Bit alone: an enum by a name that is not its own, and a number that is none.
    expect(refused.filter((name) => / (valid|empty)_/.test(name))).toEqual([
      'traces valid_with_event_and_link',
      'metrics valid_invalid_numeric_skips_points',
    ])
    expect(refused).toContain('traces invalid_trace_id')
    expect(refused).toContain('logs base64_encoded_trace_span')
  })

  test.each(['integration', 'runtime'])('the payloads of %s are taken, but for ids in base64', (folder) => {
    const refused = readdirSync(sharedData('otlp', 'fluent-bit', folder)).filter((name) => {
      const body = file('fluent-bit', folder, name)
      const signal = /resource_?(\w+)"/i.exec(body.toString())?.[1]?.toLowerCase() ?? ''
      const outcome = unlessRefused(() => jsonToProtobuf(signalOf(signal === 'spans' ? 'traces' : signal), body))
      return outcome instanceof OtlpError
    })
    expect(refused).toEqual(folder === 'integration' ? ['out_test_logs_metadata_001.in.json'] : [])
  })
})

/** Name and text of the input of each case; numbers as they stand there. */
function casesOf(body: Buffer): [name: string, input: string][] {
  const mark = '\ue000'
  const cases: object = JSON.parse(body.toString(), (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' ? mark + (context?.source ?? String(value)) : value,
  )
  return Object.entries(cases).map(([name, { input }]) => [
    name,
    JSON.stringify(input).replaceAll(new RegExp(`"${mark}([^"]*)"`, 'g'), '$1'),
  ])
}

describeWithData('otlp/generated-hostile', () => {
  const outcome = (name: string, signal: Signal = 'traces'): string => {
    const view = unlessRefused(() => new OtlpView(signal, file('generated-hostile', name)))
    if (view instanceof OtlpError) return `${view.reason}: ${view.message}`
    view.release()
    return 'accepted'
  }

  test.each([40, 44, 46, 47])('arrays nested %i deep are accepted', (depth) => {
    expect(outcome(`nested-array-depth-${depth}.pb`)).toBe('accepted')
  })

  test.each([48, 50, 101, 1000, 10_000, 100_000])('arrays nested %i deep are refused', (depth) => {
    expect(outcome(`nested-array-depth-${depth}.pb`)).toContain('malformed: nested deeper than 100 messages')
  })

  test.each(['truncated-trace.pb', 'length-overrun.pb'])('%s is refused', (name) => {
    expect(outcome(name)).toContain('malformed: not an OTLP message')
  })

  test.each(['unknown-fields.pb', 'empty.pb', 'invalid-utf8-span-name.pb'])('%s is accepted', (name) => {
    expect(outcome(name)).toBe('accepted')
  })

  test('what JSON of it would be is text', () => {
    expect(protobufToJson('traces', file('generated-hostile', 'invalid-utf8-span-name.pb'))).toContain('\ufffd')
  })
})

describe('the corpus', () => {
  test('has a signal for each name', () => {
    expect(['proto-example-trace.pb', 'x-metrics-y.pb', 'events.json'].map(signalOf)).toEqual(signals)
  })
})
