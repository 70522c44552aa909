import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { startFakeSidecar } from '../../test/support/fake-sidecar.ts'
import { until } from '../../test/support/until.ts'
import { AWAY_MS_MAX, GuardClient } from './guard-client.ts'
import type { Admit, Hold } from './guard-messages.ts'

const HOLD: Hold = { type: 'hold', id: 'h1', amount: 10, scopes: { agent: 'a' } }
const ADMIT: Admit = {
  type: 'admit',
  id: 'a1',
  tool: 'post',
  class: 'post',
  scopes: { agent: 'a' },
  summary: '',
  argumentsHmac: '00',
}
/** An hour: only what the client does by itself ends an ask. */
const LONG_MS = 3_600_000

afterEach(() => {
  vi.useRealTimers()
})

async function connected(): Promise<AsyncDisposable & Awaited<ReturnType<typeof open>>> {
  const all = await open()
  await until(() => all.client.isConnected)
  return all
}

async function open(welcome: (client: GuardClient) => void = () => {}) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'guard-client-'))
  const path = join(folder.path, 'control.sock')
  const sidecar = await startFakeSidecar(path)
  const client: GuardClient = new GuardClient({
    address: { path },
    identity: { process: '1'.repeat(32), pid: process.pid, startedAt: 1, agent: 'a', version: '0.1.0' },
    inFlight: () => 0,
    welcome: () => welcome(client),
    stop: () => undefined,
    resume: () => undefined,
  })
  client.start()
  return {
    client,
    sidecar,
    path,
    [Symbol.asyncDispose]: async () => {
      client.close()
      await sidecar.kill()
      await folder.remove()
    },
  }
}

test('without a sidecar what is asked is denied after a short grace, with what to do now; nothing is to be given back', async () => {
  await using all = await connected()
  const { client, sidecar, path } = all
  await sidecar.kill()
  await until(() => !client.isConnected)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const asked = [client.ask(HOLD, LONG_MS), client.ask(ADMIT, LONG_MS)]
  vi.advanceTimersByTime(AWAY_MS_MAX)
  for (const answer of await Promise.all(asked)) {
    expect(answer).toMatchObject({ isGranted: false, code: 'GUARD_UNAVAILABLE' })
    expect(answer.message).toContain(path)
    expect(answer.message).toContain('spanwarden collect')
  }
  expect(client.tellsWaiting).toBe(0)
})

// Root may open everything, so the refusal is made up.
test('a socket of another user is told apart from a sidecar that is not there', async () => {
  await using all = await connected()
  const { client, sidecar } = all
  await sidecar.kill()
  const forbidden = Object.assign(new Error('connect EACCES'), { code: 'EACCES' })
  const net = process.getBuiltinModule('node:net')
  const connect = vi.spyOn(net, 'connect').mockImplementation(() => {
    const socket = new net.Socket()
    queueMicrotask(() => socket.destroy(forbidden))
    return socket
  })
  await until(() => connect.mock.calls.length > 0 && !client.isConnected)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const asked = client.ask(HOLD, LONG_MS)
  vi.advanceTimersByTime(AWAY_MS_MAX)
  expect((await asked).message).toMatch(/EACCES.* user \d+.*as the same user/)
  connect.mockRestore()
})

test('what was told before a welcome comes before what the welcome makes it tell', async () => {
  let isBack = false
  await using all = await open((client) => {
    if (isBack) client.tell({ type: 'settle', id: 'h1', spent: 1 })
  })
  const { client, sidecar } = all
  await until(() => client.isConnected)
  await sidecar.kill()
  await until(() => !client.isConnected)
  client.tell({ type: 'spend', id: 'h1', step: 1, amount: 5 })
  isBack = true
  await sidecar.start()
  await until(() => sidecar.saidOf('settle').length > 0 && sidecar.saidOf('spend').length > 0)
  const said = sidecar.said.map(({ type }) => type).filter((type) => type === 'spend' || type === 'settle')
  expect(said).toEqual(['spend', 'settle'])
})

test('a restart within the grace is not noticed', async () => {
  await using all = await connected()
  const { client, sidecar } = all
  await sidecar.kill()
  await until(() => !client.isConnected)
  const asked = client.ask(ADMIT, LONG_MS)
  await sidecar.start()
  await expect(asked).resolves.toMatchObject({ isGranted: true })
})

test('when the sidecar is killed under a hold, the hold is denied and given back; a call that may wait for a person has its time', async () => {
  await using all = await connected()
  const { client, sidecar } = all
  sidecar.state.answer = () => undefined
  const hold = client.ask(HOLD, LONG_MS)
  const admit = client.ask(ADMIT, LONG_MS)
  await until(() => sidecar.saidOf('admit').length === 1)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  await sidecar.kill()
  await vi.waitUntil(() => !client.isConnected)
  vi.advanceTimersByTime(AWAY_MS_MAX)
  await expect(hold).resolves.toMatchObject({ code: 'GUARD_UNAVAILABLE' })
  expect(client.tellsWaiting).toBe(1)
  client.close()
  await expect(admit).resolves.toMatchObject({ message: 'the guard of this process is closed' })
})
