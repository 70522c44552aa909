import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { anthropic } from '../../src/sdk/instrumentation/anthropic.ts'
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
import type * as AnthropicModule from '@anthropic-ai/sdk'
import type { Build } from '../support/hooked.ts'
import type { ModelServer } from '../support/model-server.ts'
import type { Exchange } from '../support/recordings.ts'

const FOLDERS = ['anthropic', 'synthetic/anthropic']

describeWithData('recordings', () => {
  const exchanges = readExchanges(FOLDERS)
  const recorded = exchanges.filter(({ exchange }) => exchange.meta.api === 'messages')
  const test = startHookedSdk([anthropic])
  test.sdk.captureContent = true
  let server: ModelServer

  beforeAll(async () => {
    // The client warns of the models that old recordings name.
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    server = await startModelServer()
  })
  afterAll(() => server.close())

  it('leaves out one recording of count_tokens', () => {
    expect(exchanges.length - recorded.length).toBe(1)
    expect(recorded.length).toBeGreaterThan(40)
  })

  for (const build of BUILDS) {
    describeRecordings({
      title: `@anthropic-ai/sdk ${build.major === 'current' ? 1 : 0} ${build.format}`,
      recorded,
      cuts: build.major === 'current' && build.format === 'esm' ? Object.keys(CUTS) : ['as recorded'],
      test,
      play: ({ exchange }, answer) => {
        server.answer(answer)
        return readToEnd(() => call(exchange, build), statusOf)
      },
      expected: (one) =>
        expectedSummary(one, {
          operation: 'chat',
          provider: 'anthropic',
          requestModel: String(one.exchange.request.body['model']),
          stream: one.exchange.request.body['stream'] === true,
        }),
      expectedOutcome: outcomeOf,
      feature: ({ exchange: { meta } }) => (meta.stream ? 'chat stream' : 'chat'),
    })
  }

  async function call({ request }: Exchange, build: Build): Promise<unknown> {
    const { default: Anthropic } = await load(build)
    const options = { apiKey: 'key', maxRetries: 0, fetch: server.fetch, timeout: 60_000 }
    // A recorded request is whatever was sent: the client's types for it are of no use here.
    const body = JSON.parse(JSON.stringify(request.body))
    return new Anthropic({ ...options, baseURL: new URL(request.url).origin }).messages.create(body)
  }

  /** What it loads is typed like the current major. */
  const load = async (build: Build): Promise<typeof AnthropicModule> =>
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    (await test.load('@anthropic-ai/sdk', build)) as unknown as typeof AnthropicModule
})

function statusOf(error: unknown): number | undefined {
  const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'status') : undefined
  return typeof status === 'number' ? status : undefined
}
