import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { KILL_TEXT_CHARACTERS_MAX, KillBook } from './kill-book.ts'
import { Ledger } from './ledger.ts'
import type { KillScope, KillState } from './kill-book.ts'

const NOON = Date.parse('2026-11-21T12:00:00Z')

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function open(path = ':memory:') {
  const clock = { now: NOON }
  const ledger = new Ledger({ path, now: () => clock.now })
  return { clock, ledger, kills: new KillBook(ledger) }
}

const by = { person: 'ada', reason: 'it posted nonsense' }
const agent = { scope: 'agent', value: 'a', ...by } as const

describe('what may run', () => {
  test('a stop holds for all that is part of it, until a person with a reason resumes', () => {
    const { kills, clock } = open()
    expect(kills.effective({ agent: 'a', run: 'r' })).toBeUndefined()
    expect(kills.stop(agent)).toEqual({ scope: 'agent', value: 'a', state: 'stopped', ...by, at: NOON, change: 1 })
    expect(kills.effective({ agent: 'a', run: 'r' })).toMatchObject({ scope: 'agent', state: 'stopped' })
    expect(kills.effective({ agent: 'b', run: 'r' })).toBeUndefined()
    expect(() => kills.resume({ ...agent, person: ' ' })).toThrow('A person has to be named')
    expect(() => kills.resume({ ...agent, reason: '' })).toThrow('A reason has to be given')
    expect(kills.effective({ agent: 'a' })).toBeDefined()
    clock.now += 5
    expect(kills.resume({ ...agent, reason: 'fixed' })).toBe(true)
    expect(kills.resume({ ...agent, reason: 'fixed' })).toBe(false)
    expect(kills.effective({ agent: 'a' })).toBeUndefined()
    expect(kills.since(1)).toMatchObject([{ state: 'running', reason: 'fixed', at: NOON + 5, change: 2 }])
  })

  test('a fleet is resumed only when it is confirmed', () => {
    const { kills } = open()
    const fleet = { scope: 'fleet', value: '', ...by } as const
    kills.stop(fleet)
    expect(kills.effective({})).toMatchObject({ scope: 'fleet', value: 'fleet' })
    expect(() => kills.resume(fleet)).toThrow('confirmed')
    expect(kills.resume({ ...fleet, isConfirmed: true })).toBe(true)
    expect(kills.effective({})).toBeUndefined()
  })

  test('a drain becomes a stop, a stop no drain; the first reason stays', () => {
    const { kills } = open()
    expect(kills.drain(agent)).toMatchObject({ state: 'draining', change: 1 })
    expect(kills.stop({ ...agent, reason: 'too slow' })).toMatchObject({ state: 'stopped', reason: 'too slow' })
    expect(kills.drain(agent)).toMatchObject({ state: 'stopped', reason: 'too slow', change: 2 })
    expect(kills.stop(agent)).toMatchObject({ reason: 'too slow', change: 2 })
    expect(kills.list()).toMatchObject([{ state: 'stopped' }])
  })

  test('outlives the process, and a clock that was set back', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kill-'))
    folders.push(folder)
    const path = join(folder, 'ledger.db')
    const first = open(path)
    first.ledger.renew('p', NOON + 1)
    first.clock.now -= 86_400_000
    first.kills.stop({ scope: 'tool', value: 'post', ...by })
    first.ledger.close()
    const { kills, ledger } = open(path)
    expect(kills.effective({ tool: 'post' })).toMatchObject({ ...by, at: NOON, change: 1 })
    ledger.database.exec(`UPDATE kill SET state = '?'`)
    expect(kills.effective({ tool: 'post' })).toMatchObject({ state: 'stopped' })
    ledger.close()
  })

  test('texts are bounded, and a thing without a name is refused', () => {
    const { kills } = open()
    expect(kills.stop({ ...agent, reason: 'x'.repeat(1_000) }).reason).toHaveLength(KILL_TEXT_CHARACTERS_MAX)
    expect(() => kills.stop({ ...agent, value: '' })).toThrow(RangeError)
  })

  test('when too much is stopped, everything is', () => {
    const kills = new KillBook(open().ledger, 3)
    for (const value of ['1', '2', '3']) kills.stop({ scope: 'run', value, ...by })
    expect(kills.effective({ run: 'another' })).toBeUndefined()
    expect(kills.stop({ scope: 'run', value: 'another', ...by })).toMatchObject({ scope: 'fleet', state: 'stopped' })
    expect(kills.effective({ run: 'another' })).toMatchObject({ scope: 'fleet' })
  })

  test('what was resumed is forgotten, what is stopped not, but for runs; numbers of changes are not used again', () => {
    const { kills } = open()
    kills.stop(agent)
    kills.stop({ ...agent, value: 'b' })
    kills.resume({ ...agent, value: 'b' })
    kills.stop({ scope: 'run', value: 'r', ...by })
    kills.prune(NOON + 1)
    expect(kills.since(0)).toMatchObject([{ value: 'a' }])
    expect(kills.stop({ ...agent, value: 'c' }).change).toBe(5)
  })

  test('is what a plain model says, whatever is ordered', () => {
    const scopes: KillScope[] = ['fleet', 'agent', 'tenant', 'run', 'tool', 'model']
    const orders = fc.array(
      fc.record({
        what: fc.constantFrom('stop', 'drain', 'resume'),
        scope: fc.constantFrom(...scopes),
        value: fc.constantFrom('x', 'y'),
      }),
      { maxLength: 40 },
    )
    const rank: KillState[] = ['running', 'draining', 'stopped']
    fc.assert(
      fc.property(orders, (given) => {
        const { kills, ledger } = open()
        const model = new Map<string, number>()
        for (const { what, scope, value } of given) {
          const key = scope === 'fleet' ? 'fleet' : `${scope}/${value}`
          if (what === 'stop') model.set(key, 2)
          else if (what === 'drain') model.set(key, Math.max(1, model.get(key) ?? 0))
          else model.delete(key)
          const order = { scope, value, ...by }
          if (what === 'stop') kills.stop(order)
          else if (what === 'drain') kills.drain(order)
          else kills.resume({ ...order, isConfirmed: true })
        }
        const expected = Math.max(0, ...scopes.map((scope) => model.get(scope === 'fleet' ? scope : `${scope}/x`) ?? 0))
        const values = { agent: 'x', tenant: 'x', run: 'x', tool: 'x', model: 'x' }
        expect(kills.effective(values)?.state ?? 'running').toBe(rank[expected])
        expect(kills.list()).toHaveLength(model.size)
        ledger.close()
      }),
      { numRuns: 100 },
    )
  })
})
