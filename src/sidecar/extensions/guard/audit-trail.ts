import { join } from 'node:path'
import type { AuditAction, AuditDecision, AuditedCall } from '../../../audit/audit-entry.ts'
import { AuditLog } from '../../../audit/audit-log.ts'
import type { Admit, ToolClass, ToolOutcome } from '../../../control/guard-messages.ts'
import type { AuditMark, MarkedLine } from '../../../ledger/audit-mark.ts'
import type { Clock, ComponentContext } from '../../component.ts'
import { callKey } from './call-key.ts'
import type { Decision } from './decisions.ts'

/** Where calls of `classes` are written; with none of them, and nothing else to say, no file is touched. */
export function openAuditTrail(classes: readonly ToolClass[], context: ComponentContext, mark: AuditMark): AuditTrail {
  const { clock, logger, stateFolder } = context
  const open = (): AuditLog =>
    new AuditLog({
      folder: join(stateFolder, 'audit'),
      now: () => clock.now(),
      knownSeq: mark.line?.seq,
      onProblem: (problem) =>
        problem.kind === 'writable'
          ? logger.info(problem, 'the audit log can be written')
          : logger.error(problem, 'the audit log has a problem'),
    })
  return new AuditTrail(open, classes, { mark, clock })
}

/** How often the ledger is told how far the log has come. */
const MARK_EVERY_MS = 5000
/** Calls whose outcome is waited for; the oldest goes without one. */
const CALLS_MAX = 20_000

/** What is needed of a call that is attempted. */
export type AttemptedCall = Omit<Admit, 'type' | 'class'> & { readonly process: string; readonly class: ToolClass }

/** A person was to decide about the call: it is written whatever its class, with who did. */
export interface AttemptApproval {
  readonly by?: string | undefined
}

interface WrittenCall {
  readonly call: AuditedCall
  readonly written: Promise<unknown>
}

const saidOf = (decision: Decision): AuditDecision => {
  if (!decision.isGranted) return 'deny'
  return decision.wouldDeny === undefined ? 'allow' : 'would_deny'
}

/** Writes what agents attempt and what comes of it. */
export class AuditTrail {
  readonly #open: () => AuditLog
  readonly #mark: AuditMark
  readonly #clock: Clock
  #markedAt = Number.NEGATIVE_INFINITY
  #opened: AuditLog | undefined
  #classes: ReadonlySet<ToolClass>
  readonly #calls = new Map<string, WrittenCall>()

  constructor(
    open: () => AuditLog,
    classes: readonly ToolClass[],
    { mark, clock }: { readonly mark: AuditMark; readonly clock: Clock },
  ) {
    this.#open = open
    this.#mark = mark
    this.#clock = clock
    this.#classes = new Set(classes)
    if (classes.length > 0) this.#opened = open()
  }

  set classes(classes: readonly ToolClass[]) {
    this.#classes = new Set(classes)
  }

  /** Undefined for a class that is not written. Rejects when the line is not on disk: the call must not be made then. */
  attempt(attempted: AttemptedCall, decision: Decision, approval?: AttemptApproval): Promise<unknown> | undefined {
    if (approval === undefined && !this.#classes.has(attempted.class)) return undefined
    const { id, process, tool, class: ofClass, scopes, trace, span, summary, argumentsHmac } = attempted
    const key = callKey({ process }, id)
    // Asked again after a lost connection: its line is there.
    const known = decision.isGranted ? this.#calls.get(key) : undefined
    if (known !== undefined) return known.written
    const call: AuditedCall = {
      call: id,
      agent: scopes.agent,
      run: scopes.run,
      traceId: trace,
      spanId: span,
      process,
      tool,
      class: ofClass,
    }
    const ruled = decision.isGranted ? decision.wouldDeny : (decision.rule ?? decision.code)
    const rule = ruled ?? (approval === undefined ? undefined : 'supervised')
    const said = { decision: saidOf(decision), rule, by: approval?.by }
    const written = this.#log.append(
      { event: 'attempt', ...call, ...said, input: summary, argsHmac: argumentsHmac },
      { isSideEffect: true },
    )
    if (decision.isGranted) this.#remember(key, { call, written })
    return written
  }

  /** Lost lines are counted by the log, and told in it. */
  outcome({ id, result: said, durationMs, notExecuted }: ToolOutcome, process: string): void {
    const key = callKey({ process }, id)
    const { call } = this.#calls.get(key) ?? {}
    if (call === undefined) return
    this.#calls.delete(key)
    const result = notExecuted === true ? 'not_called' : said
    this.#log.append({ event: 'outcome', ...call, result, durationMs }).catch(() => {})
  }

  /** What a person did, or a rule in place of one. Resolves when the line is on disk; rejects when it is not. */
  action(action: AuditAction): Promise<unknown> {
    return this.#log.append(action, { isSideEffect: true })
  }

  /** How far the log has come, as the ledger knows. */
  get marked(): MarkedLine | undefined {
    return this.#mark.line
  }

  /** To be called often. Throws when the ledger can't be written. */
  look(): void {
    const now = this.#clock.monotonic()
    if (now - this.#markedAt < MARK_EVERY_MS) return
    if (this.#note()) this.#markedAt = now
  }

  /** Before the ledger is closed: it is told where the log ends. */
  async close(): Promise<void> {
    await this.#opened?.close()
    this.#note()
  }

  /** True when the ledger was told something. */
  #note(): boolean {
    const line = this.#opened?.lastSynced
    if (line === undefined || line.seq <= (this.marked?.seq ?? 0)) return false
    this.#mark.note(line)
    return true
  }

  get #log(): AuditLog {
    return (this.#opened ??= this.#open())
  }

  #remember(key: string, call: WrittenCall): void {
    const [oldest] = this.#calls.keys()
    if (this.#calls.size >= CALLS_MAX && oldest !== undefined) this.#calls.delete(oldest)
    this.#calls.set(key, call)
  }
}
