import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fleetConfig } from '../../src/sidecar/extensions/guard/fleet/fleet-config.ts'
import { certificate } from '../support/certificate.ts'
import type { Certificate } from '../support/certificate.ts'
import { startFleetSidecar } from '../support/fleet-sidecar.ts'
import type { FleetSidecar } from '../support/fleet-sidecar.ts'
import { findRedis, startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { freePort } from '../support/stock-collector.ts'
import { until } from '../support/until.ts'

/** What a sidecar needs, and no more: docs/limits.md names the same. */
const RIGHTS = [
  '+@connection',
  '+@read',
  '+@write',
  '+@scripting',
  '+@pubsub',
  '+info',
  '+time',
  '+wait',
  '+config|get',
]
const PASSWORD = 'p@ss/w:rd'

describe.skipIf(findRedis() === undefined)('Redis with TLS, certificates of clients and an access list', () => {
  let own: Certificate
  let redis: RedisServer
  let url: string
  const sidecars: FleetSidecar[] = []

  beforeEach(async () => {
    own = certificate()
    const port = await freePort()
    const files = ['--tls-cert-file', own.caFile, '--tls-key-file', own.keyFile, '--tls-ca-cert-file', own.caFile]
    redis = await startRedis(['--save', '', '--tls-port', String(port), ...files])
    const keys = ['~{spanwarden}:*', '&{spanwarden}:*']
    await redis.command('ACL', 'SETUSER', 'fleet', 'on', `>${PASSWORD}`, 'resetkeys', ...keys, ...RIGHTS)
    await redis.command('ACL', 'SETUSER', 'default', 'off')
    url = `rediss://127.0.0.1:${port}`
  })
  afterEach(async () => {
    for (const one of sidecars.splice(0)) await one.stop()
    await redis.kill()
  })

  async function sidecar(fleet: object): Promise<FleetSidecar> {
    const budgets = { all: { scope: 'fleet', window: 'run', limit_usd: 1 } }
    const rates = { posts: { class: 'post', scope: 'fleet', limit: 10, window: '1h' } }
    const made = await startFleetSidecar({
      budgets,
      rates,
      lease: '1s',
      fleet: { url, command_timeout: '1s', ...fleet },
    })
    sidecars.push(made)
    return made
  }

  test('is spoken to with a certificate of the client, a user and a password as they are', async () => {
    const tls = { ca_file: own.caFile, cert_file: own.caFile, key_file: own.keyFile }
    const one = await sidecar({ tls, username: 'fleet', password: PASSWORD })
    await one.isOpen()
    expect(await one.hold(1000)).toMatchObject({ isGranted: true })
    expect(await one.admit('post', 'post')).toMatchObject({ isGranted: true })
    const other = await sidecar({ tls, username: 'fleet', password: PASSWORD })
    await other.isOpen()
    await one.host.kill.stop({ scope: 'agent', value: 'x', reason: 'a test' }, 'Ada', 0)
    await until(() => other.host.books?.stops.isStopped('agent', 'x') === true)
    await one.stop()
    sidecars.splice(0, 1)
  })

  test('that is not trusted, or refuses, is away: everything is denied, and the reason is told without the password', async () => {
    const tls = { ca_file: own.caFile, cert_file: own.caFile, key_file: own.keyFile }
    const denied = async (fleet: object): Promise<string> => {
      const one = await sidecar(fleet)
      expect(await one.hold(1000, 0)).toMatchObject({ isGranted: false, code: 'GUARD_UNAVAILABLE' })
      return one.fleet.away ?? ''
    }
    expect(await denied({ username: 'fleet', password: PASSWORD })).toMatch(/SELF_SIGNED/)
    const wrong = await denied({ tls, username: 'fleet', password: 'Zq12-wrong' })
    expect(wrong).toMatch(/Redis refuses \(WRONGPASS\): look at the user and the password/)
    expect(wrong).not.toContain('Zq12')
    expect(await denied({ tls })).toMatch(/Redis refuses \(NOAUTH\)/)
  })
})

test('an address of Sentinel is refused, and what to do instead is said', () => {
  const { error } = fleetConfig.safeParse({ url: 'redis+sentinel://host:26379/mymaster' })
  expect(error?.issues.map(({ message }) => message).join()).toMatch(/Sentinel is not spoken: name an address/)
})
