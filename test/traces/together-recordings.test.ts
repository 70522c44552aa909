import { afterAll, beforeAll, expect, it } from 'vitest'
import { together } from '../../src/sdk/instrumentation/together.ts'
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
import type * as TogetherModule from 'together-ai'
import type { Build } from '../support/hooked.ts'
import type { ModelServer } from '../support/model-server.ts'
import type { Exchange } from '../support/recordings.ts'

describeWithData('recordings', () => {
  const recorded = readExchanges(['together'])
  const test = startHookedSdk([together])
  test.sdk.captureContent = true
  let server: ModelServer

  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  it('plays all', () => expect(recorded).toHaveLength(8))

  for (const build of BUILDS.filter(({ major }) => major === 'current')) {
    describeRecordings({
      title: `together-ai 0 ${build.format}`,
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
          provider: 'together',
          requestModel: String(one.exchange.request.body['model']),
        }),
      expectedOutcome: outcomeOf,
    })
  }

  /** Makes the recorded call with the real client. What it loads is typed like the current major. */
  async function call({ meta, request }: Exchange, build: Build): Promise<unknown> {
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    const { default: Together } = (await test.load('together-ai', build)) as unknown as typeof TogetherModule
    const url = new URL(request.url)
    const tail = meta.api === 'chat' ? '/chat/completions' : '/completions'
    // A recorded request is whatever was sent: the client's types for it are of no use here.
    const body = JSON.parse(JSON.stringify(request.body))
    const baseURL = url.origin + url.pathname.slice(0, url.pathname.length - tail.length)
    const client = new Together({ apiKey: 'key', baseURL, maxRetries: 0, fetch: server.fetch })
    return meta.api === 'chat' ? client.chat.completions.create(body) : client.completions.create(body)
  }
})

function statusOf(error: unknown): number | undefined {
  const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'status') : undefined
  return typeof status === 'number' ? status : undefined
}
