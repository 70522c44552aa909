import type {
  Admit,
  BoundViolation,
  CallScopes,
  FromAgent,
  Hello,
  Hold,
  LoopReport,
  Renew,
  Settle,
  Spend,
  Stopped,
  Stopping,
  ToolClass,
  ToolOutcome,
} from './guard-messages.ts'
import {
  count,
  fields,
  flag,
  id,
  label,
  messageOf,
  milliseconds,
  oneOf,
  optional,
  sentence,
  word,
} from './message-fields.ts'
import { activity } from './run-messages.ts'
import { recipe, remembered, undone } from './undo-messages.ts'

export const toolClass = oneOf<ToolClass>(['read', 'write', 'post', 'pay', 'exec'])

const scopes = fields<CallScopes>({
  agent: label,
  tenant: optional(label),
  session: optional(label),
  run: optional(id),
})

/** What an agent's process has said, every field checked. Throws ProtocolError. */
export const readFromAgent = messageOf<FromAgent>({
  hello: fields<Hello>({
    type: word('hello'),
    protocol: count,
    process: id,
    pid: count,
    startedAt: milliseconds,
    agent: label,
    tenant: optional(label),
    version: label,
    mark: optional(label),
    token: optional(sentence),
  }),
  renew: fields<Renew>({ type: word('renew'), inFlight: count, ended: optional(count), failed: optional(count) }),
  hold: fields<Hold>({
    type: word('hold'),
    id,
    amount: count,
    least: optional(count),
    scopes,
    slice: optional(flag),
    model: optional(label),
    trace: optional(id),
    span: optional(id),
    waitMs: optional(milliseconds),
  }),
  spend: fields<Spend>({ type: word('spend'), id, step: count, amount: count }),
  settle: fields<Settle>({ type: word('settle'), id, spent: count, unknown: optional(count) }),
  violation: fields<BoundViolation>({ type: word('violation'), model: label, excess: count, scopes }),
  admit: fields<Admit>({
    type: word('admit'),
    id,
    tool: label,
    class: toolClass,
    scopes,
    trace: optional(id),
    span: optional(id),
    summary: sentence,
    argumentsHmac: label,
    goesOn: optional(flag),
  }),
  outcome: fields<ToolOutcome>({
    type: word('outcome'),
    id,
    result: label,
    durationMs: milliseconds,
    notExecuted: optional(flag),
  }),
  loop: fields<LoopReport>({
    type: word('loop'),
    scopes,
    level: oneOf(['warn', 'stop']),
    rule: label,
    tool: label,
  }),
  activity,
  stopping: fields<Stopping>({ type: word('stopping'), id, underWay: count }),
  stopped: fields<Stopped>({ type: word('stopped'), id, aborted: count }),
  remembered,
  undone,
  recipe,
})
