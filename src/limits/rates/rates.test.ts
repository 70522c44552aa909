import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gcra, gcraRate } from './gcra.ts'
import { parseQuietHours, quietUntil } from './quiet-hours.ts'
import { rateRefsOf } from './rate-limit.ts'
import type { RateLimit } from './rate-limit.ts'

describe('gcra', () => {
  test('never admits more than the limit in any time of the length, nor more than the burst at once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3_000 }),
        fc.integer({ min: 10, max: 100_000 }),
        fc.array(fc.oneof(fc.constant(0), fc.constant(1), fc.nat(500)), { maxLength: 1_500 }),
        (limit, windowMs, gaps) => {
          const rate = gcraRate(limit, windowMs)
          const admitted: number[] = []
          let [tat, now] = [0, 1_000_000]
          for (const gap of gaps) {
            now += gap
            const decision = gcra(rate, tat, now)
            if (!decision.isAdmitted) continue
            tat = decision.tat
            admitted.push(now)
          }
          const most = (length: number): number =>
            Math.max(0, ...admitted.map((at) => admitted.filter((other) => other >= at && other < at + length).length))
          expect(most(windowMs)).toBeLessThanOrEqual(limit)
          expect(most(1)).toBeLessThanOrEqual(rate.burst + Math.ceil(1_000 / rate.intervalMicros) - 1)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('says exactly when to come again, and admits most of its limit', () => {
    const rate = gcraRate(2_000, 3_600_000)
    let [tat, now, admitted] = [0, 0, 0]
    while (now < 3_600_000) {
      const decision = gcra(rate, tat, now)
      if (decision.isAdmitted) {
        tat = decision.tat
        admitted += 1
        continue
      }
      expect(gcra(rate, tat, now + decision.retryAfterMs - 1).isAdmitted).toBe(false)
      now += decision.retryAfterMs
    }
    expect(admitted).toBeGreaterThan(1_990)
    expect(admitted).toBeLessThanOrEqual(2_000)
  })
})

describe('quiet hours', () => {
  test.each([
    ['UTC', '2026-11-21T21:59:59Z', undefined],
    ['UTC', '2026-11-21T22:00:00Z', '2026-11-22T06:00:00Z'],
    ['UTC', '2026-11-22T05:59:59Z', '2026-11-22T06:00:00Z'],
    ['UTC', '2026-11-22T06:00:00Z', undefined],
    ['Europe/Berlin', '2026-11-21T21:00:00Z', '2026-11-22T05:00:00Z'],
    // Clocks go forward, then back: an hour less, an hour more.
    ['Europe/Berlin', '2026-03-28T21:00:00Z', '2026-03-29T04:00:00Z'],
    ['Europe/Berlin', '2026-10-24T20:00:00Z', '2026-10-25T05:00:00Z'],
    ['Asia/Kolkata', '2026-11-21T16:30:00Z', '2026-11-22T00:30:00Z'],
  ])('22:00-06:00 in %s at %s', (timeZone, at, until) => {
    const found = quietUntil(parseQuietHours('22:00-06:00', timeZone), Date.parse(at))
    expect(found === undefined ? undefined : new Date(found).toISOString().replace('.000', '')).toBe(until)
  })

  test.each(['22:00', '22:00-22:00', '25:00-06:00', '22:00-24:30', '22-6', ''])('%j is none', (text) => {
    expect(() => parseQuietHours(text)).toThrow(RangeError)
  })
  test('a zone that is none is refused', () => {
    expect(() => parseQuietHours('22:00-06:00', 'Mars/Base')).toThrow(RangeError)
  })

  test('end at the first minute that is not quiet, in every zone on every day', () => {
    const minutes = fc.nat(1_439)
    fc.assert(
      fc.property(
        fc.tuple(minutes, minutes).filter(([from, to]) => from !== to),
        fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Sao_Paulo'),
        fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) }),
        ([fromMinute, toMinute], timeZone, atMs) => {
          const hours = { fromMinute, toMinute, timeZone }
          const until = quietUntil(hours, atMs)
          const end = until ?? atMs
          expect(quietUntil(hours, end)).toBeUndefined()
          const before = until === undefined ? [] : [atMs, Math.floor((atMs + end) / 2), end - 1]
          expect(before.map((time) => quietUntil(hours, time))).toEqual(before.map(() => end))
        },
      ),
      { numRuns: 200 },
    )
  })
})

test('a limit concerns calls of its tool or class, of its scope', () => {
  const rule = { kind: 'concurrent', limit: 1 } as const
  const limits: RateLimit[] = [
    { name: 'all', scope: 'fleet', rule },
    { name: 'posts', scope: 'agent', class: 'post', rule },
    { name: 'mail', scope: 'run', tool: 'mail', rule },
    { name: 'theirs', scope: 'agent', value: 'b', rule },
    { name: 'tenants', scope: 'tenant', rule },
  ]
  const keysOf = (tool: string, ofClass: string): string[] =>
    rateRefsOf(limits, { tool, class: ofClass }, { agent: 'a/1', run: 'r' }).map(({ key }) => key)
  expect(keysOf('mail', 'post')).toEqual(['all/fleet/fleet', 'posts/agent/a%2F1', 'mail/run/r'])
  expect(keysOf('ls', 'read')).toEqual(['all/fleet/fleet'])
})
