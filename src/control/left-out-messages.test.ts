import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FAKE_RULES } from '../../test/support/fake-sidecar.ts'
import { GuardClient } from './guard-client.ts'
import type { FromAgent } from './guard-messages.ts'
import { GuardServer } from './guard-server.ts'

test('what the protocol does not have is left out, and says so: the connection stands and all else is told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'guard-client-'))
  const [heard, refused, dropped]: [FromAgent[], string[], string[]] = [[], [], []]
  const server = new GuardServer({
    joined: (peer) =>
      peer.send({
        type: 'welcome',
        protocol: 1,
        mode: 'enforce',
        leaseMs: 15_000,
        epoch: 'e',
        rules: FAKE_RULES,
        stops: [],
      }),
    received: (peer, message) => {
      if (message.type === 'renew') return peer.send({ type: 'lease' })
      heard.push(message)
    },
    left: () => {},
    refused: (reason, problem) => void refused.push(`${reason}: ${problem}`),
    connectionsMax: 10,
  })
  const path = join(folder, 'control.sock')
  await server.listen({ path })
  const client = new GuardClient({
    address: { path },
    identity: { process: 'p', pid: 1, startedAt: 0, agent: 'a', version: '1' },
    inFlight: () => 0,
    welcome: () => {},
    stop: () => {},
    resume: () => {},
    dropped: (type, reason) => void dropped.push(`${type}: ${reason}`),
  })
  client.start()
  client.tell({ type: 'settle', id: 'h1', spent: 2.5e21 })
  client.tell({ type: 'violation', model: 'm', excess: Number.NaN, scopes: { agent: 'a' } })
  client.tell({ type: 'settle', id: 'h2', spent: 5 })
  expect(await client.ask({ type: 'hold', id: 'h3', amount: 0.5, scopes: { agent: 'a' } }, 5000)).toMatchObject({
    code: 'GUARD_UNAVAILABLE',
    message: "the guard of this process can't ask: amount is missing or wrong",
  })
  expect(await client.flush(5000)).toBe(true)
  expect(heard).toEqual([{ type: 'settle', id: 'h2', spent: 5 }])
  expect(dropped).toEqual(['settle: spent is missing or wrong', 'violation: excess is missing or wrong'])
  expect(refused).toEqual([])
  client.close()
  await server.close()
  rmSync(folder, { recursive: true })
})
