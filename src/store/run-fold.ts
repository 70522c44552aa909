import { ROLE_AGENT, ROLE_MODEL, ROLE_TOOL } from './read-spans.ts'
import type { SpanFacts } from './read-spans.ts'

/** The row of a run. It is built by adding spans one by one: their order does not matter, adding one twice does (the store takes care). */
export interface RunTotals {
  /** Which span the run is named, timed and judged after: the smallest wins. Empty: none yet. */
  rank: string
  agent: string
  service: string
  failed: boolean
  errorType: string
  requestStartUs: number
  requestEndUs: number
  hasRoot: boolean
  startUs: number
  endUs: number
  conversation: string
  spans: number
  spansDropped: number
  /** Bytes of its spans. */
  bytes: number
  modelCalls: number
  unpricedCalls: number
  toolCalls: number
  toolErrors: number
  inputTokens: number
  outputTokens: number
  costNano: number
  redactions: number
  /** The strongest: 0 none, 1 warn, 2 stop. */
  loop: number
  denied: number
}

/** What a run's sums need of a span. */
export type CallFacts = Pick<SpanFacts, 'role' | 'failed' | 'inputTokens' | 'outputTokens' | 'costNano'>

export const emptyRun = (): RunTotals => ({
  rank: '',
  agent: '',
  service: '',
  failed: false,
  errorType: '',
  requestStartUs: 0,
  requestEndUs: 0,
  hasRoot: false,
  startUs: 0,
  endUs: 0,
  conversation: '',
  spans: 0,
  spansDropped: 0,
  bytes: 0,
  modelCalls: 0,
  unpricedCalls: 0,
  toolCalls: 0,
  toolErrors: 0,
  inputTokens: 0,
  outputTokens: 0,
  costNano: 0,
  redactions: 0,
  loop: 0,
  denied: 0,
})

export function addSpan(run: RunTotals, span: SpanFacts, service: string): void {
  considerAsRequest(run, span, service)
  run.hasRoot ||= span.isLocalRoot
  run.startUs = run.spans === 0 ? span.startUs : Math.min(run.startUs, span.startUs)
  run.endUs = Math.max(run.endUs, span.endUs)
  if (span.conversation !== '' && (run.conversation === '' || span.conversation < run.conversation)) {
    run.conversation = span.conversation
  }
  run.spans++
  run.bytes += span.body.length
  run.redactions += span.redactions
  run.loop = Math.max(run.loop, span.loop)
  if (span.denied) run.denied++
  countCall(run, span, 1)
}

/** Counts a model or tool call (`sign` 1) or takes it back (-1). Agent spans repeat the tokens of the calls below them, so they count nothing. */
export function countCall(run: RunTotals, call: CallFacts, sign: 1 | -1): void {
  if (call.role === ROLE_TOOL) {
    run.toolCalls += sign
    if (call.failed) run.toolErrors += sign
  }
  if (call.role !== ROLE_MODEL) return
  run.modelCalls += sign
  run.inputTokens += sign * call.inputTokens
  run.outputTokens += sign * call.outputTokens
  if (call.costNano === null) run.unpricedCalls += sign
  else run.costNano += sign * call.costNano
}

/** A span beyond the limit of its run: only looked at for being the root, which usually comes last. */
export function dropSpan(run: RunTotals, span: SpanFacts, service: string): void {
  considerAsRequest(run, span, service)
  run.hasRoot ||= span.isLocalRoot
  run.endUs = Math.max(run.endUs, span.endUs)
  run.spansDropped++
}

function considerAsRequest(run: RunTotals, span: SpanFacts, service: string): void {
  const rank = rankOf(span)
  if (run.rank !== '' && run.rank <= rank) return
  run.rank = rank
  // While neither agent nor root span is there, the service says more than the name of some call.
  const isPart = rank.startsWith(RANK_CALL) || rank.startsWith(RANK_SERVED)
  run.agent = span.agent || (isPart ? service : '') || span.name
  run.service = service
  run.failed = span.failed
  run.errorType = span.failed ? span.errorType : ''
  run.requestStartUs = span.startUs
  run.requestEndUs = span.endUs
}

const RANK_AGENT = '0'
const RANK_ROOT = '1'
/** Behind every root, which has digits there. Where no caller's span comes at all, it was the whole run. */
const RANK_SERVED = '1~'
/** Neither: the run has not shown what it is yet. */
export const RANK_CALL = '2'
/** Nothing but talk of the MCP protocol so far: the client connects, lists tools. Nobody asked the agent for it, so it is no run to list. */
export const RANK_TALK = '3'

/**
 * The outermost agent invocation, which of all agent spans starts first and, of those, ends last; without one the root span; until that has
 * come, the span that starts first.
 */
function rankOf(span: SpanFacts): string {
  const kind = kindOf(span)
  const start = String(span.startUs).padStart(16, '0')
  const end = String(9e15 - span.endUs).padStart(16, '0')
  return `${kind}${start}${end}${span.spanId.toString('hex')}`
}

function kindOf({ role, isProtocolTalk, isLocalRoot, isServedTool }: SpanFacts): string {
  if (role === ROLE_AGENT) return RANK_AGENT
  if (isProtocolTalk) return RANK_TALK
  if (isServedTool) return RANK_SERVED
  return isLocalRoot ? RANK_ROOT : RANK_CALL
}
