import { writeSync } from 'node:fs'
import { LOG_LEVELS } from './settings.ts'
import type { LogLevel } from './settings.ts'

/** Counts what went wrong inside the SDK, and says it once per kind on stderr: never silent, never noisy. */
export class Notices {
  readonly counts = new Map<string, number>()
  /** Least severity that is written; everything is counted. */
  level: LogLevel = 'info'
  readonly #write: (line: string) => void

  constructor(write: (line: string) => void = writeToStderr) {
    this.#write = write
  }

  /** Counts `kind`; the first time, its line is written. `line` holds no payload and no secret. */
  warn(kind: string, line: string): void {
    this.#count('warn', kind, line)
  }

  /** The same where something was lost, or a person must act. */
  error(kind: string, line: string): void {
    this.#count('error', kind, line)
  }

  info(line: string): void {
    this.#tell('info', line)
  }

  #count(severity: LogLevel, kind: string, line: string): void {
    const known = this.counts.get(kind)
    if (known === undefined && this.counts.size >= kindsMax) return
    this.counts.set(kind, (known ?? 0) + 1)
    if (known === undefined) this.#tell(severity, line)
  }

  #tell(severity: LogLevel, line: string): void {
    if (LOG_LEVELS.indexOf(severity) > LOG_LEVELS.indexOf(this.level)) return
    try {
      this.#write(`spanwarden: ${line}\n`)
    } catch {
      // stderr is closed or full: the count has to do.
    }
  }

  /** A fault of ours, caught so that the agent does not see it. Only the error's class is told: its message may hold content. */
  fault(where: string, error: unknown): void {
    this.warn(
      `fault ${where}`,
      `internal fault in ${where} (${errorType(error)}); the agent is not affected, spans may lack data`,
    )
  }
}

/** Low-cardinality name of an error for `error.type`: its code when it has a short one, else its class. */
export function errorType(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER'
  const code: unknown = Reflect.get(error, 'code')
  if (typeof code === 'string' && /^[A-Za-z_][\w.-]{0,63}$/.test(code)) return code
  const name = error.name === 'Error' ? error.constructor.name : error.name
  return /^[A-Za-z_$][\w.$-]{0,63}$/.test(name) ? name : '_OTHER'
}

const kindsMax = 100

/** Not by `process.stderr`: on a closed pipe that emits an error later, which would end an agent that never writes there itself. */
const writeToStderr = (line: string): void => void writeSync(2, line)
