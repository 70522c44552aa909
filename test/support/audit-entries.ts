import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditAttempt, AuditNote, AuditOutcome } from '../../src/audit/audit-entry.ts'
import { openAuditLog } from '../../src/audit/audit-log.ts'
import type { AuditLog, AuditLogOptions, AuditProblem } from '../../src/audit/audit-log.ts'

export const AUDIT_NOW = Date.UTC(2026, 10, 21, 12)

/** In memory where there is such a file system: a sync on a busy disk takes long. Gone at the end of the process. */
export function newAuditFolder(): string {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'spanwarden-audit-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'audit')
}
const MEMORY = '/dev/shm'
process.setMaxListeners(0)

const call = (id: string, tool: string, kind: string) => ({
  call: id,
  agent: 'support',
  run: '0af7651916cd43dd8448eb211c80319c',
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  process: 'p1',
  tool,
  class: kind,
})

export const attemptOf = (id: string, tool = 'post_message', kind = 'post'): AuditAttempt => ({
  event: 'attempt',
  ...call(id, tool, kind),
  input: '{text:string(12)}',
  argsHmac: 'aGVsbG8gd29ybGQgaGVsbG8',
  decision: 'allow',
  rule: 'posts',
  nanoUsd: 1000,
  hold: `h-${id}`,
})

export const outcomeOf = (id: string, tool = 'post_message', kind = 'post', result = 'ok'): AuditOutcome => ({
  event: 'outcome',
  ...call(id, tool, kind),
  result,
  durationMs: 12,
  nanoUsd: 900,
  hold: `h-${id}`,
})

export interface OpenedLog {
  readonly log: AuditLog
  readonly problems: AuditProblem[]
  readonly notes: () => AuditNote[]
}

/** A log whose clock stands still, unless told otherwise. */
export function openedLog(folder: string, options: Partial<AuditLogOptions> = {}): OpenedLog {
  const problems: AuditProblem[] = []
  const log = openAuditLog({
    folder,
    now: () => AUDIT_NOW,
    onProblem: (problem) => problems.push(problem),
    ...options,
  })
  return {
    log,
    problems,
    notes: () => problems.flatMap((problem) => (problem.kind === 'note' ? [problem.note] : [])),
  }
}
