/** What a call is allowed: `would_deny` is a denial in shadow mode, the call went on. */
export type AuditDecision = 'allow' | 'deny' | 'would_deny'

/** What every line about a call says. Ids are random, names are those of the configuration or of the code: nothing of what a call is given or returns. */
export interface AuditedCall {
  /** Joins an attempt and its outcome. */
  readonly call: string
  readonly agent?: string | undefined
  readonly run?: string | undefined
  readonly traceId?: string | undefined
  readonly spanId?: string | undefined
  /** Id of the agent's process. */
  readonly process?: string | undefined
  readonly tool: string
  /** `read`, `write`, `post`, `pay`, `exec`; `model` for a call of a model. */
  readonly class: string
}

/** Somebody asked to make a call, and this was the answer. A denied one has no outcome. */
export interface AuditAttempt extends AuditedCall {
  readonly event: 'attempt'
  /** Made by `inputSummary`. */
  readonly input?: string | undefined
  /** HMAC of the arguments, so that equal ones can be told: hex or base64url. */
  readonly argsHmac?: string | undefined
  readonly decision: AuditDecision
  /** Name of what decided: a budget, a rate, a denial code. */
  readonly rule?: string | undefined
  /** Who approved or denied it, where that was for a person to say. */
  readonly by?: string | undefined
  /** What was held for it. */
  readonly nanoUsd?: number | undefined
  readonly hold?: string | undefined
}

export interface AuditOutcome extends AuditedCall {
  readonly event: 'outcome'
  /** `ok`, `timeout`, `aborted`, `unknown`, `not_called`, `error:<class>`, `http:<status>`, `exit:<code>`; anything else becomes `error`. */
  readonly result: string
  readonly durationMs?: number | undefined
  /** What it cost. */
  readonly nanoUsd?: number | undefined
  readonly hold?: string | undefined
}

/** What a person, or a rule in place of one, did: a stop, a resume, an approval, a correction of the books. */
export interface AuditAction {
  readonly event: 'action'
  readonly action: string
  /** What it was done to: a scope, a budget. */
  readonly scope?: string | undefined
  readonly call?: string | undefined
  readonly by?: string | undefined
  /** As the person wrote it, the first 200 characters. */
  readonly reason?: string | undefined
  /** What came of it, as of an outcome. */
  readonly result?: string | undefined
}

export type AuditEntry = AuditAttempt | AuditOutcome | AuditAction

/** What the log says of itself. */
export type AuditNote =
  /** The last write before a crash was not whole; nobody was told that it was. */
  | { readonly note: 'torn_line_cut'; readonly bytes: number }
  /** Lines that could not be written, for want of room or because of the disk: who waited for them was told. */
  | { readonly note: 'lines_lost'; readonly lines: number }
  /** At the start, the log ended before the line that the head file names. None of the missing ones was synced: a crash of the host takes such. */
  | { readonly note: 'lines_missing'; readonly from: number; readonly through: number }
  /** At the start, there were lines and no head file, or one that makes no sense: a tail that was cut would not have been seen. */
  | { readonly note: 'head_missing' | 'head_damaged' }
  /** The file was deleted, or written by somebody else, while it was in use. */
  | { readonly note: 'file_deleted' | 'file_changed' }
  /** The disk did not confirm what it was given; the log went on in a new file. */
  | { readonly note: 'sync_failed'; readonly through: number }
  | { readonly note: 'clock_set_back'; readonly by_ms: number }
  /** Files whose time was up (`age`), or that the total cap left no room for (`total`), through the line of this number. */
  | {
      readonly note: 'files_removed'
      readonly files: number
      readonly through: number
      readonly because: 'age' | 'total'
      readonly archived: boolean
    }
