import { readdirSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { attemptOf, AUDIT_NOW, newAuditFolder, openedLog, outcomeOf } from '../../test/support/audit-entries.ts'
import { LINE_BYTES_MAX } from './audit-line.ts'
import { lastCalls } from './last-calls.ts'

const options = { nowMs: AUDIT_NOW }
const ids = (calls: readonly { readonly call: string }[]): string[] => calls.map(({ call }) => call)

describe('last calls', () => {
  test('joins attempt and outcome; newest first; side effects apart; open, denied and unknown', async () => {
    const folder = newAuditFolder()
    const { log } = openedLog(folder)
    await log.append(attemptOf('lost', 'pay', 'pay'))
    await log.append(attemptOf('p1'))
    await log.append(attemptOf('r1', 'lookup', 'read'))
    await log.append(outcomeOf('r1', 'lookup', 'read', 'http:404'))
    await log.append({ ...attemptOf('d1'), decision: 'deny', rule: 'RATE_LIMITED' })
    await log.append(outcomeOf('p1'))
    await log.append(attemptOf('m1', 'chat gpt-5', 'model'))
    const { sideEffects, others, isComplete } = await log.last(10)
    expect(sideEffects.map(({ call, result, rule, seq }) => [call, result, rule, seq])).toEqual([
      ['d1', 'denied', 'RATE_LIMITED', 5],
      ['p1', 'ok', 'posts', 2],
      ['lost', 'running', 'posts', 1],
    ])
    expect(others.map(({ call, result, duration_ms }) => [call, result, duration_ms])).toEqual([
      ['m1', 'running', null],
      ['r1', 'http:404', 12],
    ])
    expect(sideEffects[1]).toMatchObject({ nano_usd: 900, input: '{text:string(12)}', tool: 'post_message' })
    expect(isComplete).toBe(true)
    const later = await lastCalls(folder, { count: 1, nowMs: AUDIT_NOW + 2 * 3_600_000, tool: 'pay' })
    expect(later).toMatchObject({ sideEffects: [{ call: 'lost', result: 'unknown' }], others: [] })
    expect((await lastCalls(folder, { ...options, count: 9, agent: 'other' })).sideEffects).toEqual([])
    await log.close()
  })

  test('whatever files the lines are in, compressed or not: as if all were in memory', async () => {
    const step = fc.record({ id: fc.nat(40), isOutcome: fc.boolean(), isRead: fc.boolean(), rotates: fc.nat(9) })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 12 }), async (steps, count) => {
        const folder = newAuditFolder()
        const open = () => openedLog(folder, { bytesMax: LINE_BYTES_MAX + 1500 }).log
        let log = open()
        const attempts = new Map<string, { result: string; isRead: boolean }>()
        for (const { id, isOutcome, isRead, rotates } of steps) {
          const call = `c${id}${isRead ? 'r' : 'w'}`
          const kind = isRead ? 'read' : 'write'
          const known = attempts.get(call)
          if (isOutcome === (known === undefined)) continue
          if (known === undefined) attempts.set(call, { result: 'running', isRead })
          else known.result = 'ok'
          await log.append(known === undefined ? attemptOf(call, 't', kind) : outcomeOf(call, 't', kind))
          if (rotates === 0) await log.keepHouse()
          if (rotates !== 1) continue
          await log.close()
          log = open()
        }
        const { sideEffects, others } = await log.last(count)
        await log.close()
        const expected = (isRead: boolean) =>
          [...attempts]
            .filter(([, attempt]) => attempt.isRead === isRead)
            .map(([call, { result }]) => [call, result])
            .reverse()
            .slice(0, count)
        expect(sideEffects.map(({ call, result }) => [call, result])).toEqual(expected(false))
        expect(others.map(({ call, result }) => [call, result])).toEqual(expected(true))
      }),
      {
        numRuns: 60,
        // The attempt of the newest outcome is older than what is asked for, in a compressed file and in a plain one.
        examples: [0, 9].map((rotates) => [
          [27, 1, 2, 27, 0].map((id, i) => ({ id, isOutcome: i === 3, isRead: false, rotates })),
          3,
        ]),
      },
    )
  })

  test('reads no more of the log than it needs, and says when it gave up', async () => {
    const folder = newAuditFolder()
    const { log } = openedLog(folder)
    const all = Array.from({ length: 1000 }, (_, i) => log.append(attemptOf(`c${i}`, 't', i === 0 ? 'post' : 'read')))
    await Promise.all(all)
    await log.keepHouse()
    const some = await lastCalls(folder, { ...options, count: 5, linesMax: 300 })
    expect(ids(some.others)).toEqual(['c999', 'c998', 'c997', 'c996', 'c995'])
    expect(some).toMatchObject({ sideEffects: [], isComplete: false })
    expect(some.linesRead).toBeLessThan(700)
    expect(await lastCalls(folder, { ...options, count: 5 })).toMatchObject({
      sideEffects: [{ call: 'c0' }],
      isComplete: true,
    })
    await log.close()
    expect(readdirSync(folder)).toHaveLength(2)
  })

  test('an outcome whose attempt was lost is a call, too; no log is no call', async () => {
    const folder = newAuditFolder()
    const { log } = openedLog(folder)
    await log.append(outcomeOf('x'))
    expect(await log.last(3)).toMatchObject({ sideEffects: [{ call: 'x', result: 'ok', decision: null }] })
    await log.close()
    expect(await lastCalls(`${folder}-none`, { ...options, count: 3 })).toMatchObject({
      linesRead: 0,
      isComplete: true,
    })
  })
})
