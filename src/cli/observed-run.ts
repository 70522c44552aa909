import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { STATE_REPORT_VARIABLE } from '../sdk/state-report.ts'
import type { StateReport } from '../sdk/state-report.ts'
import type { CommandIo } from './command.ts'
import { preloaded, runProgram } from './run-program.ts'

export interface ObservedRun {
  readonly exitCode: number
  /** One for every preloaded process and thread that came to its end. */
  readonly reports: readonly StateReport[]
}

/**
 * Runs a command with the preload, sends nothing anywhere, and collects what each process says of the libraries that it loaded. What the command
 * writes to stdout goes to stderr: stdout is the doctor's.
 */
export async function observedRun(program: string, args: readonly string[], io: CommandIo): Promise<ObservedRun> {
  const folder = mkdtempSync(join(tmpdir(), 'spanwarden-doctor-'))
  try {
    const off = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' }
    const env = { ...io.env, ...off, ...preloaded(io), SPANWARDEN_SPOOL: 'off', [STATE_REPORT_VARIABLE]: folder }
    const exitCode = await runProgram(program, args, env, io, ['inherit', 2, 'inherit'])
    const reports = readdirSync(folder).map((name): StateReport => JSON.parse(readFileSync(join(folder, name), 'utf8')))
    return { exitCode, reports: reports.toSorted((a, b) => a.pid - b.pid || a.threadId - b.threadId) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
