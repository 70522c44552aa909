import { join } from 'node:path'
import type { AuditedCall } from '../../../audit/audit-entry.ts'
import { AuditLog } from '../../../audit/audit-log.ts'
import type { Admit, Hello, ToolClass, ToolOutcome } from '../../../control/guard-messages.ts'
import type { ComponentContext } from '../../component.ts'
import type { Decision } from './decisions.ts'

/** Undefined when no class is to be written. */
export function openAuditTrail(classes: readonly ToolClass[], context: ComponentContext): AuditTrail | undefined {
  const { clock, logger, stateFolder } = context
  if (classes.length === 0) return undefined
  const log = new AuditLog({
    folder: join(stateFolder, 'audit'),
    now: () => clock.now(),
    onProblem: (problem) =>
      problem.kind === 'writable'
        ? logger.info(problem, 'the audit log can be written')
        : logger.error(problem, 'the audit log has a problem'),
  })
  return new AuditTrail(log, classes)
}

/** Calls whose outcome is waited for; the oldest goes without one. */
const CALLS_MAX = 20_000

/** Writes what agents attempt and what comes of it. */
export class AuditTrail {
  readonly #log: AuditLog
  readonly #classes: ReadonlySet<ToolClass>
  readonly #calls = new Map<string, AuditedCall>()

  constructor(log: AuditLog, classes: readonly ToolClass[]) {
    this.#log = log
    this.#classes = new Set(classes)
  }

  /** Undefined for a class that is not written. Rejects when the line is not on disk: the call must not be made then. */
  attempt(hello: Hello, message: Admit, ofClass: ToolClass, decision: Decision): Promise<unknown> | undefined {
    if (!this.#classes.has(ofClass)) return undefined
    const { id, tool, scopes, trace, span, summary, argumentsHmac } = message
    const call: AuditedCall = {
      call: id,
      agent: scopes.agent,
      run: scopes.run,
      traceId: trace,
      spanId: span,
      process: hello.process,
      tool,
      class: ofClass,
    }
    if (decision.isGranted) this.#remember(id, call)
    const rule = decision.isGranted ? undefined : (decision.rule ?? decision.code)
    const said = { decision: decision.isGranted ? 'allow' : 'deny', rule } as const
    return this.#log.append(
      { event: 'attempt', ...call, ...said, input: summary, argsHmac: argumentsHmac },
      { isSideEffect: true },
    )
  }

  /** Lost lines are counted by the log, and told in it. */
  outcome({ id, result, durationMs }: ToolOutcome): void {
    const call = this.#calls.get(id)
    if (call === undefined) return
    this.#calls.delete(id)
    this.#log.append({ event: 'outcome', ...call, result, durationMs }).catch(() => {})
  }

  close(): Promise<void> {
    return this.#log.close()
  }

  #remember(id: string, call: AuditedCall): void {
    const [oldest] = this.#calls.keys()
    if (this.#calls.size >= CALLS_MAX && oldest !== undefined) this.#calls.delete(oldest)
    this.#calls.set(id, call)
  }
}
