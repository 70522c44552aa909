import { beforeAll, afterAll, expect, it } from 'vitest'
import { cohere } from '../../src/sdk/instrumentation/cohere.ts'
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
import type * as CohereModule from 'cohere-ai'
import type { Build } from '../support/hooked.ts'
import type { ModelServer } from '../support/model-server.ts'
import type { Exchange } from '../support/recordings.ts'

const OPERATIONS: Readonly<Record<string, string>> = { 'chat-v1': 'chat', 'chat-v2': 'chat', 'embed-v2': 'embeddings' }

describeWithData('recordings', () => {
  const recorded = readExchanges(['cohere'])
  const test = startHookedSdk([cohere])
  test.sdk.captureContent = true
  let server: ModelServer

  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  it('leaves out nothing', () => {
    expect(recorded.filter(({ exchange }) => !(exchange.meta.api in OPERATIONS))).toEqual([])
    expect(recorded).toHaveLength(28)
  })

  for (const build of BUILDS) {
    describeRecordings({
      title: `cohere-ai ${build.major === 'current' ? 8 : 7} ${build.format}`,
      recorded,
      cuts: build.major === 'current' && build.format === 'esm' ? Object.keys(CUTS) : ['as recorded'],
      test,
      play: ({ exchange }, answer) => {
        server.answer(answer)
        return readToEnd(() => call(exchange, build), statusOf)
      },
      expected: (one) =>
        expectedSummary(one, {
          operation: OPERATIONS[one.exchange.meta.api] ?? '',
          provider: 'cohere',
          requestModel: modelOf(one.exchange),
        }),
      expectedOutcome: outcomeOf,
    })
  }

  /** Makes the recorded call with the real client. What it loads is typed like the current major. */
  async function call({ meta, request }: Exchange, build: Build): Promise<unknown> {
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    const { CohereClient } = (await test.load('cohere-ai', build)) as unknown as typeof CohereModule
    const client = new CohereClient({
      token: 'key',
      environment: new URL(request.url).origin,
      maxRetries: 0,
      fetch: server.fetch,
    })
    const body = JSON.parse(JSON.stringify(camelCased(request.body)))
    switch (meta.api) {
      case 'chat-v1':
        return meta.stream ? client.chatStream(body) : client.chat(body)
      case 'chat-v2':
        return meta.stream ? client.v2.chatStream(body) : client.v2.chat(body)
      default:
        return client.v2.embed(body)
    }
  }
})

/** The names of the wire as the client wants them; what belongs to the caller (schemas, documents, arguments) stays. */
function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      ['parameters', 'documents', 'data'].includes(key) ? inner : camelCased(inner),
    ]),
  )
}

function modelOf({ request }: Exchange): string | undefined {
  const model = request.body['model']
  return typeof model === 'string' ? model : undefined
}

function statusOf(error: unknown): number | undefined {
  const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'statusCode') : undefined
  return typeof status === 'number' ? status : undefined
}
