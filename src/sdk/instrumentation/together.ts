import { exportedAt } from './exported-at.ts'
import { governRetries } from './govern-retries.ts'
import { speech, transcription } from './openai/audio.ts'
import { chatCompletions } from './openai/chat.ts'
import { completions } from './openai/completions.ts'
import { embeddings } from './openai/embeddings.ts'
import { images } from './openai/images.ts'
import { resource } from './openai/resource.ts'
import { toolRunner } from './openai/tool-runner.ts'
import { rerank } from './together/rerank.ts'
import type { Instrumentation } from './instrumentation.ts'
import type { ProviderOf } from './openai/resource.ts'

/** The conventions have no name for it: ours, as of its host. */
const providerOf: ProviderOf = () => 'together'

/** The `together-ai` client, which speaks OpenAI's format. Its streams count their tokens unasked. */
export const together: Instrumentation = {
  library: 'together-ai',
  main: 'Together',
  userAgent: /Together\/JS/,
  majors: [0],
  modules: [
    exportedAt(
      'Together.Chat.Completions',
      resource(/^resources\/chat\/completions\.(js|mjs)$/, 'Completions', { create: chatCompletions }, providerOf),
    ),
    exportedAt(
      'Together.Completions',
      resource(/^resources\/completions\.(js|mjs)$/, 'Completions', { create: completions }, providerOf),
    ),
    exportedAt(
      'Together.Embeddings',
      resource(/^resources\/embeddings\.(js|mjs)$/, 'Embeddings', { create: embeddings }, providerOf),
    ),
    exportedAt(
      'Together.Images',
      resource(/^resources\/images\.(js|mjs)$/, 'Images', { generate: images }, providerOf),
    ),
    exportedAt('Together.Rerank', resource(/^resources\/rerank\.(js|mjs)$/, 'Rerank', { create: rerank }, providerOf)),
    exportedAt(
      'Together.Audio.Speech',
      resource(/^resources\/audio\/speech\.(js|mjs)$/, 'Speech', { create: speech }, providerOf),
    ),
    exportedAt(
      'Together.Audio.Transcriptions',
      resource(/^resources\/audio\/transcriptions\.(js|mjs)$/, 'Transcriptions', { create: transcription }, providerOf),
    ),
    exportedAt(
      'Together.Audio.Translations',
      resource(/^resources\/audio\/translations\.(js|mjs)$/, 'Translations', { create: transcription }, providerOf),
    ),
    toolRunner(/^lib\/AbstractChatCompletionRunner\.(js|mjs)$/),
    exportedAt('Together', {
      file: /^client\.(js|mjs)$/,
      names: ['Together'],
      patch: ({ Together }, sdk) => {
        sdk.guard?.client(Together)
        governRetries(Together, sdk)
      },
    }),
  ],
}
