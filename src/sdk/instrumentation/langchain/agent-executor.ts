import { fieldsOf, nameOf, textOf } from '../fields.ts'
import { gate } from './gate.ts'
import { observeInvocation } from './invocation.ts'
import { signalOf } from './signal.ts'
import type { SdkContext } from '../instrumentation.ts'
import type { Invocation } from './invocation.ts'

/** Observes the agent loop of LangChain before 1.0: `_call` is what `invoke` leads to, `_streamIterator` what `stream` reads. */
export function observeAgentExecutors(base: object, sdk: SdkContext): void {
  gate(base, '_call', (_self, [inputs, , config], proceed) =>
    observeInvocation(sdk, () => executorRun(inputs, config), proceed),
  )
  gate(base, '_streamIterator', (_self, [inputs, config], proceed) =>
    observeInvocation(sdk, () => executorRun(inputs, config), proceed),
  )
}

function executorRun(inputs: unknown, config: unknown): Invocation {
  const { runName, configurable } = fieldsOf(config)
  return {
    kind: 'agent',
    // An executor has no name of its own but the one that its runs are given.
    name: nameOf(runName) ?? 'AgentExecutor',
    description: undefined,
    conversationId: nameOf(fieldsOf(configurable)['thread_id']) ?? nameOf(fieldsOf(configurable)['sessionId']),
    signal: signalOf(config),
    input: () => textMessage('user', fieldsOf(inputs)['input']),
    output: (result) => textMessage('assistant', fieldsOf(result)['output']),
  }
}

function textMessage(role: string, content: unknown): readonly unknown[] {
  return textOf(content) === undefined ? [] : [{ role, content }]
}
