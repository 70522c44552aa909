import type { Admit, ToolClass } from '../../../control/guard-messages.ts'
import type { ApprovalCall, ApprovalEntry, ApprovalState } from '../../../ledger/approval-book.ts'
import { isInputSummary } from '../../../limits/input-summary.ts'
import type { AttemptedCall } from './audit-trail.ts'
import type { Decision } from './decisions.ts'
import type { Supervised } from './supervised-config.ts'

/** What is kept of a call that waits for a person. */
export const callOf = (
  { tool, scopes, trace, span, summary, argumentsHmac }: Admit,
  ofClass: ToolClass,
): ApprovalCall => ({
  tool,
  class: ofClass,
  agent: scopes.agent,
  run: scopes.run,
  trace,
  span,
  // From another process: only what has the right form is kept and shown.
  summary: isInputSummary(summary) ? summary : 'unreadable',
  argumentsHmac: /^[0-9a-f]{64}$/.test(argumentsHmac) ? argumentsHmac : '',
})

/** The same, for the audit log. */
export const attemptedOf = ({ id, process, call }: ApprovalEntry): AttemptedCall => ({
  id,
  process,
  tool: call.tool,
  class: CLASSES.find((one) => one === call.class) ?? 'write',
  scopes: { agent: call.agent, ...(call.run === undefined ? {} : { run: call.run }) },
  ...(call.trace === undefined ? {} : { trace: call.trace }),
  ...(call.span === undefined ? {} : { span: call.span }),
  summary: call.summary,
  argumentsHmac: call.argumentsHmac,
})

/** What the agent is told of a question that was not answered with yes. */
export function denialOf({ state, call, person, reason, deadline, askedAt }: ApprovalEntry): Decision {
  const tool = call.tool.slice(0, 128)
  const why = reason === '' ? '' : `: ${reason}`
  const seconds = Math.round((deadline - askedAt) / 1000)
  const texts: Partial<Record<ApprovalState, string>> = {
    denied: `${person} has denied this call of ${tool}${why}. Do not make it again: do without, or ask ${person}`,
    timeout: `nobody approved this call of ${tool} within ${seconds} s, so it is denied: spanwarden approvals shows what waits`,
    withdrawn: `this call of ${tool} was withdrawn before a person decided`,
    stopped: `this call of ${tool} was stopped before a person decided`,
  }
  return {
    isGranted: false,
    code: 'APPROVAL_DENIED',
    rule: state === 'denied' ? 'supervised' : `supervised:${state}`,
    message: texts[state] ?? `this call of ${tool} was not approved`,
  }
}

/** The same, of a question that there is no room for. */
export const tooMany = (tool: string, { pendingMax }: Supervised): Decision => ({
  isGranted: false,
  code: 'APPROVAL_DENIED',
  rule: 'supervised:full',
  message: `${tool.slice(0, 128)} needs a person's approval, and ${pendingMax} calls wait for one already: answer them (spanwarden approvals), or raise pending_max`,
})

/** What became of a question, for whoever answers it too late. */
export function fateOf({ state, person, decidedAt }: ApprovalEntry): string {
  if (state === 'pending') return 'its time is over: nobody answered'
  const by = person === '' ? '' : ` by ${person}`
  return `${STATE_TEXT[state]}${by} at ${new Date(decidedAt).toISOString()}`
}

const STATE_TEXT: Readonly<Record<Exclude<ApprovalState, 'pending'>, string>> = {
  approved: 'already approved',
  denied: 'already denied',
  timeout: 'not answered in time, so it was denied',
  withdrawn: 'withdrawn: its process is gone, or wants it no more',
  stopped: 'stopped before it was decided',
  released: 'let through: the configuration asks for no person any more',
}

const CLASSES: readonly ToolClass[] = ['read', 'write', 'post', 'pay', 'exec']
