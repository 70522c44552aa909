import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { EXIT_CONFIG, EXIT_FAILED, EXIT_USAGE, UsageError } from './command.ts'
import type { CommandIo } from './command.ts'
import { configOptions } from './options.ts'
import { isReadyMessage } from './ready-message.ts'
import { preloaded, runProgram, say } from './run-program.ts'

/** Beyond the sidecar's own `shutdown_timeout`, before it is killed. */
const STOP_GRACE_MS = 5000

type Listening = Readonly<Record<string, string>>
interface Sidecar {
  readonly listening: Listening
  /** What an agent has to know to leave its last requests to this sidecar, or not to. */
  readonly spoolEnv: Readonly<Record<string, string>>
  /** Lets it send what it has; nothing for a sidecar that others started. */
  stop(): Promise<void>
}

/** Runs an agent beside a sidecar, with the SDK preloaded. The exit code is the agent's, 128 and the number for a signal. */
export async function run(argv: string[], io: CommandIo): Promise<number> {
  const dashes = argv.indexOf('--')
  const [program, ...args] = dashes < 0 ? [] : argv.slice(dashes + 1)
  if (program === undefined) throw new UsageError('what to run comes after --, as in: spanwarden run -- node agent.js')
  const flags = argv.slice(0, dashes)
  parseArgs({ args: flags, options: configOptions })
  const sidecar = await startSidecar(flags, io)
  if (typeof sidecar === 'number') return sidecar
  say(io, whereToLook(sidecar.listening))
  const exitCode = await runProgram(program, args, agentEnv(sidecar, io), io)
  await sidecar.stop()
  return exitCode
}

function whereToLook({ control, prometheus }: Listening): string {
  const places = [control && `page ${control}`, prometheus && `Prometheus ${prometheus}`].filter(Boolean)
  return places.length === 0 ? 'the sidecar is ready' : places.join(', ')
}

/**
 * A sidecar in a process of its own, which neither the terminal's Ctrl-C nor the agent's end takes along; or one that answers already; or an
 * exit code. The configuration is read over there: this process stays small beside the agent.
 */
async function startSidecar(flags: readonly string[], io: CommandIo): Promise<Sidecar | number> {
  const { NODE_OPTIONS: _, ...env } = io.env
  const args = ['collect', '--unless-running', '--set', 'service.telemetry.logs.level=warn', ...flags]
  const child = spawn(process.execPath, [io.entry, ...args], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env,
  })
  const exited = once(child, 'exit')
  const first: unknown = await Promise.race([
    once(child, 'message').then(([message]: unknown[]) => message),
    exited.then(([code]: unknown[]) => code),
  ])
  if (!isReadyMessage(first)) return first === EXIT_CONFIG || first === EXIT_USAGE ? first : EXIT_FAILED
  const { listening, found, shutdownTimeoutMs, spoolOf } = first
  if (found === undefined) {
    return {
      listening,
      spoolEnv: spoolOf === undefined ? { SPANWARDEN_SPOOL: 'off' } : { SPANWARDEN_STATE_DIR: spoolOf },
      stop: () => stopSidecar(child, exited, shutdownTimeoutMs + STOP_GRACE_MS, io),
    }
  }
  await exited
  const unused =
    flags.length === 0 ? '' : `: ${flags.join(' ')} is not used; stop that one first, or give its configuration this`
  say(io, `a sidecar answers already at ${found}; it keeps its own configuration${unused}`)
  return { listening, spoolEnv: {}, stop: () => Promise.resolve() }
}

async function stopSidecar(
  child: ChildProcess,
  exited: Promise<unknown>,
  timeoutMs: number,
  io: CommandIo,
): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return say(io, 'the sidecar ended before the agent')
  const kill = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  child.kill('SIGTERM')
  await exited
  clearTimeout(kill)
  if (child.exitCode !== 0) say(io, 'the sidecar could not send everything before it ended')
  else say(io, 'the sidecar has ended with the agent; spanwarden collect shows the page again')
}

function agentEnv({ listening, spoolEnv }: Sidecar, io: CommandIo): Record<string, string | undefined> {
  const { otlp_http: endpoint } = listening
  const env: Record<string, string | undefined> = { ...io.env, ...spoolEnv, ...preloaded(io) }
  if (!env['OTEL_EXPORTER_OTLP_ENDPOINT'] && endpoint !== undefined) env['OTEL_EXPORTER_OTLP_ENDPOINT'] = endpoint
  return env
}
