import { describe, expect, test } from 'vitest'
import { Edits } from './edits.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
import { fieldId } from './schema.ts'
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
        for (const name of names)
          w.message(2, () => w.string(5, name).keyValue(9, 'gen_ai.request.model', 'm'.repeat(100)))
      }),
    )
    .finish()

describe('edits', () => {
  test('no edit gives the same bytes object', () => {
    const view = new OtlpView('traces', batch('a'))
    expect(new Edits(view).apply()).toBe(view.bytes)
  })

  test('a longer text mends the lengths of everything around it, over the size of their varints', () => {
    const view = new OtlpView('traces', batch('a', 'b'))
    const edits = new Edits(view)
    const [first, second] = nodesOf(view, NAME) as [number, number]
    edits.replace(second, 'x'.repeat(20_000))
    edits.replace(first, '')
    edits.appendAttribute(nodesOf(view, SPAN)[1] as number, 'n', 5)
    expect(view.text(second)).toBe('x'.repeat(20_000))
    const after = new OtlpView('traces', edits.apply())
    expect(nodesOf(after, NAME).map((n) => after.text(n))).toEqual(['', 'x'.repeat(20_000)])
    expect(nodesOf(after, ATTRIBUTE).map((n) => after.numberValue(n) ?? after.stringValue(n)?.length)).toEqual([
      100, 100, 5,
    ])
  })

  test('a removed span swallows the changes inside it and keeps its neighbours', () => {
    const view = new OtlpView('traces', batch('a', 'b', 'c'))
    const edits = new Edits(view)
    const [first, second] = nodesOf(view, SPAN) as [number, number]
    edits.appendAttribute(first, 'kept', 'yes')
    edits.replace(nodesOf(view, NAME)[1] as number, 'gone')
    edits.appendAttribute(second, 'lost', 'yes')
    edits.remove(second)
    const after = new OtlpView('traces', edits.apply())
    expect(nodesOf(after, NAME).map((n) => after.text(n))).toEqual(['a', 'c'])
    expect(nodesOf(after, ATTRIBUTE)).toHaveLength(3)
  })

  test('overlapping edits are an error of the caller', () => {
    const view = new OtlpView('traces', batch('abcdef'))
    const edits = new Edits(view)
    const [name = 0] = nodesOf(view, NAME)
    const body = view.body(name)
    edits.replaceRange(name, body, body + 3, 'x')
    edits.replaceRange(name, body + 2, body + 4, 'y')
    expect(() => edits.apply()).toThrow('overlap')
  })
})
