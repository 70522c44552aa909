import { GEN_AI_PROVIDER_NAME_VALUE_GROQ } from '../../conventions.ts'
import { exportedAt } from './exported-at.ts'
import { governRetries } from './govern-retries.ts'
import { speech, transcription } from './openai/audio.ts'
import { chatCompletions } from './openai/chat.ts'
import { embeddings } from './openai/embeddings.ts'
import { resource } from './openai/resource.ts'
import type { Instrumentation } from './instrumentation.ts'
import type { ProviderOf } from './openai/resource.ts'

const providerOf: ProviderOf = () => GEN_AI_PROVIDER_NAME_VALUE_GROQ

/** The `groq-sdk` client, which speaks OpenAI's format. Its streams count their tokens unasked, in `x_groq.usage`. */
export const groq: Instrumentation = {
  library: 'groq-sdk',
  main: 'Groq',
  userAgent: /Groq\/JS/,
  majors: [0, 1],
  modules: [
    exportedAt(
      'Groq.Chat.Completions',
      resource(/^resources\/chat\/completions\.(js|mjs)$/, 'Completions', { create: chatCompletions }, providerOf),
    ),
    exportedAt(
      'Groq.Embeddings',
      resource(/^resources\/embeddings\.(js|mjs)$/, 'Embeddings', { create: embeddings }, providerOf),
    ),
    exportedAt(
      'Groq.Audio.Speech',
      resource(/^resources\/audio\/speech\.(js|mjs)$/, 'Speech', { create: speech }, providerOf),
    ),
    exportedAt(
      'Groq.Audio.Transcriptions',
      resource(/^resources\/audio\/transcriptions\.(js|mjs)$/, 'Transcriptions', { create: transcription }, providerOf),
    ),
    exportedAt(
      'Groq.Audio.Translations',
      resource(/^resources\/audio\/translations\.(js|mjs)$/, 'Translations', { create: transcription }, providerOf),
    ),
    exportedAt('Groq', {
      // The class stood in the index once.
      file: /^(client|index)\.(js|mjs)$/,
      names: ['Groq'],
      patch: ({ Groq }, sdk) => {
        if (Groq === undefined) return
        sdk.guard?.client(Groq)
        governRetries(Groq, sdk)
      },
    }),
  ],
}
