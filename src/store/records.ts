/** What the embedded store answers: the JSON of the page's API, used by the server and by the page. Times are milliseconds since 1970. */

/** `running`: its root span has not come and spans still arrive. `incomplete`: they stopped coming without one. */
export type RunStatus = 'ok' | 'error' | 'running' | 'incomplete'

/** One trace: a root agent invocation with everything below it, or, where no agent is in the trace, its root span. */
export interface Run {
  readonly traceId: string
  /** Name of the agent; where there is none, of the root span. */
  readonly agent: string
  readonly service: string
  readonly status: RunStatus
  /** Empty when the run did not fail. */
  readonly errorType: string
  readonly startMs: number
  readonly durationMs: number
  /** Empty when the agent has no conversations. */
  readonly conversationId: string
  readonly spans: number
  /** Spans that were refused because the run had `spansPerRunMax` already. */
  readonly spansDropped: number
  readonly modelCalls: number
  /** Model calls without a known price: `costUsd` lacks them. */
  readonly unpricedCalls: number
  readonly toolCalls: number
  readonly toolErrors: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costUsd: number
  readonly redactions: number
  /** The strongest that the loop detector said of it; empty: nothing. */
  readonly loop: '' | 'warn' | 'stop'
  /** Calls that the guard did not let through. */
  readonly denied: number
}

export interface RunPage {
  readonly runs: readonly Run[]
  /** Value of `before` for the next page; null on the last. */
  readonly next: string | null
}

export interface RunQuery {
  readonly limit: number
  readonly before?: string | undefined
  readonly status?: RunStatus | undefined
  readonly agent?: string | undefined
}

/** `agent`, `model` and `tool` are what the GenAI conventions name; `other` is every other span. */
export type SpanRole = 'agent' | 'model' | 'tool' | 'other'

export interface RunSpan {
  readonly spanId: string
  /** Empty for the root of the trace. */
  readonly parentSpanId: string
  readonly name: string
  readonly role: SpanRole
  /** Model, tool or agent; empty for other spans. */
  readonly subject: string
  readonly startMs: number
  readonly durationMs: number
  readonly failed: boolean
  readonly errorType: string
  readonly inputTokens: number
  readonly outputTokens: number
  /** null: no price known, or not a model call. */
  readonly costUsd: number | null
  readonly redactions: number
}

export interface RunDetail {
  readonly run: Run
  /** In order of their start. */
  readonly spans: readonly RunSpan[]
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
export type Attributes = Readonly<Record<string, Json>>

export interface SpanDetail {
  readonly span: RunSpan
  readonly kind: 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  readonly statusMessage: string
  readonly scope: string
  readonly attributes: Attributes
  readonly resource: Attributes
  readonly events: readonly { readonly name: string; readonly timeMs: number; readonly attributes: Attributes }[]
  readonly links: readonly { readonly traceId: string; readonly spanId: string; readonly attributes: Attributes }[]
  readonly logs: readonly LogEntry[]
}

export interface LogEntry {
  readonly timeMs: number
  /** As OpenTelemetry numbers them: 9 info, 13 warn, 17 error. */
  readonly severity: number
  readonly eventName: string
  readonly body: Json
  readonly attributes: Attributes
}

export type PanelName = 'latency' | 'errors' | 'tools' | 'tokens' | 'queue' | 'cost'

export interface Panel {
  readonly metric: string
  readonly unit: 's' | '1' | 'call' | 'token' | 'request' | 'USD'
  /** Latency: P99 over the range. Gauges: the newest value. Counters: the sum over the range. null: nothing was reported. */
  readonly current: number | null
  /** Default alert, null where there is none. */
  readonly threshold: number | null
  /** One value for each of `timesMs`. */
  readonly values: readonly (number | null)[]
  /** Where the value comes from: quantiles, tools, models, queues; the largest first. */
  readonly parts: readonly PanelPart[]
}
export interface PanelPart {
  readonly label: string
  readonly value: number
  /** Of tools: how many of the calls failed. */
  readonly failed?: number
}

export interface Metrics {
  readonly fromMs: number
  readonly toMs: number
  readonly stepMs: number
  /** End of each step. */
  readonly timesMs: readonly number[]
  readonly panels: Readonly<Record<PanelName, Panel>>
}

export interface Summary {
  readonly version: string
  /** Limits are configured: there is /api/guard. */
  readonly guard: boolean
  /** The sidecar raises alerts itself: there is /api/alerts. */
  readonly alerts: boolean
  readonly nowMs: number
  /** Midnight UTC. */
  readonly dayStartMs: number
  readonly spendTodayUsd: number
  readonly runsLastHour: number
  readonly failedLastHour: number
  /** Names for the filter, the latest first. */
  readonly agents: readonly string[]
  readonly stored: {
    readonly runs: number
    readonly bytes: number
    readonly bytesMax: number
    readonly ageMsMax: number
    readonly oldestMs: number | null
  }
}

/** One message of the event stream: what has changed since the last one. */
export interface StoreChange {
  readonly runs: readonly Run[]
  /** More runs changed than are listed. */
  readonly more: boolean
  readonly metrics: boolean
}

/** What redaction would take out of a text; offsets are UTF-16 code units of the text that was sent. */
export interface TriedRedaction {
  readonly text: string
  readonly found: readonly {
    readonly start: number
    readonly end: number
    readonly rule: string
    /** 0 to 1. */
    readonly confidence: number
    readonly replacement: string
    readonly summary: string
  }[]
}
