import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FREE_LINE, JOURNAL_LINE_BYTES, journalHead, journalLine, leftOfSlice, parseJournal } from './slice-journal.ts'
import type { SliceRecord } from './slice-journal.ts'

const amount = fc.maxSafeNat()
const records = fc.uniqueArray(
  fc.record<SliceRecord>({
    id: fc.stringMatching(/^[0-9a-f]{32}$/),
    spent: amount,
    unknown: amount,
    reserved: amount,
  }),
  { selector: ({ id }) => id, maxLength: 10 },
)
const text = (slices: readonly SliceRecord[]): string => journalHead('p1', 'b1') + slices.map(journalLine).join('')

describe('slice journal', () => {
  test('what was written is read, free places are passed over', () => {
    fc.assert(
      fc.property(records, (slices) => {
        expect(parseJournal(text(slices) + FREE_LINE, 'b1')).toEqual({ process: 'p1', slices })
        expect(text(slices).length).toBe((slices.length + 1) * JOURNAL_LINE_BYTES)
      }),
    )
  })

  test('a damaged character never makes more left of a slice than there was', () => {
    fc.assert(
      fc.property(records, fc.nat(), fc.integer({ min: 32, max: 126 }), (slices, at, code) => {
        const whole = text(slices)
        const place = at % whole.length
        const damaged = whole.slice(0, place) + String.fromCharCode(code) + whole.slice(place + 1)
        const read = parseJournal(damaged, 'b1')?.slices ?? []
        for (const slice of read) expect(slices).toContainEqual(slice)
      }),
    )
  })

  test('after a restart of the host, and where there is no telling, nothing is believed', () => {
    expect(parseJournal(text([]), 'b2')).toBeUndefined()
    expect(parseJournal(journalHead('p1', ''), '')).toBeUndefined()
    expect(parseJournal('', 'b1')).toBeUndefined()
    expect(parseJournal('{"a":1}\n', 'b1')).toBeUndefined()
  })

  test('a slice that stands twice tells nothing', () => {
    const one = { id: 'a', spent: 1, unknown: 0, reserved: 0 }
    expect(parseJournal(text([one, { ...one, spent: 2 }]), 'b1')).toBeUndefined()
  })

  test('calls under way are not left', () => {
    expect(leftOfSlice(100, { id: 'a', spent: 20, unknown: 10, reserved: 30 })).toBe(40)
    expect(leftOfSlice(100, { id: 'a', spent: 120, unknown: 0, reserved: 0 })).toBe(0)
  })
})
