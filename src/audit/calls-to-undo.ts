import { auditName } from './audit-line.ts'
import type { AuditRecord } from './audit-line.ts'
import { recordsBackwards } from './records-backwards.ts'

/** Which calls to take back: by their ids, all of a run, or the newest. */
export type UndoSelection =
  | { readonly calls: readonly string[] }
  | { readonly run: string }
  | { readonly last: number; readonly agent?: string | undefined }

/** How far a call is: `done`, `running` (no outcome yet), `unknown` (its outcome does not say that it was done, nor that it was not), `undone`. */
export type UndoState = 'done' | 'running' | 'unknown' | 'undone'

/** A call with a side effect, as the log tells it. */
export interface CallToUndo {
  readonly call: string
  readonly ts: string
  readonly agent: string
  readonly run: string
  readonly process: string
  readonly tool: string
  readonly class: string
  readonly input: string
  /** Of its outcome; '' without one. */
  readonly result: string
  readonly state: UndoState
  /** Rollbacks before this one: what was ordered and what came of it, oldest first. */
  readonly rollbacks: readonly { readonly ts: string; readonly by: string; readonly result: string }[]
}

/** Calls of one rollback. */
export const UNDO_CALLS_MAX = 1000
/** A call that has no outcome for longer has lost it. */
const RUNNING_MS_MAX = 60 * 60 * 1000
const ROLLBACKS = new Set(['rollback', 'rolled_back', 'rolled_back_by_hand'])

/** The calls of a log with side effects that were allowed, newest first. Those that were certainly never made are left out. */
export async function callsToUndo(folder: string, selection: UndoSelection, nowMs: number): Promise<CallToUndo[]> {
  const found: CallToUndo[] = []
  const outcomes = new Map<string, AuditRecord>()
  const actions = new Map<string, AuditRecord[]>()
  const max = 'calls' in selection ? selection.calls.length : 'last' in selection ? selection.last : UNDO_CALLS_MAX
  for await (const record of recordsBackwards(folder, wantedBy(selection))) {
    const id = text(record, 'call')
    if (record.event === 'action') actions.set(id, [record, ...(actions.get(id) ?? [])])
    else if (record.event === 'outcome') outcomes.set(id, record)
    else {
      const call = callOf(record, outcomes.get(id), actions.get(id) ?? [], nowMs)
      outcomes.delete(id)
      if (call !== undefined) found.push(call)
      if (found.length >= max) break
    }
  }
  return found
}

function wantedBy(selection: UndoSelection): (record: AuditRecord) => boolean {
  const isCall = ({ event, fields }: AuditRecord): boolean =>
    (event === 'attempt' || event === 'outcome') && fields['class'] !== 'read' && fields['class'] !== 'model'
  const isRollback = ({ event, fields }: AuditRecord): boolean =>
    event === 'action' && ROLLBACKS.has(String(fields['action']))
  if ('calls' in selection) {
    const ids = new Set<unknown>(selection.calls)
    return (record) => ids.has(record.fields['call']) && (isCall(record) || isRollback(record))
  }
  const [name, value] = 'run' in selection ? ['run', selection.run] : ['agent', selection.agent]
  const wanted = value === undefined ? undefined : auditName(value)
  return (record) =>
    isRollback(record) || (isCall(record) && (wanted === undefined || record.fields[name ?? ''] === wanted))
}

function callOf(
  attempt: AuditRecord,
  outcome: AuditRecord | undefined,
  actions: readonly AuditRecord[],
  nowMs: number,
): CallToUndo | undefined {
  const result = outcome === undefined ? '' : text(outcome, 'result')
  if (text(attempt, 'decision') === 'deny' || result === 'not_called') return undefined
  const rollbacks = actions.map((action) => ({
    ts: action.ts,
    by: text(action, 'by'),
    result: text(action, 'action') === 'rollback' ? '' : text(action, 'result'),
  }))
  const isUndone = rollbacks.some((one) => one.result === 'ok')
  return {
    call: text(attempt, 'call'),
    ts: attempt.ts,
    agent: text(attempt, 'agent'),
    run: text(attempt, 'run'),
    process: text(attempt, 'process'),
    tool: text(attempt, 'tool'),
    class: text(attempt, 'class'),
    input: text(attempt, 'input'),
    result,
    state: isUndone ? 'undone' : stateOf(result, nowMs - Date.parse(attempt.ts)),
    rollbacks,
  }
}

function stateOf(result: string, ageMs: number): UndoState {
  if (result === 'ok') return 'done'
  return result === '' && ageMs <= RUNNING_MS_MAX ? 'running' : 'unknown'
}

const text = ({ fields }: AuditRecord, name: string): string => {
  const value = fields[name]
  return typeof value === 'string' ? value : ''
}
