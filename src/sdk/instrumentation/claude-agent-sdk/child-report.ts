import { context } from '@opentelemetry/api'
import { withAmbient } from '../../context.ts'
import { ERROR_TYPE_VALUE_TOOL_ERROR } from '../../../conventions.ts'
import { fieldsOf, listOf, nameOf } from '../fields.ts'
import { startFrameworkTool } from '../framework-tool.ts'
import { ToldCall } from './told-call.ts'
import { providerOf } from './child-settings.ts'
import type { Context } from '@opentelemetry/api'
import type { Fields } from '../fields.ts'
import type { FrameworkTool } from '../framework-tool.ts'
import type { SdkContext } from '../instrumentation.ts'

/**
 * What Claude Code does, as far as its messages tell. One span for each answer of a model, by the id of the answer: it is told in several
 * messages, one for each block. A call begins where what came before it ended, an agent below a tool has its calls under that tool.
 */
export class ChildReport {
  readonly #sdk: SdkContext
  #context: Context
  readonly #provider: string
  readonly #tools = new Map<string, FrameworkTool>()
  /** Of the main loop, and of the agents below it by the tool call that started them. */
  readonly #loops = new Map<string, Loop>()
  #model: string | undefined

  constructor(within: Context, settings: Fields, sdk: SdkContext) {
    this.#sdk = sdk
    this.#context = within
    this.#provider = providerOf(settings)
    this.#model = nameOf(settings['model'])
    this.#loops.set(MAIN, newLoop())
  }

  begin({ session_id: session, model }: Fields): void {
    const conversationId = nameOf(session)
    if (conversationId !== undefined) this.#context = withAmbient(this.#context, { conversationId })
    this.#model = nameOf(model) ?? this.#model
  }

  /** Only with `includePartialMessages`: the only place with the reason and the final counts of an answer. */
  event({ event, parent_tool_use_id: parent }: Fields): void {
    const { type, usage, delta } = fieldsOf(event)
    if (type === 'message_delta') this.#loop(parent)?.call?.end(fieldsOf(usage), fieldsOf(delta))
  }

  assistant({ message, parent_tool_use_id: parent, error }: Fields): void {
    const loop = this.#loop(parent)
    if (loop === undefined) return
    const answer = fieldsOf(message)
    const id = nameOf(answer['id'])
    // A tool may have run before the rest of its answer was told.
    if (id === undefined || id !== loop.last) {
      loop.call?.close()
      loop.last = id
      loop.call = context.with(this.#within(parent), () => this.#startCall(loop, id, answer))
    }
    loop.call?.answer(answer, nameOf(error))
    for (const block of listOf(answer['content']).map(fieldsOf)) {
      if (block['type'] === 'tool_use') this.#startTool(block, parent)
    }
  }

  /** Results of tools; what else a user says is an input of the next call. */
  user({ message, parent_tool_use_id: parent }: Fields): void {
    this.#pause(this.#loop(parent))
    for (const block of listOf(fieldsOf(message)['content']).map(fieldsOf)) {
      if (block['type'] === 'tool_result') this.#endTool(block)
    }
  }

  turnOver(): void {
    for (const loop of this.#loops.values()) this.#pause(loop)
  }

  over(): void {
    this.turnOver()
    // Nobody told how they ended.
    for (const tool of this.#tools.values()) tool.returned(undefined)
    this.#tools.clear()
  }

  #pause(loop: Loop | undefined): void {
    if (loop === undefined) return
    loop.call?.close()
    loop.call = undefined
    loop.since = new Date()
  }

  #startCall({ since }: Loop, id: string | undefined, answer: Fields): ToldCall {
    const answered = nameOf(answer['model'])
    // What Claude Code says itself when a call has failed is no answer of a model.
    const model = answered === SYNTHETIC ? this.#model : (answered ?? this.#model)
    return new ToldCall(this.#sdk, { id, since, model, provider: this.#provider })
  }

  #startTool({ id, name, input }: Fields, parent: unknown): void {
    const callId = nameOf(id)
    if (callId === undefined || this.#tools.has(callId) || this.#tools.size >= OPEN_MAX) return
    const tool = context.with(this.#within(parent), () =>
      startFrameworkTool(this.#sdk, {
        name: nameOf(name) ?? 'unknown',
        callId,
        description: undefined,
        arguments: input,
      }),
    )
    this.#tools.set(callId, tool)
  }

  #endTool({ tool_use_id: id, is_error: isError, content }: Fields): void {
    const callId = String(id)
    const tool = this.#tools.get(callId)
    this.#loops.get(callId)?.call?.close()
    this.#loops.delete(callId)
    this.#tools.delete(callId)
    if (isError === true) tool?.failed(undefined, ERROR_TYPE_VALUE_TOOL_ERROR)
    else tool?.returned(content)
  }

  #loop(parent: unknown): Loop | undefined {
    const key = nameOf(parent) ?? MAIN
    const known = this.#loops.get(key)
    if (known !== undefined || this.#loops.size >= OPEN_MAX) return known
    const loop = newLoop()
    this.#loops.set(key, loop)
    return loop
  }

  #within(parent: unknown): Context {
    return this.#tools.get(nameOf(parent) ?? MAIN)?.context ?? this.#context
  }
}

interface Loop {
  /** When what came before the next call was over. */
  since: Date
  call: ToldCall | undefined
  /** The id of the last answer. */
  last: string | undefined
}

const newLoop = (): Loop => ({ since: new Date(), call: undefined, last: undefined })

const MAIN = ''
const SYNTHETIC = '<synthetic>'

/** Tool calls, and agents below them, that are open at a time; further ones are not reported. */
const OPEN_MAX = 1_000
