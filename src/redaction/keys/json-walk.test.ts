import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { JsonWalk, OBJECT } from './json-walk.ts'
import type { LeafKind } from './json-walk.ts'

interface Leaf {
  readonly path: string
  readonly raw: string
  readonly kind: LeafKind
}

function leavesOf(text: string): Leaf[] {
  const bytes = Buffer.from(text)
  const leaves: Leaf[] = []
  const walk = new JsonWalk({
    open: () => undefined,
    key: () => undefined,
    close: () => undefined,
    leaf: ({ depth, kind, keyFrom, keyTo }, from, to, leafKind) => {
      const path: string[] = []
      for (let frame = 1; frame <= depth; frame++)
        if (kind[frame] === OBJECT) path.push(bytes.subarray(keyFrom[frame], keyTo[frame]).toString())
      leaves.push({ path: path.join('.'), raw: bytes.subarray(from, to).toString(), kind: leafKind })
    },
  })
  walk.walk(bytes, 0, bytes.length)
  return leaves
}

const shown = (text: string): string =>
  leavesOf(text)
    .map(({ path, raw, kind }) => `${path}=${raw}${kind === 'string' ? '' : '#'}`)
    .join(' | ')

test.each([
  ['{"a":1,"b":{"c":"d","e":[1,"x",{"f":null}]},"g":""}', 'a=1# | b.c=d | b.e=1# | b.e=x | b.e.f=null# | g='],
  ['Record: {"name": "Mia \\"x\\" \\\\", "e": 2} and {"b":3}.', 'name=Mia \\"x\\" \\\\ | e=2# | b=3#'],
  ['{"n":"text {\\"k\\":\\"v\\"} more","t":"tail"}', 'n.k=v | n=text {\\"k\\":\\"v\\"} more | t=tail'],
  [
    "{'name': 'Mia', 'args': '{\"x\": \"y\"}', 'o': \"O'Brien\", 'f': True}",
    'name=Mia | args.x=y | args={"x": "y"} | o=O\'Brien | f=True#',
  ],
  ['{"a":"cut {\\"b\\": \\"of', 'a.b=of | a=cut {\\"b\\": \\"of'],
  ['{"a":{"b":"c","d', 'a.b=c'],
  ['{\\"name\\": \\"Mia\\", \\"n\\": {\\"x\\": 1}}', 'name=Mia | n.x=1#'],
  ['he said "{\\"name\\": \\"Mia\\"}" and {"x":"y"}', 'name=Mia | x=y'],
  ['{"a": "b" "c"} {"d":"e"}', 'a=b | d=e'],
  ['function() { return "x" } {"a":"b"}', 'a=b'],
  ['[{"a":"b"},{"a":["x","y"]}]', 'a=b | a=x | a=y'],
  ['{"c":"def f():\\n  return {\\"name\\": \\"x\\"}\\n"}', 'c.name=x | c=def f():\\n  return {\\"name\\": \\"x\\"}\\n'],
])('%s', (text, leaves) => {
  expect(shown(text)).toBe(leaves)
})

/** What a reader of the document sees: strings that hold JSON are read as well. */
function expectedLeaves(value: unknown, path: readonly string[] = []): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => expectedLeaves(one, path))
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, one]) => expectedLeaves(one, [...path, key]))
  const own = path.length === 0 ? [] : [`${path.join('.')}=${JSON.stringify(value)}`]
  return typeof value === 'string' && value.startsWith('{"')
    ? [...expectedLeaves(JSON.parse(value), path), ...own]
    : own
}

const key = fc.stringMatching(/^[a-z]{1,4}$/)
const { value: json } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      fc.string().filter((text) => !text.includes('{')),
      fc.integer(),
      fc.constant(null),
      fc.boolean(),
    ),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3 }),
    fc.dictionary(key, tie('value'), { minKeys: 1, maxKeys: 3 }).map((value) => JSON.stringify(value)),
  ),
}))
const document = fc.dictionary(key, json, { minKeys: 1, maxKeys: 4 })

test('every value of a document is told with its path, at all depths of strings', () => {
  fc.assert(
    fc.property(document, (value) => {
      const leaves = leavesOf(JSON.stringify(value)).map(({ path, raw, kind }) => `${path}=${decoded(path, raw, kind)}`)
      expect(leaves.length).toBe(expectedLeaves(value).length)
      expect(leaves.map(pathOf)).toEqual(expectedLeaves(value).map(pathOf))
    }),
    { numRuns: 1000 },
  )
})

const pathOf = (leaf: string): string => leaf.slice(0, leaf.indexOf('='))
const decoded = (_: string, raw: string, kind: LeafKind): string => (kind === 'string' ? `"${raw}"` : raw)

test('strings of the outermost level are told as they stand', () => {
  fc.assert(
    fc.property(fc.dictionary(key, fc.string(), { minKeys: 1 }), (value) => {
      const told = leavesOf(JSON.stringify(value)).map(({ path, raw }) => [path, JSON.parse(`"${raw}"`) as unknown])
      expect(told.filter(([path]) => !String(path).includes('.'))).toEqual(Object.entries(value))
    }),
    { numRuns: 1000 },
  )
})

test('whatever the text, ranges lie within it and a cut document tells no more than the whole one', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '\\',
    '\\"',
    ':',
    ',',
    ' ',
    'a',
    '1',
    '\\n',
    '{"a":"',
    'null',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join('')
      for (const { raw } of leavesOf(text)) expect(text).toContain(raw)
    }),
    { numRuns: 3000 },
  )
  fc.assert(
    fc.property(document, fc.nat(), (value, at) => {
      const text = JSON.stringify(value)
      expect(leavesOf(text.slice(0, at % text.length)).length).toBeLessThanOrEqual(leavesOf(text).length + 12)
    }),
  )
})

test.each(['{"a":', '[', '{"a":[', '\\', '{"', '"', "{'a':'", '{"a":"{\\"a\\":\\"'])('linear: %s', (piece) => {
  const text = piece.repeat(40_000)
  let calls = 0
  const count = (): void => void calls++
  const walk = new JsonWalk({ open: count, key: count, close: count, leaf: count })
  walk.walk(Buffer.from(text), 0, text.length)
  expect(calls).toBeLessThanOrEqual(text.length * 3)
})
