import { setImmediate } from 'node:timers/promises'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { priceOf } from '../../src/pricing/price-of.ts'
import { runAgent } from '../../src/sdk/agent.ts'
import { instrumentations } from '../../src/sdk/instrumentation/instrumentations.ts'
import { Notices } from '../../src/sdk/notices.ts'
import { encodeSpan, spansRequest } from '../../src/sdk/otlp-spans.ts'
import { Queues } from '../../src/sdk/queues.ts'
import { runTool } from '../../src/sdk/tool.ts'
import { OtlpView } from '../../src/otlp/view.ts'
import { agentMetrics } from '../../src/sidecar/connectors/agent-metrics.ts'
import { testContext } from '../support/component-context.ts'
import { startHookedSdk } from '../support/hooked.ts'
import { GENERATIONS } from '../support/mcp-desk.ts'
import { metricLines } from '../support/metric-lines.ts'
import { modelCallers } from '../support/model-callers.ts'
import { startProviderServer } from '../support/provider-server.ts'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { ModelCaller } from '../support/model-callers.ts'
import type { Behaviour, ProviderServer } from '../support/provider-server.ts'
import type { Said } from '../support/wire-formats.ts'

/** What a mix is made of: calls, and what runs other steps inside it. `inside` of a call is what the tool does that its model calls. */
type Step =
  | {
      readonly kind: 'call'
      readonly by: string
      readonly behaviour: Behaviour
      readonly stream: boolean
      readonly inside: readonly Step[]
    }
  | { readonly kind: 'agent' | 'tool' | 'mcp' | 'together'; readonly inside: readonly Step[] }

const NAMES = [
  'openai',
  'openai helper',
  'responses',
  'embeddings',
  'groq',
  'anthropic',
  'google',
  'bedrock',
  'mistral',
  'cohere',
  'ollama',
  'ai',
  'langchain',
  'openai agents',
]

const BEHAVIOURS = ['say', 'tool', 'refuse', 'break', 'cut', 'hang', 'flaky'] as const satisfies Behaviour[]

const { step: anyStep } = fc.letrec<{ step: Step }>((tie) => {
  const inside = fc.array(tie('step'), { minLength: 1, maxLength: 2 })
  const call = {
    kind: fc.constant('call' as const),
    by: fc.constantFrom(...NAMES),
    behaviour: fc.constantFrom<Behaviour>(...BEHAVIOURS),
    stream: fc.boolean(),
    inside: fc.constant([]),
  }
  const loop = {
    ...call,
    by: fc.constantFrom('ai', 'langchain', 'openai agents'),
    behaviour: fc.constant('tool' as const),
    inside,
  }
  return {
    step: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { weight: 2, arbitrary: fc.record(call) },
      { weight: 1, arbitrary: fc.record(loop) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('agent', 'tool', 'mcp', 'together'), inside }) },
    ),
  }
})

/** Sums of inference and embeddings spans, or of answers. */
interface Sums {
  readonly calls: number
  readonly input: number
  readonly output: number
  readonly nanoUsd: number
}

describe('random mixes of calls', () => {
  const test = startHookedSdk(instrumentations)
  const queues = new Queues(new Notices())
  const aborts = new Map<string, AbortController>()
  let server: ProviderServer
  let callers: Readonly<Record<string, ModelCaller>>
  let calls = 0

  beforeAll(async () => {
    server = await startProviderServer({
      // The id carries the provider, which the path knows, and the number makes counts that no other answer has.
      say: (number, path, body) => ({
        id: `${path.split('/')[3]} ${number}`,
        model: modelOf(path, body),
        text: 'answer',
        usage: {
          input: 1_000 + number * 7,
          cached: hasCache(path) ? number % 50 : 0,
          output: path.includes('/embeddings') ? 0 : 5 + number * 3,
        },
      }),
      call: { name: 'look', args: { number: 1 } },
      complaint: 'no',
      onHang: (path) => aborts.get(path.split('/')[2] ?? '')?.abort(),
    })
    callers = await modelCallers(test)
  })
  afterAll(() => server[Symbol.asyncDispose]())

  async function play(step: Step): Promise<void> {
    if (step.kind === 'call') return playCall(step)
    const inside = async (): Promise<void> => {
      for (const one of step.inside) await play(one)
    }
    switch (step.kind) {
      case 'together':
        return void (await Promise.all(step.inside.map(play)))
      case 'agent':
        return void (await runAgent(test.sdk, queues, 'helper', inside, []))
      case 'tool':
        return void (await runTool(test.sdk, 'work', {}, inside, []))
      case 'mcp': {
        const [generation] = GENERATIONS
        if (generation === undefined) throw new Error('no MCP')
        await using desk = await generation.open(test, { transport: 'memory', work: inside })
        await desk.callTool({ name: 'look', arguments: { id: 'a' } })
      }
    }
  }

  async function playCall({ by, stream, inside, ...step }: Step & { kind: 'call' }): Promise<void> {
    const caller = callers[by]
    if (caller === undefined) throw new Error(`nobody is called ${by}`)
    const behaviour = possible(caller, step.behaviour, stream)
    calls += 1
    const leaves = behaviour === 'hang' && (calls % 2 === 0 || !caller.abortable)
    const number = String(calls)
    const abort = new AbortController()
    aborts.set(number, abort)
    const work = async (): Promise<void> => {
      for (const one of inside) await play(one)
    }
    const base = server.base(behaviour, `/${number}/${caller.provider}`)
    const maxRetries = behaviour === 'flaky' ? 2 : 0
    try {
      const answer = await caller.ask({ base, stream, signal: abort.signal, maxRetries, work })
      if (typeof answer !== 'object' || answer === null || !(Symbol.asyncIterator in answer)) return
      // oxlint-disable-next-line typescript/consistent-type-assertions -- the clients' types know no common stream
      for await (const _ of answer as AsyncIterable<unknown>) if (leaves) break
    } catch {
      // What is refused, broken off or aborted throws; that is the point.
    } finally {
      aborts.delete(number)
    }
  }

  /** The spans of one mix, once all have ended. */
  async function spansOf(steps: readonly Step[]): Promise<ReadableSpan[]> {
    for (const step of steps) await play(step)
    // Ends of streams that were broken off come with the events of their sockets.
    for (let turn = 0; turn < 20; turn += 1) await setImmediate()
    return test.takeSpans()
  }

  /** Resolves to the number of answers that were sent. */
  async function expectSums(steps: readonly Step[]): Promise<number> {
    server.sent.length = 0
    const spans = await spansOf(steps)
    expect(test.faults).toEqual([])
    const models = spans.filter(({ attributes }) => MODEL_CALLS.has(String(attributes['gen_ai.operation.name'])))
    const whole = models.filter(({ attributes }) => attributes['spanwarden.usage.source'] === undefined)
    expect(sumOfSpans(whole.filter(hasUsage))).toEqual(sumOfAnswers(server.sent))
    for (const span of models.filter((one) => !hasUsage(one))) {
      const { 'spanwarden.usage.source': source, 'error.type': failed } = span.attributes
      expect({ name: span.name, told: source === 'unknown' || failed !== undefined }).toMatchObject({ told: true })
    }
    const ids = whole.filter(hasUsage).flatMap(({ attributes }) => attributes['gen_ai.response.id'] ?? [])
    expect(ids.length).toBe(new Set(ids).size)
    for (const span of spans.filter((one) => !models.includes(one))) {
      const told = Object.keys(span.attributes).filter((key) => /gen_ai\.usage|spanwarden\.(usage|cost)/.test(key))
      expect({ name: span.name, told }).toEqual({ name: span.name, told: [] })
    }
    const { calls: _, ...sums } = sumOfSpans(models.filter(hasUsage))
    expect(sumOfMetrics(spans)).toEqual(sums)
    return server.sent.length
  }

  it.each(NAMES.flatMap((by) => [false, true].map((stream) => ({ by, stream }))))(
    'have the sums of what was sent: $by alone, stream $stream',
    async ({ by, stream }) => {
      const inside: Step[] = [{ kind: 'call', by: 'openai', behaviour: 'say', stream, inside: [] }]
      for (const behaviour of BEHAVIOURS)
        await expect(expectSums([{ kind: 'call', by, behaviour, stream, inside }])).resolves.toBeGreaterThanOrEqual(0)
    },
  )

  it('have the sums of what was sent, in tokens and in billionths of a dollar', { timeout: 240_000 }, async () => {
    let answers = 0
    const mix = fc.array(anyStep, { minLength: 1, maxLength: 4 })
    const property = fc.asyncProperty(mix, async (steps) => void (answers += await expectSums(steps)))
    await fc.assert(property, { numRuns: 60 })
    expect(answers).toBeGreaterThan(60)
  })
})

const MODEL_CALLS = new Set(['chat', 'text_completion', 'generate_content', 'embeddings'])

/** What a client cannot do is replaced by what it can. */
function possible(caller: ModelCaller, behaviour: Behaviour, stream: boolean): Behaviour {
  if (behaviour === 'tool' && caller.runsTools !== true) return 'say'
  if (behaviour === 'flaky' && caller.retries !== true) return 'say'
  if (behaviour === 'hang' && !caller.abortable && !stream) return 'say'
  return behaviour
}

/** As the request says it: in its body, in its path, or not at all (Google: the path's last part). */
function modelOf(path: string, body: string): string {
  const inBody = /"model": ?"([^"]+)"/.exec(body)?.[1]
  const inPath = /\/models?\/([^/:?]+)(?:[:/]|%3A)/.exec(decodeURIComponent(path))?.[1]
  return inBody ?? (path.includes('/aws.bedrock/') ? BEDROCK_MODEL : (inPath ?? 'unknown'))
}

const BEDROCK_MODEL = 'us.anthropic.claude-haiku-4-5-20251001-v1:0'

/** Ollama and embeddings have no cache. */
const hasCache = (path: string): boolean => !/\/ollama\/|\/embeddings/.test(path)

const hasUsage = ({ attributes }: ReadableSpan): boolean => attributes['gen_ai.usage.input_tokens'] !== undefined

function sumOfSpans(spans: readonly ReadableSpan[]): Sums {
  const sum = (of: (attributes: ReadableSpan['attributes']) => unknown): number =>
    spans.reduce((all, { attributes }) => all + Number(of(attributes) ?? 0), 0)
  return {
    calls: spans.length,
    input: sum((attributes) => attributes['gen_ai.usage.input_tokens']),
    output: sum((attributes) => attributes['gen_ai.usage.output_tokens']),
    nanoUsd: sum((attributes) => Math.round(Number(attributes['spanwarden.cost.amount'] ?? 0) * 1e9)),
  }
}

function sumOfAnswers(sent: readonly Said[]): Sums {
  return {
    calls: sent.length,
    input: sent.reduce((all, { usage }) => all + usage.input, 0),
    output: sent.reduce((all, { usage }) => all + usage.output, 0),
    nanoUsd: sent.reduce((all, said) => all + nanoPriceOf(said), 0),
  }
}

function nanoPriceOf({ id, model, usage }: Said): number {
  const [provider] = id.split(' ')
  // Cohere bills units, of which the answer has as many as tokens.
  const cacheReadTokens = provider === 'cohere' ? 0 : usage.cached
  const call = { provider, model, inputTokens: usage.input, outputTokens: usage.output, cacheReadTokens }
  return priceOf({ ...call, timestampMs: Date.now() })?.nanoAmount ?? 0
}

/** What the sidecar makes of the spans: the sums of agent.tokens.used and agent.cost. */
function sumOfMetrics(spans: readonly ReadableSpan[]): Omit<Sums, 'calls'> {
  const emitted: Uint8Array[] = []
  const connector = agentMetrics.create(agentMetrics.config.parse({}), {
    ...testContext('agent_metrics'),
    emit: (_signal, bytes) => void emitted.push(Uint8Array.from(bytes)),
  })
  connector.start()
  const bytes = spansRequest({ 'service.name': 'mix' }, spans.map(encodeSpan))
  connector.consume(new OtlpView('traces', Buffer.from(bytes)))
  connector.stop()
  const lines = metricLines(emitted.at(-1) ?? new Uint8Array())
  const sum = (start: string, label = ''): number =>
    lines
      .filter((line) => line.startsWith(start) && line.includes(label))
      .reduce((all, line) => all + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  return {
    input: sum('agent.tokens.used{', 'spanwarden.token.type=input'),
    output: sum('agent.tokens.used{', 'spanwarden.token.type=output'),
    nanoUsd: Math.round(sum('agent.cost{') * 1e9),
  }
}
