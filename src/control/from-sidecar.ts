import { DENIAL_CODES } from '../limits/denial-code.ts'
import type { DenialCode } from '../limits/denial-code.ts'
import type {
  Answer,
  FromSidecar,
  GuardRules,
  Lease,
  Refusal,
  Resume,
  RetryRules,
  Stop,
  StopState,
  SupervisedCalls,
  ToolClass,
  Welcome,
} from './guard-messages.ts'
import {
  count,
  fields,
  flag,
  id,
  label,
  listOf,
  mapOf,
  messageOf,
  milliseconds,
  oneOf,
  optional,
  sentence,
  word,
} from './message-fields.ts'
import { mark } from './run-messages.ts'
import { remembers, undo } from './undo-messages.ts'

/** Tools, and stops, that one welcome can name; a line has no room for more. */
const NAMES_MAX = 2000

const toolClass = oneOf<ToolClass>(['read', 'write', 'post', 'pay', 'exec'])
const stopScope = oneOf<StopState['scope']>(['fleet', 'agent', 'tenant', 'run', 'tool', 'model'])
const stopState = { scope: stopScope, value: label, reason: sentence } as const

const denialCode = oneOf<DenialCode>(DENIAL_CODES)

const rules = fields<GuardRules>({
  hasBudgets: flag,
  sliceMin: count,
  budgetScopes: listOf(oneOf(['tenant', 'session', 'run']), 3),
  tools: mapOf(toolClass, NAMES_MAX),
  askTools: listOf(label, NAMES_MAX),
  askClasses: listOf(toolClass, 5),
  supervised: optional(fields<SupervisedCalls>({ tools: listOf(label, NAMES_MAX), classes: listOf(toolClass, 5) })),
  unknownModel: oneOf(['deny', 'allow']),
  onInsufficient: optional(oneOf(['deny', 'clamp'])),
  outputTokensDefault: count,
  loops: flag,
  retries: optional(fields<RetryRules>({ mode: oneOf(['library', 'govern']), attemptsMax: count })),
  polling: optional(listOf(label, NAMES_MAX)),
  pollingMs: optional(milliseconds),
  velocity: optional(flag),
  auditClasses: listOf(toolClass, 5),
})

/** What the sidecar has said, every field checked. Throws ProtocolError. */
export const readFromSidecar = messageOf<FromSidecar>({
  welcome: fields<Welcome>({
    type: word('welcome'),
    protocol: count,
    mode: oneOf(['enforce', 'shadow', 'off']),
    leaseMs: milliseconds,
    epoch: id,
    rules,
    stops: listOf(fields<StopState>(stopState), NAMES_MAX),
  }),
  lease: fields<Lease>({ type: word('lease') }),
  answer: fields<Answer>({
    type: word('answer'),
    id,
    isGranted: flag,
    amount: optional(count),
    code: optional(denialCode),
    rule: optional(label),
    message: optional(sentence),
    retryAfterMs: optional(milliseconds),
  }),
  stop: fields<Stop>({ type: word('stop'), id, ...stopState }),
  resume: fields<Resume>({ type: word('resume'), scope: stopScope, value: label }),
  mark,
  refusal: fields<Refusal>({ type: word('refusal'), message: sentence }),
  remembers,
  undo,
})
