import { expect, test } from 'vitest'
import { testContext } from '../../test/support/component-context.ts'
import { agentPulse } from '../alerts/agent-pulse.ts'
import { healthConfig } from './config/service-config.ts'
import { HealthWatch } from './health-watch.ts'
import type { Health } from './health.ts'

const well: Health = {
  program: 'spanwarden',
  version: '1',
  status: 'ok',
  reasons: [],
  pid: 1,
  uptime_s: 1,
  listening: {},
  components: [],
  config: { hash: '', loaded_at: '' },
}

function rig(settings: Record<string, unknown> = {}) {
  const context = testContext('health')
  const pulse = context.service(agentPulse)
  const watch = new HealthWatch({
    clock: context.clock,
    stateFolder: context.stateFolder,
    pulse,
    config: () => healthConfig.parse({ disk_free_min: 0, ...settings }),
    queues: () => [],
    states: () => [],
  })
  watch.start()
  /** One run each second. */
  const run = (seconds: number, failed: boolean): void => {
    for (let second = 0; second < seconds; second++) {
      pulse.alive('support', context.clock.now())
      pulse.finished('support', { atMs: context.clock.now(), seconds: 1, failed })
      context.clock.advance(1000)
    }
  }
  const told = (): string[] => {
    const { status, reasons } = watch.judge(well)
    return [status, ...reasons.map(({ code }) => code)]
  }
  return { run, told, idle: (seconds: number) => context.clock.advance(seconds * 1000) }
}

test('runs that fail are told, and take no replica out of service', () => {
  const { run, told } = rig()
  run(120, true)
  expect(told()).toEqual(['degraded', 'success_share', 'runs_failing'])
})

test('where they do, it is over soon after the trouble, also when no run comes, as without traffic none can', () => {
  const { run, told, idle } = rig({ unready_on: ['runs_failing'], heartbeat_age_max: '1h' })
  run(120, true)
  expect(told()[0]).toBe('unready')
  idle(190)
  expect(told()).toEqual(['degraded', 'success_share'])
  run(60, true)
  expect(told()[0]).toBe('unready')
  run(180, false)
  expect(told()).toEqual(['degraded', 'success_share'])
})
