import { GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI, GEN_AI_PROVIDER_NAME_VALUE_OPENAI } from '../../conventions.ts'
import { exportedAt } from './exported-at.ts'
import { governRetries } from './govern-retries.ts'
import { nameOf } from './fields.ts'
import { speech, transcription } from './openai/audio.ts'
import { chatCompletions } from './openai/chat.ts'
import { completions } from './openai/completions.ts'
import { decisions } from './openai/decisions.ts'
import { embeddings } from './openai/embeddings.ts'
import { images } from './openai/images.ts'
import { moderations } from './openai/moderations.ts'
import { resource } from './openai/resource.ts'
import { fetchedResponses, responses } from './openai/responses.ts'
import { toolRunner } from './openai/tool-runner.ts'
import { askForStreamUsage } from './stream-usage.ts'
import type { Instrumentation } from './instrumentation.ts'
import type { ProviderOf } from './openai/resource.ts'

/** An Azure client keeps its API version; behind a private host name nothing else tells it apart. */
const providerOf: ProviderOf = ({ provider }, client) =>
  provider ??
  (nameOf(client['apiVersion']) === undefined
    ? GEN_AI_PROVIDER_NAME_VALUE_OPENAI
    : GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI)

const responseMethods = {
  create: responses,
  retrieve: fetchedResponses,
  cancel: fetchedResponses,
  compact: responses,
}

/**
 * The `openai` client and what speaks through it: Azure, Groq, DeepSeek, Together, OpenRouter, xAI, Perplexity, Cerebras, local servers.
 *
 * The methods that send requests are the gates: `parse()`, `stream()` and `runTools()` call them on the client, so they need no patch of
 * their own and no call is seen twice. Not covered: calls over WebSocket and WebRTC (realtime, live, `responses.ws`), assistants, batches, videos.
 */
export const openai: Instrumentation = {
  library: 'openai',
  main: 'OpenAI',
  userAgent: /OpenAI\/JS/,
  majors: [6, 7],
  modules: [
    exportedAt(
      'OpenAI.Chat.Completions',
      resource(
        /^resources\/chat\/completions\/completions\.(js|mjs)$/,
        'Completions',
        { create: chatCompletions },
        providerOf,
      ),
    ),
    exportedAt(
      'OpenAI.Responses',
      resource(/^resources\/(beta\/)?responses\/responses\.(js|mjs)$/, 'Responses', responseMethods, providerOf),
    ),
    exportedAt(
      'OpenAI.Embeddings',
      resource(/^resources\/embeddings\.(js|mjs)$/, 'Embeddings', { create: embeddings }, providerOf),
    ),
    exportedAt(
      'OpenAI.Completions',
      resource(/^resources\/completions\.(js|mjs)$/, 'Completions', { create: completions }, providerOf),
    ),
    exportedAt(
      'OpenAI.Images',
      resource(
        /^resources\/images\.(js|mjs)$/,
        'Images',
        { generate: images, edit: images, createVariation: images },
        providerOf,
      ),
    ),
    exportedAt(
      'OpenAI.Moderations',
      resource(/^resources\/moderations\.(js|mjs)$/, 'Moderations', { create: moderations }, providerOf),
    ),
    exportedAt(
      'OpenAI.Audio.Speech',
      resource(/^resources\/audio\/speech\.(js|mjs)$/, 'Speech', { create: speech }, providerOf),
    ),
    exportedAt(
      'OpenAI.Audio.Transcriptions',
      resource(/^resources\/audio\/transcriptions\.(js|mjs)$/, 'Transcriptions', { create: transcription }, providerOf),
    ),
    exportedAt(
      'OpenAI.Audio.Translations',
      resource(/^resources\/audio\/translations\.(js|mjs)$/, 'Translations', { create: transcription }, providerOf),
    ),
    exportedAt(
      'OpenAI.Decisions',
      resource(/^resources\/decisions\.(js|mjs)$/, 'Decisions', { create: decisions }, providerOf),
    ),
    toolRunner(/^lib\/AbstractChatCompletionRunner\.(js|mjs)$/),
    exportedAt('OpenAI', {
      file: /^client\.(js|mjs)$/,
      names: ['OpenAI'],
      patch: ({ OpenAI }, sdk) => {
        askForStreamUsage(OpenAI, sdk)
        sdk.guard?.client(OpenAI)
        governRetries(OpenAI, sdk)
      },
    }),
  ],
}
