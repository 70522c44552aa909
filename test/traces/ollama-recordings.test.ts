import { beforeAll, afterAll, expect, it } from 'vitest'
import { ollama } from '../../src/sdk/instrumentation/ollama.ts'
import { startHookedSdk } from '../support/hooked.ts'
import { startModelServer } from '../support/model-server.ts'
import {
  CUTS,
  describeRecordings,
  expectedSummary,
  outcomeOf,
  readExchanges,
  readToEnd,
} from '../support/recordings.ts'
import { describeWithData } from '../support/shared-data.ts'
import type * as OllamaModule from 'ollama'
import type { ModelServer } from '../support/model-server.ts'
import type { Exchange, Recorded } from '../support/recordings.ts'

const OPERATIONS: Readonly<Record<string, string>> = {
  chat: 'chat',
  generate: 'text_completion',
  embeddings: 'embeddings',
}
/** A client of OpenAI's format plays the rest. */
const OTHER_CLIENTS = { 'openai-compat-chat': 2 }

describeWithData('recordings', () => {
  const all = Map.groupBy(readExchanges(['ollama']), ({ exchange }) => exchange.meta.api in OPERATIONS)
  const recorded = all.get(true) ?? []
  const test = startHookedSdk([ollama])
  test.sdk.captureContent = true
  let server: ModelServer

  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  it('leaves out what has a client of its own', () => {
    expect(recorded).toHaveLength(12)
    const apis = Map.groupBy(all.get(false) ?? [], ({ exchange }) => exchange.meta.api)
    expect(Object.fromEntries([...apis].map(([api, list]) => [api, filesOf(list)]))).toEqual(OTHER_CLIENTS)
  })

  for (const format of ['esm', 'cjs'] as const) {
    describeRecordings({
      title: `ollama 0 ${format}`,
      recorded,
      cuts: format === 'esm' ? Object.keys(CUTS) : ['as recorded'],
      test,
      play: ({ exchange }, answer) => {
        server.answer(answer)
        return readToEnd(() => call(exchange, format), statusOf)
      },
      expected: (one) => ({
        ...expectedSummary(one, {
          operation: OPERATIONS[one.exchange.meta.api] ?? '',
          provider: 'ollama',
          requestModel: String(one.exchange.request.body['model']),
        }),
        // The provider gives a sentence only.
        ...(one.exchange.expected.error === undefined ? {} : { errorType: '404' }),
      }),
      expectedOutcome: outcomeOf,
    })
  }

  /** Makes the recorded call with the real client. */
  async function call({ meta, request }: Exchange, format: 'esm' | 'cjs'): Promise<unknown> {
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    const { Ollama } = (await test.load('ollama', { major: 'current', format })) as unknown as typeof OllamaModule
    const client = new Ollama({ host: new URL(request.url).origin, fetch: server.fetch })
    const body = structuredClone({ ...request.body, stream: meta.stream })
    switch (meta.api) {
      case 'chat':
        return Reflect.apply(client.chat, client, [body])
      case 'generate':
        return Reflect.apply(client.generate, client, [body])
      default:
        return Reflect.apply(client.embeddings, client, [body])
    }
  }
})

const filesOf = (list: readonly Recorded[]): number =>
  new Set(list.map(({ exchange }) => exchange.meta.id.split('#')[0])).size

function statusOf(error: unknown): number | undefined {
  const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'status_code') : undefined
  return typeof status === 'number' ? status : undefined
}
