import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fastify } from 'fastify'
import { GuardClient } from '../../src/control/guard-client.ts'
import type { Answer, CallScopes, ToolClass } from '../../src/control/guard-messages.ts'
import type { ServiceName } from '../../src/sidecar/component.ts'
import { guard } from '../../src/sidecar/extensions/guard.ts'
import { guardHost } from '../../src/sidecar/extensions/guard/guard-host.ts'
import { Services } from '../../src/sidecar/services.ts'
import { systemClock } from '../../src/sidecar/system-clock.ts'
import { testContext } from './component-context.ts'
import type { TestContext } from './component-context.ts'
import { until } from './until.ts'

let ids = 0

/** The guard of a sidecar, with one agent that asks it over its socket. Time is the real one. */
export async function startFleetSidecar(config: object, folder = mkdtempSync(join(tmpdir(), 'spanwarden-fleet-'))) {
  const context: Omit<TestContext, 'clock'> & { clock: typeof systemClock } = {
    ...testContext('guard'),
    clock: systemClock,
    stateFolder: folder,
    random: Math.random,
  }
  const http = fastify()
  const services = new Services(() => context)
  const service = <T>(name: ServiceName<T>): T => services.get(name)
  const extension = guard.create(guard.config.parse(config), { ...context, http, service, readySinceMs: () => 0 })
  await extension.start?.()
  let isSilent = false
  const host = service(guardHost)
  const client = new GuardClient({
    address: { path: join(folder, 'control.sock') },
    identity: { process: `p${ids++}`, pid: process.pid, startedAt: 0, agent: 'support', version: '1' },
    inFlight: () => 0,
    welcome() {},
    stop: ({ id }) => void (isSilent || client.tell({ type: 'stopped', id, aborted: 0 })),
    resume() {},
    now: () => performance.now(),
  })
  client.start()
  await until(() => client.isConnected)
  const stop = async (): Promise<void> => {
    await client.flush(1000)
    client.close()
    await extension.stop?.()
    services.close()
    await http.close()
  }
  const scopes: CallScopes = { agent: 'support' }
  return {
    folder,
    host,
    http,
    context,
    stop,
    /** Its agent confirms no stop from now on. */
    silence: () => void (isSilent = true),
    problem: () => ({ code: extension.problemCode, message: extension.problem?.() }),
    get fleet() {
      const { fleet } = host.books ?? {}
      if (fleet === undefined) throw new Error('there is no fleet')
      return fleet
    },
    async isOpen() {
      await until(() => host.books?.fleet?.known() !== undefined && host.books.fleet.closedFor(0) === undefined)
    },
    hold: (amount: number, waitMs = 3000): Promise<Answer & { id: string }> =>
      client.ask({ type: 'hold', id: `h${ids++}`, amount, scopes, waitMs }, waitMs + 5000),
    settle: (id: string, spent: number): void => void client.tell({ type: 'settle', id, spent }),
    admit: (tool: string, ofClass: ToolClass, id = `a${ids++}`): Promise<Answer> =>
      client.ask({ type: 'admit', id, tool, class: ofClass, scopes, summary: '', argumentsHmac: '' }, 10_000),
    outcome: (id: string, notExecuted: boolean): void =>
      void client.tell({ type: 'outcome', id, result: 'ok', durationMs: 1, notExecuted }),
  }
}

export type FleetSidecar = Awaited<ReturnType<typeof startFleetSidecar>>
