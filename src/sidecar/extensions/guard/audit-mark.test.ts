import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { testContext } from '../../../../test/support/component-context.ts'
import { DAILY, startGuard } from '../../../../test/support/running-guard.ts'
import { until } from '../../../../test/support/until.ts'
import { main } from '../../../cli/main.ts'

async function verify(stateFolder: string): Promise<{ status: number; stdout: string }> {
  let stdout = ''
  const status = await main(['audit', 'verify'], {
    stdout: { write: (text) => (stdout += text.toString()) },
    stderr: { write: () => {} },
    env: { SPANWARDEN_STATE_DIR: stateFolder },
    entry: fileURLToPath(new URL('../../../cli.ts', import.meta.url)),
  })
  return { status, stdout }
}

async function stopSome({ http }: Awaited<ReturnType<typeof startGuard>>): Promise<void> {
  for (const value of ['a', 'b', 'c'])
    await http.inject({ method: 'POST', url: '/api/guard/stop', payload: { scope: 'tool', value, wait_ms: 0 } })
}

test('an audit log that was deleted as a whole is missed, also when a new one was begun', async () => {
  const context = testContext('guard')
  const audit = join(context.stateFolder, 'audit')
  expect(await verify(context.stateFolder)).toMatchObject({ status: 0 })
  const one = await startGuard(DAILY, context)
  await stopSome(one)
  await until(async () => {
    context.clock.advance(500)
    return one.host.books?.audit.marked?.seq === 3
  })
  // Beside a sidecar that runs.
  expect(await verify(context.stateFolder)).toMatchObject({ status: 0 })
  await one.stop()
  expect((await verify(context.stateFolder)).stdout).toContain('Sound: 3 lines')
  rmSync(audit, { recursive: true })
  const gone = await verify(context.stateFolder)
  expect(gone.status).toBe(1)
  expect(gone.stdout).toContain('the log has no lines, and the ledger knows them up to 3: the log was deleted, or cut')
  const two = await startGuard(DAILY, context)
  await stopSome(two)
  await stopSome(two)
  await two.stop()
  const again = await verify(context.stateFolder)
  expect(again.status).toBe(1)
  expect(again.stdout).toContain('the head file was missing')
})

test('a log that was written anew is not the one that the ledger knows', async () => {
  const [context, other] = [testContext('guard'), testContext('guard', Date.UTC(2026, 10, 22))]
  for (const each of [context, other]) {
    const running = await startGuard(DAILY, each)
    await stopSome(running)
    await running.stop()
  }
  rmSync(join(context.stateFolder, 'audit'), { recursive: true })
  cpSync(join(other.stateFolder, 'audit'), join(context.stateFolder, 'audit'), { recursive: true })
  const { status, stdout } = await verify(context.stateFolder)
  expect(status).toBe(1)
  expect(stdout).toContain('line 3 is not the one that the ledger knows')
})
