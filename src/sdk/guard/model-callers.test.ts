import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { rejectionOf, startGuardedSdk } from '../../../test/support/guarded-sdk.ts'
import type { GuardedSdk } from '../../../test/support/guarded-sdk.ts'
import { modelCallers } from '../../../test/support/model-callers.ts'
import type { CallerOptions, ModelCaller } from '../../../test/support/model-callers.ts'
import { moreModelCallers } from '../../../test/support/more-model-callers.ts'
import { startProviderServer } from '../../../test/support/provider-server.ts'
import type { Behaviour, ProviderServer } from '../../../test/support/provider-server.ts'
import { until } from '../../../test/support/until.ts'
import { instrumentations } from '../instrumentation/instrumentations.ts'
import { isDenial } from './denial-error.ts'

const CANARY = 'question'
const exhausted = {
  code: 'BUDGET_EXHAUSTED',
  rule: 'daily',
  message: 'the budget daily of the agent is spent',
} as const

let guarded: GuardedSdk
let server: ProviderServer
let callers: Readonly<Record<string, ModelCaller>>
/** Paths of all requests that reached the model server. */
let reached: string[] = []
let bodies: string[] = []
let hanging = 0
/** Connections that were closed before the answer had ended. */
let cut = 0

beforeAll(async () => {
  guarded = await startGuardedSdk(instrumentations)
  server = await startProviderServer({
    say: (_, path, body) => {
      reached.push(path)
      bodies.push(body)
      return { id: 'answer-1', model: 'gpt-4o-mini', text: 'answer', usage: { input: 100, cached: 0, output: 20 } }
    },
    call: { name: 'look', args: { number: 1 } },
    complaint: 'no',
    onHang: () => (hanging += 1),
    onCut: () => (cut += 1),
  })
  const previous = {
    ...(await modelCallers(guarded.hooked, 'previous')),
    ...(await moreModelCallers(guarded.hooked, 'previous')),
  }
  callers = {
    ...(await modelCallers(guarded.hooked)),
    ...(await moreModelCallers(guarded.hooked)),
    ...Object.fromEntries(Object.entries(previous).map(([name, caller]) => [name + PREVIOUS, caller])),
  }
})
afterEach(async () => {
  await guarded.reset(CANARY)
  reached = []
  bodies = []
  hanging = cut = 0
})
afterAll(async () => {
  await guarded[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

/** Calls, and reads what comes to its end. */
async function call(name: string, behaviour: Behaviour, more: Partial<CallerOptions> = {}): Promise<unknown[]> {
  const caller = callers[name]
  if (caller === undefined) throw new Error(`nobody is called ${name}`)
  const signal = new AbortController().signal
  const base = server.base(behaviour, `/1/${caller.provider}`)
  const work = async (): Promise<void> => undefined
  const answer = await caller.ask({ base, stream: false, signal, maxRetries: 2, work, ...more })
  if (typeof answer !== 'object' || answer === null || !(Symbol.asyncIterator in answer)) return [answer]
  const items: unknown[] = []
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the clients' types know no common stream
  for await (const item of answer as AsyncIterable<unknown>) {
    items.push(item)
    const { type, error, payload } = item as { type?: unknown; error?: unknown; payload?: { error?: unknown } }
    // The AI SDK's streams, and Mastra's, tell errors instead of throwing them.
    if (type === 'error') throw error ?? payload?.error
  }
  return items
}

/** The guard's own error, whatever stands around it. */
function denialIn(error: unknown): unknown {
  let each = error
  for (let depth = 0; depth < 5 && typeof each === 'object' && each !== null; depth += 1) {
    if (isDenial(each)) return each
    each = Reflect.get(each, 'cause')
  }
  return error
}

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
  'openrouter',
  'huggingface',
  'together',
  'anthropic tool runner',
  'openai runTools',
  'google tools',
  'langchain createAgent',
  'mastra',
]
/** Nobody knows what their models cost: a local one, and one at a host that sells none. */
const UNPRICED: ReadonlySet<string> = new Set(['ollama', 'huggingface'])
const isUnpriced = (name: string): boolean => UNPRICED.has(plainName(name))
/** Stream helpers put an error of their own around every other. */
const isWrapped = (name: string, stream: boolean): boolean =>
  ['openai helper', 'openai runTools'].includes(plainName(name)) ||
  (plainName(name) === 'anthropic tool runner' && stream)
/** Those of which the major before is installed, too. */
const IN_TWO_MAJORS = [
  'openai',
  'openai helper',
  'responses',
  'embeddings',
  'groq',
  'anthropic',
  'google',
  'mistral',
  'cohere',
  'ai',
  'langchain',
  'openrouter',
  'huggingface',
  'anthropic tool runner',
  'openai runTools',
  'google tools',
]
const PREVIOUS = ', previous major'
const plainName = (name: string): string => name.replace(PREVIOUS, '')
const inAllMajors = (names: readonly string[]): string[] => [
  ...names,
  ...names.filter((name) => IN_TWO_MAJORS.includes(name)).map((name) => name + PREVIOUS),
]

const CASES = inAllMajors(NAMES).flatMap((name) => [
  { name, stream: false },
  ...(plainName(name) === 'embeddings' ? [] : [{ name, stream: true }]),
])

test('the table has every caller', () =>
  expect(NAMES.toSorted()).toEqual(
    Object.keys(callers)
      .filter((name) => !name.endsWith(PREVIOUS))
      .toSorted(),
  ))

// docs/libraries.md is made of these titles.
describe.each(CASES.filter(({ name }) => isUnpriced(name)))('limits: $name, stream $stream', ({ name, stream }) => {
  test('let through without a price where that is allowed', async () => {
    await guarded.rules({ unknownModel: 'allow' })
    await call(name, 'say', { stream })
    expect(reached).toHaveLength(1)
    expect(guarded.sidecar.saidOf('hold')).toEqual([])
  })
})

describe.each(CASES.filter(({ name }) => !isUnpriced(name)))('limits: $name, stream $stream', ({ name, stream }) => {
  test('held for and settled with what its span says', async () => {
    await call(name, 'say', { stream })
    expect(reached).toHaveLength(1)
    const holds = guarded.sidecar.saidOf('hold')
    expect(holds).toHaveLength(1)
    await until(() => guarded.sidecar.saidOf('settle').length === 1)
    const spans = guarded.hooked.takeSpans().filter(({ attributes }) => attributes['spanwarden.cost.amount'])
    const costs = spans.map(({ attributes }) => Math.round(Number(attributes['spanwarden.cost.amount']) * 1e9))
    expect(guarded.sidecar.saidOf('settle')).toEqual([{ type: 'settle', id: holds[0]?.id, spent: costs[0] }])
    expect(costs[0]).toBeLessThanOrEqual(holds[0]?.amount ?? 0)
    expect(spans[0]?.attributes['spanwarden.guard.decision']).toBe('allow')
    expect(guarded.started.guard.underWay.size).toBe(0)
  })
})

describe.each(CASES)('limits: $name, stream $stream', ({ name, stream }) => {
  test('denied: the typed error, asked once, nothing sent, nothing slept', async () => {
    if (isUnpriced(name)) await guarded.rules({ unknownModel: 'deny' })
    guarded.sidecar.state.answer = () => exhausted
    const error = await rejectionOf(() => call(name, 'say', { stream }))
    const code = isUnpriced(name) ? 'UNKNOWN_PRICE' : 'BUDGET_EXHAUSTED'
    expect(denialIn(error)).toMatchObject({ code })
    expect(error).toMatchObject(isWrapped(name, stream) ? { cause: { code } } : { code })
    expect(guarded.sidecar.saidOf('hold')).toHaveLength(isUnpriced(name) ? 0 : 1)
    expect(reached).toEqual([])
    const decided = guarded.decisions().filter((decision) => String(decision) !== ',')
    expect(decided).toContainEqual(['deny', isUnpriced(name) ? 'UNKNOWN_PRICE price' : 'BUDGET_EXHAUSTED daily'])
  })

  test('cut by a stop: with its error, told, and not sent again', async () => {
    await guarded.rules({ hasBudgets: false })
    const under = rejectionOf(() => call(name, 'hang', { stream }))
    await until(() => hanging === 1)
    guarded.stop('s1')
    const error = await under
    expect(denialIn(error)).toMatchObject({ code: 'STOPPED', rule: 'agent:tester' })
    expect(await guarded.stopped('s1')).toBe(1)
    await until(() => cut === 1)
    const before = reached.length
    expect(denialIn(await rejectionOf(() => call(name, 'say', { stream })))).toMatchObject({ code: 'STOPPED' })
    expect(reached).toHaveLength(before)
    expect(before).toBe(1)
    await guarded.resume()
  })
})

const LOOPS = [
  'ai',
  'langchain',
  'openai agents',
  'anthropic tool runner',
  'openai runTools',
  'google tools',
  'langchain createAgent',
  'mastra',
]

describe.each(inAllMajors(LOOPS))('limits: %s, its tools', (name) => {
  test('shown to the model: why a tool is denied, which is not called', async () => {
    await guarded.rules({ hasBudgets: false, askTools: ['look'] })
    guarded.sidecar.state.answer = () => ({ code: 'RATE_LIMITED', rule: 'posts', message: 'enough for this hour' })
    let runs = 0
    const work = async (): Promise<void> => void (runs += 1)
    await call(name, 'tool', { work })
    expect(runs).toBe(0)
    expect(bodies).toHaveLength(2)
    expect(bodies[1]).toContain('enough for this hour')
    expect(guarded.sidecar.saidOf('admit')).toHaveLength(1)
    expect(guarded.decisions()).toContainEqual(['deny', 'RATE_LIMITED posts'])
  })
})
