import { beforeAll, afterAll, expect, it } from 'vitest'
import { huggingface } from '../../src/sdk/instrumentation/huggingface.ts'
import { BUILDS, startHookedSdk } from '../support/hooked.ts'
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
import type * as HuggingFaceModule from '@huggingface/inference'
import type { Build } from '../support/hooked.ts'
import type { ModelServer } from '../support/model-server.ts'
import type { Exchange } from '../support/recordings.ts'

const OPERATIONS: Readonly<Record<string, string>> = { chat: 'chat', completions: 'text_completion' }

describeWithData('recordings', () => {
  const recorded = readExchanges(['huggingface'])
  const test = startHookedSdk([huggingface])
  test.sdk.captureContent = true
  let server: ModelServer

  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  it('leaves out nothing', () => {
    expect(recorded.filter(({ exchange }) => !(exchange.meta.api in OPERATIONS))).toEqual([])
    expect(recorded).toHaveLength(5)
  })

  for (const build of BUILDS) {
    describeRecordings({
      title: `@huggingface/inference ${build.major === 'current' ? 4 : 3} ${build.format}`,
      recorded,
      cuts: build.major === 'current' && build.format === 'esm' ? Object.keys(CUTS) : ['as recorded'],
      test,
      play: ({ exchange }, answer) => {
        server.answer(answer)
        return readToEnd(
          () => call(exchange, build),
          () => undefined,
        )
      },
      expected: (one) =>
        expectedSummary(one, {
          operation: OPERATIONS[one.exchange.meta.api] ?? '',
          provider: 'huggingface',
          requestModel: String(one.exchange.request.body['model']),
        }),
      expectedOutcome: outcomeOf,
    })
  }

  /** Makes the recorded call with the real client. What it loads is typed like the current major. */
  async function call({ meta, request }: Exchange, build: Build): Promise<unknown> {
    const loaded = await test.load('@huggingface/inference', build)
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    const { InferenceClient } = loaded as unknown as typeof HuggingFaceModule
    const task = meta.api === 'chat' ? 'conversational' : 'text-generation'
    const provider = new URL(request.url).pathname.split('/')[1] ?? ''
    const client = new InferenceClient(['hf', 'token'].join('_'), {
      fetch: async (input, init) => {
        // The hub tells which provider serves a model, and by what name.
        if (!String(input).startsWith('https://huggingface.co/')) return server.fetch(input, init)
        const mapping = { [provider]: { status: 'live', providerId: request.body['model'], task } }
        return Response.json({ inferenceProviderMapping: mapping })
      },
    })
    const args = { ...structuredClone(request.body), provider }
    const { chatCompletion, chatCompletionStream, textGenerationStream } = client
    if (meta.api !== 'chat') return Reflect.apply(textGenerationStream, client, [args])
    return Reflect.apply(meta.stream ? chatCompletionStream : chatCompletion, client, [args])
  }
})
