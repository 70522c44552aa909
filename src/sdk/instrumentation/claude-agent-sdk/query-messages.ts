import {
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_RESPONSE_FINISH_REASONS,
} from '../../../conventions.ts'
import { contentJson, text } from '../../content.ts'
import { fieldsOf, nameOf, textOf } from '../fields.ts'
import { present } from '../present.ts'
import type { AgentRun } from '../agent-run.ts'
import type { Fields } from '../fields.ts'
import type { ChildReport } from './child-report.ts'

/** The messages of one query, in their order. The agent's run ends with them, as the last result says. */
export class QueryMessages {
  readonly #run: AgentRun
  readonly #report: ChildReport | undefined
  #result: Fields | undefined

  constructor(run: AgentRun, report: ChildReport | undefined) {
    this.#run = run
    this.#report = report
  }

  message(message: Fields): void {
    switch (message['type']) {
      case 'system':
        if (message['subtype'] === 'init') this.#begin(message)
        break
      case 'stream_event':
        this.#report?.event(message)
        break
      case 'assistant':
        this.#report?.assistant(message)
        break
      case 'user':
        this.#report?.user(message)
        break
      case 'result':
        this.#report?.turnOver()
        this.#result = message
        break
    }
  }

  #begin(message: Fields): void {
    const { session_id: session, model } = message
    this.#run.know(
      present({ [ATTR_GEN_AI_CONVERSATION_ID]: nameOf(session), [ATTR_GEN_AI_REQUEST_MODEL]: nameOf(model) }),
    )
    this.#report?.begin(message)
  }

  over(): void {
    this.#report?.over()
    if (this.#result === undefined) return this.#run.stop()
    const { subtype, is_error: isError, stop_reason: reason, result } = this.#result
    const known = nameOf(reason)
    const failed = isError === true || (subtype !== undefined && subtype !== 'success')
    if (failed) return this.#run.fail({ code: subtype === 'success' ? 'api_error' : subtype })
    this.#run.succeed(known === undefined ? {} : { [ATTR_GEN_AI_RESPONSE_FINISH_REASONS]: [known] }, () => {
      const parts = [text(textOf(result) ?? '')]
      return { [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson([{ role: 'assistant', parts }]) }
    })
  }

  failed(error: unknown): void {
    this.#report?.over()
    this.#run.fail(fieldsOf(this.#result)['is_error'] === true ? { code: this.#result?.['subtype'] } : error)
  }
}
