import { afterAll, beforeAll, expect, it } from 'vitest'
import { groq } from '../../src/sdk/instrumentation/groq.ts'
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
import type * as GroqModule from 'groq-sdk'
import type { Build } from '../support/hooked.ts'
import type { ModelServer } from '../support/model-server.ts'
import type { Exchange } from '../support/recordings.ts'

describeWithData('recordings', () => {
  const recorded = readExchanges(['groq'])
  const test = startHookedSdk([groq])
  test.sdk.captureContent = true
  let server: ModelServer

  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  it('plays all', () => expect(recorded).toHaveLength(14))

  for (const build of BUILDS) {
    describeRecordings({
      title: `groq-sdk ${build.major === 'current' ? 1 : 0} ${build.format}`,
      recorded,
      cuts: build.major === 'current' && build.format === 'esm' ? Object.keys(CUTS) : ['as recorded'],
      test,
      play: ({ exchange }, answer) => {
        server.answer(answer)
        return readToEnd(() => call(exchange, build), statusOf)
      },
      expected: (one) =>
        expectedSummary(one, {
          operation: one.exchange.meta.api === 'chat' ? 'chat' : 'text_completion',
          provider: 'groq',
          requestModel: String(one.exchange.request.body['model']),
        }),
      expectedOutcome: outcomeOf,
    })
  }

  /** Makes the recorded call with the real client. What it loads is typed like the current major. */
  async function call({ request }: Exchange, build: Build): Promise<unknown> {
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    const { default: Groq } = (await test.load('groq-sdk', build)) as unknown as typeof GroqModule
    const url = new URL(request.url)
    const tail = '/openai/v1/chat/completions'
    // A recorded request is whatever was sent: the client's types for it are of no use here.
    const body = JSON.parse(JSON.stringify(request.body))
    const baseURL = url.origin + url.pathname.slice(0, url.pathname.length - tail.length)
    const client = new Groq({ apiKey: 'key', baseURL, maxRetries: 0, fetch: server.fetch })
    return client.chat.completions.create(body)
  }
})

function statusOf(error: unknown): number | undefined {
  const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'status') : undefined
  return typeof status === 'number' ? status : undefined
}
