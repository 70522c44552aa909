import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import { cpuUs } from './process-usage.ts'

export interface StartedEntry {
  readonly pid: number
  /** Of OTLP/HTTP. */
  readonly url: string
  readonly listening: Readonly<Record<string, string>>
  /** From the start of the process to its message that it is ready. */
  readonly startMs: number
  /** CPU time until then: by the clock a busy machine is blamed on the sidecar. */
  readonly startCpuMs: number
  stop(): Promise<number | null>
}

/** Starts `collect` of a built or a source entry with a configuration, a state folder of its own and what else Node shall be told. */
export async function startEntry(
  entry: string,
  config: object,
  nodeFlags: readonly string[] = [],
): Promise<StartedEntry> {
  const folder = mkdtempSync(join(tmpdir(), 'spanwarden-bench-entry-'))
  const configFile = join(folder, 'config.yaml')
  writeFileSync(configFile, stringify(config))
  const { PATH, HOME, TMPDIR } = process.env
  const startedMs = performance.now()
  const child = spawn(process.execPath, [...nodeFlags, resolve(entry), 'collect', '--config', configFile], {
    cwd: folder,
    env: { PATH, HOME, TMPDIR, SPANWARDEN_STATE_DIR: join(folder, 'state') },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let log = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-100_000)))
  const closed = once(child, 'close')
  const [message] = (await Promise.race([once(child, 'message'), closed.then(() => [undefined])])) as [
    { listening: Record<string, string> } | undefined,
  ]
  if (message === undefined) throw new Error(`the sidecar did not start:\n${log}`)
  return {
    pid: child.pid ?? 0,
    url: message.listening['otlp_http'] ?? '',
    listening: message.listening,
    startMs: performance.now() - startedMs,
    startCpuMs: cpuUs(child.pid ?? 0) / 1000,
    async stop() {
      child.kill('SIGTERM')
      await closed
      rmSync(folder, { recursive: true, force: true })
      return child.exitCode
    },
  }
}
