import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Subject } from '../subject.ts'
import { exampleOfShape, keyShapeEnd, parseKeyShape } from './key-shape.ts'

const endOf = (form: string, text: string, from = 0): number => {
  const subject = new Subject()
  const bytes = new TextEncoder().encode(text)
  subject.reset(bytes, 0, bytes.length)
  return keyShapeEnd(subject, parseKeyShape('X', form), from)
}

describe('forms', () => {
  const cases: [form: string, text: string, end: number][] = [
    ['ab-{x4}', 'ab-12ef', 7],
    ['ab-{x4}', 'ab-12ef5', -1],
    ['ab-{x4}', 'ab-12e', -1],
    ['ab-{x4}', 'AB-12ef', -1],
    ['~ab-{x4}', 'AB-12EF', 7],
    ['ab_{w4+}', 'ab_1-2_3 x', 8],
    ['ab_{d2-4}', 'ab_123.', 6],
    ['{d2}.{a3}', '12.a1B', 6],
    ['{d2}.{a3}', '12-a1B', -1],
    ['ab{b4+}', 'ab1+/2==', 8],
    ['a{x2}-{x2}-Z', 'a12-34-Z', 8],
    ['?ab_{l12}', 'ab_authorization', -1],
    ['?ab_{l12}', 'ab_qxzvkwjhgbqf', 15],
    ['?ab_{l12}', 'ab_qxzvkwjhgbqf+', -1],
  ]
  test.each(cases)('%s in %s', (form, text, end) => expect(endOf(form, text)).toBe(end))

  test('an unknown class is refused', () => {
    expect(() => parseKeyShape('X', 'ab{q4}')).toThrow('no class of characters q')
  })
})

test('the example of a form has that form, and ends where it ends', () => {
  const part = fc
    .tuple(fc.constantFrom(...'dxulaw'), fc.integer({ min: 1, max: 40 }), fc.constantFrom('', '+'))
    .map(([name, length, open]) => `{${name}${length}${open}}`)
  const form = fc.tuple(
    fc.constantFrom('ab_', 'KEY-', 'x'),
    fc.array(part, { minLength: 1, maxLength: 3 }),
    fc.constantFrom('.', '/'),
  )
  fc.assert(
    fc.property(form, fc.constantFrom('', ' next', '"', '.'), ([prefix, parts, joint], behind) => {
      const text = prefix + parts.join(joint)
      const example = exampleOfShape(parseKeyShape('X', text))
      expect(endOf(text, example + behind)).toBe(example.length)
    }),
  )
})
