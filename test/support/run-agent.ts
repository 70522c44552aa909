import { fileURLToPath } from 'node:url'
import { runNode } from './run-node.ts'
import type { NodeRun } from './run-node.ts'

export interface AgentOptions {
  /** `http://host:port` of an OTLP/HTTP receiver. */
  readonly endpoint: string
  /** The script, as a string: ESM by default, TypeScript allowed. Packages resolve from the project. */
  readonly script?: string
  /** Or a file and its arguments. */
  readonly file?: readonly string[]
  readonly module?: 'esm' | 'commonjs'
  readonly env?: Readonly<Record<string, string>>
  /** Flags of node before the preload. */
  readonly flags?: readonly string[]
  /** Where the script's packages resolve from; the project itself when left out. */
  readonly cwd?: string
  /** false: the same without the preload. */
  readonly preload?: boolean
}

export const projectFolder = fileURLToPath(new URL('../..', import.meta.url))

/** Path of the preload in development; Node runs the TypeScript. */
export const preloadFile = `${projectFolder}src/register.ts`

/**
 * Runs a real agent process with the real preload flag to its end. Unless `env` says `OTEL_LOG_LEVEL`, it says nothing when all is well. It leaves nothing in a spool unless `env` says so (`SPANWARDEN_SPOOL: 'on'` and a
 * state folder): what it sends at its end comes to `endpoint`.
 */
export function runAgent(options: AgentOptions): Promise<NodeRun> {
  const { endpoint, script, file, module = 'esm', env = {}, flags = [], preload = true, cwd = projectFolder } = options
  const inputType = module === 'esm' ? 'module-typescript' : 'commonjs-typescript'
  const what = file ?? [`--input-type=${inputType}`, '--eval', script ?? '']
  return runNode([...flags, ...(preload ? ['--import', preloadFile] : []), ...what], {
    cwd,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, SPANWARDEN_SPOOL: 'off', OTEL_LOG_LEVEL: 'warn', ...env },
  })
}
