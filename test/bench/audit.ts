// What the audit log takes: lines a second and their latency, 40 in flight, on the disk of the folder given; then reading it: `node test/bench/audit.ts [folder]`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAuditLog } from '../../src/audit/audit-log.ts'
import { lastCalls } from '../../src/audit/last-calls.ts'
import { verifyLog } from '../../src/audit/verify-log.ts'
import { attemptOf, outcomeOf } from '../support/audit-entries.ts'

const IN_FLIGHT = 40
const base = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'spanwarden-audit-bench-'))
const folder = join(base, 'audit')
const log = openAuditLog({ folder, now: () => Date.now(), onProblem: (problem) => console.error(problem) })
await log.keepHouse()

async function measure(name: string, isSideEffect: boolean, forMs: number): Promise<void> {
  const times: number[] = []
  const [begin, cpu, syncs] = [performance.now(), process.cpuUsage(), log.metrics.syncs]
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async (_, lane) => {
      for (let i = 0; performance.now() - begin < forMs; i++) {
        const start = performance.now()
        const [kind, id] = [isSideEffect ? 'post' : 'read', `${name}-${lane}-${i >> 1}`]
        await log.append(i % 2 === 0 ? attemptOf(id, 't', kind) : outcomeOf(id, 't', kind), { isSideEffect })
        times.push(performance.now() - start)
      }
    }),
  )
  const seconds = (performance.now() - begin) / 1000
  const { user, system } = process.cpuUsage(cpu)
  times.sort((a, b) => a - b)
  const at = (share: number): string => (times[Math.floor(times.length * share)] ?? 0).toFixed(2)
  console.log(
    `${name}: ${Math.round(times.length / seconds)} lines/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ` +
      `${((user + system) / times.length).toFixed(1)} µs CPU a line, ${log.metrics.syncs - syncs} syncs`,
  )
}

await measure('no side effect', false, 3000)
await measure('side effect', true, 5000)
await measure('no side effect again', false, 3000)
await log.close()
const { bytesOnDisk } = log.metrics
const readBegin = performance.now()
await lastCalls(folder, { count: 20, nowMs: Date.now() })
const lastMs = performance.now() - readBegin
const { lines, break: broken } = await verifyLog({ folder })
const verifyMs = performance.now() - readBegin - lastMs
console.log(
  `last 20: ${lastMs.toFixed(0)} ms; verify: ${verifyMs.toFixed(0)} ms for ${lines} lines, break ${JSON.stringify(broken)}`,
)
console.log(`RSS ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB; ${bytesOnDisk} bytes at the last look`)
rmSync(base, { recursive: true })
