import { languageModel } from '../ai/language-model.ts'
import { asOneCall, observeModel } from '../ai/model-method.ts'
import { fieldsOf, isFields } from '../fields.ts'
import { replaceMethod } from '../mcp/replace-method.ts'
import { replaceFunction } from '../replace-function.ts'
import { agentScope } from './scope.ts'
import type { SdkContext } from '../instrumentation.ts'

/** Mastra puts a model into a wrapper that keeps it to itself and does not show its address: the model inside is the one observed. */
export function observeResolvedModels(bindings: Record<string, unknown>, sdk: SdkContext): void {
  replaceFunction(bindings, 'resolveModelConfig', (original) => async ([config, ...rest]) => {
    const seen: object[] = []
    const see = (model: unknown): void => {
      if (!isFields(model) || wrappers.has(model) || typeof model['doGenerate'] !== 'function') return
      try {
        observeModel(model, languageModel, sdk)
        seen.push(model)
      } catch (error) {
        sdk.fault('mastra: model', error)
      }
    }
    const given =
      typeof config === 'function'
        ? async (...args: unknown[]): Promise<unknown> => {
            const model: unknown = await Reflect.apply(config, undefined, args)
            see(model)
            return model
          }
        : config
    see(config)
    const resolved = await original(given, ...rest)
    if (seen.length > 0 && isFields(resolved)) wrappers.add(resolved)
    return resolved
  })
}

/** What holds a model that is observed already. */
const wrappers = new WeakSet<object>()

/** The loop's call of its model; Mastra repeats a failed one itself, inside the stream that it starts. */
export function observeModels(bindings: Record<string, unknown>, sdk: SdkContext): void {
  replaceFunction(bindings, 'execute', (original) => (args) => {
    try {
      const { model } = fieldsOf(args[0])
      if (isFields(model) && !wrappers.has(model)) observeModel(model, languageModel, sdk)
    } catch (error) {
      sdk.fault('mastra: model of a loop', error)
    }
    return original(...args)
  })
  replaceMethod(bindings['AISDKV5InputStream'], 'initialize', (original, _self, args) => {
    const [options] = args
    const { createStream } = fieldsOf(options)
    if (typeof createStream !== 'function') return original(args)
    const scope = agentScope()
    const failed = (error: unknown): void => {
      if (scope !== undefined) scope.modelError = error
    }
    const once = (): unknown => asOneCall(() => Reflect.apply(createStream, options, []), failed)
    return original([{ ...fieldsOf(options), createStream: once }])
  })
}
