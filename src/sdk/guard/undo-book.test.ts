import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { context } from '@opentelemetry/api'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Recipe, Remembered, Undone } from '../../control/undo-messages.ts'
import { ambientOf } from '../context.ts'
import { roughBytes } from './rough-bytes.ts'
import { UNDO_BYTES_MAX, UNDO_CALL_BYTES_MAX, UNDO_CALLS_MAX, UndoBook } from './undo-book.ts'

beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()))
afterAll(() => context.disable())

function open() {
  const told: (Remembered | Undone | Recipe)[] = []
  const book = new UndoBook({ tell: (message) => void told.push(message) })
  const undo = async (call: string) => {
    await book.undo({ type: 'undo', id: `u-${call}`, call })
    return told.at(-1)
  }
  const look = (...calls: string[]) => {
    book.look({ type: 'remembers', id: 'r', calls })
    return told.at(-1)
  }
  return { book, told, undo, look }
}

describe('undo book', () => {
  test('gives the undo what the call was given and what it returned, once', async () => {
    const { book, undo, look, told } = open()
    const given: unknown[] = []
    book.remember('c1', (call) => void given.push(call, ambientOf().isRollback), ['a'], { id: 7 })
    expect(look('c1', 'c2')).toEqual({ type: 'remembered', id: 'r', calls: ['c1'], forgotten: 0 })
    expect(await undo('c1')).toEqual({ type: 'undone', id: 'u-c1', call: 'c1', result: 'ok' })
    expect(given).toEqual([{ arguments: ['a'], result: { id: 7 } }, true])
    expect(await undo('c1')).toMatchObject({ result: 'undone_before' })
    expect(await undo('c2')).toMatchObject({ result: 'not_remembered' })
    expect(look('c1')).toMatchObject({ calls: [] })
    expect(given).toHaveLength(2)
    expect(JSON.stringify(told)).not.toContain('"a"')
  })

  test('one that runs is not run beside itself; one that throws can be tried again, and tells its class only', async () => {
    const { book, undo, told } = open()
    const gate = Promise.withResolvers<void>()
    book.remember('c1', () => gate.promise, [], 1)
    const first = book.undo({ type: 'undo', id: 'u1', call: 'c1' })
    expect(await undo('c1')).toMatchObject({ result: 'running' })
    gate.reject(new TypeError('secret'))
    await first
    expect(told.at(-1)).toEqual({ type: 'undone', id: 'u1', call: 'c1', result: 'failed', error: 'TypeError' })
    expect(JSON.stringify(told)).not.toContain('secret')
    expect(await undo('c1')).toMatchObject({ result: 'failed' })
  })

  test('a recipe is told once; without a function there is nothing to run', () => {
    const { book, told, look } = open()
    for (let i = 0; i < 3; i++) book.recipe('post', { recipe: 'delete it by hand' })
    book.recipe('other', () => undefined)
    book.remember('c1', { recipe: 'delete it by hand' }, [], 1)
    expect(told).toEqual([{ type: 'recipe', tool: 'post', recipe: 'delete it by hand' }])
    expect(look('c1')).toMatchObject({ calls: [], forgotten: 0 })
  })

  test('is bounded in calls, in bytes, and by call: what is forgotten is counted', () => {
    const { book, look } = open()
    const undo = (): void => undefined
    for (let i = 0; i < UNDO_CALLS_MAX + 3; i++) book.remember(`c${i}`, undo, [], i)
    expect(look('c2', 'c3')).toMatchObject({ calls: ['c3'], forgotten: 3 })
    book.remember('large', undo, ['x'.repeat(UNDO_CALL_BYTES_MAX)], 0)
    expect(look('large')).toMatchObject({ calls: [], forgotten: 4 })
    const each = 'x'.repeat(UNDO_CALL_BYTES_MAX / 4)
    const fit = Math.floor(UNDO_BYTES_MAX / (each.length * 2))
    for (let i = 0; i < fit + 2; i++) book.remember(`b${i}`, undo, [each], i)
    expect(look(`b${fit + 1}`, 'b0')).toMatchObject({ calls: [`b${fit + 1}`] })
  })
})

describe('rough bytes', () => {
  test('are at least those of the text in a value, whatever its form, and end at the limit', () => {
    fc.assert(
      fc.property(fc.object({ withMap: true, withSet: true, withTypedArray: true }), (value) => {
        expect(roughBytes(value, Infinity)).toBeGreaterThan(0)
      }),
    )
    expect(roughBytes(new Map([['k', 'x'.repeat(1000)]]), Infinity)).toBeGreaterThan(2000)
    expect(roughBytes(Buffer.alloc(5000), Infinity)).toBeGreaterThan(5000)
    const cycle: unknown[] = ['x'.repeat(100)]
    cycle.push(cycle)
    expect(roughBytes(cycle, Infinity)).toBeLessThan(1000)
    expect(
      roughBytes(
        Array.from({ length: 1_000_000 }, () => 0),
        100,
      ),
    ).toBe(101)
    const trap = {
      get secret(): string {
        throw new Error('read')
      },
    }
    expect(roughBytes(trap, Infinity)).toBeGreaterThan(0)
  })
})
