import { anything, assert, property } from 'fast-check'
import { expect, test } from 'vitest'
import { jsonCopy } from './json-copy.ts'

const things = anything({
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
})

test('it is what JSON.stringify writes', () => {
  assert(
    property(things, (value) => {
      expect(JSON.stringify(jsonCopy(value))).toBe(JSON.stringify(value))
    }),
  )
})

test('what runs in the original runs once, and what is changed afterwards stays outside', () => {
  let runs = 0
  const original = {
    list: [{ text: 'a' }],
    get counted() {
      return (runs += 1)
    },
    dressed: { model: 'small', toJSON: () => ({ model: 'large' }) },
  }
  const copy = jsonCopy(original)
  original.list.push({ text: 'b' })
  expect(JSON.stringify(copy)).toBe(JSON.stringify(copy))
  expect(copy).toEqual({ list: [{ text: 'a' }], counted: 1, dressed: { model: 'large' } })
})

test('own keys that mean something to objects, and texts of numbers, stay', () => {
  const text = '{"__proto__":{"a":1},"toString":2}'
  expect(JSON.stringify(jsonCopy(JSON.parse(text)))).toBe(text)
  const rawJson: unknown = Reflect.get(JSON, 'rawJSON')
  if (typeof rawJson !== 'function') return
  expect(JSON.stringify(jsonCopy({ seed: rawJson('12345678901234567890') }))).toBe('{"seed":12345678901234567890}')
})

test('a circle throws', () => {
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  expect(() => jsonCopy(circle)).toThrow(RangeError)
})
