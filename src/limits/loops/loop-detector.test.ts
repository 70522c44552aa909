import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { callSignature, errorSignature, resultSignature } from './call-signature.ts'
import { LoopDetector } from './loop-detector.ts'
import type { LoopMark } from './loop-detector.ts'

/** Letters are calls, each with the result that it always has; a digit behind a letter is another result. */
function marksOf(text: string, hasSideEffect = false): string[] {
  const detector = new LoopDetector()
  const marks: string[] = []
  for (const [i, step] of (text.match(/[a-z]\d*/g) ?? []).entries()) {
    const mark = detector.observe({
      call: callSignature(step.slice(0, 1), {}),
      result: resultSignature(step),
      hasSideEffect,
    })
    if (mark !== undefined) marks.push(`${i + 1}:${mark.level}:${mark.rule}`)
  }
  return marks
}

describe('loops', () => {
  test.each([
    ['aa', []],
    ['aaa', ['3:warn:consecutive']],
    ['aaaaaaa', ['3:warn:consecutive', '4:stop:consecutive']],
    ['aabaacaa', ['5:warn:frequent', '7:warn:frequent', '8:stop:frequent']],
    ['ababab', ['6:warn:cycle']],
    ['abababab', ['6:warn:cycle', '8:stop:cycle']],
    ['abcabcabcabc', ['9:warn:cycle', '12:stop:cycle']],
    ['abcdefgabcdefg', ['14:warn:stale']],
    // The tests ran again, with another result: progress.
    ['t1e1t2e2t3e3t4e4t5e5t6', []],
    ['a1a2a3a4a5a6a7a8a9', []],
  ])('%s', (steps, expected) => {
    expect(marksOf(steps)).toEqual(expected)
  })

  test('what cannot be taken back stops where reading is warned of', () => {
    expect(marksOf('aaa', true)).toEqual(['3:stop:consecutive'])
    expect(marksOf('aa', true)).toEqual([])
  })

  test('a stop is for good, until a person speaks', () => {
    const detector = new LoopDetector()
    const step = { call: callSignature('search', { q: 'x' }), result: resultSignature('none') }
    const marks: (LoopMark | undefined)[] = []
    for (let i = 0; i < 4; i++) marks.push(detector.observe(step))
    expect(marks.at(-1)).toMatchObject({ level: 'stop' })
    expect(detector.observe({ ...step, result: resultSignature('found') })).toBeUndefined()
    expect(detector.stopped).toMatchObject({ rule: 'consecutive', calls: 4 })
    detector.reset()
    expect(detector.stopped).toBeUndefined()
    expect(detector.observe(step)).toBeUndefined()
  })

  test('calls that never return the same are never marked', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 300 }), (calls) => {
        expect(marksOf(calls.map((call, i) => `${call}${i}`).join(''))).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  test('whatever came before, four times the same stops', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd1', 'd2'), { maxLength: 80 }), (before) => {
        expect(marksOf(`${before.join('')}zzzz`).some((mark) => mark.includes('stop'))).toBe(true)
      }),
    )
  })
})

describe('signatures', () => {
  const same = (a: unknown, b: unknown): boolean => resultSignature(a) === resultSignature(b)

  test.each([
    ['took 12.5 ms', 'took 9 ms'],
    ['at 2026-11-21T10:00:00.123Z: none', 'at 2026-11-22T11:30:01+01:00: none'],
    ['<Foo object at 0x7f3a2b1c>', '<Foo object at 0x7fffdeadbeef>'],
    ['a  b\n c', 'a b c'],
    ['id 2f1c9a7e-1111-4222-8333-444455556666', 'id 00000000-1111-4222-8333-444455556666'],
    ['{"request_id":"a1","rows":[]}', '{"rows":[],"request_id":"b2"}'],
    [
      { nextCursor: 'x', items: [] },
      { nextCursor: 'y', items: [] },
    ],
  ])('%j is like %j', (a, b) => {
    expect(same(a, b)).toBe(true)
  })

  test.each([
    ['3 rows', '4 rows'],
    ['{"rows":[1]}', '{"rows":[2]}'],
    [{ valid: true }, { valid: false }],
    ['', ' x'],
    [null, undefined],
    ['1', 2],
  ])('%j is not like %j', (a, b) => {
    expect(same(a, b)).toBe(false)
  })

  test('arguments: the order of keys does not matter, volatile keys do not count', () => {
    expect(callSignature('t', { a: 1, b: [{ c: 2, d: 3 }] })).toBe(callSignature('t', { b: [{ d: 3, c: 2 }], a: 1 }))
    expect(callSignature('t', '{"a":1}')).toBe(callSignature('t', { a: 1 }))
    expect(callSignature('t', { a: 1 })).not.toBe(callSignature('u', { a: 1 }))
    expect(callSignature('t', { a: 1, at: 5 }, new Set(['at']))).toBe(
      callSignature('t', { a: 1, at: 6 }, new Set(['at'])),
    )
    expect(callSignature('t', { a: 1, at: 5 })).not.toBe(callSignature('t', { a: 1, at: 6 }))
  })

  test('errors: the class and the message without its numbers', () => {
    expect(errorSignature('E', 'row 12 is gone')).toBe(errorSignature('E', 'row 13 is gone'))
    expect(errorSignature('E', 'gone')).not.toBe(errorSignature('F', 'gone'))
  })

  test('never throws, whatever the values are, and takes bounded time', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true }), (value) => {
        expect(Number.isSafeInteger(callSignature('t', value))).toBe(true)
        expect(Number.isSafeInteger(resultSignature(value))).toBe(true)
      }),
    )
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = [cyclic]
    expect(Number.isSafeInteger(callSignature('t', cyclic))).toBe(true)
    expect(resultSignature('1'.repeat(10_000_000))).toBe(resultSignature('1'.repeat(10_000_000)))
  })
})
