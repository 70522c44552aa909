import { join } from 'node:path'
import { fastify } from 'fastify'
import { afterEach } from 'vitest'
import { GuardClient } from '../../src/control/guard-client.ts'
import type { ControlAddress } from '../../src/control/guard-client.ts'
import type { Hold, Stop, Welcome } from '../../src/control/guard-messages.ts'
import type { Clock, ServiceName } from '../../src/sidecar/component.ts'
import { guard } from '../../src/sidecar/extensions/guard.ts'
import { guardHost } from '../../src/sidecar/extensions/guard/guard-host.ts'
import { Services } from '../../src/sidecar/services.ts'
import { testContext } from './component-context.ts'
import type { TestContext } from './component-context.ts'
import { until } from './until.ts'

type Undo = () => void | Promise<void>
/** Run when the test is over, the last one first. */
export const undo: Undo[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

/** 100 nano-USD a day. */
export const DAILY = { budgets: { daily: { limit_usd: 1e-7 } } }

/** A guard that runs by itself, in a folder of its own, until the test is over. */
export async function startGuard(
  config: object,
  context: TestContext = testContext('guard'),
  clock: Clock = context.clock,
) {
  const http = fastify()
  const services = new Services(() => ({ ...context, clock }))
  const service = <T>(name: ServiceName<T>): T => services.get(name)
  const extension = guard.create(guard.config.parse(config), {
    ...context,
    clock,
    http,
    service,
    readySinceMs: () => 0,
  })
  let isStopped = false
  const stop = async (): Promise<void> => {
    if (isStopped) return
    isStopped = true
    await extension.stop?.()
    services.close()
    await http.close()
  }
  undo.push(stop)
  await extension.start?.()
  const socket = join(context.stateFolder, 'control.sock')
  return { context, http, extension, stop, socket, host: service(guardHost), service }
}

interface AgentOptions {
  readonly process?: string
  readonly agent?: string
  readonly address?: ControlAddress
  readonly failed?: number
  stop?(message: Stop, client: GuardClient): void
}

/** A process of an agent, as the guard sees one. */
export async function guardAgent(
  socket: string,
  { process: id = 'p1', agent: name = 'support', address, failed = 0, stop }: AgentOptions = {},
) {
  const seen: { welcomes: Welcome[]; stops: Stop[]; resumed: number; lost: string[] } = {
    welcomes: [],
    stops: [],
    resumed: 0,
    lost: [],
  }
  const client: GuardClient = new GuardClient({
    address: address ?? { path: socket },
    identity: { process: id, pid: 1, startedAt: 0, agent: name, version: '1' },
    inFlight: () => 0,
    ended: () => ({ ended: failed, failed }),
    welcome: (message) => void seen.welcomes.push(message),
    stop(message) {
      seen.stops.push(message)
      if (stop === undefined) client.tell({ type: 'stopped', id: message.id, aborted: 1 })
      else stop(message, client)
    },
    resume: () => void seen.resumed++,
    lost: (reason) => void seen.lost.push(reason),
  })
  client.start()
  undo.push(() => client.close())
  await until(() => client.isConnected || seen.lost.length > 0)
  let count = 0
  const hold = (amount: number, more: Partial<Hold> = {}) =>
    client.ask({ type: 'hold', id: `${id}-${++count}`, amount, scopes: { agent: name }, ...more }, 5000)
  const settle = (n: number, spent: number): void => client.tell({ type: 'settle', id: `${id}-${n}`, spent })
  const admit = (tool: string, callId: string) =>
    client.ask(
      { type: 'admit', id: callId, tool, class: 'write', scopes: { agent: name }, summary: '', argumentsHmac: '' },
      5000,
    )
  return { client, seen, hold, settle, admit }
}
