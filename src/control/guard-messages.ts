/*
 * What an agent's process and its sidecar say to each other about limits: one JSON object a line, over one connection that stays open
 * (`<state>/control.sock`). Amounts are nano-USD, durations milliseconds, ids random. Nothing of what an agent reads, writes or says is in any message.
 */

import type { DenialCode } from '../limits/denial-code.ts'
import type { RunActivity, RunMark } from './run-messages.ts'
import type { Recipe, Remembered, Remembers, Undo, Undone } from './undo-messages.ts'

/** Goes up with a change that an older side would misunderstand. */
export const CONTROL_PROTOCOL = 1
/** Bytes of a line; a longer one ends the connection. */
export const MESSAGE_BYTES_MAX = 64 * 1024

export type ToolClass = 'read' | 'write' | 'post' | 'pay' | 'exec'
export type GuardMode = 'enforce' | 'shadow' | 'off'

/** What a call is part of. `run` is the id of its trace. */
export interface CallScopes {
  readonly agent: string
  readonly tenant?: string
  readonly session?: string
  readonly run?: string
}

/** First message of an agent's process. */
export interface Hello {
  readonly type: 'hello'
  readonly protocol: number
  /** Of this process: random, the same for all its connections. */
  readonly process: string
  readonly pid: number
  /** When the process started, Unix ms: with the pid it tells the process apart. */
  readonly startedAt: number
  readonly agent: string
  readonly tenant?: string
  /** Of the SDK. */
  readonly version: string
  /** File descriptor of a `ProcessProof`, by which the sidecar is sure of a process that it signals. */
  readonly proof?: number
  /** Over TCP only. */
  readonly token?: string
}

/** Answer to `hello`, and again whenever the configuration changes. */
export interface Welcome {
  readonly type: 'welcome'
  readonly protocol: number
  readonly mode: GuardMode
  /** Calls are allowed for so long after the last `lease`; no model call and no tool call after that. */
  readonly leaseMs: number
  /** Changes when the sidecar has lost its books: nothing that was held before counts. */
  readonly epoch: string
  readonly rules: GuardRules
  readonly stops: readonly StopState[]
}

/** What the agent's process can decide by itself, and what it must ask for. */
export interface GuardRules {
  /** Budgets exist: every model call needs a hold. */
  readonly hasBudgets: boolean
  /** A hold of a slice may be asked for, of at least so much: calls are paid out of it without asking. 0: ask for each. */
  readonly sliceMin: number
  /** Scopes whose budgets a slice must be asked for separately: each value of them has a slice of its own. */
  readonly budgetScopes: readonly ('tenant' | 'session' | 'run')[]
  /** Names of tools whose class the configuration gives. */
  readonly tools: Readonly<Record<string, ToolClass>>
  /** Tools and classes whose calls must be asked for (rates, approvals, concurrency, quiet hours); `*`: all. */
  readonly askTools: readonly string[]
  readonly askClasses: readonly ToolClass[]
  /** Of those, the ones that a person is asked about. Undefined: it may be any. */
  readonly supervised?: SupervisedCalls
  readonly unknownModel: 'deny' | 'allow'
  /** `clamp`: where too little is left for a call, its answer is shortened. */
  readonly onInsufficient?: 'deny' | 'clamp'
  /** Injected where a request has no limit of its output, in tokens. */
  readonly outputTokensDefault: number
  readonly loops: boolean
  /** Who repeats the failed requests of client libraries: they themselves, or we, at most so often in all. */
  readonly retries?: RetryRules
  /** Tools that are called until their answer changes: for `pollingMs` that is no loop. */
  readonly polling?: readonly string[]
  readonly pollingMs?: number
  /** What runs do is told, and measured by the sidecar. */
  readonly velocity?: boolean
  /** Calls of these classes are written to the audit log; attempts wait until the line is there. */
  readonly auditClasses: readonly ToolClass[]
}

export interface SupervisedCalls {
  readonly tools: readonly string[]
  readonly classes: readonly ToolClass[]
}

export interface RetryRules {
  readonly mode: 'library' | 'govern'
  /** The first one included. */
  readonly attemptsMax: number
}

export interface StopState {
  /** `model`: one whose calls cost more than their bound. */
  readonly scope: 'fleet' | 'agent' | 'tenant' | 'run' | 'tool' | 'model'
  readonly value: string
  readonly reason: string
}

/** The process is alive. Sent at a third of the lease. */
export interface Renew {
  readonly type: 'renew'
  /** Model calls and tool calls under way. */
  readonly inFlight: number
  /** Calls that have ended since the last one, and how many of them failed. */
  readonly ended?: number
  readonly failed?: number
  /** Calls that shadow mode has let through since then without a sidecar's word. */
  readonly unseen?: number
}
/** The lease goes on from the moment the `renew` was sent; and all that was sent before it on this connection is in the books. */
export interface Lease {
  readonly type: 'lease'
}

/** May this be spent at most? With `slice` calls are paid from it by `spend`, and the answer says how much it is: `amount` at least. Asked again with its id it holds nothing more. */
export interface Hold {
  readonly type: 'hold'
  readonly id: string
  readonly amount: number
  /** If there is not so much, this is enough; the answer says how much it is. */
  readonly least?: number
  readonly scopes: CallScopes
  readonly slice?: boolean
  readonly model?: string
  readonly trace?: string
  readonly span?: string
  /** How long the caller waits while only open holds are in the way. */
  readonly waitMs?: number
}
/** So much more of a slice was spent; `step` counts from 1, and each step is booked once. Needs no answer. */
export interface Spend {
  readonly type: 'spend'
  readonly id: string
  readonly step: number
  readonly amount: number
}
/** A hold, or what `spend` left of a slice, has ended: what it cost, and what nobody knows. Needs no answer; repeated until a `lease` behind it has come. Of a hold that still waits: it is no longer wanted. */
export interface Settle {
  readonly type: 'settle'
  readonly id: string
  readonly spent: number
  readonly unknown?: number
}

/** A call cost so much more than the bound that was held for it, or taken from a slice: its model is stopped. Needs no answer. */
export interface BoundViolation {
  readonly type: 'violation'
  readonly model: string
  readonly excess: number
  readonly scopes: CallScopes
}

/** May this tool be called now? */
export interface Admit {
  readonly type: 'admit'
  readonly id: string
  readonly tool: string
  readonly class: ToolClass
  readonly scopes: CallScopes
  readonly trace?: string
  readonly span?: string
  /** Structure of the arguments, no values (limits/input-summary.ts). */
  readonly summary: string
  /** HMAC of the arguments with a key of this process, hex. */
  readonly argumentsHmac: string
  /** The agent is in shadow mode: the call is made whatever the answer is, so no person is asked. */
  readonly goesOn?: boolean
}
/** What became of a tool call that was admitted. Needs no answer. */
export interface ToolOutcome {
  readonly type: 'outcome'
  readonly id: string
  /** `ok`, the class of an error, `timeout`, `unknown`. */
  readonly result: string
  readonly durationMs: number
  /** It is certain that nothing was done: what the call consumed is given back. */
  readonly notExecuted?: boolean
}
/** The loop detector has spoken. */
export interface LoopReport {
  readonly type: 'loop'
  readonly scopes: CallScopes
  readonly level: 'warn' | 'stop'
  readonly rule: string
  readonly tool: string
  /** The process is in shadow mode: nothing is to be stopped for it. */
  readonly goesOn?: boolean
}

/** Answer to `hold` and `admit`. */
export interface Answer {
  readonly type: 'answer'
  readonly id: string
  readonly isGranted: boolean
  /** Of a hold: how much is held, for a slice more than was asked for. */
  readonly amount?: number
  /** Why not. */
  readonly code?: DenialCode
  /** Name of the budget, rate or rule. */
  readonly rule?: string
  /** For people: what, where, what now. No content. */
  readonly message?: string
  readonly retryAfterMs?: number
}

/** Everything in the scope ends now: calls and streams under way are aborted, none begins. */
export interface Stop extends StopState {
  readonly type: 'stop'
  readonly id: string
}
/** The stop has arrived, all that can be aborted is, and some calls are still under way: `stopped` comes when they have ended. */
export interface Stopping {
  readonly type: 'stopping'
  readonly id: string
  readonly underWay: number
}
/** The stop is in force in this process: sent when nothing is under way any more. */
export interface Stopped {
  readonly type: 'stopped'
  readonly id: string
  readonly aborted: number
}
export interface Resume {
  readonly type: 'resume'
  readonly scope: StopState['scope']
  readonly value: string
}

/** A message could not be understood or taken: the connection ends behind it. */
export interface Refusal {
  readonly type: 'refusal'
  readonly message: string
}

export type Ask = Hold | Admit
/** Needs no answer: kept, and sent again over a new connection, until a `lease` says that it is in the books. */
export type Tell = Exclude<FromAgent, Hello | Renew | Ask>
export type FromAgent =
  | Hello
  | Stopping
  | Renew
  | Hold
  | Spend
  | Settle
  | BoundViolation
  | Admit
  | ToolOutcome
  | LoopReport
  | RunActivity
  | Stopped
  | Remembered
  | Undone
  | Recipe
export type FromSidecar = Welcome | Lease | Answer | Stop | Resume | RunMark | Refusal | Remembers | Undo
