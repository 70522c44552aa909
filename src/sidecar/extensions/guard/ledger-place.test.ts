import { cpSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testContext } from '../../../../test/support/component-context.ts'
import type { TestContext } from '../../../../test/support/component-context.ts'
import { DAILY, guardAgent, startGuard } from '../../../../test/support/running-guard.ts'

/** Starts, spends, stops; `meanwhile` is done to the folder. Returns what a call is told then. */
async function afterwards(meanwhile: (folder: string) => void, between: (folder: string) => void = () => {}) {
  const context = testContext('guard')
  let count = 0
  const spend = async (amount: number): Promise<string> => {
    const { http, socket, stop } = await startGuard(DAILY, context)
    const { hold, settle, client } = await guardAgent(socket, { process: `p${++count}` })
    const { code = 'granted' } = await hold(amount)
    settle(1, amount)
    await client.flush(5000)
    const { recovering } = (await http.inject('/api/guard')).json()
    client.close()
    await stop()
    return `${code}${recovering === true ? ', recovering' : ''}`
  }
  await spend(10)
  between(context.stateFolder)
  await spend(10)
  meanwhile(context.stateFolder)
  return { first: await spend(10), second: await spend(10), context }
}

const copied = (folder: string, to: string): void =>
  cpSync(folder, to, { recursive: true, preserveTimestamps: true, filter: (path) => !path.endsWith('.sock') })

test('a state folder that was put back as a whole grants nothing, until a person says what was spent', async () => {
  const back = (folder: string): void => {
    rmSync(folder, { recursive: true })
    copied(`${folder}.backup`, folder)
  }
  const { first, second, context } = await afterwards(back, (folder) => copied(folder, `${folder}.backup`))
  expect([first, second]).toEqual(['RECOVERING, recovering', 'RECOVERING, recovering'])
  expect(toldOf(context)).toEqual(['ledger.db is a copy'])
  const { http, socket, stop } = await startGuard(DAILY, context)
  const payload = { person: 'Ada', reason: 'restored', spent: [] }
  expect((await http.inject({ method: 'POST', url: '/api/guard/recover', payload })).statusCode).toBe(200)
  expect(await (await guardAgent(socket, { process: 'q1' })).hold(10)).toMatchObject({ isGranted: true })
  await stop()
  // Once is enough.
  const again = await startGuard(DAILY, context)
  expect(await (await guardAgent(again.socket, { process: 'q2' })).hold(10)).toMatchObject({ isGranted: true })
})

test('a folder that is renamed, or not touched, is the same', async () => {
  const renamed = (folder: string): void => {
    renameSync(folder, `${folder}.away`)
    renameSync(`${folder}.away`, folder)
  }
  expect(await afterwards(renamed)).toMatchObject({ first: 'granted', second: 'granted' })
  expect(await afterwards(() => {})).toMatchObject({ first: 'granted', second: 'granted' })
})

test('whoever restores in another way says so with a file', async () => {
  const said = (folder: string): void => writeFileSync(join(folder, 'RESTORED'), '')
  const { first, context } = await afterwards(said)
  expect(first).toBe('RECOVERING, recovering')
  expect(toldOf(context)).toEqual(['the file RESTORED is in the state folder'])
  expect(existsSync(join(context.stateFolder, 'RESTORED'))).toBe(false)
})

test('the file is not taken away by a sidecar that was there before', async () => {
  const context = testContext('guard')
  const { stop } = await startGuard(DAILY, context)
  writeFileSync(join(context.stateFolder, 'RESTORED'), '')
  await stop()
  const { host } = await startGuard(DAILY, context)
  expect(host.books?.ledger.isRecovering).toBe(true)
})

const toldOf = ({ logged }: TestContext): unknown[] =>
  logged.flatMap(({ fields }) => ('why' in fields ? [fields.why] : []))
