import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { INPUT_SUMMARY_BYTES_MAX, inputSummary, isInputSummary } from './input-summary.ts'

const CANARY = 'Zq7canary'

/** Any value, with a secret for every text in it. */
const secretive = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string().map((text) => `${CANARY}${text}`),
    fc.constant(4_111_111_111_111_111),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('to', 'text', 'userId', 'max_tokens'), tie('value')),
    tie('value').map((value) => JSON.stringify(value)),
    fc.constant(new Map([[CANARY, CANARY]])),
    fc.constant(new Error(CANARY)),
    fc.constant(Buffer.from(CANARY)),
  ),
})).value

describe('input summary', () => {
  test.each<[unknown, string]>([
    [
      { to: 'anna@example.com', tags: ['abcd', 'e'], dryRun: true },
      '{to:string(16),tags:[2:string(4)],dryRun:boolean}',
    ],
    ['{"path":"/etc/passwd","lines":5}', 'json{path:string(11),lines:number}'],
    ['{no json', 'string(8)'],
    [[{ id: 1 }, { id: 2 }], '[2:{id:number}]'],
    [{ a: { b: { c: { d: 1, e: 2 } } } }, '{a:{b:{c:{2}}}}'],
    [Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`name${i}`, 1])), '{33}'],
    [[undefined, null], '[2:undefined]'],
    [new Uint8Array(7), 'bytes(7)'],
    [new Date(0), 'date'],
    [{}, '{}'],
    [[], '[]'],
    [7n, 'bigint'],
  ])('%#: the structure', (value, summary) => {
    expect(inputSummary(value)).toBe(summary)
  })

  test('no value is in it, and it is no longer than 256 bytes', () => {
    fc.assert(
      fc.property(secretive, (value) => {
        const summary = inputSummary(value)
        expect(summary).not.toContain(CANARY)
        expect(summary).not.toContain('4111')
        expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(INPUT_SUMMARY_BYTES_MAX)
        expect(isInputSummary(summary)).toBe(true)
      }),
    )
  })

  test('of any value it has the form', () => {
    fc.assert(
      fc.property(fc.anything({ withDate: true, withMap: true, withBigInt: true, withSparseArray: true }), (value) => {
        expect(inputSummary(value)).toSatisfy(isInputSummary)
      }),
    )
  })

  test.each([
    'anna@example.com',
    '4111111111111111',
    'DE89370400440532013000',
    '0b9d6f0e-5a0c-4f67-9a0e-3d6a6c1c2a11',
    'AKIAIOSFODNN7EXAMPLE',
    'sk-proj-4f9Aq2LmX8',
    'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x',
    'call Anna Smith back',
    'aQbWcEdRfTgYhU',
    'https://example.com/x',
    '"],x:["',
    'ключ',
  ])('a key that could be a value is not shown: %s', (key) => {
    expect(inputSummary({ [key]: 1 })).toBe(`{<key(${key.length})>:number}`)
  })

  test.each(['to', 'userId', 'max_tokens', 'x-request-id', 'line2', 'maxCompletionTokensForUser', '_meta', 'API_KEY'])(
    'a key that is a name is shown: %s',
    (key) => {
      expect(inputSummary({ [key]: 1 })).toBe(`{${key}:number}`)
    },
  )

  test('below the first level a name of a person is as good a key as one of an argument: usual words are shown', () => {
    const people = { Anna: 1, smith: 2, AcmeCorp: 3, anna_smith: 4 }
    const hidden = '{<key(4)>:number,<key(5)>:number,<key(8)>:number,<key(10)>:number}'
    expect(inputSummary({ balances: people })).toBe(`{balances:${hidden}}`)
    expect(inputSummary([people])).toBe(`[1:${hidden}]`)
    expect(inputSummary({ order: JSON.stringify(people) })).toBe(`{order:json${hidden}}`)
    expect(inputSummary({ filter: { user_id: 'u', maxResults: 5, 'created-at': 'x', line2: 1, API_KEY: '' } })).toBe(
      '{filter:{user_id:string(1),maxResults:number,created-at:string(1),line2:number,API_KEY:string(0)}}',
    )
  })

  test('getters are not run, what throws is unreadable, cycles end', () => {
    const calls: string[] = []
    const lazy = Object.defineProperty({}, 'secret', { enumerable: true, get: () => calls.push(CANARY) })
    expect(inputSummary(lazy)).toBe('{secret:getter}')
    expect(calls).toEqual([])
    const hostile = new Proxy(
      {},
      {
        ownKeys() {
          throw new Error(CANARY)
        },
      },
    )
    expect(inputSummary(hostile)).toBe('unreadable')
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    expect(inputSummary(cycle)).toBe('{self:{self:{self:{1}}}}')
  })

  test.each(['{to: x}', 'a@b', "it's", '"', 'ü', 'x'.repeat(257)])(
    'what another process sends is refused: %s',
    (text) => {
      expect(isInputSummary(text)).toBe(false)
    },
  )
})
