import { array, assert, boolean, constant, dictionary, double, letrec, oneof, property, string } from 'fast-check'
import { expect, it } from 'vitest'
import { PartialArguments } from './partial-arguments.ts'

const key = string({ minLength: 1, maxLength: 4 }).filter((name) => !/['"[\]]|^__proto__$/.test(name))
const { tree } = letrec((tie) => ({
  tree: oneof(
    { depthSize: 'small' },
    string(),
    double({ noNaN: true, noDefaultInfinity: true }),
    boolean(),
    constant(null),
    array(tie('tree'), { minLength: 1, maxLength: 4 }),
    dictionary(key, tie('tree'), { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
  ),
}))

interface Part {
  readonly jsonPath: string
  readonly [value: string]: unknown
}

/** The parts that say a value, its texts in pieces of at most three characters. */
function parts(value: unknown, path: string): Part[] {
  if (Array.isArray(value)) return value.flatMap((element, index) => parts(element, `${path}[${index}]`))
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([name, inner]) => parts(inner, `${path}['${name}']`))
  if (typeof value === 'string')
    return (value.match(/[\s\S]{1,3}/g) ?? ['']).map((stringValue) => ({ jsonPath: path, stringValue }))
  if (typeof value === 'number') return [{ jsonPath: path, numberValue: value }]
  return [typeof value === 'boolean' ? { jsonPath: path, boolValue: value } : { jsonPath: path, nullValue: 'NULL' }]
}

it('puts together what its parts say', () => {
  assert(
    property(dictionary(key, tree, { noNullPrototype: true }), (value) => {
      const partial = new PartialArguments()
      for (const part of parts(value, '$')) partial.add([part])
      expect(partial.value).toEqual(value)
    }),
  )
})

it('reads plain names', () => {
  const partial = new PartialArguments()
  partial.add([
    { jsonPath: '$.place.city', stringValue: 'Bos', willContinue: true },
    { jsonPath: '$.place.city', stringValue: 'ton' },
    { jsonPath: '$.days[1]', numberValue: 2 },
  ])
  expect(partial.value).toEqual({ place: { city: 'Boston' }, days: [undefined, 2] })
})

it.each([
  ["$['__proto__']['polluted']", { stringValue: 'x' }],
  ['$.list[999999999]', { stringValue: 'x' }],
  ['', { stringValue: 'x' }],
  [undefined, {}],
  [`$${'.a'.repeat(1_000)}`, { boolValue: true }],
])('takes no harm of the path %s', (jsonPath, value) => {
  const partial = new PartialArguments()
  partial.add([{ jsonPath, ...value }])
  partial.add('nonsense')
  expect(JSON.stringify(partial.value).length).toBeLessThan(20)
  expect(Reflect.get({}, 'polluted')).toBeUndefined()
})
