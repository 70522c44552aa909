import { context } from '@opentelemetry/api'
import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_RESPONSE_FINISH_REASONS,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
} from '../../../conventions.ts'
import { GrowingText, contentJson, text } from '../../content.ts'
import { observe } from '../../observe.ts'
import { startAgentRun } from '../agent-run.ts'
import { fieldsOf, listOf, nameOf, textOf } from '../fields.ts'
import { present } from '../present.ts'
import { finishReason } from './answer-parts.ts'
import { providerError, withoutTelemetry } from './model-method.ts'
import { promptMessages } from './prompt-content.ts'
import { relay } from './relay.ts'
import type { StreamObserver } from '../../stream.ts'
import type { AgentRun } from '../agent-run.ts'
import type { Fields } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'

/** `generateText`, and what leads to it: an agent's loop of steps, over when its promise settles. */
export function runGenerateText(options: Fields, call: () => unknown, sdk: SdkContext): unknown {
  const run = begin(options, sdk)
  if (run === undefined) return call()
  return observe(call, run.context, {
    returned: (result) => {
      const { finishReason, rawFinishReason, text: output } = resultOf(result, sdk)
      run.succeed(finishReasons(rawFinishReason, finishReason), () => outputContent(textOf(output) ?? ''))
    },
    failed: (error) => run.fail(providerError(error)),
  })
}

/** `streamText`: the loop runs while its result is read, and is over at the end of the stream from which all of the result's ways read. */
export function runStreamText(options: Fields, call: () => unknown, sdk: SdkContext): unknown {
  const run = begin(options, sdk)
  if (run === undefined) return call()
  let result: unknown
  try {
    result = context.with(run.context, call)
  } catch (error) {
    run.fail(error)
    throw error
  }
  try {
    follow(result, run, sdk)
  } catch (error) {
    sdk.fault('ai: stream of streamText', error)
    run.stop()
  }
  return result
}

/** A call that is not to be reported: its later steps, which start when its stream is read, are part of it. */
export function runUnobserved(call: () => unknown): unknown {
  const within = withoutTelemetry(context.active())
  const result = context.with(within, call)
  const stream = fieldsOf(result)['baseStream']
  if (typeof result === 'object' && result !== null && stream instanceof ReadableStream) {
    Reflect.set(result, 'baseStream', relay(stream, within, NO_OBSERVER))
  }
  return result
}

const NO_OBSERVER: StreamObserver = {
  item: () => undefined,
  completed: () => undefined,
  stopped: () => undefined,
  failed: () => undefined,
}

function begin(options: Fields, sdk: SdkContext): AgentRun | undefined {
  try {
    const { telemetry = options['experimental_telemetry'], model } = options
    return startAgentRun(sdk, {
      // An agent hands its id down with its settings.
      name: nameOf(fieldsOf(telemetry)['functionId']) ?? nameOf(options['id']),
      attributes: present({ [ATTR_GEN_AI_REQUEST_MODEL]: nameOf(model) ?? nameOf(fieldsOf(model)['modelId']) }),
      content: () => inputContent(options),
    })
  } catch (error) {
    sdk.fault('ai: begin', error)
    return undefined
  }
}

function follow(result: unknown, run: AgentRun, sdk: SdkContext): void {
  const { baseStream } = fieldsOf(result)
  if (typeof result !== 'object' || result === null || !(baseStream instanceof ReadableStream)) {
    throw new TypeError('the result has no base stream')
  }
  const reader = new LoopReader(sdk.captureContent)
  const observed = relay(baseStream, run.context, {
    item: (chunk) => reader.part(fieldsOf(fieldsOf(chunk)['part'] ?? chunk)),
    completed: () => reader.end(run),
    stopped: () => run.stop(),
    failed: (error) => run.fail(providerError(error)),
  })
  Reflect.set(result, 'baseStream', observed)
}

/** What the parts of a whole run tell about its end. The parts of its models are read where they are made. */
class LoopReader {
  readonly #keepContent: boolean
  #output = new GrowingText()
  #failure: { readonly error: unknown } | undefined
  #aborted = false
  #finish: Fields | undefined

  constructor(keepContent: boolean) {
    this.#keepContent = keepContent
  }

  part(part: Fields): void {
    switch (part['type']) {
      case 'start-step':
        this.#output = new GrowingText()
        break
      case 'text-delta':
        if (this.#keepContent) this.#output.add(part['text'])
        break
      case 'error':
        this.#failure ??= { error: part['error'] }
        break
      case 'abort':
        this.#aborted = true
        break
      case 'finish':
        this.#finish = part
        break
    }
  }

  end(run: AgentRun): void {
    if (this.#aborted) return run.stop()
    if (this.#failure !== undefined) return run.fail(providerError(this.#failure.error))
    const { rawFinishReason, finishReason } = this.#finish ?? {}
    run.succeed(finishReasons(rawFinishReason, finishReason), () => outputContent(this.#output.value))
  }
}

/** The result computes what it shows; a part that cannot be read is left out. */
function resultOf(result: unknown, sdk: SdkContext): Fields {
  const read: Record<string, unknown> = {}
  try {
    for (const key of ['finishReason', 'rawFinishReason', ...(sdk.captureContent ? ['text'] : [])]) {
      read[key] = fieldsOf(result)[key]
    }
  } catch (error) {
    sdk.fault('ai: result', error)
  }
  return read
}

const finishReasons = (raw: unknown, unified: unknown): Attributes => {
  const reason = finishReason(raw, unified)
  return reason === undefined ? {} : { [ATTR_GEN_AI_RESPONSE_FINISH_REASONS]: [reason] }
}

function inputContent(options: Fields): Attributes {
  const { prompt, messages, instructions, system } = options
  const input = typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : listOf(prompt ?? messages)
  const told = textOf(instructions) ?? textOf(system)
  return {
    [ATTR_GEN_AI_INPUT_MESSAGES]: contentJson(promptMessages(input)),
    ...(told === undefined ? {} : { [ATTR_GEN_AI_SYSTEM_INSTRUCTIONS]: contentJson([text(told)]) }),
  }
}

const outputContent = (output: string): Attributes => ({
  [ATTR_GEN_AI_OUTPUT_MESSAGES]: contentJson([{ role: 'assistant', parts: output === '' ? [] : [text(output)] }]),
})
