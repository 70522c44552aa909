import { spawnSync } from 'node:child_process'
import { describe, test } from 'vitest'

/**
 * A suite that needs programs of Debian packages (`promtool` and `prometheus` of prometheus, `amtool` and `prometheus-alertmanager` of prometheus-alertmanager):
 * skipped with one clear line on a machine without one. With CI=true its absence fails.
 */
export function describeWithPrograms(name: string, programs: readonly string[], suite: () => void): void {
  const missing = programs.filter((program) => spawnSync(program, ['--version']).status !== 0)
  if (missing.length === 0) {
    describe(name, suite)
    return
  }
  if (process.env['CI'] === 'true') throw new Error(`CI=true, but ${missing.join(' and ')} cannot be run`)
  const packages = 'Debian packages prometheus, prometheus-alertmanager'
  test.skip(`${name}: needs ${missing.join(' and ')} (${packages})`, () => undefined)
}
