import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { windowAt } from './windows.ts'

const at = (iso: string): number => Date.parse(iso)
const HOUR_MS = 3_600_000

describe('windowAt', () => {
  test.each([
    ['day', 'UTC', '2026-11-21T23:59:59.999Z', '2026-11-21', '2026-11-22T00:00:00Z'],
    ['day', 'UTC', '2026-11-22T00:00:00.000Z', '2026-11-22', '2026-11-23T00:00:00Z'],
    ['day', 'Europe/Berlin', '2026-11-21T23:00:00Z', '2026-11-22', '2026-11-22T23:00:00Z'],
    // Clocks go forward: 23 hours; back: 25.
    ['day', 'Europe/Berlin', '2026-03-28T23:30:00Z', '2026-03-29', '2026-03-29T22:00:00Z'],
    ['day', 'Europe/Berlin', '2026-10-24T22:30:00Z', '2026-10-25', '2026-10-25T23:00:00Z'],
    ['day', 'Asia/Kathmandu', '2026-11-21T18:14:59Z', '2026-11-21', '2026-11-21T18:15:00Z'],
    // Midnight does not exist where clocks go forward at midnight.
    ['day', 'America/Sao_Paulo', '2018-11-04T04:00:00Z', '2018-11-04', '2018-11-05T02:00:00Z'],
    ['hour', 'UTC', '2026-11-21T14:59:59.999Z', '2026-11-21T14Z', '2026-11-21T15:00:00Z'],
  ] as const)('%s in %s at %s', (kind, timeZone, time, id, end) => {
    expect(windowAt(kind, at(time), timeZone)).toEqual({ id, endsAt: at(end) })
  })

  test('a run has no end', () => {
    expect(windowAt('run', 0)).toEqual({ id: 'run', endsAt: Number.POSITIVE_INFINITY })
  })

  test('windows follow one another without a gap, ids ascend', () => {
    const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia', 'Asia/Kolkata']
    fc.assert(
      fc.property(
        fc.integer({ min: at('2010-01-01T00:00:00Z'), max: at('2040-01-01T00:00:00Z') }),
        fc.constantFrom(...zones),
        fc.constantFrom('day' as const, 'hour' as const),
        (time, zone, kind) => {
          const { id, endsAt } = windowAt(kind, time, zone)
          expect(endsAt).toBeGreaterThan(time)
          expect(windowAt(kind, endsAt - 1, zone).id).toBe(id)
          const next = windowAt(kind, endsAt, zone)
          expect(next.id > id).toBe(true)
          expect(endsAt - time).toBeLessThanOrEqual((kind === 'hour' ? 1 : 25) * HOUR_MS)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('an unknown time zone is an error', () => {
    expect(() => windowAt('day', 0, 'Moon/Base')).toThrow(RangeError)
  })
})
