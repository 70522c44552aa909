import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import type { Environment } from './environment-reader.ts'
import type { RuntimeState } from './runtime.ts'

/** Names the folder in which `spanwarden doctor` waits for the state of every process and thread that it has started. */
export const STATE_REPORT_VARIABLE = 'SPANWARDEN_STATE_REPORT'

/** One thread's report, as the doctor reads it. */
export interface StateReport {
  readonly pid: number
  readonly threadId: number
  readonly script: string | undefined
  readonly state: RuntimeState
}

/** At the end of the process: what was found and observed, for the doctor. Does nothing unless it asked. */
export function reportState(environment: Environment, state: () => RuntimeState): void {
  const folder = environment[STATE_REPORT_VARIABLE]
  if (folder === undefined || folder === '') return
  const report: StateReport = { pid: process.pid, threadId, script: process.argv[1], state: state() }
  writeFileSync(join(folder, `${process.pid}-${threadId}.json`), JSON.stringify(report), { mode: 0o600, flag: 'wx' })
}
