import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { googleGenai } from '../../src/sdk/instrumentation/google-genai.ts'
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
import type { GoogleGenAI } from '@google/genai'
import type * as GoogleModule from '@google/genai'
import type { Build } from '../support/hooked.ts'
import type { ModelServer } from '../support/model-server.ts'
import type { Exchange, Recorded } from '../support/recordings.ts'

const PROVIDERS: Readonly<Record<string, string>> = { google: 'gcp.gemini', vertex: 'gcp.vertex_ai' }

const FEATURES: Readonly<Record<string, string>> = {
  generateContent: 'chat',
  streamGenerateContent: 'chat stream',
  interactions: 'interactions',
  batchEmbedContents: 'embeddings',
  embedContent: 'embeddings',
}

/** APIs that are not observed, with the number of their recordings: counting tokens is no operation of the conventions. */
const LEFT_OUT: Readonly<Record<string, number>> = { countTokens: 2 }

describeWithData('recordings', () => {
  const exchanges = readExchanges(Object.keys(PROVIDERS))
  const recorded = exchanges.filter(({ exchange }) => exchange.meta.api in FEATURES)
  const test = startHookedSdk([googleGenai])
  test.sdk.captureContent = true
  let server: ModelServer

  beforeAll(async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    server = await startModelServer()
  })
  afterAll(() => server.close())

  it('leaves out only APIs that are listed', () => {
    const others = exchanges.filter(({ exchange }) => !(exchange.meta.api in FEATURES))
    const counts = Object.fromEntries(
      [...Map.groupBy(others, ({ exchange }) => exchange.meta.api)].map(([api, group]) => [api, group.length]),
    )
    expect(counts).toEqual(LEFT_OUT)
    expect(recorded.length).toBeGreaterThan(50)
  })

  for (const build of BUILDS) {
    describeRecordings({
      title: `@google/genai ${build.major === 'current' ? 3 : 2} ${build.format}`,
      recorded,
      cuts: build.major === 'current' && build.format === 'esm' ? Object.keys(CUTS) : ['as recorded'],
      test,
      play: ({ exchange }, answer) => {
        server.answer(answer)
        return readToEnd(() => call(exchange, build), statusOf)
      },
      expected: expectedSpan,
      expectedOutcome: outcomeOf,
      feature: ({ exchange: { meta } }) =>
        `${FEATURES[meta.api] ?? ''}${meta.api === 'interactions' && meta.stream ? ' stream' : ''}`,
    })
  }

  async function call({ meta, request }: Exchange, build: Build): Promise<unknown> {
    const client = await clientOf(request.url, build)
    // A recorded request is whatever was sent: the client's types for it are of no use here.
    const body = JSON.parse(JSON.stringify(request.body))
    const params = { model: modelOf(request.url), ...paramsOf(body) }
    switch (meta.api) {
      case 'interactions':
        return client.interactions.create(body)
      case 'generateContent':
        return client.models.generateContent(params)
      case 'streamGenerateContent':
        return client.models.generateContentStream(params)
      default:
        return client.models.embedContent({ model: params.model, contents: embedded(body) })
    }
  }

  async function clientOf(address: string, build: Build): Promise<GoogleGenAI> {
    // oxlint-disable-next-line typescript/consistent-type-assertions -- the edge: a module loaded by name
    const { GoogleGenAI: Client } = (await test.load('@google/genai', build)) as unknown as typeof GoogleModule
    const { origin, hostname } = new URL(address)
    const vertexai = hostname.endsWith('aiplatform.googleapis.com')
    const retryOptions = { attempts: 1 }
    return new Client({ apiKey: 'key', vertexai, httpOptions: { baseUrl: origin, fetch: server.fetch, retryOptions } })
  }
})

/** What the wire calls otherwise than the client. */
const paramsOf = ({ contents, generationConfig, systemInstruction, tools, toolConfig }: Body): Sent => ({
  contents,
  config: {
    ...fieldsOf(generationConfig),
    ...(systemInstruction === undefined ? {} : { systemInstruction }),
    ...(tools === undefined ? {} : { tools }),
    ...(toolConfig === undefined ? {} : { toolConfig }),
  },
})
type Contents = GoogleModule.ContentListUnion
interface Body {
  readonly contents: Contents
  readonly generationConfig?: unknown
  readonly systemInstruction?: GoogleModule.ContentUnion
  readonly tools?: GoogleModule.ToolListUnion
  readonly toolConfig?: GoogleModule.ToolConfig
}
type Sent = Omit<GoogleModule.GenerateContentParameters, 'model'>

const fieldsOf = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {})

const embedded = ({ requests = [], content }: Embedded): Contents =>
  content ?? requests.map((request) => request.content)
interface Embedded {
  readonly requests?: { content: GoogleModule.Content }[]
  readonly content?: Contents
}

const modelOf = (address: string): string => /models\/([^:/]+):/.exec(address)?.[1] ?? ''

function expectedSpan(one: Recorded): Record<string, unknown> {
  const { meta, request, expected } = one.exchange
  const { blockReason } = expected
  const summary = expectedSummary(one, {
    operation: FEATURES[meta.api] === 'embeddings' ? 'embeddings' : 'generate_content',
    provider: PROVIDERS[one.folder] ?? '',
    requestModel: meta.api === 'interactions' ? String(request.body['model']) : modelOf(request.url),
  })
  // There are no candidates; the span says why.
  return blockReason === undefined ? summary : { ...summary, finishReasons: [blockReason] }
}

function statusOf(error: unknown): number | undefined {
  const status: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'status') : undefined
  return typeof status === 'number' ? status : undefined
}
