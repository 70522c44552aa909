import { Buffer } from 'node:buffer'
import { beforeAll, afterAll, expect, it } from 'vitest'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { bedrock } from '../../src/sdk/instrumentation/bedrock.ts'
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
import type * as BedrockModule from '@aws-sdk/client-bedrock-runtime'
import type { Build } from '../support/hooked.ts'
import type { ModelServer } from '../support/model-server.ts'
import type { Exchange, Expected, Recorded } from '../support/recordings.ts'

/** The table of libraries names a feature once: ConverseStream is the stream of Converse. */
const FEATURES: Readonly<Record<string, string>> = {
  converse: 'chat',
  'converse-stream': 'chat',
  invoke: 'invoke model',
  'invoke-stream': 'invoke model',
}

/**
 * Recordings whose `expected` is wrong. The answer of a reranker is a list of ranks: `expected` took it for Titan's `results`, three choices
 * of no tokens.
 */
const CORRECTED: Readonly<Record<string, Partial<Expected>>> = {
  'bedrock/invoke-plain-multichoice-cohere.rerank-v3-5-0-8b1c14': {
    totals: { inputTokensWithCache: null, outputTokensWithReasoning: null },
    finishReasons: [],
  },
}

describeWithData('recordings', () => {
  const recorded = readExchanges(['bedrock'], CORRECTED).map(renamed)
  const test = startHookedSdk([bedrock])
  test.sdk.captureContent = true
  let server: ModelServer

  beforeAll(async () => {
    server = await startModelServer()
  })
  afterAll(() => server.close())

  it('leaves out nothing', () => {
    expect(recorded).toHaveLength(53)
  })

  for (const build of BUILDS.filter(({ major }) => major === 'current')) {
    describeRecordings({
      title: `@aws-sdk/client-bedrock-runtime 3 ${build.format}`,
      recorded,
      cuts: build.format === 'esm' ? Object.keys(CUTS) : ['as recorded'],
      test,
      play: ({ exchange }, answer) => {
        server.answer(answer)
        return readToEnd(() => call(exchange, build), statusOf)
      },
      expected: (one) =>
        expectedSummary(one, {
          operation: operationOf(one.exchange),
          provider: 'aws.bedrock',
          requestModel: modelOf(one.exchange),
          stream: one.exchange.request.url.endsWith('stream'),
        }),
      expectedOutcome: outcomeOf,
    })
  }

  /** Makes the recorded call with the real client and gives the stream of a streaming one. */
  async function call({ request }: Exchange, build: Build): Promise<unknown> {
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    const library = (await test.load('@aws-sdk/client-bedrock-runtime', build)) as unknown as typeof BedrockModule
    const client = new library.BedrockRuntimeClient({
      region: new URL(request.url).hostname.split('.')[1] ?? '',
      credentials: { accessKeyId: 'id', secretAccessKey: 'key' },
      maxAttempts: 1,
      requestHandler: handlerTo(server.url),
    })
    const modelId = modelOf({ request }) ?? ''
    const input = JSON.parse(JSON.stringify(request.body), (key, value: unknown) =>
      key === 'bytes' && typeof value === 'string' ? Buffer.from(value, 'base64') : value,
    )
    const body = Buffer.from(JSON.stringify(request.body))
    switch (new URL(request.url).pathname.split('/').at(-1)) {
      case 'converse':
        return client.send(new library.ConverseCommand({ modelId, ...input }))
      case 'converse-stream':
        return (await client.send(new library.ConverseStreamCommand({ modelId, ...input }))).stream
      case 'invoke': {
        const output = await client.send(new library.InvokeModelCommand({ modelId, body }))
        expect(JSON.parse(output.body.transformToString())).toBeTypeOf('object')
        return output
      }
      default:
        return (await client.send(new library.InvokeModelWithResponseStreamCommand({ modelId, body }))).body
    }
  }
})

/** The library's own handler, towards another server than the one that the request names. */
function handlerTo(url: string): NodeHttpHandler {
  const handler = new NodeHttpHandler()
  const handle = handler.handle.bind(handler)
  const { hostname, port } = new URL(url)
  handler.handle = (request, options) =>
    handle(Object.assign(request.clone(), { protocol: 'http:', hostname, port: Number(port) }), options)
  return handler
}

function renamed(one: Recorded): Recorded {
  const { exchange } = one
  const meta = { ...exchange.meta, api: FEATURES[exchange.meta.api] ?? exchange.meta.api }
  return { ...one, exchange: { ...exchange, meta } }
}

function operationOf({ request: { url, body } }: Exchange): string {
  if (url.includes('rerank')) return 'rerank'
  return 'prompt' in body || 'inputText' in body ? 'text_completion' : 'chat'
}

const modelOf = ({ request }: Pick<Exchange, 'request'>): string | undefined => {
  const model = new URL(request.url).pathname.split('/')[2]
  return model === undefined ? undefined : decodeURIComponent(model)
}

function statusOf(error: unknown): number | undefined {
  const metadata: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, '$metadata') : undefined
  const status: unknown =
    typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'httpStatusCode') : undefined
  return typeof status === 'number' ? status : undefined
}
