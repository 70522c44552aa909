import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { buildGoProgram } from './go-program.ts'

/** A batch that the exporter `lines` printed: OTLP/JSON. */
export interface PrintedBatch {
  readonly signal: string
  readonly message: unknown
}

export interface StockCollector extends AsyncDisposable {
  readonly pid: number
  readonly printed: PrintedBatch[]
  /** Everything that it has logged. */
  readonly log: string
  /** From the start of the process to "Everything is ready". */
  readonly startMs: number
  /** Resolves once the condition holds; rejects after 20 s with the log. */
  until(condition: (collector: StockCollector) => boolean): Promise<void>
  stop(): Promise<void>
}

const WAIT_MS_MAX = 20_000
const POLL_MS = 20

/** Builds the collector of test/interop/collector once and starts it with a configuration; it listens where that says. */
export async function startStockCollector(config: object): Promise<StockCollector> {
  const binary = await buildGoProgram(fileURLToPath(new URL('../interop/collector', import.meta.url)))
  const startedMs = performance.now()
  const child = spawn(binary, ['--config', `yaml:${JSON.stringify(config)}`], { stdio: ['ignore', 'pipe', 'pipe'] })
  const printed: PrintedBatch[] = []
  let log = ''
  createInterface(child.stdout).on('line', (line) => {
    const space = line.indexOf(' ')
    printed.push({ signal: line.slice(0, space), message: JSON.parse(line.slice(space)) })
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text))
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null
  const stop = async (): Promise<void> => {
    if (hasEnded()) return
    child.kill('SIGTERM')
    await once(child, 'close')
  }
  const until = async (condition: () => boolean): Promise<void> => {
    const deadline = performance.now() + WAIT_MS_MAX
    while (!condition()) {
      if (hasEnded()) throw new Error(`the collector ended:\n${log}`)
      if (performance.now() > deadline) throw new Error(`waited in vain for the collector:\n${log}`)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
  await until(() => log.includes('Everything is ready'))
  const collector: StockCollector = {
    pid: child.pid ?? 0,
    printed,
    get log() {
      return log
    },
    startMs: performance.now() - startedMs,
    until: (condition) => until(() => condition(collector)),
    stop,
    [Symbol.asyncDispose]: stop,
  }
  return collector
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('there is no port')
  return address.port
}
