import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { KnownValues } from './known-values.ts'
import type { KnownValue } from './known-values.ts'
import { Subject } from './subject.ts'
import { noCandidates, positionOf } from './triggers.ts'

const known = (text: string, more: Partial<KnownValue> = {}): KnownValue => ({
  type: 'X',
  bytes: Buffer.from(text),
  isCaseless: false,
  isWord: false,
  ...more,
})

function found(text: string, values: readonly KnownValue[], owner = 0): string[] {
  const set = new KnownValues()
  for (const value of values) set.add(value, 1)
  set.owner = owner === 0 ? 1 : owner
  const bytes = Buffer.from(text)
  const candidates = noCandidates()
  set.scan(bytes, 0, bytes.length, candidates)
  const subject = new Subject()
  subject.reset(bytes, 0, bytes.length)
  const ranges = new Set<string>()
  for (let i = 0; i < candidates.length; i++)
    if (set.find(subject, positionOf(candidates.entries[i] ?? 0)))
      ranges.add(`${subject.from}:${bytes.subarray(subject.from, subject.to).toString()}`)
  return [...ranges]
}

const word = fc.stringMatching(/^[ab_.é1]{2,6}$/).filter((text) => Buffer.byteLength(text) >= 3)

test('each value is found wherever it stands, and nothing that is none', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(word, { minLength: 1, maxLength: 20 }),
      fc.stringMatching(/^[ab_.é1]{0,80}$/),
      (values, text) => {
        const bytes = Buffer.from(text)
        const expected = new Set<number>()
        for (const value of values)
          for (let at = bytes.indexOf(value); at >= 0; at = bytes.indexOf(value, at + 1))
            for (let i = at; i < at + Buffer.byteLength(value); i++) expected.add(i)
        const covered = new Set<number>()
        for (const range of found(
          text,
          values.map((value) => known(value)),
        )) {
          const from = Number.parseInt(range, 10)
          const value = range.slice(range.indexOf(':') + 1)
          expect(values).toContain(value)
          for (let i = from; i < from + Buffer.byteLength(value); i++) covered.add(i)
        }
        // Of values that begin at one place the longest counts; of others, all.
        for (const at of expected) expect(covered).toContain(at)
      },
    ),
    { numRuns: 1000 },
  )
})

test.each([
  ['Thank you, Mia!', 'Mia', true],
  ['Mia\\nLi', 'Mia', true],
  ['x\\nMia', 'Mia', true],
  ['Miami', 'Mia', false],
  ['mia_li_3668', 'mia', false],
  ['zip 10056.', '10056', true],
  ['zip 10056-1234', '10056', true],
  ['$10056', '10056', false],
  ['3.10056', '10056', false],
  ['10056.25', '10056', false],
  ['éMia', 'Mia', false],
])('as a word: %s', (text, value, isFound) => {
  expect(found(text, [known(value, { isWord: true })]).length > 0).toBe(isFound)
})

test('case counts unless it does not', () => {
  expect(found('MIA LI, mia li', [known('Mia Li')])).toEqual([])
  expect(found('MIA LI, mia li', [known('Mia Li', { isCaseless: true })])).toEqual(['0:MIA LI', '8:mia li'])
  expect(found('mia{li', [known('mia[li', { isCaseless: true })])).toEqual([])
})

test('values of others stay', () => {
  expect(found('Mia', [known('Mia')], 2)).toEqual([])
})

test('what is too short or too long is not taken up', () => {
  const set = new KnownValues()
  expect([set.add(known('ab')), set.add(known('abc')), set.add(known('a'.repeat(5_000)))]).toEqual([false, true, false])
})
