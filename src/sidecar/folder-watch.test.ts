import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testContext } from '../../test/support/component-context.ts'
import { agentPulse } from '../alerts/agent-pulse.ts'
import { healthConfig } from './config/service-config.ts'
import { FolderWatch } from './folder-watch.ts'
import type { Health } from './health.ts'
import { HealthWatch } from './health-watch.ts'

const newFolder = (): string => {
  const folder = join(mkdtempSync(join(tmpdir(), 'spanwarden-folder-')), 'state')
  mkdirSync(folder)
  return folder
}

test.each<[string, (folder: string) => void]>([
  ['moved', (folder) => renameSync(folder, `${folder}.away`)],
  ['deleted', (folder) => rmSync(folder, { recursive: true })],
  [
    'made anew, perhaps with the number of the one before',
    (folder) => {
      rmSync(folder, { recursive: true })
      mkdirSync(folder)
    },
  ],
])('a folder that was %s', (_, take) => {
  const folder = newFolder()
  const watch = new FolderWatch(folder)
  expect(watch.isThere()).toBe(true)
  take(folder)
  expect(watch.isThere()).toBe(false)
  watch.close()
})

test('one that is put back is there again; one that never was is not missed', () => {
  const folder = newFolder()
  const watch = new FolderWatch(folder)
  renameSync(folder, `${folder}.away`)
  expect(watch.isThere()).toBe(false)
  renameSync(`${folder}.away`, folder)
  expect(watch.isThere()).toBe(true)
  watch.close()
  expect(new FolderWatch(join(folder, 'never')).isThere()).toBe(true)
})

test('health says that the state folder was taken away', () => {
  const context = testContext('health')
  const stateFolder = newFolder()
  const health = healthConfig.parse({ bad_after: '30s', disk_free_min: 0 })
  const watch = new HealthWatch({
    clock: context.clock,
    stateFolder,
    pulse: context.service(agentPulse),
    config: () => health,
    queues: () => [],
    states: () => [],
  })
  const now: Health = {
    program: 'spanwarden',
    version: '0.0.0',
    status: 'ok',
    reasons: [],
    pid: 1,
    uptime_s: 1,
    listening: {},
    components: [],
    config: { hash: '', loaded_at: '' },
  }
  watch.start()
  context.clock.advance(60_000)
  expect(watch.judge(now)).toMatchObject({ status: 'ok', reasons: [] })
  renameSync(stateFolder, `${stateFolder}.away`)
  context.clock.advance(45_000)
  expect(watch.judge(now)).toMatchObject({
    status: 'degraded',
    reasons: [{ code: 'state_folder', message: expect.stringContaining(stateFolder) }],
  })
  watch.stop()
})
