import { assert, constantFrom, nat, property, array } from 'fast-check'
import { Type } from 'protobufjs'
import { describe, expect, test } from 'vitest'
import { Edits } from '../../src/otlp/edits.ts'
import { jsonToProtobuf } from '../../src/otlp/json-to-protobuf.ts'
import type { Signal } from '../../src/otlp/schema.ts'
import { OtlpView } from '../../src/otlp/view.ts'
import { redaction } from '../../src/sidecar/processors/redaction.ts'
import { testContext } from '../support/component-context.ts'
import { encodeIndependently, otlpJson, otlpRequest } from '../support/otlp-arbitrary.ts'
import type { OtlpMessage, OtlpValue } from '../support/otlp-reflection.ts'
import { otlpTypes } from '../support/otlp-reflection.ts'
import { anyRuleExample, ruleExamples } from '../support/rule-examples.ts'

const SIGNALS: readonly Signal[] = ['traces', 'metrics', 'logs']
const processor = redaction.create(redaction.config.parse({}), testContext('redaction'))

function redact(signal: Signal, bytes: Uint8Array): Buffer {
  const view = new OtlpView(signal, bytes)
  const edits = new Edits(view)
  processor.process(view, edits)
  return Buffer.from(edits.apply())
}

const decode = (signal: Signal, bytes: Uint8Array): OtlpMessage =>
  otlpTypes[signal].toObject(otlpTypes[signal].decode(bytes), { longs: String, bytes: Buffer }) as OtlpMessage

/** All texts of a request with where they stand. */
function textsOf(type: Type, model: OtlpMessage, path = ''): { path: string; text: string; set(text: string): void }[] {
  return Object.entries(model).flatMap(([name, value]) => {
    const field = type.fields[name]
    if (field === undefined) return []
    const inner = field.resolve().resolvedType
    const here = path === '' ? name : `${path}.${name}`
    const isBytes = name === 'bytesValue'
    const list = Array.isArray(value) ? value : [value]
    return list.flatMap((element, i) => {
      if (inner instanceof Type) return textsOf(inner, element as OtlpMessage, here)
      if (field.type !== 'string' && !isBytes) return []
      const set = (text: string): void => {
        const written: OtlpValue = isBytes ? Buffer.from(text) : text
        if (Array.isArray(value)) value[i] = written
        else model[name] = written
      }
      return [{ path: here, text: String(element), set }]
    })
  })
}

/** A request in which every text of every message of the signal is this one. */
function everywhere(type: Type, text: string, depth = 0): OtlpMessage {
  const model: OtlpMessage = {}
  for (const field of type.fieldsArray) {
    const inner = field.resolve().resolvedType
    const isText = field.type === 'string' || field.name === 'bytesValue'
    if (!(inner instanceof Type) && !isText) continue
    if (inner instanceof Type && depth > 9) continue
    const value = inner instanceof Type ? everywhere(inner, text, depth + 1) : valueIn(field.type, text)
    model[field.name] = field.repeated ? [value] : value
  }
  return model
}
const valueIn = (type: string, text: string): OtlpValue => (type === 'string' ? text : Buffer.from(text))

describe('no example of a rule gets through', () => {
  test.each(SIGNALS)('in any place of %s', (signal) => {
    const type = otlpTypes[signal]
    const leaks: string[] = []
    for (const { rule, text, values } of ruleExamples) {
      const after = decode(signal, redact(signal, encodeIndependently(signal, everywhere(type, text))))
      for (const place of textsOf(type, after))
        for (const value of values)
          if (place.text.includes(value)) leaks.push(`${rule} in ${place.path}: ${place.text}`)
    }
    expect([leaks.length, ...leaks.slice(0, 5)]).toEqual([0])
  })

  test('among other texts, in Protocol Buffers and in JSON, and twice is once', () => {
    const requests = constantFrom(...SIGNALS).chain((signal) =>
      otlpRequest(signal).map((request) => ({ signal, request })),
    )
    const picks = array(nat(), { maxLength: 8 })
    assert(
      property(requests, anyRuleExample, nat(), picks, ({ signal, request }, { text, values }, pick, ways) => {
        const places = textsOf(otlpTypes[signal], request)
        const place = places[pick % Math.max(1, places.length)]
        if (place === undefined) return
        place.set(text)
        const after = redact(signal, encodeIndependently(signal, request))
        const texts = textsOf(otlpTypes[signal], decode(signal, after)).map((one) => one.text)
        for (const value of values)
          expect(texts.filter((one) => one.includes(value) && one.length === text.length)).toEqual([])
        expect(redact(signal, after).equals(after)).toBe(true)
        const json = jsonToProtobuf(signal, Buffer.from(otlpJson(signal, request, ways)), Buffer.alloc)
        expect(decode(signal, redact(signal, json))).toEqual(decode(signal, after))
      }),
      { numRuns: 200 },
    )
  })
})
