import { beforeAll, afterAll, expect, it } from 'vitest'
import { mistral } from '../../src/sdk/instrumentation/mistral.ts'
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
import type * as MistralModule from '@mistralai/mistralai'
import type { Build } from '../support/hooked.ts'
import type { ModelServer } from '../support/model-server.ts'
import type { Exchange } from '../support/recordings.ts'

const OPERATIONS: Readonly<Record<string, string>> = {
  chat: 'chat',
  agents: 'chat',
  embeddings: 'embeddings',
  moderations: 'moderation',
}

describeWithData('recordings', () => {
  const recorded = readExchanges(['mistral'])
  const test = startHookedSdk([mistral])
  test.sdk.captureContent = true
  let server: ModelServer

  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  it('leaves out nothing', () => {
    expect(recorded.filter(({ exchange }) => !(exchange.meta.api in OPERATIONS))).toEqual([])
    expect(recorded).toHaveLength(25)
  })

  for (const build of BUILDS) {
    describeRecordings({
      title: `@mistralai/mistralai ${build.major === 'current' ? 2 : 1} ${build.format}`,
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
          provider: 'mistral_ai',
          requestModel: modelOf(one.exchange),
        }),
      expectedOutcome: outcomeOf,
    })
  }

  /** Makes the recorded call with the real client. What it loads is typed like the current major. */
  async function call({ meta, request }: Exchange, build: Build): Promise<unknown> {
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    const { Mistral, HTTPClient } = (await test.load('@mistralai/mistralai', build)) as unknown as typeof MistralModule
    const httpClient = new HTTPClient({
      fetcher: async (input, init) => {
        const sent = new Request(input, init)
        const { pathname } = new URL(sent.url)
        return await fetch(server.url + pathname, { method: 'POST', headers: sent.headers, body: await sent.text() })
      },
    })
    const client = new Mistral({ apiKey: 'key', httpClient })
    const body = JSON.parse(JSON.stringify(camelCased(request.body)))
    // Some recorded requests rely on this default of the provider; the client insists on it.
    for (const tool of body.tools ?? []) tool.type ??= 'function'
    switch (meta.api) {
      case 'chat':
        return meta.stream ? client.chat.stream(body) : client.chat.complete(body)
      case 'agents':
        return meta.stream ? client.agents.stream(body) : client.agents.complete(body)
      case 'embeddings':
        return client.embeddings.create({ ...body, inputs: body.input })
      default:
        return client.classifiers.moderate({ ...body, inputs: body.input })
    }
  }
})

/** The names of the wire as the client wants them; what belongs to the caller (schemas, arguments) stays. */
function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCased)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      key === 'parameters' || key === 'schema' ? inner : camelCased(inner),
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
