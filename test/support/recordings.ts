import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { describe, expect, it } from 'vitest'
import { argumentsHash } from './arguments-hash.ts'
import { cut } from './model-server.ts'
import type { TestSdk } from './instrumented.ts'
import type { ModelAnswer } from './model-server.ts'
import { sharedData } from './shared-data.ts'

/** One exchange of data/recordings: its README describes the fields. */
export interface Exchange {
  readonly meta: { readonly provider: string; readonly api: string; readonly stream: boolean; readonly id: string }
  readonly request: { readonly method?: string; readonly url: string; readonly body: Readonly<Record<string, unknown>> }
  readonly response: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body?: unknown
    readonly bodyBase64?: string
    readonly chunks?: readonly string[]
  }
  readonly expected: Expected
}

export interface Expected {
  readonly model: string | null
  readonly inputTokens?: number | null
  readonly outputTokens: number | null
  readonly cachedInputTokens: number | null
  readonly reasoningTokens: number | null
  readonly cacheCreationInputTokens?: number
  readonly totals?: { readonly inputTokensWithCache: number | null; readonly outputTokensWithReasoning: number | null }
  readonly finishReasons: readonly (string | null)[]
  readonly toolCalls: readonly { readonly name: string; readonly argumentsSha256: string }[]
  readonly streamEvents?: number | undefined
  readonly streamError?: { readonly type?: string; readonly code?: string | number }
  readonly error?: { readonly status: number; readonly type: string | null; readonly code: string | number | null }
  readonly responseModel?: string
  readonly blockReason?: string
}

export interface Recorded {
  /** Folder of data/recordings, e.g. `openai` or `synthetic/openai`. */
  readonly folder: string
  readonly exchange: Exchange
}

/** All exchanges of the folders, in order. `corrected` replaces parts of an `expected` that is wrong, by the exchange's id. */
export function readExchanges(
  folders: readonly string[],
  corrected: Readonly<Record<string, Partial<Expected>>> = {},
): Recorded[] {
  return folders.flatMap((folder) => {
    const path = sharedData('recordings', folder)
    // A skipped suite is collected too.
    if (!existsSync(path)) return []
    return readdirSync(path)
      .filter((file) => file.endsWith('.json'))
      .flatMap((file) => {
        const recorded: Exchange | Exchange[] = JSON.parse(readFileSync(`${path}/${file}`, 'utf8'))
        return [recorded].flat().map((exchange) => {
          const expected = { ...exchange.expected, ...corrected[exchange.meta.id] }
          return { folder, exchange: { ...exchange, expected } }
        })
      })
  })
}

/** The recorded answer, as a model server gives it. */
export function answerOf({ response }: Exchange): ModelAnswer {
  const { body, bodyBase64, chunks, headers, status } = response
  const type = headers['content-type'] ?? (chunks === undefined ? 'application/json' : 'text/event-stream')
  const kept = Object.entries(headers).filter(([name]) => name.startsWith('x-amzn-') || name === 'request-id')
  const writes =
    bodyBase64 === undefined
      ? (chunks ?? [typeof body === 'string' ? body : JSON.stringify(body)])
      : [Buffer.from(bodyBase64, 'base64')]
  return { status, headers: { ...Object.fromEntries(kept), 'content-type': type }, writes }
}

/** How the same bytes are put on the wire. */
export const CUTS: Readonly<Record<string, (answer: ModelAnswer) => ModelAnswer>> = {
  'as recorded': (answer) => answer,
  whole: (answer) => cut(answer, Number.MAX_SAFE_INTEGER),
  'in 5-byte writes': (answer) => cut(answer, 5),
  'in uneven writes': (answer) => cutUnevenly(answer),
}

/** Writes of 1 to 997 bytes, the same on every run. */
function cutUnevenly(answer: ModelAnswer): ModelAnswer {
  const bytes = Buffer.concat(answer.writes.map((write) => Buffer.from(write)))
  const writes: Uint8Array[] = []
  let size = 1
  for (let start = 0; start < bytes.length; start += size) {
    size = (size * 7919) % 997
    writes.push(bytes.subarray(start, start + size))
  }
  return { ...answer, writes }
}

/** Reading an answer to its end, as the caller of a client library sees it. */
export interface Outcome {
  /** HTTP status of the client's error, where it has one. */
  readonly status: number | undefined
  /** Items that a stream gave. */
  readonly events: number | undefined
  readonly failed: boolean
}

/** Awaits a client's answer and reads it to the end when it is a stream. `statusOf`: how the library's errors carry the HTTP status. */
export async function readToEnd(
  call: () => unknown,
  statusOf: (error: unknown) => number | undefined,
): Promise<Outcome> {
  let events: number | undefined
  try {
    const answer: unknown = await call()
    if (typeof answer === 'object' && answer !== null && Symbol.asyncIterator in answer) {
      events = 0
      // oxlint-disable-next-line typescript/consistent-type-assertions -- the clients' types know no common stream
      for await (const _ of answer as AsyncIterable<unknown>) events += 1
    }
    return { status: undefined, events, failed: false }
  } catch (error) {
    return { status: statusOf(error), events, failed: true }
  }
}

/** What a test of a library says about its recordings. */
export interface RecordingSuite {
  /** Title: library, major and module format, e.g. `openai 7 esm`. The table of libraries in docs/ is made of it. */
  readonly title: string
  readonly recorded: readonly Recorded[]
  /** Ways of cutting the bytes; every one for the current major, one or two for the other builds. */
  readonly cuts: readonly (keyof typeof CUTS)[]
  readonly test: TestSdk
  /** Plays one exchange with the real client against an answer and returns what its caller saw. */
  readonly play: (recorded: Recorded, answer: ModelAnswer) => Promise<Outcome>
  /** What `spanSummary` must give for the one span of an exchange. `expectedSummary` is a start. */
  readonly expected: (recorded: Recorded) => Record<string, unknown>
  readonly expectedOutcome: (recorded: Recorded) => Outcome
  /** Name of the feature in the table of libraries; the API's own name when absent. */
  readonly feature?: (recorded: Recorded) => string
}

/** One test for each exchange and cut: exactly one span, equal to what was recorded; the caller sees what he would have seen. */
export function describeRecordings(suite: RecordingSuite): void {
  const { title, recorded, cuts, test, play, expected, expectedOutcome, feature: featureOf = apiOf } = suite
  describe(title, () => {
    const features = Map.groupBy(recorded, featureOf)
    for (const [feature, group] of features) {
      describe(feature, () => {
        for (const name of cuts) {
          it.each(group)(`$exchange.meta.id ${name}`, async (one) => {
            const cutting = CUTS[name]
            const answer = answerOf(one.exchange)
            const outcome = await play(one, cutting === undefined ? answer : cutting(answer))
            expect(test.faults).toEqual([])
            expect(test.takeSpans().map((span) => spanSummary(span))).toEqual([expected(one)])
            expect(outcome).toEqual(expectedOutcome(one))
          })
        }
      })
    }
  })
}

const apiOf = ({ exchange: { meta } }: Recorded): string => `${meta.api}${meta.stream ? ' stream' : ''}`

/** The part of an inference span that recordings can tell. */
export const spanSummary = (span: ReadableSpan): Record<string, unknown> => ({
  name: span.name,
  kind: span.kind,
  operation: span.attributes['gen_ai.operation.name'],
  provider: span.attributes['gen_ai.provider.name'],
  address: span.attributes['server.address'],
  port: span.attributes['server.port'],
  stream: span.attributes['gen_ai.request.stream'],
  firstChunk: typeof span.attributes['gen_ai.response.time_to_first_chunk'],
  model: span.attributes['gen_ai.response.model'],
  input: span.attributes['gen_ai.usage.input_tokens'],
  output: span.attributes['gen_ai.usage.output_tokens'],
  cacheRead: span.attributes['gen_ai.usage.cache_read.input_tokens'],
  cacheWrite: span.attributes['gen_ai.usage.cache_write.input_tokens'],
  reasoning: span.attributes['gen_ai.usage.reasoning.output_tokens'],
  finishReasons: span.attributes['gen_ai.response.finish_reasons'] ?? [],
  toolCalls: toolCallsOf(span.attributes['gen_ai.output.messages']),
  status: span.status.code,
  errorType: span.attributes['error.type'],
  httpStatus: span.attributes['http.response.status_code'],
})

export interface Expectation {
  readonly operation: string
  readonly provider: string
  /** `gen_ai.request.model`, which the span's name carries. */
  readonly requestModel: string | undefined
  /** Whether a stream was asked for, where that is not what the recording says of its answer. */
  readonly stream?: boolean
}

/** `spanSummary` of the span of a recorded call. A library whose client shows less than was recorded overrides single fields. */
export function expectedSummary({ exchange }: Recorded, call: Expectation): Record<string, unknown> {
  const { meta, request, expected } = exchange
  const { error, streamError } = expected
  const failed = error !== undefined || streamError !== undefined
  const url = new URL(request.url)
  return {
    name: call.requestModel === undefined ? call.operation : `${call.operation} ${call.requestModel}`,
    kind: SpanKind.CLIENT,
    operation: call.operation,
    provider: call.provider,
    address: url.hostname,
    port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
    stream: (call.stream ?? meta.stream) ? true : undefined,
    firstChunk: (expected.streamEvents ?? 0) > 0 ? 'number' : 'undefined',
    model: expected.model ?? undefined,
    input: expected.totals?.inputTokensWithCache ?? undefined,
    output: expected.totals?.outputTokensWithReasoning ?? undefined,
    cacheRead: expected.cachedInputTokens ?? undefined,
    cacheWrite: expected.cacheCreationInputTokens,
    reasoning: expected.reasoningTokens ?? undefined,
    finishReasons: expected.finishReasons.map((reason) => reason ?? 'error'),
    toolCalls: expected.toolCalls,
    status: failed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET,
    errorType: failed ? errorType({ ...error, ...streamError }) : undefined,
    httpStatus: error?.status,
  }
}

/** What the caller of a faithful client sees of a recorded call. */
export const outcomeOf = ({ exchange: { expected } }: Recorded): Outcome => ({
  status: expected.error?.status,
  events: expected.streamEvents,
  failed: expected.error !== undefined || expected.streamError !== undefined,
})

/** The provider's code if it is a word, else its type, else the HTTP status. */
function errorType({ code, type, status }: { code?: unknown; type?: unknown; status?: number }): string {
  if (typeof code === 'string') return code
  return typeof type === 'string' ? type : String(status ?? code)
}

function toolCallsOf(content: unknown): { name: unknown; argumentsSha256: string }[] {
  if (typeof content !== 'string') return []
  const messages: { parts: { type: string; name?: string; arguments?: unknown }[] }[] = JSON.parse(content)
  return messages
    .flatMap((message) => message.parts)
    .filter((part) => part.type === 'tool_call')
    .map((part) => ({ name: part.name, argumentsSha256: argumentsHash(part.arguments) }))
}
