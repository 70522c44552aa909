import { RE2JS } from 're2js'
import { fieldId } from '../../../otlp/schema.ts'
import { isNotable } from './agent-policy.ts'
import { type HeldSpans, heldSpanNodes, someAttribute } from './held-spans.ts'
import { agentPolicyConfig, type PolicyConfig, type PolicyPart } from './policy-config.ts'

/** What a policy says of a trace; `dropped` wins over all others. */
export type Decision = 'sampled' | 'not_sampled' | 'dropped'

export interface Policy {
  readonly name: string
  readonly isDrop: boolean
  decide(trace: HeldSpans): Decision
}

/** The decision over all policies and the policy that made it. Drop policies come first, then the first that samples wins. */
export function decide(policies: readonly Policy[], trace: HeldSpans): { decision: Decision; policy: string } {
  for (const policy of policies) {
    const decision = policy.decide(trace)
    if (decision !== 'not_sampled') return { decision, policy: policy.name }
  }
  return { decision: 'not_sampled', policy: '' }
}

/** Throws when an expression can't be compiled; `monotonicMs` is the clock of rates. */
export function policiesOf(configs: readonly PolicyConfig[], monotonicMs: () => number): Policy[] {
  const policies = configs.map((config): Policy => {
    const matches = matcherOf(config, monotonicMs)
    const yes = config.type === 'drop' ? 'dropped' : 'sampled'
    return {
      name: config.name,
      isDrop: config.type === 'drop',
      decide: (trace) => (matches(trace) ? yes : 'not_sampled'),
    }
  })
  return [...policies.filter(({ isDrop }) => isDrop), ...policies.filter(({ isDrop }) => !isDrop)]
}

type Matcher = (trace: HeldSpans) => boolean

function matcherOf(config: PolicyConfig, monotonicMs: () => number): Matcher {
  const parts = config.type === 'and' ? config.and?.and_sub_policy : config.drop?.drop_sub_policy
  if (config.type !== 'and' && config.type !== 'drop') return partMatcher({ ...config, type: config.type }, monotonicMs)
  const all = (parts ?? []).map((part) => partMatcher(part, monotonicMs))
  return (trace) => all.every((matches) => matches(trace))
}

function partMatcher(config: PolicyPart, monotonicMs: () => number): Matcher {
  const { latency, status_code, probabilistic, numeric_attribute, boolean_attribute, span_count, trace_state } = config
  switch (config.type) {
    case 'always_sample':
      return () => true
    case 'agent': {
      const agent = config.agent ?? agentPolicyConfig.parse({})
      return (trace) => isNotable(trace, agent)
    }
    case 'latency':
      return latency === undefined ? never : latencyMatcher(latency.threshold_ms, latency.upper_threshold_ms)
    case 'status_code':
      return status_code === undefined ? never : statusMatcher(status_code.status_codes)
    case 'probabilistic':
      return probabilistic === undefined
        ? never
        : shareMatcher(probabilistic.sampling_percentage, probabilistic.hash_salt)
    case 'string_attribute':
      return stringMatcher(config.string_attribute)
    case 'numeric_attribute': {
      if (numeric_attribute === undefined) return never
      const { key, min_value = -Infinity, max_value = Infinity, invert_match } = numeric_attribute
      return (trace) =>
        someAttribute(trace, key, (view, attribute) => {
          const value = view.numberValue(attribute)
          return value !== undefined && value >= min_value && value <= max_value
        }) !== invert_match
    }
    case 'boolean_attribute': {
      if (boolean_attribute === undefined) return never
      const { key, value, invert_match } = boolean_attribute
      return (trace) =>
        someAttribute(trace, key, (view, attribute) => view.booleanValue(attribute) === value) !== invert_match
    }
    case 'span_count': {
      if (span_count === undefined) return never
      const { min_spans, max_spans } = span_count
      return ({ spans }) => spans >= min_spans && (max_spans === 0 || spans <= max_spans)
    }
    case 'trace_state':
      return trace_state === undefined ? never : traceStateMatcher(trace_state.key, new Set(trace_state.values))
    case 'rate_limiting': {
      const { spans_per_second = 0, burst_capacity = 0 } = config.rate_limiting ?? {}
      const take = tokenBucket(spans_per_second, burst_capacity, monotonicMs)
      return ({ spans }) => take(spans)
    }
    case 'bytes_limiting': {
      const { bytes_per_second = 0, burst_capacity = 0 } = config.bytes_limiting ?? {}
      const take = tokenBucket(bytes_per_second, burst_capacity, monotonicMs)
      return ({ bytes }) => take(bytes)
    }
    case 'not': {
      if (config.not === undefined) return never
      const matches = partMatcher(config.not.not_sub_policy, monotonicMs)
      return (trace) => !matches(trace)
    }
  }
}

const never: Matcher = () => false

function latencyMatcher(thresholdMs: number, upperMs: number): Matcher {
  return (trace) => {
    let start = Infinity
    let end = 0
    for (const [view, span] of heldSpanNodes(trace)) {
      const startNode = view.child(span, START)
      const endNode = view.child(span, END)
      if (startNode >= 0) start = Math.min(start, view.unixMs(startNode))
      if (endNode >= 0) end = Math.max(end, view.unixMs(endNode))
    }
    const ms = Math.floor(end - start)
    return ms > thresholdMs && (upperMs === 0 || ms <= upperMs)
  }
}

function statusMatcher(codes: readonly string[]): Matcher {
  const wanted = new Set(codes.map((code) => ['UNSET', 'OK', 'ERROR'].indexOf(code)))
  return (trace) => {
    for (const [view, span] of heldSpanNodes(trace)) {
      const status = view.child(span, STATUS)
      const code = status < 0 ? -1 : view.child(status, STATUS_CODE)
      if (wanted.has(code < 0 ? 0 : view.varint(code))) return true
    }
    return false
  }
}

/**
 * Without a salt: OpenTelemetry's consistent probability sampling. The last 56 bits of the id are its randomness, and a trace is kept when they are
 * at least the rejection threshold (opentelemetry.io, "TraceState: Probability Sampling").
 */
function shareMatcher(percentage: number, salt: string): Matcher {
  const share = Math.min(percentage / 100, 1)
  if (salt === '') {
    const threshold = (1 - share) * 2 ** 48
    return ({ traceId }) => share > 0 && randomness48(traceId) >= threshold
  }
  return ({ traceId }) => share > 0 && fnv1a(`${salt}${traceId}`) < share * 2 ** 32
}

/** The first 48 of the 56 bits: a number can hold them exactly, and the rest decides nothing that anybody could see. */
function randomness48(traceId: string): number {
  let value = 0
  for (let at = 9; at < 15; at += 1) value = value * 256 + (at < traceId.length ? traceId.charCodeAt(at) : 0)
  return value
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  return (Math.imul(hash, 0xc2b2ae35) ^ (hash >>> 16)) >>> 0
}

function stringMatcher(config: PolicyPart['string_attribute']): Matcher {
  if (config === undefined) return never
  const { key, values, enabled_regex_matching, invert_match } = config
  const known = new Set(values)
  const expressions = enabled_regex_matching ? values.map((value) => RE2JS.compile(value)) : []
  const isMatch = (text: string): boolean =>
    enabled_regex_matching ? expressions.some((expression) => expression.matches(text)) : known.has(text)
  return (trace) =>
    someAttribute(trace, key, (view, attribute) => {
      const text = view.stringValue(attribute)
      return text !== undefined && text !== '' && isMatch(text)
    }) !== invert_match
}

function traceStateMatcher(key: string, values: ReadonlySet<string>): Matcher {
  return (trace) => {
    for (const [view, span] of heldSpanNodes(trace)) {
      const state = view.child(span, TRACE_STATE)
      if (state < 0) continue
      for (const member of view.text(state).split(',')) {
        const [name = '', ...value] = member.trim().split('=')
        if (name === key && values.has(value.join('='))) return true
      }
    }
    return false
  }
}

/** Takes from a bucket that fills at `rate` a second, up to `burst` (0 = twice the rate). */
function tokenBucket(rate: number, burst: number, monotonicMs: () => number): (wanted: number) => boolean {
  const capacity = burst === 0 ? rate * 2 : burst
  let tokens = capacity
  let filledMs = monotonicMs()
  return (wanted) => {
    const nowMs = monotonicMs()
    tokens = Math.min(capacity, tokens + ((nowMs - filledMs) * rate) / 1000)
    filledMs = nowMs
    if (wanted > tokens) return false
    tokens -= wanted
    return true
  }
}

const START = fieldId('Span', 'startTimeUnixNano')
const END = fieldId('Span', 'endTimeUnixNano')
const STATUS = fieldId('Span', 'status')
const STATUS_CODE = fieldId('Status', 'code')
const TRACE_STATE = fieldId('Span', 'traceState')
