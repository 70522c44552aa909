/*
 * By hand: `node test/bench/exit.ts`. What the bundled preload adds to the end of an agent: from its last statement until the parent knows of its end, with
 * and without the preload in turn, while the sidecar is up, away, or hangs (SIGSTOP). 50 finished spans and an open one are left.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { projectFolder } from '../support/run-agent.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import { median } from './median.ts'

const ROUNDS = 11
const MS_MAX = 50

const folder = mkdtempSync(join(tmpdir(), 'spanwarden-bench-'))
const stateFolder = join(folder, 'state')
const bundle = async (entry: string): Promise<string> => {
  const outfile = join(folder, `${entry}.mjs`)
  await build({
    entryPoints: [join(projectFolder, `src/${entry}.ts`)],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    logLevel: 'error',
  })
  return outfile
}
const preload = await bundle('register')
const api = await bundle('index')

const ends = {
  'natural end': '',
  'process.exit': 'process.exit(0)',
  'uncaught throw': "throw new Error('boom')",
  SIGTERM: "process.kill(process.pid, 'SIGTERM')",
}
/** Right after the calls; or later, when the SDK has sent before and knows its receiver. */
const moments = { 'at once': 0, 'after 300 ms': 300 }

const scriptOf = (end: string, waitMs: number): string => {
  const path = join(folder, `agent-${scripts++}.mjs`)
  const keepsAlive = end === '' ? '' : 'setInterval(() => {}, 60_000)'
  const last = `writeSync(1, String(performance.timeOrigin + performance.now())); ${end}`
  writeFileSync(
    path,
    `import { writeSync } from 'node:fs'
import { agent } from ${JSON.stringify(api)}
for (let n = 0; n < 50; n += 1) agent('finished', () => n)()
${end === '' ? '' : "agent('open', () => new Promise(() => {}))()"}
${keepsAlive}
${waitMs === 0 ? last : `setTimeout(() => { ${last} }, ${waitMs})`}`,
  )
  return path
}
let scripts = 0

/** Milliseconds from the last statement to the end. */
async function endMs(script: string, endpoint: string, flags: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [...flags, script], {
    cwd: projectFolder,
    env: {
      PATH: process.env['PATH'],
      SPANWARDEN_STATE_DIR: stateFolder,
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_BSP_SCHEDULE_DELAY: '20',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  const closed = once(child, 'close')
  await once(child, 'exit')
  const now = performance.timeOrigin + performance.now()
  await closed
  return now - Number(output)
}

async function measure(state: string, endpoint: string): Promise<void> {
  for (const [moment, waitMs] of Object.entries(moments)) {
    for (const [end, code] of Object.entries(ends)) {
      const script = scriptOf(code, waitMs)
      const ms: Record<'bare' | 'ours', number[]> = { bare: [], ours: [] }
      for (let round = 0; round < ROUNDS; round += 1) {
        ms.bare.push(await endMs(script, endpoint, []))
        ms.ours.push(await endMs(script, endpoint, ['--import', preload]))
      }
      const added = median(ms.ours) - median(ms.bare)
      const worst = Math.max(...ms.ours) - median(ms.bare)
      console.log(
        `${state.padEnd(26)} ${moment.padEnd(13)} ${end.padEnd(15)} bare ${median(ms.bare).toFixed(1).padStart(5)} ms, added ${added.toFixed(1).padStart(5)} ms (worst ${worst.toFixed(1)}), ratio to the bar ${(added / MS_MAX).toFixed(2)}`,
      )
    }
  }
}

const backend = await startOtlpSink()
const through = { receivers: ['otlp', 'spool'], processors: ['redaction'], exporters: ['otlp_http'] }
const sidecar = await startSidecar(
  {
    receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } }, spool: {} },
    processors: { redaction: {} },
    exporters: { otlp_http: { endpoint: backend.url } },
    service: {
      http: { endpoint: '127.0.0.1:0' },
      telemetry: { metrics: { level: 'none' } },
      pipelines: { traces: through, metrics: through, logs: through },
    },
  },
  { stateFolder },
)
const endpoint = sidecar.listening['otlp_http'] ?? ''
await measure('up', endpoint)
process.kill(sidecar.pid, 'SIGSTOP')
await measure('hanging', endpoint)
process.kill(sidecar.pid, 'SIGCONT')
await sidecar.stop()
await measure('away, was there', endpoint)
rmSync(stateFolder, { recursive: true, force: true })
await measure('away, never was there', endpoint)
const hole = createServer((socket) => void socket.resume().on('error', () => undefined)).listen(0, '127.0.0.1')
await once(hole, 'listening')
const address = hole.address()
rmSync(stateFolder, { recursive: true, force: true })
await measure('not a sidecar, hanging', `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`)
hole.close()
await backend.close()
rmSync(folder, { recursive: true, force: true })
