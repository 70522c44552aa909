import {
  ATTR_ERROR_TYPE,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  ATTR_SPANWARDEN_COST_AMOUNT,
  ATTR_SPANWARDEN_GUARD_DECISION,
  ATTR_SPANWARDEN_LOOP_LEVEL,
  SPANWARDEN_GUARD_DECISION_VALUE_DENY,
} from '../../../conventions.ts'
import { operationOf } from '../../../otlp/genai-operation.ts'
import { SpanReader, spanNodes, wireId } from '../../../otlp/span-reader.ts'
import type { OtlpView } from '../../../otlp/view.ts'
import type { HeldSpans } from './held-spans.ts'
import type { AgentPolicyConfig } from './policy-config.ts'

/** Whether a run is one that somebody will want to see. Cost and tokens are those of its model calls, each counted once. */
export function isNotable({ views }: HeldSpans, config: AgentPolicyConfig): boolean {
  const calls = new Map<string, ModelCall>()
  let startMs = Infinity
  let endMs = 0
  for (const view of views) {
    const reader = new SpanReader(view)
    for (const span of spanNodes(view)) {
      reader.readSpan(span)
      if (isNotableSpan(reader, config)) return true
      if (reader.startMs > 0) startMs = Math.min(startMs, reader.startMs)
      endMs = Math.max(endMs, reader.endMs)
      const operation = operationOf(reader)
      if (operation === 'inference' || operation === 'embeddings') calls.set(idOf(view, reader.spanId), callOf(reader))
    }
  }
  if (config.duration_min_ms > 0 && endMs - startMs >= config.duration_min_ms) return true
  // A framework's span around that of the client library speaks of the same call.
  const inner = [...calls.values()].filter(({ parent }) => !calls.has(parent))
  const isOver = (min: number, of: (call: ModelCall) => number): boolean =>
    min > 0 && inner.reduce((sum, call) => sum + of(call), 0) >= min
  return isOver(config.cost_min_usd, ({ cost }) => cost) || isOver(config.tokens_min, ({ tokens }) => tokens)
}

interface ModelCall {
  readonly parent: string
  readonly cost: number
  readonly tokens: number
}

const callOf = (reader: SpanReader): ModelCall => ({
  parent: idOf(reader.view, reader.parentId),
  cost: Math.max(0, reader.number(COST) ?? 0),
  tokens: (reader.count(INPUT_TOKENS) ?? 0) + (reader.count(OUTPUT_TOKENS) ?? 0),
})

function isNotableSpan(reader: SpanReader, { errors, denied, looped }: AgentPolicyConfig): boolean {
  if (errors && (reader.isError || reader.has(ERROR_TYPE))) return true
  if (denied && reader.text(GUARD_DECISION) === SPANWARDEN_GUARD_DECISION_VALUE_DENY) return true
  return looped !== 'off' && LOOP_LEVELS.indexOf(reader.text(LOOP_LEVEL) ?? '') >= LOOP_LEVELS.indexOf(looped)
}

const idOf = (view: OtlpView, node: number): string =>
  node < 0 ? '' : view.bytes.toString('latin1', view.body(node), view.end(node))

/** The milder first. */
const LOOP_LEVELS = ['notice', 'warn', 'stop']
const ERROR_TYPE = wireId(ATTR_ERROR_TYPE)
const GUARD_DECISION = wireId(ATTR_SPANWARDEN_GUARD_DECISION)
const LOOP_LEVEL = wireId(ATTR_SPANWARDEN_LOOP_LEVEL)
const COST = wireId(ATTR_SPANWARDEN_COST_AMOUNT)
const INPUT_TOKENS = wireId(ATTR_GEN_AI_USAGE_INPUT_TOKENS)
const OUTPUT_TOKENS = wireId(ATTR_GEN_AI_USAGE_OUTPUT_TOKENS)
