/**
 * What a question to the guard costs: durable reservations a second, and a round trip at 200 a second, over the real socket with processes of their own.
 * `node test/bench/guard.ts [processes] [at once] [calls]`
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import { fastify } from 'fastify'
import { GuardClient } from '../../src/control/guard-client.ts'
import { guard } from '../../src/sidecar/extensions/guard.ts'
import { Services } from '../../src/sidecar/services.ts'
import { systemClock } from '../../src/sidecar/system-clock.ts'
import { testContext } from '../support/component-context.ts'

const [processes = 4, atOnce = 50, calls = 3000] = process.argv.slice(2).map(Number)
// Not /tmp where that is memory: what is measured is the sync.
const stateFolder = mkdtempSync(join(process.env['BENCH_FOLDER'] ?? tmpdir(), 'guard-'))
const context = { ...testContext('guard'), clock: systemClock, stateFolder }
const services = new Services(() => context)
const budgets = {
  fleet: { scope: 'fleet', limit_usd: 1000 },
  daily: { scope: 'agent', limit_usd: 1000 },
  hourly: { scope: 'agent', window: 'hour', limit_usd: 1000 },
}
const extension = guard.create(guard.config.parse({ budgets }), {
  ...context,
  http: fastify(),
  service: services.get.bind(services),
  readySinceMs: () => 0,
})
await extension.start?.()
const socket = join(stateFolder, 'control.sock')
try {
  await saturated()
  const disk = syncTimes(10_000)
  const lag = monitorEventLoopDelay({ resolution: 1 })
  lag.enable()
  await atRate(200, 10)
  lag.disable()
  const sync = await disk
  console.log(
    `in the same time: a write that is synced, by another process: p50 ${share(sync, 0.5)} ms, p99 ${share(sync, 0.99)} ms; ` +
      `event loop of the sidecar late by p50 ${(lag.percentile(50) / 1e6 - 1).toFixed(2)} ms, p99 ${(lag.percentile(99) / 1e6 - 1).toFixed(2)} ms; ` +
      `load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} processors`,
  )
} finally {
  await extension.stop?.()
  services.close()
  rmSync(stateFolder, { recursive: true })
}

async function saturated(): Promise<void> {
  const cpu = process.cpuUsage()
  const script = join(import.meta.dirname, '../support/guard-agent.ts')
  const results = await Promise.all(
    Array.from({ length: processes }, async (_, i) => {
      const args = [script, socket, `bench-${i}`, calls, atOnce, 1000, 700].map(String)
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      const [out] = await Promise.all([text(child.stdout), once(child, 'exit')])
      return JSON.parse(out) as { granted: number; denied: number; ms: number[]; from: number; until: number }
    }),
  )
  const granted = results.reduce((sum, one) => sum + one.granted, 0)
  const seconds = (Math.max(...results.map((one) => one.until)) - Math.min(...results.map((one) => one.from))) / 1000
  const ms = results.flatMap((one) => one.ms)
  const { user, system } = process.cpuUsage(cpu)
  console.log(
    `saturated: ${processes} processes, ${atOnce} at once each, 3 budgets: ${Math.round(granted / seconds)} reservations/s, each settled as well, ${Math.round((user + system) / granted)} µs CPU of the sidecar; ` +
      `round trip p50 ${share(ms, 0.5)} ms, p99 ${share(ms, 0.99)} ms`,
  )
}

async function syncTimes(forMs: number): Promise<number[]> {
  const script = join(import.meta.dirname, 'sync-clock.ts')
  const child = spawn(process.execPath, [script, stateFolder, '20', String(forMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return JSON.parse(await text(child.stdout)) as number[]
}

async function atRate(perSecond: number, seconds: number): Promise<void> {
  const client = new GuardClient({
    address: { path: socket },
    identity: { process: 'rate', pid: process.pid, startedAt: 0, agent: 'support', version: 'bench' },
    inFlight: () => 0,
    welcome() {},
    stop() {},
    resume() {},
  })
  client.start()
  while (!client.isConnected) await setTimeout(1)
  const ms: number[] = []
  const startedAt = performance.now()
  const asks: Promise<void>[] = []
  for (let n = 0; n < perSecond * seconds; n++) {
    await setTimeout(Math.max(0, startedAt + (n * 1000) / perSecond - performance.now()))
    const id = `rate-${n}`
    const at = performance.now()
    asks.push(
      client.ask({ type: 'hold', id, amount: 1000, scopes: { agent: 'support' } }, 10_000).then(() => {
        ms.push(performance.now() - at)
        return client.tell({ type: 'settle', id, spent: 700 })
      }),
    )
  }
  await Promise.all(asks)
  await client.flush(5000)
  client.close()
  console.log(
    `${perSecond}/s, one process (the sidecar's own): round trip p50 ${share(ms, 0.5)} ms, p99 ${share(ms, 0.99)} ms`,
  )
}

function share(all: readonly number[], part: number): string {
  return (all.toSorted((a, b) => a - b)[Math.floor(all.length * part)] ?? 0).toFixed(2)
}
