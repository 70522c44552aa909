/* By hand: `node test/bench/preload.ts`. What the bundled preload adds to the start of an empty script, side by side with sdk-node. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { projectFolder } from '../support/run-agent.ts'
import { median } from './median.ts'

const ROUNDS = 11
const MS_MAX = 150
const MB_MAX = 30

const folder = mkdtempSync(join(tmpdir(), 'spanwarden-bench-'))
const bundle = async (entry: string, name: string): Promise<string> => {
  const outfile = join(folder, `${name}.mjs`)
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    logLevel: 'error',
  })
  return outfile
}

const sdkNode = join(projectFolder, 'test/bench/sdk-node.mjs')
const cases = {
  bare: [],
  spanwarden: ['--import', await bundle(join(projectFolder, 'src/register.ts'), 'register')],
  'sdk-node + exporter-trace-otlp-http': ['--import', sdkNode],
}

const script = join(folder, 'empty.mjs')
writeFileSync(
  script,
  "process.stdout.write(JSON.stringify({ rss: process.memoryUsage.rss(), cpu: process.cpuUsage() })); process.kill(process.pid, 'SIGKILL')",
)

const ms = new Map<string, number[]>()
const mb = new Map<string, number[]>()
const cpu = new Map<string, number[]>()
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [name, flags] of Object.entries(cases)) {
    const start = performance.now()
    const { stdout } = spawnSync(process.execPath, [...flags, script], { encoding: 'utf8', cwd: projectFolder })
    const wall = performance.now() - start
    const seen: { rss: number; cpu: { user: number; system: number } } = JSON.parse(stdout)
    push(ms, name, wall)
    push(mb, name, seen.rss / 1e6)
    push(cpu, name, (seen.cpu.user + seen.cpu.system) / 1e3)
  }
}
rmSync(folder, { recursive: true })

const bare = { ms: median(ms.get('bare')), mb: median(mb.get('bare')), cpu: median(cpu.get('bare')) }
console.log(
  `bare: ${bare.ms.toFixed(0)} ms, ${bare.cpu.toFixed(0)} ms CPU, ${bare.mb.toFixed(1)} MB (start to the first line of an empty script, median of ${ROUNDS})`,
)
for (const name of Object.keys(cases).filter((each) => each !== 'bare')) {
  const [addedMs, addedCpu, addedMb] = [
    median(ms.get(name)) - bare.ms,
    median(cpu.get(name)) - bare.cpu,
    median(mb.get(name)) - bare.mb,
  ]
  console.log(`${name}: +${addedMs.toFixed(0)} ms, +${addedCpu.toFixed(0)} ms CPU, +${addedMb.toFixed(1)} MB`)
  if (name === 'spanwarden') {
    console.log(
      `  ratio to the bar: ${(addedMs / MS_MAX).toFixed(2)} of ${MS_MAX} ms, ${(addedMb / MB_MAX).toFixed(2)} of ${MB_MAX} MB`,
    )
  }
}

function push(into: Map<string, number[]>, name: string, value: number): void {
  into.set(name, [...(into.get(name) ?? []), value])
}
