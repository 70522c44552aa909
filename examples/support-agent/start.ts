import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { FiveMetrics } from './five-metrics.ts'
import { startModelServer } from './model-server.ts'

/*
 * `npm start`: the whole way on one machine. A model server, the sidecar with its embedded default configuration, and the support agent
 * with the preload; prints the five metrics while it runs. `npm start -- --once` ends after one round of tickets.
 */
const SIDECAR_START_MS_MAX = 20_000
const METRICS_WAIT_MS_MAX = 20_000
const PRINT_EVERY_MS = 5_000

const root = fileURLToPath(new URL('../../', import.meta.url))
const isOnce = process.argv.includes('--once')
const aborter = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => aborter.abort())

const stateFolder = await mkdtemp(join(tmpdir(), 'spanwarden-example-'))
const modelServer = await startModelServer()
const endpoints = await chooseEndpoints({
  SPANWARDEN_OTLP_GRPC_ENDPOINT: 4317,
  SPANWARDEN_OTLP_HTTP_ENDPOINT: 4318,
  SPANWARDEN_HTTP_ENDPOINT: 8080,
  SPANWARDEN_PROMETHEUS_ENDPOINT: 9464,
  SPANWARDEN_OWN_METRICS_ADDRESS: 8888,
})
const page = `http://${endpoints['SPANWARDEN_HTTP_ENDPOINT']}`
const prometheus = `http://${endpoints['SPANWARDEN_PROMETHEUS_ENDPOINT']}/metrics`

const sidecar = start('sidecar', ['src/cli.ts', 'collect'], {
  ...endpoints,
  SPANWARDEN_STATE_DIR: stateFolder,
  SPANWARDEN_METRICS_FLUSH_INTERVAL: '500ms',
})
let exitCode = 1
try {
  await untilReady()
  const agent = start('agent', ['examples/support-agent/agent.ts', ...process.argv.slice(2)], {
    // The preload as a variable, so that its tool server has it, too: one trace through both processes.
    NODE_OPTIONS: `--import ${new URL('../../src/register.ts', import.meta.url).href}`,
    OPENAI_BASE_URL: modelServer.openaiUrl,
    ANTHROPIC_BASE_URL: modelServer.anthropicUrl,
    OTEL_SERVICE_NAME: 'support-agent',
    SPANWARDEN_STATE_DIR: stateFolder,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${endpoints['SPANWARDEN_OTLP_HTTP_ENDPOINT']}`,
    OTEL_METRIC_EXPORT_INTERVAL: '250',
    OTEL_BSP_SCHEDULE_DELAY: '250',
    // Prompts and answers, so that there is something to redact. Off unless asked for.
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true',
  })
  console.log(
    `The support agent runs against a model server on this machine.\n\n  page        ${page}\n  Prometheus  ${prometheus}\n`,
  )
  exitCode = await watch(agent)
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
} finally {
  await end(sidecar)
  await modelServer.close()
  await rm(stateFolder, { recursive: true, force: true })
}
process.exit(exitCode)

/** Prints the metrics until the agent has ended, and once more when everything has arrived. The exit code is the agent's. */
async function watch(agent: ChildProcess): Promise<number> {
  const metrics = new FiveMetrics(prometheus)
  aborter.signal.addEventListener('abort', () => agent.kill('SIGTERM'))

  for (let nextPrint = Date.now() + PRINT_EVERY_MS; agent.exitCode === null && agent.signalCode === null;) {
    await delay(200)
    await metrics.read()
    if (isOnce || Date.now() < nextPrint || aborter.signal.aborted) continue
    console.log(`${metrics.table()}\n`)
    nextPrint = Date.now() + PRINT_EVERY_MS
  }
  if (aborter.signal.aborted) return 0
  if (agent.exitCode !== 0) return agent.exitCode ?? 1

  for (const deadline = Date.now() + METRICS_WAIT_MS_MAX; Date.now() < deadline;) {
    await metrics.read()
    if (metrics.isSettled()) break
    await delay(300)
  }
  console.log(metrics.table())
  if (metrics.missing().length === 0) return 0
  console.error(`\nNo value arrived for: ${metrics.missing().join(', ')}`)
  return 1
}

async function untilReady(): Promise<void> {
  for (const deadline = Date.now() + SIDECAR_START_MS_MAX; ;) {
    if (sidecar.exitCode !== null)
      throw new Error(`The sidecar ended with exit code ${sidecar.exitCode}; its message stands above.`)
    const ready = await fetch(`${page}/readyz`).then(
      (response) => response.ok,
      () => false,
    )
    if (ready) return
    if (Date.now() > deadline)
      throw new Error(`The sidecar did not become ready within ${SIDECAR_START_MS_MAX / 1000} s.`)
    await delay(50)
  }
}

function start(name: string, args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
    // A Ctrl-C is for this process: it stops the others in order.
    detached: true,
  })
  child.on('error', (error) => console.error(`${name}: ${error.message}`))
  return child
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}

/** The default ports; where one is taken, any free one. */
async function chooseEndpoints(ports: Readonly<Record<string, number>>): Promise<Record<string, string>> {
  const chosen = await Promise.all(
    Object.entries(ports).map(async ([name, port]) => [
      name,
      `127.0.0.1:${await freePort(port).catch(() => freePort(0))}`,
    ]),
  )
  return Object.fromEntries(chosen) as Record<string, string>
}

function freePort(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port))
    })
  })
}
