import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { projectFolder } from './run-agent.ts'

export interface SidecarProcess extends AsyncDisposable {
  /** Where it listens, by protocol: `otlp_http`, `otlp_grpc`, `control`, `prometheus`, … */
  readonly listening: Readonly<Record<string, string>>
  readonly pid: number
  /** Its only one. */
  readonly configFile: string
  /** Where it keeps files; one of its own is gone after `stop`. */
  readonly stateFolder: string
  /** Everything that it has written to stdout and stderr. */
  readonly output: string
  /** Asks it to stop as an orchestrator does (SIGTERM), and resolves with its exit code. */
  stop(): Promise<number | null>
}

export interface SidecarOptions {
  /** Stays after `stop`. By default one of its own. */
  readonly stateFolder?: string
  /** The program; by default the source. A bundle starts in a fraction of the time. */
  readonly cli?: string | undefined
}

/** Starts a real sidecar, `spanwarden collect`, in a process of its own and waits until it is ready. Every endpoint in `config` has port 0. */
export async function startSidecar(config: object, options: SidecarOptions = {}): Promise<SidecarProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'spanwarden-sidecar-'))
  const configFile = join(folder, 'config.yaml')
  await writeFile(configFile, stringify(config))
  const stateFolder = options.stateFolder ?? join(folder, 'state')
  const { PATH, HOME, TMPDIR } = process.env
  const child = spawn(
    process.execPath,
    [options.cli ?? `${projectFolder}src/cli.ts`, 'collect', '--config', configFile],
    {
      cwd: folder,
      env: { PATH, HOME, TMPDIR, SPANWARDEN_STATE_DIR: stateFolder },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  )
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text))
  const closed = once(child, 'close')
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM')
    await closed
    await rm(folder, { recursive: true, force: true })
    return child.exitCode
  }
  const first: unknown = await Promise.race([
    once(child, 'message').then(([message]: unknown[]) => message),
    closed.then(() => undefined),
  ])
  if (!isReady(first)) throw new Error(`the sidecar did not start:\n${output}`)
  return {
    listening: first.listening,
    pid: child.pid ?? 0,
    configFile,
    stateFolder,
    get output() {
      return output
    },
    stop,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await stop()
    },
  }
}

const isReady = (value: unknown): value is { listening: Record<string, string> } =>
  typeof value === 'object' && value !== null && 'listening' in value
