import { observeCalledTools } from './google-genai/called-tools.ts'
import { createShape, getShape } from './google-genai/interactions.ts'
import {
  callShape,
  embedContent,
  generateContent,
  generateContentStream,
  generateImages,
} from './google-genai/models.ts'
import { observeMethod } from './observe-call.ts'
import { exportedAt } from './exported-at.ts'
import type { Instrumentation } from './instrumentation.ts'

const file = /^dist\/((node|web)\/)?index\.(mjs|cjs)$/

/**
 * The `@google/genai` client, for the Gemini API and for Vertex AI.
 *
 * `generateContent` and its like are functions that the constructor of `Models` makes; all of them, chats and automatic function calling
 * included, go through the methods `…Internal` on its prototype, one request each. So each of the requests that a loop of function calls
 * or a continued answer takes is a call of its own.
 *
 * Not observed: `countTokens` and `computeTokens`, for which the conventions have no operation and nobody pays; `live`; batches, whose
 * answers are read later and maybe elsewhere; videos.
 */
export const googleGenai: Instrumentation = {
  library: '@google/genai',
  main: 'GoogleGenAI',
  userAgent: /google-genai-sdk/,
  majors: [2, 3],
  modules: [
    exportedAt(['Models', 'models.constructor'], {
      file,
      names: ['Models'],
      patch: ({ Models }, sdk) => {
        observeMethod(Models, 'generateContentInternal', callShape(generateContent, sdk), sdk)
        observeMethod(Models, 'generateContentStreamInternal', callShape(generateContentStream, sdk), sdk)
        observeMethod(Models, 'embedContentInternal', callShape(embedContent, sdk), sdk)
        observeMethod(Models, 'generateImagesInternal', callShape(generateImages, sdk), sdk)
        observeCalledTools(Models, sdk)
      },
    }),
    // Not among the exports of the package: only a client itself leads there.
    exportedAt('interactions.constructor', {
      file,
      names: ['GeminiNextGenInteractions'],
      patch: ({ GeminiNextGenInteractions: Interactions }, sdk) => {
        observeMethod(Interactions, 'create', createShape(sdk), sdk)
        observeMethod(Interactions, 'get', getShape(sdk), sdk)
      },
    }),
  ],
}
