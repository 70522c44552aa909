import { GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK } from '../../../conventions.ts'
import { charactersOf } from '../characters.ts'
import { fieldsOf, isFields, nameOf } from '../fields.ts'
import { beginCall, failCall, keepsContent, observedCall, settleCall } from '../observe-call.ts'
import { BedrockReader } from './bedrock-reader.ts'
import { converse } from './converse.ts'
import { endpointOfClient, watchExchanges } from './exchanges.ts'
import { invokeModel } from './invoke-model.ts'
import type { AnswerReader } from '../api-promise.ts'
import type { DescribedCall } from '../observe-create.ts'
import type { Fields } from '../fields.ts'
import type { SdkContext } from '../instrumentation.ts'
import type { Answer, CallShape } from '../observe-call.ts'
import type { BedrockApi } from './api.ts'

/**
 * Observes `send`, which the class inherits from a base that all AWS clients share: it gets one of its own, and what the base (or whoever
 * patched that) has is looked up at each call.
 */
export function observeBedrockClient(client: unknown, sdk: SdkContext): void {
  const prototype: unknown = typeof client === 'function' ? client.prototype : undefined
  const base: unknown = isFields(prototype) ? Object.getPrototypeOf(prototype) : undefined
  if (!isFields(prototype) || !isFields(base) || typeof base['send'] !== 'function')
    throw new TypeError('the client class is missing or has no send')
  if (Object.hasOwn(prototype, 'send')) return
  // Named and sized as the library's own method.
  const { send: inherited } = {
    send(this: unknown, command: unknown, optionsOrCallback: unknown, ...callback: unknown[]): unknown {
      const { send } = base
      if (typeof send !== 'function') throw new TypeError('this.send is not a function')
      return Reflect.apply(send, this, [command, optionsOrCallback, ...callback])
    },
  }
  Object.defineProperty(inherited, 'length', { value: base['send'].length })
  const shape = shapeOf(sdk)
  const withPromise = observedCall(inherited, shape, sdk)
  const { send } = {
    send(this: unknown, ...args: unknown[]): unknown {
      sdk.guard?.awsClient(this)
      const at = args.findIndex((arg, index) => index > 0 && typeof arg === 'function')
      return at === -1
        ? Reflect.apply(withPromise, this, args)
        : sendWithCallback(shape, sdk, inherited, this, args, at)
    },
  }
  Object.defineProperty(send, 'length', { value: base['send'].length })
  Object.defineProperty(prototype, 'send', { value: send, configurable: true, writable: true, enumerable: false })
}

function shapeOf(sdk: SdkContext): CallShape {
  return {
    describe: (client, [command]) => describe(client, fieldsOf(command), sdk),
    answer: answerOf,
    signal: ([, options]) => {
      const { abortSignal } = fieldsOf(options)
      return abortSignal instanceof AbortSignal ? abortSignal : undefined
    },
  }
}

function sendWithCallback(
  shape: CallShape,
  sdk: SdkContext,
  send: (...args: unknown[]) => unknown,
  client: unknown,
  args: readonly unknown[],
  at: number,
): unknown {
  const callback = args[at]
  const begun = beginCall(shape, client, args, sdk)
  if (begun === undefined || typeof callback !== 'function') return Reflect.apply(send, client, args)
  const observed = function (this: unknown, error: unknown, ...output: unknown[]): unknown {
    if (error === null || error === undefined) settleCall(begun, shape, output[0], sdk)
    else failCall(begun, error, sdk)
    return Reflect.apply(callback, this, [error, ...output])
  }
  try {
    return begun.call.run(() => Reflect.apply(send, client, args.with(at, observed)))
  } catch (error) {
    failCall(begun, error, sdk)
    throw error
  }
}

interface Command {
  readonly api: BedrockApi
  readonly stream: boolean
}

/** By the name of the class, since an application can have two copies of the package. */
const COMMANDS: Readonly<Record<string, Command>> = {
  ConverseCommand: { api: converse, stream: false },
  ConverseStreamCommand: { api: converse, stream: true },
  InvokeModelCommand: { api: invokeModel, stream: false },
  InvokeModelWithResponseStreamCommand: { api: invokeModel, stream: true },
}

/** The command's own class, or one that it is derived from. */
function commandOf(command: Fields): Command | undefined {
  let prototype: unknown = Object.getPrototypeOf(command)
  for (let depth = 0; depth < DERIVED_CLASSES_MAX && isFields(prototype); depth += 1) {
    const { constructor } = prototype
    const name = typeof constructor === 'function' ? constructor.name : ''
    if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name]
    prototype = Object.getPrototypeOf(prototype)
  }
  return undefined
}

/** Classes between a command and the library's own. */
const DERIVED_CLASSES_MAX = 4

function describe(client: unknown, command: Fields, sdk: SdkContext): DescribedCall | undefined {
  const found = commandOf(command)
  if (found === undefined) return undefined
  watchExchanges(client)
  const input = fieldsOf(command['input'])
  const request = found.api.request(input)
  const endpoint = endpointOfClient(client)
  const inner: AnswerReader = found.api.reader(keepsContent(sdk))
  return {
    request: {
      operation: request.operation,
      provider: GEN_AI_PROVIDER_NAME_VALUE_AWS_BEDROCK,
      model: nameOf(input['modelId']),
      serverAddress: endpoint?.address,
      serverPort: endpoint?.port,
      stream: found.stream,
      conversationId: undefined,
      attributes: request.attributes,
      content: request.content,
      inputCharacters: () => charactersOf(request.input()),
      unmetered: request.unmetered,
    },
    reader: new BedrockReader(inner, client, nameOf(input['modelId']), endpoint === undefined),
  }
}

/** The stream of a streaming command is one field of its output. */
function answerOf(settled: unknown): Answer {
  const output = fieldsOf(settled)
  for (const stream of [output['stream'], output['body']])
    if (isFields(stream) && Symbol.asyncIterator in stream) return { value: stream }
  return { value: settled }
}
