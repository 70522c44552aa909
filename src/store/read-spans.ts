import {
  ATTR_ERROR_TYPE,
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_TOOL_NAME,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  ATTR_MCP_METHOD_NAME,
  ATTR_SERVICE_NAME,
  ATTR_SPANWARDEN_COST_AMOUNT,
  ATTR_SPANWARDEN_GUARD_DECISION,
  ATTR_SPANWARDEN_LOOP_LEVEL,
  ATTR_SPANWARDEN_REDACTION_COUNT,
  SPANWARDEN_GUARD_DECISION_VALUE_DENY,
  SPANWARDEN_LOOP_LEVEL_VALUE_STOP,
  SPANWARDEN_LOOP_LEVEL_VALUE_WARN,
} from '../conventions.ts'
import { operationOf } from '../otlp/genai-operation.ts'
import type { GenAiOperation } from '../otlp/genai-operation.ts'
import { fieldId } from '../otlp/schema.ts'
import { SpanReader, spanNodes, wireId } from '../otlp/span-reader.ts'
import type { OtlpView } from '../otlp/view.ts'

export const ROLE_OTHER = 0
export const ROLE_AGENT = 1
export const ROLE_MODEL = 2
export const ROLE_TOOL = 3

/** What the store keeps of a span beside its bytes. Ids and `body` are views on the batch's memory. */
export interface SpanFacts {
  readonly traceId: Buffer
  readonly spanId: Buffer
  /** Empty for the root of a trace. */
  readonly parentId: Buffer
  /** Its parent is not in this process's part of the trace: none at all, or one beyond the network. */
  readonly isLocalRoot: boolean
  /** A tool call that came over the network, as to an MCP server: the run is its caller's, which may yet come. No local root. */
  readonly isServedTool: boolean
  readonly startUs: number
  readonly endUs: number
  readonly role: number
  /** A request of the MCP protocol that is no tool call: the handshake, a list of tools. */
  readonly isProtocolTalk: boolean
  readonly name: string
  readonly subject: string
  readonly agent: string
  readonly conversation: string
  readonly failed: boolean
  readonly errorType: string
  readonly inputTokens: number
  readonly outputTokens: number
  /** Billionths of a dollar; null when nobody knows them. */
  readonly costNano: number | null
  readonly redactions: number
  /** What the loop detector said: 0 nothing, 1 warn, 2 stop. */
  readonly loop: number
  /** The guard did not let it through. */
  readonly denied: boolean
  readonly body: Buffer
}

/** Spans of one resource and scope. */
export interface SpanGroup {
  readonly service: string
  readonly resource: Buffer
  readonly scope: Buffer
  readonly spans: readonly SpanFacts[]
}

const RESOURCE_SPANS = fieldId('ExportTraceServiceRequest', 'resourceSpans')
const RESOURCE = fieldId('ResourceSpans', 'resource')
const SCOPE_SPANS = fieldId('ResourceSpans', 'scopeSpans')
const SCOPE = fieldId('ScopeSpans', 'scope')
const NAME = fieldId('Span', 'name')

const REQUEST_MODEL = wireId(ATTR_GEN_AI_REQUEST_MODEL)
const RESPONSE_MODEL = wireId(ATTR_GEN_AI_RESPONSE_MODEL)
const AGENT_NAME = wireId(ATTR_GEN_AI_AGENT_NAME)
const TOOL_NAME = wireId(ATTR_GEN_AI_TOOL_NAME)
const CONVERSATION = wireId(ATTR_GEN_AI_CONVERSATION_ID)
const INPUT_TOKENS = wireId(ATTR_GEN_AI_USAGE_INPUT_TOKENS)
const OUTPUT_TOKENS = wireId(ATTR_GEN_AI_USAGE_OUTPUT_TOKENS)
const ERROR_TYPE = wireId(ATTR_ERROR_TYPE)
const MCP_METHOD = wireId(ATTR_MCP_METHOD_NAME)
const SERVICE = wireId(ATTR_SERVICE_NAME)
const COST = wireId(ATTR_SPANWARDEN_COST_AMOUNT)
const DECISION = wireId(ATTR_SPANWARDEN_GUARD_DECISION)
const LOOP = wireId(ATTR_SPANWARDEN_LOOP_LEVEL)
const LOOP_LEVELS: readonly string[] = [SPANWARDEN_LOOP_LEVEL_VALUE_WARN, SPANWARDEN_LOOP_LEVEL_VALUE_STOP]
const REDACTIONS = wireId(ATTR_SPANWARDEN_REDACTION_COUNT)

const roles: Readonly<Partial<Record<GenAiOperation, number>>> = {
  agent: ROLE_AGENT,
  inference: ROLE_MODEL,
  embeddings: ROLE_MODEL,
  tool: ROLE_TOOL,
}

/** Reads the spans of a batch. Those without valid ids are left out and counted in `invalid`. */
export function readSpans(view: OtlpView): { readonly groups: readonly SpanGroup[]; readonly invalid: number } {
  const reader = new SpanReader(view)
  const groups: SpanGroup[] = []
  let invalid = 0
  for (const r of children(view, 0, RESOURCE_SPANS)) {
    const resource = view.child(r, RESOURCE)
    reader.readResource(resource)
    const service = short(reader.text(SERVICE))
    for (const s of children(view, r, SCOPE_SPANS)) {
      const spans: SpanFacts[] = []
      for (const n of spanNodes(view, s)) {
        reader.readSpan(n)
        const span = readSpan(reader)
        if (span === undefined) invalid++
        else spans.push(span)
      }
      if (spans.length === 0) continue
      groups.push({ service, resource: bytesOf(view, resource), scope: bytesOf(view, view.child(s, SCOPE)), spans })
    }
  }
  return { groups, invalid }
}

function* children(view: OtlpView, n: number, field: number): Generator<number> {
  for (let c = view.first(n); c < view.next(n); c = view.next(c)) if (view.field(c) === field) yield c
}

const bytesOf = (view: OtlpView, n: number): Buffer =>
  n < 0 ? Buffer.alloc(0) : view.bytes.subarray(view.body(n), view.end(n))

function readSpan(reader: SpanReader): SpanFacts | undefined {
  const { view } = reader
  const traceId = bytesOf(view, reader.traceId)
  const spanId = bytesOf(view, reader.spanId)
  if (!isId(traceId, 16) || !isId(spanId, 8)) return undefined
  const parentId = bytesOf(view, reader.parentId)
  const hasParent = isId(parentId, 8) && !parentId.equals(spanId)
  const role = roles[operationOf(reader)] ?? ROLE_OTHER
  const name = view.child(reader.span, NAME)
  const startUs = microseconds(reader.startMs)
  const denied = reader.text(DECISION) === SPANWARDEN_GUARD_DECISION_VALUE_DENY
  return {
    traceId,
    spanId,
    parentId: hasParent ? parentId : Buffer.alloc(0),
    isLocalRoot: !hasParent || (reader.parentIsRemote && role !== ROLE_TOOL),
    isServedTool: hasParent && reader.parentIsRemote && role === ROLE_TOOL,
    startUs,
    endUs: Math.max(startUs, microseconds(reader.endMs)),
    role,
    isProtocolTalk: role === ROLE_OTHER && reader.has(MCP_METHOD),
    name: name < 0 ? '' : short(view.text(name)),
    subject: short(subjectOf(role, reader)),
    agent: short(reader.text(AGENT_NAME)),
    conversation: short(reader.text(CONVERSATION)),
    failed: reader.isError,
    errorType: short(reader.text(ERROR_TYPE)),
    inputTokens: count(reader.number(INPUT_TOKENS)),
    outputTokens: count(reader.number(OUTPUT_TOKENS)),
    // What was denied was never sent.
    costNano: amount(reader.number(COST)) ?? (denied ? 0 : null),
    redactions: count(reader.number(REDACTIONS)),
    loop: LOOP_LEVELS.indexOf(reader.text(LOOP) ?? '') + 1,
    denied,
    body: bytesOf(view, reader.span),
  }
}

/** What the lists of the page say of a name, in characters: hundreds of them stand in one answer. The span itself is kept whole. */
const NAME_CHARACTERS_MAX = 256
const short = (text = ''): string =>
  text.length <= NAME_CHARACTERS_MAX ? text : `${text.slice(0, NAME_CHARACTERS_MAX - 1).toWellFormed()}…`

const isId = (bytes: Buffer, length: number): boolean => bytes.length === length && bytes.some((byte) => byte !== 0)

/** A time that no clock gives (beyond the year 2255) is taken as unset. */
function microseconds(ms: number): number {
  const us = Math.round(ms * 1000)
  return Number.isSafeInteger(us) ? us : 0
}

/** A number of things; what is no such number (negative, huge) counts as none, so that one span cannot spoil a sum. */
const COUNT_MAX = 1e12
const count = (value: number | undefined): number =>
  value !== undefined && value >= 0 && value <= COUNT_MAX ? Math.round(value) : 0

const AMOUNT_MAX_USD = 1e5
const amount = (usd: number | undefined): number | null =>
  usd !== undefined && usd >= 0 && usd <= AMOUNT_MAX_USD ? Math.round(usd * 1e9) : null

function subjectOf(role: number, reader: SpanReader): string {
  if (role === ROLE_AGENT) return reader.text(AGENT_NAME) ?? ''
  if (role === ROLE_TOOL) return reader.text(TOOL_NAME) ?? ''
  return role === ROLE_MODEL ? (reader.text(REQUEST_MODEL) ?? reader.text(RESPONSE_MODEL) ?? '') : ''
}
