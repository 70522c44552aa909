import { observeBedrockClient } from './bedrock/client.ts'
import { exportedAt } from './exported-at.ts'
import type { Instrumentation } from './instrumentation.ts'

/**
 * The `@aws-sdk/client-bedrock-runtime` client: Converse, ConverseStream, InvokeModel and InvokeModelWithResponseStream, by `client.send()`
 * with a promise or a callback and by the methods of `BedrockRuntime`. Other AWS clients are not touched. Not observed: commands that use no
 * model (guardrails, token counts, lists), asynchronous invocations (video) and the bidirectional stream (speech).
 */
export const bedrock: Instrumentation = {
  library: '@aws-sdk/client-bedrock-runtime',
  main: 'BedrockRuntimeClient',
  userAgent: /api\/bedrock-runtime#/,
  majors: [3],
  modules: [
    exportedAt('BedrockRuntimeClient', {
      file: /^dist-(cjs\/index|es\/BedrockRuntimeClient)\.js$/,
      names: ['BedrockRuntimeClient'],
      patch: ({ BedrockRuntimeClient }, sdk) => observeBedrockClient(BedrockRuntimeClient, sdk),
    }),
  ],
}
