import { context } from '@opentelemetry/api'
import { ATTR_GEN_AI_INPUT_MESSAGES, ATTR_GEN_AI_REQUEST_MODEL } from '../../../conventions.ts'
import { contentJson, text } from '../../content.ts'
import { observe } from '../../observe.ts'
import { startAgentRun } from '../agent-run.ts'
import { fieldsOf, isFields, nameOf, textOf } from '../fields.ts'
import { present } from '../present.ts'
import { ChildReport } from './child-report.ts'
import { exportsTraces } from './child-settings.ts'
import { QueryMessages } from './query-messages.ts'
import type { AgentRun } from '../agent-run.ts'
import type { Fields } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'

/** A query runs until its messages are over; the caller keeps the object with its methods, which reads the generator observed here. */
export function runQuery(asked: Fields, call: (asked: Fields) => unknown, sdk: SdkContext): unknown {
  const { prompt, options } = asked
  const settings = fieldsOf(options)
  const run = begin(prompt, settings, sdk)
  const start = (): unknown => startGuarded(asked, settings, call, sdk)
  if (run === undefined) return start()
  let query: unknown
  try {
    query = context.with(run.context, start)
  } catch (error) {
    run.fail(error)
    throw error
  }
  try {
    follow(query, settings, run, sdk)
  } catch (error) {
    sdk.fault('claude agent: messages', error)
    run.stop()
  }
  return query
}

/** What Claude Code asks of models passes no gate of this process: it is denied where money would have to be held, and ended by a stop. */
function startGuarded(asked: Fields, settings: Fields, call: (asked: Fields) => unknown, sdk: SdkContext): unknown {
  const { guard } = sdk
  if (guard === undefined) return call(asked)
  const given = settings['abortController']
  const abortController = given instanceof AbortController ? given : new AbortController()
  const over = guard.process('claude-agent-sdk', (error) => abortController.abort(error))
  try {
    const query = call({ ...asked, options: { ...settings, abortController } })
    onceRead(query, over)
    return query
  } catch (error) {
    over()
    throw error
  }
}

/** The process has ended when its messages have. */
function onceRead(query: unknown, over: () => void): void {
  const make: unknown = isFields(query) ? Reflect.get(query, Symbol.asyncIterator) : undefined
  const messages: unknown = typeof make === 'function' ? Reflect.apply(make, query, []) : undefined
  observe(() => messages, context.active(), { returned: over, stopped: over, failed: over })
}

function begin(prompt: unknown, settings: Fields, sdk: SdkContext): AgentRun | undefined {
  try {
    const asked = textOf(prompt)
    return startAgentRun(sdk, {
      name: nameOf(settings['agent']),
      conversationId: nameOf(settings['resume']) ?? nameOf(settings['sessionId']),
      attributes: present({ [ATTR_GEN_AI_REQUEST_MODEL]: nameOf(settings['model']) }),
      content: () =>
        asked === undefined
          ? {}
          : { [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson([{ role: 'user', parts: [text(asked)] }]) },
    })
  } catch (error) {
    sdk.fault('claude agent: begin', error)
    return undefined
  }
}

function follow(query: unknown, settings: Fields, run: AgentRun, sdk: SdkContext): void {
  if (typeof query !== 'object' || query === null) throw new TypeError('no query')
  const make: unknown = Reflect.get(query, Symbol.asyncIterator)
  // The object hands its reads on to this generator.
  const messages: unknown = typeof make === 'function' ? Reflect.apply(make, query, []) : undefined
  if (Object.prototype.toString.call(messages) !== '[object AsyncGenerator]') throw new TypeError('no messages')
  const report = exportsTraces(settings) ? undefined : new ChildReport(run.context, settings, sdk)
  const reader = new QueryMessages(run, report)
  const ours = (step: () => void): void => {
    try {
      step()
    } catch (error) {
      sdk.fault('claude agent: message', error)
    }
  }
  observe(() => messages, run.context, {
    item: (message) => ours(() => reader.message(fieldsOf(message))),
    returned: () => ours(() => reader.over()),
    stopped: () => ours(() => reader.over()),
    failed: (error) => ours(() => reader.failed(error)),
  })
}
