import { array, assert, property } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EditedTwice, editStep } from '../../test/support/edited-twice.ts'
import { encodeIndependently, otlpRequest } from '../../test/support/otlp-arbitrary.ts'
import { decodeIndependently } from '../../test/support/otlp-reflection.ts'
import { Edits } from './edits.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
import { fieldId, UNKNOWN_FIELD } from './schema.ts'
import { OtlpView } from './view.ts'

const SPAN = fieldId('ScopeSpans', 'spans')
const NAME = fieldId('Span', 'name')
const ATTRIBUTE = fieldId('Span', 'attributes')

function nodesOf(view: OtlpView, field: number): number[] {
  return Array.from({ length: view.count }, (_, n) => n).filter((n) => view.field(n) === field)
}

const batch = (...names: string[]): Buffer =>
  new ProtobufWriter()
    .message(1, (w) =>
      w.message(2, () => {
        for (const name of names) {
          w.message(2, () => w.string(5, name).keyValue(9, 'gen_ai.request.model', 'm'.repeat(100)))
        }
      }),
    )
    .finish()

describe.each(['traces', 'metrics', 'logs'] as const)('edits of %s', (signal) => {
  test('change what was intended and nothing else, as an independent library reads it', () => {
    assert(
      property(otlpRequest(signal), array(editStep, { minLength: 1, maxLength: 25 }), (request, steps) => {
        const twice = new EditedTwice(signal, encodeIndependently(signal, request))
        for (const step of steps) twice.make(step)
        const { view, edits, intended } = twice
        for (const [node, text] of twice.texts()) expect(view.text(node)).toBe(text)
        for (let n = 0; n < view.count; n++) expect(view.appended(n)).toEqual(twice.appended(n))
        const edited = edits.apply()
        expect(decodeIndependently(signal, edited)).toStrictEqual(
          decodeIndependently(signal, encodeIndependently(signal, intended)),
        )
        expect(edits.apply()).toEqual(edited)
        expect(() => new OtlpView(signal, edited).release()).not.toThrow()
        view.release()
      }),
      { numRuns: 100 },
    )
  })

  test('none give the same bytes object', () => {
    assert(
      property(otlpRequest(signal), (request) => {
        const view = new OtlpView(signal, encodeIndependently(signal, request))
        expect(new Edits(view).apply()).toBe(view.bytes)
      }),
      { numRuns: 20 },
    )
  })

  test('keep unknown fields byte for byte', () => {
    assert(
      property(otlpRequest(signal), array(editStep, { maxLength: 15 }), array(editStep), (request, unknown, steps) => {
        const strange = new EditedTwice(signal, encodeIndependently(signal, request))
        for (const step of unknown) strange.make({ ...step, what: 'append' })
        const bytes = strange.edits.apply()
        const twice = new EditedTwice(signal, bytes)
        for (const step of steps) if (step.what !== 'remove' && step.what !== 'append') twice.make(step)
        const unknownOf = (view: OtlpView): string[] =>
          nodesOf(view, UNKNOWN_FIELD).map((n) => view.bytes.toString('hex', view.start(n), view.end(n)))
        expect(unknownOf(new OtlpView(signal, twice.edits.apply()))).toEqual(unknownOf(new OtlpView(signal, bytes)))
      }),
      { numRuns: 50 },
    )
  })
})

describe('edits', () => {
  test('a longer text mends the lengths of everything around it, over the size of their varints', () => {
    const view = new OtlpView('traces', batch('a', 'b'))
    const edits = new Edits(view)
    const [first = 0, second = 0] = nodesOf(view, NAME)
    edits.replace(second, 'x'.repeat(20_000))
    edits.replace(first, '')
    edits.appendAttribute(nodesOf(view, SPAN)[1] ?? 0, 'n', 5)
    expect(view.text(second)).toBe('x'.repeat(20_000))
    const after = new OtlpView('traces', edits.apply())
    expect(nodesOf(after, NAME).map((n) => after.text(n))).toEqual(['', 'x'.repeat(20_000)])
    expect(nodesOf(after, ATTRIBUTE).map((n) => after.numberValue(n) ?? after.stringValue(n)?.length)).toEqual([
      100, 100, 5,
    ])
  })

  test('lengths and tags that are written longer than they need be are mended too', () => {
    // resourceSpans, scopeSpans and spans with lengths of four bytes, the tag of the name with three.
    const name = Buffer.from('aa80000161', 'hex')
    const wrap = (tag: number, body: Buffer): Buffer =>
      Buffer.concat([Buffer.from([tag, body.length | 0x80, 0x80, 0x80, 0]), body])
    const view = new OtlpView('traces', wrap(0x0a, wrap(0x12, wrap(0x12, name))))
    const edits = new Edits(view)
    edits.replace(nodesOf(view, NAME)[0] ?? 0, 'b'.repeat(200))
    expect(decodeIndependently('traces', edits.apply())).toEqual({
      resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'b'.repeat(200) }] }] }],
    })
  })

  test('a removed span swallows the changes inside it and keeps its neighbours', () => {
    const view = new OtlpView('traces', batch('a', 'b', 'c'))
    const edits = new Edits(view)
    const [first = 0, second = 0] = nodesOf(view, SPAN)
    edits.appendAttribute(first, 'kept', 'yes')
    edits.replace(nodesOf(view, NAME)[1] ?? 0, 'gone')
    edits.appendAttribute(second, 'lost', 'yes')
    edits.remove(second)
    edits.remove(second)
    const after = new OtlpView('traces', edits.apply())
    expect(nodesOf(after, NAME).map((n) => after.text(n))).toEqual(['a', 'c'])
    expect(nodesOf(after, ATTRIBUTE)).toHaveLength(3)
  })

  test('a key that was edited is none of the known keys any more', () => {
    const view = new OtlpView('traces', batch('a'))
    const edits = new Edits(view)
    const [attribute = 0] = nodesOf(view, ATTRIBUTE)
    expect(view.keyId(attribute)).toBeGreaterThan(0)
    edits.replace(view.keyNode(attribute), 'other')
    expect(view.keyId(attribute)).toBe(0)
  })

  test('overlapping edits and edits outside of a field are errors of the caller', () => {
    const view = new OtlpView('traces', batch('abcdef'))
    const edits = new Edits(view)
    const [name = 0] = nodesOf(view, NAME)
    const body = view.body(name)
    expect(() => edits.replaceRange(name, body, body + 7, 'x')).toThrow('outside of its field')
    expect(() => edits.appendAttribute(name, 'a', 'b')).toThrow('name has no attributes')
    edits.replaceRange(name, body, body + 3, 'x')
    edits.replaceRange(name, body + 2, body + 4, 'y')
    expect(() => edits.apply()).toThrow('overlap')
  })

  test('the result is written to the memory that it is given', () => {
    const view = new OtlpView('traces', batch('a'))
    const edits = new Edits(view)
    edits.replace(nodesOf(view, NAME)[0] ?? 0, 'b')
    const memory = Buffer.alloc(1000)
    const edited = edits.apply(() => memory)
    expect(edited.buffer).toBe(memory.buffer)
    expect(edited).toEqual(batch('b'))
  })
})
