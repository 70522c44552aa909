import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { loadSqlite } from '../sqlite/load-sqlite.ts'
import { accountsOf } from './budget.ts'
import { Ledger } from './ledger.ts'
import { RateBook, SLOT_MS_MIN } from './rate-book.ts'
import type { RateRef, RateRule } from '../limits/rates/rate-limit.ts'

const NOON = Date.parse('2026-11-21T12:00:00Z')
const HOUR = 3_600_000

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})
const newFile = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'rates-'))
  folders.push(folder)
  return join(folder, 'ledger.db')
}

const refOf = (rule: RateRule, name: string = rule.kind): RateRef => ({
  key: `${name}/agent/a`,
  name,
  scope: 'agent',
  value: 'a',
  rule,
})
const windowOf = (limit: number, windowMs = HOUR): RateRef => refOf({ kind: 'window', limit, windowMs })
const TABLES = ['rate_call', 'rate_log', 'rate_count', 'rate_slot'] as const

function open(path = ':memory:') {
  const clock = { now: NOON }
  const ledger = new Ledger({ path, now: () => clock.now })
  const rates = new RateBook(ledger)
  let next = 0
  const admit = (refs: readonly RateRef[], id = `call-${next++}`, process = 'p') => rates.admit({ id, process, refs })
  /** Everything that is written of rates. */
  const rows = (): unknown => TABLES.map((table) => ledger.database.prepare(`SELECT * FROM ${table}`).all())
  return { clock, ledger, rates, admit, rows }
}

describe('rates', () => {
  test('ten posts an hour: the eleventh comes when the first is an hour ago, to the millisecond', () => {
    const { clock, admit, rates } = open()
    const posts = windowOf(10)
    for (let i = 0; i < 10; i++) {
      expect(admit([posts])).toEqual({ isAdmitted: true })
      clock.now += 60_000
    }
    expect(admit([posts])).toEqual({ isAdmitted: false, code: 'RATE_LIMITED', ref: posts, retryAfterMs: 50 * 60_000 })
    expect(rates.used(posts)).toEqual({ used: 10, limit: 10 })
    clock.now += 50 * 60_000 - 1
    expect(admit([posts])).toMatchObject({ isAdmitted: false, retryAfterMs: 1 })
    clock.now += 1
    expect(admit([posts])).toEqual({ isAdmitted: true })
    expect(admit([posts])).toMatchObject({ retryAfterMs: 60_000 })
  })

  test('all limits of a call or none, with what else is in the transaction', () => {
    const { admit, rows, ledger, rates } = open()
    const [wide, narrow] = [windowOf(5), refOf({ kind: 'day', limit: 1, timeZone: 'UTC' })]
    admit([wide, narrow])
    const before = rows()
    expect(admit([wide, narrow])).toMatchObject({ code: 'RATE_LIMITED', ref: narrow, retryAfterMs: 12 * HOUR })
    expect(rows()).toEqual(before)
    const accounts = accountsOf([{ name: 'd', scope: 'fleet', window: 'day', limit: 10 }], {}, NOON)
    const both = (): void =>
      ledger.together(() => {
        rates.admit({ id: 'x', process: 'p', refs: [wide] })
        if (!ledger.hold({ id: 'x', process: 'p', amount: 11, accounts }).isGranted) throw new Error('denied')
      })
    expect(both).toThrow('denied')
    expect(rows()).toEqual(before)
  })

  test('asking again takes nothing more; what was not executed is given back, once', () => {
    const { admit, rates, rows } = open()
    const refs = [
      windowOf(2),
      refOf({ kind: 'day', limit: 2, timeZone: 'UTC' }),
      refOf({ kind: 'concurrent', limit: 2 }),
    ]
    expect(admit(refs, 'a')).toEqual({ isAdmitted: true })
    const before = rows()
    expect(admit(refs, 'a')).toEqual({ isAdmitted: true })
    expect(rows()).toEqual(before)
    expect(rates.end('a', 'not_executed')).toBe(true)
    expect(rates.end('a', 'not_executed')).toBe(false)
    expect(refs.map((ref) => rates.used(ref).used)).toEqual([0, 0, 0])
    admit(refs, 'b')
    rates.end('b', 'unknown')
    expect(rates.end('b', 'not_executed')).toBe(false)
    expect(rates.end('nobody', 'executed')).toBe(false)
    expect(refs.map((ref) => rates.used(ref).used)).toEqual([1, 1, 0])
  })

  test('as many at a time; a process that died gives back its slots and not its calls', () => {
    const { clock, ledger, admit, rates } = open()
    const slots = refOf({ kind: 'concurrent', limit: 2 })
    const refs = [slots, windowOf(3)]
    ledger.renew('p1', NOON + 60_000)
    admit(refs, 'a', 'p1')
    admit(refs, 'b', 'p2')
    expect(admit(refs)).toEqual({ isAdmitted: false, code: 'RATE_LIMITED', ref: refs[0] })
    clock.now += SLOT_MS_MIN
    expect(rates.expire()).toBe(1)
    expect(admit(refs, 'c', 'p1')).toEqual({ isAdmitted: true })
    clock.now += 30_000
    expect(rates.expire()).toBe(0)
    clock.now = NOON + 60_000
    expect(rates.used(slots)).toEqual({ used: 0, limit: 2 })
    expect(rates.expire()).toBe(2)
    expect(admit(refs)).toMatchObject({ isAdmitted: false, ref: refs[1] })
  })

  test('quiet hours deny until they are over, and a wait that ends in them goes on', () => {
    const { clock, admit } = open()
    const quiet = refOf({ kind: 'quiet', fromMinute: 22 * 60, toMinute: 6 * 60, timeZone: 'UTC' })
    const slow = windowOf(1, 11 * HOUR)
    expect(admit([quiet, slow])).toEqual({ isAdmitted: true })
    expect(admit([quiet, slow])).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 18 * HOUR })
    clock.now += 10 * HOUR
    expect(admit([quiet, slow])).toMatchObject({ code: 'QUIET_HOURS', ref: quiet, retryAfterMs: 8 * HOUR })
    clock.now += 8 * HOUR
    expect(admit([quiet, slow])).toEqual({ isAdmitted: true })
  })

  test('days are those of the time zone', () => {
    const { clock, admit } = open()
    const day = refOf({ kind: 'day', limit: 1, timeZone: 'America/New_York' })
    admit([day])
    expect(admit([day])).toMatchObject({ retryAfterMs: 17 * HOUR })
    clock.now += 17 * HOUR
    expect(admit([day])).toEqual({ isAdmitted: true })
  })

  test('a call that no limit concerns is not written down', () => {
    const { admit, rows } = open()
    expect(admit([])).toEqual({ isAdmitted: true })
    expect(rows()).toEqual([[], [], [], []])
  })

  test('nothing at all is a limit too', () => {
    const { admit } = open()
    for (const rule of [
      { kind: 'window', limit: 0, windowMs: HOUR },
      { kind: 'day', limit: 0, timeZone: 'UTC' },
      { kind: 'concurrent', limit: 0 },
    ] as const)
      expect(admit([refOf(rule)])).toEqual({ isAdmitted: false, code: 'RATE_LIMITED', ref: refOf(rule) })
  })

  test('a clock that is set back denies, and a restart forgets nothing', () => {
    const path = newFile()
    const first = open(path)
    const posts = windowOf(1)
    first.clock.now += HOUR
    first.admit([posts], 'a')
    first.ledger.close()
    const second = open(path)
    expect(second.admit([windowOf(5)])).toEqual({ isAdmitted: false, code: 'CLOCK_SKEW' })
    second.clock.now += HOUR - 1_000
    expect(second.admit([posts], 'b')).toMatchObject({ retryAfterMs: HOUR })
    expect(second.admit([posts], 'a')).toEqual({ isAdmitted: true })
    second.ledger.close()
  })

  test('a file of version 1 is taken over with what is in it', () => {
    const path = newFile()
    const first = open(path)
    const accounts = accountsOf([{ name: 'd', scope: 'fleet', window: 'day', limit: 10 }], {}, NOON)
    first.ledger.hold({ id: 'h', process: 'p', amount: 4, accounts })
    first.ledger.close()
    const { DatabaseSync } = loadSqlite()
    const old = new DatabaseSync(path)
    for (const table of [...TABLES, 'kill']) old.exec(`DROP TABLE ${table}`)
    old.exec('PRAGMA user_version = 1')
    old.close()
    const second = open(path)
    expect(second.ledger.accounts()).toMatchObject([{ held: 4 }])
    expect(second.admit([windowOf(1)])).toEqual({ isAdmitted: true })
    second.ledger.close()
  })

  test('old calls are forgotten, those under way and of the window are not', () => {
    const { clock, admit, rates, rows } = open()
    const refs = [windowOf(5), windowOf(2_000), refOf({ kind: 'day', limit: 9, timeZone: 'UTC' })]
    admit(refs, 'old')
    admit([refOf({ kind: 'concurrent', limit: 1 })], 'slot')
    clock.now += 48 * HOUR
    admit([windowOf(5)], 'new')
    rates.prune(clock.now - 2 * HOUR)
    expect(rows()).toMatchObject([[{ id: 'new' }, { id: 'slot' }], [{ id: 'new' }], [], [{ id: 'slot' }]])
  })
})

describe('whatever is asked', () => {
  const steps = fc.array(
    fc.record({
      wait: fc.oneof(fc.constant(0), fc.nat(30), fc.nat(1_500), fc.constant(-5)),
      how: fc.constantFrom('executed', 'unknown', 'not_executed', undefined),
      repeat: fc.boolean(),
    }),
    { minLength: 5, maxLength: 60 },
  )

  test('no window of the length ever sees more calls than the limit; a denial changes nothing and says when to come', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 2_000 }),
        steps,
        (limit, windowMs, plan) => {
          const { clock, ledger, rates, rows } = open()
          const refs = [windowOf(limit, windowMs), refOf({ kind: 'concurrent', limit: 4 })]
          const made: number[] = []
          const wrong: unknown[] = []
          for (const [index, { wait, how, repeat }] of plan.entries()) {
            clock.now += wait
            const id = `c${index}`
            const before = JSON.stringify(rows())
            let result = rates.admit({ id, process: 'p', refs })
            if (!result.isAdmitted) {
              if (JSON.stringify(rows()) !== before) wrong.push({ changed: id })
              if (result.retryAfterMs === undefined) continue
              clock.now = ledger.clock.lastMs + result.retryAfterMs - 1
              if (rates.admit({ id, process: 'p', refs }).isAdmitted) wrong.push({ early: id })
              clock.now += 1
              result = rates.admit({ id, process: 'p', refs })
              if (!result.isAdmitted) wrong.push({ late: id })
            }
            if (repeat) rates.admit({ id, process: 'p', refs })
            if (how !== undefined) rates.end(id, how)
            if (how !== 'not_executed') made.push(ledger.clock.lastMs)
          }
          expect(wrong).toEqual([])
          const most = made.map((at) => made.filter((other) => other >= at && other < at + windowMs).length)
          expect(Math.max(0, ...most)).toBeLessThanOrEqual(limit)
          ledger.close()
        },
      ),
      { numRuns: 150 },
    )
  })

  test('limits above a thousand hold in every window too, whatever is given back', () => {
    const plan = fc.array(fc.record({ wait: fc.nat(40), isGivenBack: fc.boolean() }), {
      minLength: 400,
      maxLength: 400,
    })
    fc.assert(
      fc.property(plan, (calls) => {
        const { clock, ledger, rates } = open()
        const refs = [windowOf(1_001, 1_500)]
        ledger.database.exec('BEGIN')
        const made: number[] = []
        const waiting: string[] = []
        for (const [index, { wait, isGivenBack }] of calls.entries()) {
          if (index % 40 === 0) clock.now += wait
          const id = `c${index}`
          if (!rates.admit({ id, process: 'p', refs }).isAdmitted) continue
          // Given back at once, or after the call that came behind it.
          for (const late of waiting.splice(0)) rates.end(late, 'not_executed')
          if (isGivenBack && index % 3 === 0) rates.end(id, 'not_executed')
          else if (isGivenBack) waiting.push(id)
          else made.push(clock.now)
        }
        const burst = made.filter((at) => at === made[0]).length
        const most = made.map((at) => made.filter((other) => other >= at && other < at + 100).length)
        expect(burst).toBeLessThanOrEqual(101)
        expect(Math.max(0, ...most)).toBeLessThanOrEqual(100 + Math.ceil((100 * 901) / 1_500))
        ledger.close()
      }),
      { numRuns: 20 },
    )
  })
})
