/**
 * Where the preload leaves itself for the agent's own copy of the public API. The two are separate bundles in one process, so module state
 * cannot be shared: this global symbol is the meeting point, and its shape is a contract between releases.
 */
export interface Runtime {
  readonly contract: 1
  /** Runs `call` as an agent invocation and returns what it returns. */
  agent(name: string, call: () => unknown, args: readonly unknown[]): unknown
  /** Runs `call` as a tool execution and returns what it returns. Without `kind` it is taken for a synchronous one. */
  tool(name: string, options: ToolOptions, call: () => unknown, args: readonly unknown[], kind?: ToolKind): unknown
  session<Result>(ids: SessionIds, call: () => Result): Result
  /** Returns a function that takes the queue out again. */
  queue(name: string, depth: () => number): () => void
  evaluation(evaluation: Evaluation): void
  /** Observes client libraries that a bundler has put into the agent's own file; returns those that are observed now. */
  instrument(imported: Readonly<Record<string, unknown>>): string[]
  /** Runs one attempt of `retry()`. A preload of an older release has no such method. */
  retrying?<Result>(attempt: { readonly state: RetryState; readonly call: () => Result }): Result
  /** Sends what is waiting, for at most `timeoutMs`. False: that was not enough. */
  flush(timeoutMs: number): Promise<boolean>
  /** What the SDK itself knows: for the doctor and for tests. */
  state(): RuntimeState
}

/** What is under way in a `retry()`. */
export interface RetryState {
  /** 1 for the first. */
  attempt: number
  /** A tool that changes something has run: it must not be called again. */
  hasChanged: boolean
}

export interface RuntimeState {
  /** The client libraries that were loaded, and whether they are observed. */
  readonly libraries: readonly {
    readonly library: string
    readonly version: string | undefined
    readonly state: string
    /** Where it was loaded from; empty for one that is part of a bundle. */
    readonly folder: string
    readonly remark?: string
  }[]
  /** Whether the application has an OpenTelemetry SDK of its own beside this one. */
  readonly attached: boolean
  readonly traces: Readonly<
    Record<'sent' | 'dropped' | 'rejected' | 'retries' | 'unsent' | 'open' | 'untracked', number>
  >
  readonly logs: Readonly<Record<'sent' | 'dropped' | 'rejected' | 'retries' | 'unsent', number>>
  /** How often each kind of warning or fault occurred, the silent ones included. */
  readonly notices: Readonly<Record<string, number>>
}

export interface ToolOptions {
  /** Effect on the outside world. Classes other than `read` are what limits and rollback look at. */
  readonly class?: 'read' | 'write' | 'post' | 'pay' | 'exec' | 'delete'
  readonly description?: string
  /** How one call is taken back, for `spanwarden rollback`: by a function, by hand, or by hand where the process of the function has ended. */
  readonly undo?: ToolUndo
}

export type ToolUndo = UndoFunction | { readonly run?: UndoFunction; readonly recipe: string }

/** Takes the effect of one call back. Gets what the tool was given and what it returned, which are kept in the agent's memory for it. */
export type UndoFunction = (call: { readonly arguments: readonly unknown[]; readonly result: unknown }) => unknown

/** How a tool gives its result. A synchronous one can't wait until the guard has asked. */
export type ToolKind = 'async' | 'async generator' | 'sync'

export interface SessionIds {
  /** Id of the conversation, as the agent knows it. */
  readonly conversationId?: string
  /** Id of the end user: an opaque one, not an e-mail address. */
  readonly userId?: string
}

/** One judgement on what the agent did: a score, a label, or both. */
export interface Evaluation {
  readonly name: string
  readonly score?: number
  readonly label?: string
  readonly explanation?: string
  /** `gen_ai.response.id` of the response that was judged, where it is known. */
  readonly responseId?: string
}

/** The runtime of the preload, or undefined when the process was started without it. */
export function runtime(): Runtime | undefined {
  const found: unknown = Reflect.get(globalThis, symbol)
  return isRuntime(found) ? found : undefined
}

export function setRuntime(value: Runtime): void {
  Reflect.set(globalThis, symbol, value)
}

const symbol = Symbol.for('spanwarden.sdk')

const isRuntime = (value: unknown): value is Runtime =>
  typeof value === 'object' && value !== null && Reflect.get(value, 'contract') === 1
