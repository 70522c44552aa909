import { afterEach, describe, expect, test } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { startFleetSidecar } from '../support/fleet-sidecar.ts'
import type { FleetSidecar } from '../support/fleet-sidecar.ts'
import { findRedis, startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { projectFolder } from '../support/run-agent.ts'
import { until } from '../support/until.ts'

const undo: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

async function redisServer(): Promise<RedisServer> {
  const redis = await startRedis()
  undo.push(() => redis.kill())
  return redis
}

async function sidecar(url: string, name: string): Promise<FleetSidecar & { readonly control: string }> {
  const made = await startFleetSidecar({
    lease: '3s',
    // The agent's process is the one that runs the tests.
    stop: { signals: false },
    fleet: { url, node_name: name, command_timeout: '500ms' },
  })
  undo.push(made.stop)
  made.http.get('/health', async () => ({ program: 'spanwarden' }))
  const control = await made.http.listen({ port: 0, host: '127.0.0.1' })
  await until(() => made.fleet.known() !== undefined)
  return Object.assign(made, { control })
}

async function stop({ control }: { control: string }, ...flags: string[]) {
  let output = ''
  const write = (text: string | Uint8Array): void => void (output += text.toString())
  const code = await main(['stop', '--url', control, '--reason', 'a test', ...flags], {
    stdout: { write },
    stderr: { write },
    env: {},
    entry: `${projectFolder}src/cli.ts`,
  })
  return { code, output }
}

describe.skipIf(findRedis() === undefined)('spanwarden stop in a fleet', () => {
  test('is confirmed when the processes of all sidecars have confirmed it', async () => {
    const { url } = await redisServer()
    const one = await sidecar(url, 'host-1')
    await sidecar(url, 'host-2')
    await sidecar(url, 'host-3')
    const { code, output } = await stop(one)
    expect(output).toMatch(/confirmed +support +pid/)
    for (const name of ['host-2', 'host-3'])
      expect(output).toMatch(new RegExp(`\\n?confirmed +sidecar ${name} +1 of 1 processes`))
    expect(output).not.toContain('unconfirmed')
    expect(code).toBe(0)
  })

  test('says which sidecar has processes that do not confirm it, and which is silent', async () => {
    const { url } = await redisServer()
    const one = await sidecar(url, 'host-1')
    const slow = await sidecar(url, 'host-2')
    const dead = await sidecar(url, 'host-3')
    slow.silence()
    // As by SIGKILL: it does not say that it ends.
    const { fleet } = dead
    fleet.end()
    fleet.close = () => Promise.resolve()
    const { code, output } = await stop(one, 'agent=team/support', '--wait', '600ms')
    expect(output).toMatch(/unconfirmed +sidecar host-3 +it has not seen the stop yet/)
    // Of another agent.
    expect(output).toMatch(/confirmed +sidecar host-2 +no processes/)
    expect(code).toBe(3)
    const all = await stop(one, '--wait', '600ms', '--json')
    expect(all.code).toBe(3)
    const said = JSON.parse(all.output).fleet.sidecars.map(({ name, isConfirmed, why }: Record<string, unknown>) => ({
      name,
      isConfirmed,
      why,
    }))
    expect(said).toContainEqual({
      name: 'host-2',
      isConfirmed: false,
      why: '1 of its processes has not confirmed it',
    })
    // Whoever stops elsewhere is told the same.
    const [{ fleet: elsewhere } = { fleet: undefined }] = await slow.fleet.confirmations.of(
      slow.host.books?.stops.reports().filter(({ scope }) => scope === 'fleet') ?? [],
    )
    expect(elsewhere?.sidecars.find(({ name }) => name === 'host-1')).toMatchObject({ processes: 1, confirmed: 1 })
  })

  test('without Redis it holds here, is not confirmed, and is passed on when Redis is back', async () => {
    const redis = await redisServer()
    const [one, other] = [await sidecar(redis.url, 'host-1'), await sidecar(redis.url, 'host-2')]
    await redis.kill()
    const { code, output } = await stop(one)
    expect(output).toMatch(/unconfirmed: Redis is away .*ECONNREFUSED.*The stop holds here, and goes to the other/)
    expect(output).toMatch(/\nconfirmed +support/)
    expect(code).toBe(3)
    await redis.restart()
    await until(() => other.host.books?.stops.isStopped('fleet', 'fleet') === true)
    expect((await stop(one)).code).toBe(0)
  })
})
