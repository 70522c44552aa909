import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { attemptOf, AUDIT_NOW, newAuditFolder, openedLog, outcomeOf } from '../../test/support/audit-entries.ts'
import { callsToUndo } from './calls-to-undo.ts'
import type { CallToUndo } from './calls-to-undo.ts'

const shown = (calls: readonly CallToUndo[]): string[] => calls.map(({ call, state }) => `${call} ${state}`)

test('newest first; what was never made or only read is left out, what nobody knows is in', async () => {
  const folder = newAuditFolder()
  const { log } = openedLog(folder)
  await log.append({ ...attemptOf('old'), run: 'r1' })
  await log.append({ ...outcomeOf('old'), run: 'r1' })
  await log.append({ ...attemptOf('read', 'lookup', 'read'), run: 'r1' })
  await log.append({ ...attemptOf('denied'), run: 'r1', decision: 'deny' })
  await log.append({ ...attemptOf('never'), run: 'r1' })
  await log.append({ ...outcomeOf('never', 'post_message', 'post', 'not_called'), run: 'r1' })
  await log.append({ ...attemptOf('late'), run: 'r1' })
  await log.append({ ...outcomeOf('late', 'post_message', 'post', 'timeout'), run: 'r1' })
  await log.append({ ...attemptOf('other'), run: 'r2' })
  await log.append({ ...attemptOf('open'), run: 'r1' })
  expect(shown(await callsToUndo(folder, { run: 'r1' }, AUDIT_NOW))).toEqual([
    'open running',
    'late unknown',
    'old done',
  ])
  expect(shown(await callsToUndo(folder, { last: 2 }, AUDIT_NOW + 7_200_000))).toEqual([
    'open unknown',
    'other unknown',
  ])
  expect(shown(await callsToUndo(folder, { calls: ['old', 'absent'] }, AUDIT_NOW))).toEqual(['old done'])
  await log.close()
})

test('a rollback is told with its call, over files that are rotated and compressed', async () => {
  const folder = newAuditFolder()
  const { log } = openedLog(folder, { bytesMax: 2000 })
  await log.append(attemptOf('a'))
  await log.append(outcomeOf('a'))
  for (let i = 0; i < 30; i++) await log.append(attemptOf(`f${i}`))
  await log.append({ event: 'action', action: 'rollback', call: 'a', by: 'Ada' })
  await log.append({ event: 'action', action: 'rolled_back', call: 'a', by: 'Ada', result: 'error:TypeError' })
  const one = (): Promise<CallToUndo[]> => callsToUndo(folder, { calls: ['a'] }, AUDIT_NOW)
  const [failed] = await one()
  expect(failed?.state).toBe('done')
  expect(failed?.rollbacks.map(({ by, result }) => [by, result])).toEqual([
    ['Ada', ''],
    ['Ada', 'error:TypeError'],
  ])
  await log.append({ event: 'action', action: 'rolled_back_by_hand', call: 'a', by: 'Ada', result: 'ok' })
  await log.keepHouse()
  expect(readdirSync(folder).some((name) => name.endsWith('.gz'))).toBe(true)
  expect(await one()).toMatchObject([{ call: 'a', state: 'undone' }])
  expect(await callsToUndo(folder, { last: 1000 }, AUDIT_NOW)).toHaveLength(31)
  await log.close()
})

test('without a log there is nothing', async () => {
  expect(await callsToUndo(`${newAuditFolder()}/none`, { last: 1 }, AUDIT_NOW)).toEqual([])
})
