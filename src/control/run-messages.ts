import { count, fields, id, label, milliseconds, oneOf, optional, word } from './message-fields.ts'
import type { CallScopes } from './guard-messages.ts'

/** What one process has done in a run so far: sums, so that what is told twice counts once. Needs no answer. */
export interface RunActivity {
  readonly type: 'activity'
  /** Of the sums. A process that has forgotten a run begins anew, with another id. */
  readonly id: string
  readonly scopes: CallScopes
  /** How long the process has been in the run. */
  readonly ageMs: number
  readonly nanoUsd: number
  readonly toolCalls: number
  /** Of the deepest agent within agents; the first is at 0. */
  readonly depth: number
}

/** The run is beyond a figure: its next span says so. A stop is told by `stop` besides. */
export interface RunMark {
  readonly type: 'mark'
  readonly run: string
  readonly level: 'warn' | 'stop'
  readonly rule: string
}

export const activity = fields<RunActivity>({
  type: word('activity'),
  id,
  scopes: fields<CallScopes>({ agent: label, tenant: optional(label), session: optional(label), run: optional(id) }),
  ageMs: milliseconds,
  nanoUsd: count,
  toolCalls: count,
  depth: count,
})

export const mark = fields<RunMark>({ type: word('mark'), run: id, level: oneOf(['warn', 'stop']), rule: label })
