import { context } from '@opentelemetry/api'
import { tracerBehind } from '../attach.ts'
import { asOneCall, isUnobserved, observeModel } from './ai/model-method.ts'
import { languageModel } from './ai/language-model.ts'
import { imageModel, speechModel, transcriptionModel } from './ai/media-models.ts'
import { runGenerateText, runStreamText, runUnobserved } from './ai/operation.ts'
import { embeddingModel, rerankingModel } from './ai/other-models.ts'
import { runToolCall } from './ai/tool-call.ts'
import { fieldsOf, isFields } from './fields.ts'
import { replaceFunction } from './replace-function.ts'
import type { Fields } from './fields.ts'
import type { Instrumentation, SdkContext } from './instrumentation.ts'
import type { ModelMethod } from './ai/model-method.ts'

/**
 * The AI SDK (`ai`): `generateText`, `streamText` and `ToolLoopAgent` are agents, each call of a model is an inference span that gives way
 * to a client library's, tools that it executes are tools; `generateObject`, `streamObject`, `embed`, `embedMany`, `rerank`, images,
 * speech and transcriptions.
 *
 * Its own telemetry is not used: that of 6 needs a tracer and a switch in each call, the channel of 7 tells neither of objects nor of
 * streams that are broken off, and both count each attempt of a call. The functions by which its own functions get a model, repeat a call
 * and execute a tool are the same in both, so that both give the same spans. Its own spans step back where they would come here as
 * well, because they repeat the tokens and carry content unless told otherwise; those for another provider go their way. 7 is on by
 * default, so that `telemetry: { isEnabled: false }` is its author's word that a call is not to be reported; 6 is off by default and this
 * says nothing.
 */
export const ai: Instrumentation = {
  library: 'ai',
  userAgent: /(^| )ai\/\d/,
  majors: [6, 7],
  modules: [
    {
      file: /^dist\/index\.(js|mjs)$/,
      names: [
        'generateText',
        'streamText',
        'startStreamText',
        'generateObject',
        'streamObject',
        'embed',
        'embedMany',
        'rerank',
        'generateSpeech',
        'transcribe',
        'resolveLanguageModel',
        'resolveEmbeddingModel',
        'resolveRerankingModel',
        'resolveImageModel',
        'resolveSpeechModel',
        'resolveTranscriptionModel',
        'prepareRetries',
        'executeToolCall',
        'getTracer',
        'createTelemetryDispatcher',
        'getGlobalTelemetryIntegrations',
      ],
      patch,
    },
  ],
}

function patch(bindings: Record<string, unknown>, sdk: SdkContext): void {
  observeModels(bindings, sdk)
  replaceFunction(
    bindings,
    'executeToolCall',
    (original) => (args) =>
      isUnobserved(context.active())
        ? original(...args)
        : runToolCall(fieldsOf(args[0]), (request) => original(request ?? args[0], ...args.slice(1)), sdk),
  )
  // In 7, a second public function streams by way of this one too.
  const streaming = bindings['startStreamText'] === undefined ? 'streamText' : 'startStreamText'
  observeOperation(bindings, 'generateText', runGenerateText, sdk)
  observeOperation(bindings, streaming, runStreamText, sdk)
  if (bindings['createTelemetryDispatcher'] === undefined) holdBackTracer(bindings, sdk)
  else {
    for (const name of SWITCHED) {
      observeOperation(bindings, name, (_options, call) => call(), sdk)
    }
    holdBackIntegrations(bindings, sdk)
  }
}

/** What can be excepted in 7 besides the two agents. */
const SWITCHED = ['generateObject', 'streamObject', 'embed', 'embedMany', 'rerank', 'generateSpeech', 'transcribe']

function observeModels(bindings: Record<string, unknown>, sdk: SdkContext): void {
  const resolvers: readonly (readonly [name: string, methods: readonly ModelMethod[]])[] = [
    ['resolveLanguageModel', languageModel],
    ['resolveEmbeddingModel', embeddingModel],
    ['resolveRerankingModel', rerankingModel],
    ['resolveImageModel', imageModel],
    ['resolveSpeechModel', speechModel],
    ['resolveTranscriptionModel', transcriptionModel],
  ]
  for (const [name, methods] of resolvers) {
    replaceFunction(bindings, name, (original) => (args) => {
      const model = original(...args)
      try {
        observeModel(model, methods, sdk)
      } catch (error) {
        sdk.fault('ai: model', error)
      }
      return model
    })
  }
  replaceFunction(bindings, 'prepareRetries', (original) => (args) => {
    const prepared = original(...args)
    const { retry } = fieldsOf(prepared)
    if (typeof retry !== 'function' || !isFields(prepared)) return prepared
    return { ...prepared, retry: (...attempt: unknown[]) => asOneCall(() => Reflect.apply(retry, undefined, attempt)) }
  })
}

type Operation = (options: Fields, call: () => unknown, sdk: SdkContext) => unknown

function observeOperation(
  bindings: Record<string, unknown>,
  name: string,
  operation: Operation,
  sdk: SdkContext,
): void {
  const honoursSwitch = bindings['createTelemetryDispatcher'] !== undefined
  replaceFunction(bindings, name, (original) => (args) => {
    const options = fieldsOf(args[0])
    const call = (): unknown => original(...args)
    return honoursSwitch && isSwitchedOff(options) ? runUnobserved(call) : operation(options, call, sdk)
  })
}

const isSwitchedOff = ({ telemetry, experimental_telemetry: former }: Fields): boolean =>
  fieldsOf(telemetry ?? former)['isEnabled'] === false

/** 6 makes its spans with the tracer of this function: one of ours is answered with the one that does nothing. */
function holdBackTracer(bindings: Record<string, unknown>, sdk: SdkContext): void {
  replaceFunction(bindings, 'getTracer', (original) => (args) => {
    const tracer = original(...args)
    return isOurs(tracer, sdk) ? original({ isEnabled: false }) : tracer
  })
}

/** 7 makes none itself: `@ai-sdk/otel` does, as an integration that is registered for all calls or given to one. */
function holdBackIntegrations(bindings: Record<string, unknown>, sdk: SdkContext): void {
  const others = (integrations: unknown): unknown => {
    const list = Array.isArray(integrations) ? integrations : [integrations]
    const kept = list.filter((integration) => !isOpenTelemetry(integration, sdk))
    return kept.length === list.length ? integrations : kept
  }
  replaceFunction(bindings, 'getGlobalTelemetryIntegrations', (original) => () => others(original()))
  replaceFunction(bindings, 'createTelemetryDispatcher', (original) => (args) => {
    const { telemetry } = fieldsOf(args[0])
    const { integrations } = fieldsOf(telemetry)
    if (integrations === undefined || integrations === null) return original(...args)
    return original({ ...fieldsOf(args[0]), telemetry: { ...fieldsOf(telemetry), integrations: others(integrations) } })
  })
}

const isOpenTelemetry = (integration: unknown, sdk: SdkContext): boolean => {
  const { constructor, tracer } = fieldsOf(integration)
  return typeof constructor === 'function' && OPEN_TELEMETRY.has(constructor.name) && isOurs(tracer, sdk)
}

/** The classes of `@ai-sdk/otel`. */
const OPEN_TELEMETRY: ReadonlySet<string> = new Set(['OpenTelemetry', 'LegacyOpenTelemetry'])

/** Made by our provider: the tracers of another one are of another class, that of its copy of the SDK. */
const isOurs = (tracer: unknown, sdk: SdkContext): boolean => {
  const behind = tracerBehind(tracer)
  return isFields(behind) && behind['constructor'] === sdk.tracer.constructor
}
