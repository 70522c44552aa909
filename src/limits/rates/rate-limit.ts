/** Whom a limit is for; each value of a scope is counted by itself. */
export type RateScope = 'fleet' | 'agent' | 'tenant' | 'session' | 'run'

/** What a call of a tool is part of. A limit of a scope that a call has no value for does not concern it. */
export type RateScopeValues = { readonly [S in RateScope]?: string | undefined }

/** As configured: of one tool, of a class of tools, or of all. */
export interface RateLimit {
  /** Name in messages and metrics: unique. */
  readonly name: string
  readonly scope: RateScope
  /** Only for this value of the scope. */
  readonly value?: string
  readonly tool?: string
  readonly class?: string
  readonly rule: RateRule
}

export type RateRule =
  /** So many calls in any time of that length. */
  | { readonly kind: 'window'; readonly limit: number; readonly windowMs: number }
  /** So many calls on one day of the time zone. */
  | { readonly kind: 'day'; readonly limit: number; readonly timeZone: string }
  /** So many at the same time. */
  | { readonly kind: 'concurrent'; readonly limit: number }
  /** None between two times of day; across midnight when the first is the later one. Minutes since midnight. */
  | { readonly kind: 'quiet'; readonly fromMinute: number; readonly toMinute: number; readonly timeZone: string }

/** Calls within a window up to which each is remembered; a higher limit is spread over the window (GCRA). */
export const SLIDING_LOG_MAX = 1_000

/** A limit as it concerns one call. */
export interface RateRef {
  /** What is counted together. */
  readonly key: string
  readonly name: string
  readonly scope: RateScope
  readonly value: string
  readonly rule: RateRule
}

export interface ToolCall {
  readonly tool: string
  readonly class: string
}

/** The limits that a call must keep. */
export function rateRefsOf(limits: readonly RateLimit[], call: ToolCall, values: RateScopeValues): RateRef[] {
  const found: RateRef[] = []
  for (const limit of limits) {
    const { scope, value: only, tool, class: ofClass } = limit
    const value = scope === 'fleet' ? 'fleet' : values[scope]
    if (value === undefined || (only !== undefined && only !== value)) continue
    if ((tool !== undefined && tool !== call.tool) || (ofClass !== undefined && ofClass !== call.class)) continue
    found.push(rateRef(limit, value))
  }
  return found
}

/** The limit for one value of its scope. */
export const rateRef = (limit: RateLimit, value: string): RateRef => ({
  key: rateKey(limit, value),
  name: limit.name,
  scope: limit.scope,
  value,
  rule: limit.rule,
})

/** What calls of that value are counted under. With an empty value: what the keys of all of them begin with. */
export const rateKey = ({ name, scope }: Pick<RateLimit, 'name' | 'scope'>, value: string): string =>
  [name, scope, value].map(encodeURIComponent).join('/')
