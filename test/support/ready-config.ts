import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReadyMessage } from '../../src/cli/ready-message.ts'
import { projectFolder } from './run-agent.ts'

export const readyConfigsFolder = join(projectFolder, 'collector-config')

export interface ReadyConfigOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Like `--set`, for ports that a configuration fixes. */
  readonly set?: readonly string[]
  readonly cli: string
}

export interface ReadyConfigSidecar extends AsyncDisposable {
  readonly listening: Readonly<Record<string, string>>
  readonly output: string
}

const ANY = '127.0.0.1:0'
const ENDPOINTS = ['OTLP_GRPC_ENDPOINT', 'OTLP_HTTP_ENDPOINT', 'HTTP_ENDPOINT', 'PROMETHEUS_ENDPOINT'] as const

/** `spanwarden collect` with files of collector-config as they are, as a user starts it: only ports, backends and credentials come from outside. */
export async function startReadyConfig(
  names: readonly string[],
  { cli, env = {}, set = [] }: ReadyConfigOptions,
): Promise<ReadyConfigSidecar> {
  const stateFolder = await mkdtemp(join(tmpdir(), 'spanwarden-config-'))
  const { PATH, HOME, TMPDIR } = process.env
  const files = names.flatMap((name) => ['--config', join(readyConfigsFolder, name)])
  const child = spawn(process.execPath, [cli, 'collect', ...files, ...set.flatMap((value) => ['--set', value])], {
    env: {
      PATH,
      HOME,
      TMPDIR,
      SPANWARDEN_STATE_DIR: stateFolder,
      ...Object.fromEntries(ENDPOINTS.map((name) => [`SPANWARDEN_${name}`, ANY])),
      SPANWARDEN_OWN_METRICS_ADDRESS: ANY,
      SPANWARDEN_METRICS_FLUSH_INTERVAL: '100ms',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text))
  const closed = once(child, 'close')
  const ready = await Promise.race([
    once(child, 'message').then(([message]) => message as ReadyMessage),
    closed.then(() => undefined),
  ])
  if (ready === undefined) throw new Error(`${names.join(' + ')} did not start:\n${output}`)
  return {
    listening: ready.listening,
    get output() {
      return output
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await closed
      await rm(stateFolder, { recursive: true, force: true })
    },
  }
}
