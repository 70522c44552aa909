import * as z from 'zod'

/** Policies by the names and keys of the stock processor, and `agent`. */

const key = z.string().min(1).describe('Attribute of spans or resources.')
const invertMatch = z.boolean().default(false).describe('True: a trace matches that has no such value.')
const burst = z.int().min(0).default(0).describe('Most at once; 0 = twice the rate.')

/** What a run has to be to be kept whatever the other policies say. */
export const agentPolicyConfig = z
  .strictObject({
    errors: z.boolean().default(true).describe('A span of it failed.'),
    denied: z.boolean().default(true).describe('The guard denied a call (spanwarden.guard.decision).'),
    looped: z
      .enum(['off', 'notice', 'warn', 'stop'])
      .default('warn')
      .describe('The loop detector said so much at least (spanwarden.loop.level).'),
    cost_min_usd: z.number().min(0).default(1).describe('Its model calls cost so much in sum; 0 = off.'),
    tokens_min: z.int().min(0).default(0).describe('Its model calls took so many tokens in sum; 0 = off.'),
    duration_min_ms: z
      .number()
      .min(0)
      .default(0)
      .describe('Milliseconds from its first start to its last end; 0 = off.'),
  })
  .prefault({})
export type AgentPolicyConfig = z.output<typeof agentPolicyConfig>

const blocks = {
  agent: agentPolicyConfig.optional().describe('Errors, denied, looped and costly runs.'),
  latency: z
    .strictObject({
      threshold_ms: z.number().min(0).describe('Longer than so many milliseconds.'),
      upper_threshold_ms: z.number().min(0).default(0).describe('And not longer than; 0 = no bound.'),
    })
    .optional()
    .describe('From the first start to the last end.'),
  status_code: z
    .strictObject({
      status_codes: z
        .array(z.enum(['OK', 'ERROR', 'UNSET']))
        .min(1)
        .describe('Any of these.'),
    })
    .optional()
    .describe('A span has one of these status codes.'),
  probabilistic: z
    .strictObject({
      sampling_percentage: z.number().min(0).describe('Share of traces in per cent; 100 and more = all.'),
      hash_salt: z
        .string()
        .default('')
        .describe(
          'Empty: decided by the randomness in the trace id (OpenTelemetry probability sampling), so other samplers of that kind keep the same traces. Else: by a hash of salt and id.',
        ),
    })
    .optional()
    .describe('A share of traces, by trace id.'),
  string_attribute: z
    .strictObject({
      key,
      values: z.array(z.string()).describe('Any of these.'),
      enabled_regex_matching: z.boolean().default(false).describe('Values are expressions (RE2) for the whole value.'),
      cache_max_size: z.int().min(0).optional().describe('Accepted; results are not cached.'),
      invert_match: invertMatch,
    })
    .optional()
    .describe('A span or resource has one of these texts.'),
  numeric_attribute: z
    .strictObject({
      key,
      min_value: z.number().optional().describe('At least.'),
      max_value: z.number().optional().describe('At most.'),
      invert_match: invertMatch,
    })
    .optional()
    .describe('A span or resource has a number in the range.'),
  boolean_attribute: z
    .strictObject({ key, value: z.boolean().describe('The value.'), invert_match: invertMatch })
    .optional()
    .describe('A span or resource has that value.'),
  span_count: z
    .strictObject({
      min_spans: z.int().min(0).describe('At least.'),
      max_spans: z.int().min(0).default(0).describe('At most; 0 = no bound.'),
    })
    .optional()
    .describe('The trace has so many spans.'),
  trace_state: z
    .strictObject({ key, values: z.array(z.string()).describe('Any of these.') })
    .optional()
    .describe("A span's tracestate has one of these values."),
  rate_limiting: z
    .strictObject({ spans_per_second: z.int().min(0).describe('Spans a second.'), burst_capacity: burst })
    .optional()
    .describe('As long as the rate is not used up.'),
  bytes_limiting: z
    .strictObject({ bytes_per_second: z.int().min(0).describe('Bytes a second.'), burst_capacity: burst })
    .optional()
    .describe('As long as the rate is not used up.'),
}

const LEAF_TYPES = [
  'always_sample',
  'agent',
  'latency',
  'status_code',
  'probabilistic',
  'string_attribute',
  'numeric_attribute',
  'boolean_attribute',
  'span_count',
  'trace_state',
  'rate_limiting',
  'bytes_limiting',
] as const

const policyType = <const T extends readonly string[]>(types: T) =>
  z
    .enum(types, {
      error: ({ input }) =>
        input === 'composite' || input === 'ottl_condition' || input === 'trace_flags'
          ? `there is no policy ${input} here; use and, drop, rate_limiting and the attribute policies, or a stock collector behind this sidecar (otlp_grpc)`
          : undefined,
    })
    .describe('Type of the policy.')
const name = z.string().min(1).describe('Named in counters.')

const leaf = z.strictObject({ name, type: policyType(LEAF_TYPES), ...blocks }).superRefine(checkBlock)
const negated = z
  .strictObject({ not_sub_policy: leaf.describe('The policy whose decision is turned round.') })
  .optional()
  .describe('What does not match a policy.')
const part = z
  .strictObject({ name, type: policyType([...LEAF_TYPES, 'not']), ...blocks, not: negated })
  .superRefine(checkBlock)

export const policyConfig = z
  .strictObject({
    name,
    type: policyType([...LEAF_TYPES, 'and', 'not', 'drop']),
    ...blocks,
    and: z
      .strictObject({ and_sub_policy: z.array(part).min(1).describe('All of these.') })
      .optional()
      .describe('What matches all policies of a list.'),
    not: negated,
    drop: z
      .strictObject({ drop_sub_policy: z.array(part).min(1).describe('All of these.') })
      .optional()
      .describe('What matches all policies of a list is dropped, whatever others say.'),
  })
  .superRefine(checkBlock)
export type PolicyConfig = z.output<typeof policyConfig>
export type PolicyPart = z.output<typeof part>

/** A policy needs the block of its type, but those that have no options to set. */
function checkBlock(policy: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  const type = String(policy['type'])
  if (type === 'always_sample' || type === 'agent' || policy[type] !== undefined) return
  context.addIssue({ code: 'custom', path: [type], message: `a policy of type ${type} needs the key ${type}` })
}
