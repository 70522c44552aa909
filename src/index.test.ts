import { describe, expect, expectTypeOf, test } from 'vitest'
import { startOtlpSink } from '../test/support/otlp-sink.ts'
import { runAgent } from '../test/support/run-agent.ts'
import { traceTree } from '../test/support/trace-tree.ts'
import { agent, evaluation, queue, session, tool } from './index.ts'

const api = "import { agent, evaluation, queue, session, tool } from './src/index.ts'\n"
const sleep = 'const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));\n'

async function spansOf(body: string, attributes: readonly string[] = [], env: Record<string, string> = {}) {
  await using sink = await startOtlpSink()
  const run = await runAgent({ endpoint: sink.url, script: api + sleep + body, env })
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' })
  return { tree: traceTree(sink.spans, attributes), sink, stdout: run.stdout }
}

describe('without the preload everything calls through', () => {
  test('values, errors, this, names and types are those of the function', async () => {
    class Desk {
      name = 'desk'
      ask = agent('ask', async function (this: Desk, question: string) {
        return `${this.name}: ${question}`
      })
    }
    expect(await new Desk().ask('hi')).toBe('desk: hi')
    const look = tool('look', { class: 'read' }, function look(_id: number, _more?: string) {
      throw new RangeError('no')
    })
    expect(() => look(1)).toThrow(RangeError)
    expect([look.name, look.length]).toEqual(['look', 2])
    expect(session({ conversationId: 'c' }, () => undefined)).toBeUndefined()
    expect(queue('inbox', () => 1)()).toBeUndefined()
    expect(evaluation({ name: 'helpful', score: 1 })).toBeUndefined()
    expectTypeOf(new Desk().ask).returns.resolves.toBeString()
    expectTypeOf(look).parameters.toEqualTypeOf<[number, (string | undefined)?]>()
    expectTypeOf(session({}, () => 7)).toBeNumber()
    // @ts-expect-error -- `write` is a class of tools, `rite` is not
    tool('x', { class: 'rite' }, () => 1)
  })

  test('a session runs its function once, also when that returns nothing', () => {
    let runs = 0
    session({}, () => void (runs += 1))
    expect(runs).toBe(1)
  })
})

describe('with the preload', () => {
  test('agents, tools and sessions nest across await, timers, callbacks and promises', async () => {
    const { tree } = await spansOf(
      `const look = tool('look', { class: 'read', description: 'Looks.' }, async (id) => { await sleep(1); return id })
       const helper = agent('helper', async () => { await look(3) })
       const support = agent('support', async () => {
         await look(1)
         await new Promise((resolve) => setTimeout(() => process.nextTick(() => look(2).then(resolve)), 1))
         await Promise.resolve().then(() => helper())
       })
       await session({ conversationId: 'c-1', userId: 'u-1' }, () => support())
       await look(9)`,
      [
        'gen_ai.operation.name',
        'gen_ai.agent.name',
        'gen_ai.conversation.id',
        'user.id',
        'gen_ai.tool.name',
        'gen_ai.tool.type',
        'gen_ai.tool.description',
        'spanwarden.tool.class',
      ],
    )
    const look =
      'gen_ai.tool.name=look gen_ai.tool.type=function gen_ai.tool.description=Looks. spanwarden.tool.class=read'
    const inside = (name: string): string => `gen_ai.agent.name=${name} gen_ai.conversation.id=c-1 user.id=u-1`
    expect(tree).toBe(
      `INTERNAL invoke_agent support [gen_ai.operation.name=invoke_agent ${inside('support')}]
  INTERNAL execute_tool look [gen_ai.operation.name=execute_tool ${inside('support')} ${look}]
  INTERNAL execute_tool look [gen_ai.operation.name=execute_tool ${inside('support')} ${look}]
  INTERNAL invoke_agent helper [gen_ai.operation.name=invoke_agent ${inside('helper')}]
    INTERNAL execute_tool look [gen_ai.operation.name=execute_tool ${inside('helper')} ${look}]
INTERNAL execute_tool look [gen_ai.operation.name=execute_tool ${look}]`,
    )
  })

  test('concurrent agents do not mix', async () => {
    const { sink } = await spansOf(
      `const look = tool('look', async (n) => { await sleep(n % 7); return n })
       const support = agent('support', async (n) => { await sleep(n % 5); await look(n) })
       await Promise.all(Array.from({ length: 50 }, (_, n) => session({ conversationId: 'c' + n }, () => support(n))))`,
    )
    const roots = new Map(sink.spans.filter((span) => span.parentSpanId === '').map((span) => [span.spanId, span]))
    const tools = sink.spans.filter((span) => span.parentSpanId !== '')
    expect([roots.size, tools.length]).toEqual([50, 50])
    for (const span of tools) {
      expect(span.attributes['gen_ai.conversation.id']).toBe(
        roots.get(span.parentSpanId)?.attributes['gen_ai.conversation.id'],
      )
    }
  })

  test('generators: the span lasts while the consumer reads, its context is there in every step', async () => {
    const { tree, stdout } = await spansOf(
      `const look = tool('look', () => 1)
       const stream = agent('stream', async function* (n) { for (let i = 0; i < n; i += 1) { await sleep(1); look(); yield i } return 'end' })
       const plain = agent('plain', function* () { look(); yield 1; look() })
       const seen = []
       for await (const n of stream(3)) seen.push(n)
       for await (const n of stream(3)) { seen.push(n); break }
       await (async () => { for await (const n of stream(3)) throw new TypeError('consumer') })().catch((error) => seen.push(error.message))
       seen.push(...plain())
       const broken = agent('broken', async function* () { yield 1; throw new TypeError('inside') })
       await (async () => { for await (const _ of broken()); })().catch((error) => seen.push(error.message))
       console.log(JSON.stringify(seen))`,
    )
    expect(JSON.parse(stdout)).toEqual([0, 1, 2, 0, 'consumer', 1, 'inside'])
    expect(tree).toBe(
      `INTERNAL invoke_agent stream
  INTERNAL execute_tool look
  INTERNAL execute_tool look
  INTERNAL execute_tool look
INTERNAL invoke_agent stream
  INTERNAL execute_tool look
INTERNAL invoke_agent stream
  INTERNAL execute_tool look
INTERNAL invoke_agent plain
  INTERNAL execute_tool look
  INTERNAL execute_tool look
INTERNAL invoke_agent broken ERROR(TypeError)`,
    )
  })

  test('errors: type on the span, text only when content is captured; the agent gets its own error', async () => {
    const body = `
      class Refused extends Error { code = 'E_REFUSED' }
      const bad = agent('bad', async () => { throw new Refused('card 4111') })
      await bad().catch((error) => console.log(error instanceof Refused, error.message))
      try { tool('plain', () => { throw 'a string' })() } catch (error) { console.log(error) }`
    const off = await spansOf(body)
    expect(off.stdout).toBe('true card 4111\na string\n')
    expect(off.tree).toBe('INTERNAL invoke_agent bad ERROR(E_REFUSED)\nINTERNAL execute_tool plain ERROR(_OTHER)')
    expect(off.sink.requests.some(({ body }) => body.includes('card 4111'))).toBe(false)
    const on = await spansOf(body, [], { OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'SPAN_ONLY' })
    expect(on.sink.spans.find(({ name }) => name === 'invoke_agent bad')?.status).toEqual({
      code: 2,
      message: 'card 4111',
    })
  })

  test('content: off by default, on when asked for', async () => {
    const body = `
      const look = tool('look', async (query, limit) => ({ found: [query, limit] }))
      const one = tool('one', (query) => query.q)
      const cyclic = tool('cyclic', (value) => value)
      await agent('support', async (question) => { await look('needle', 2); one({ q: 'needle' }); const x = {}; x.x = x; cyclic(x); return 'needle found' })('needle?')`
    const off = await spansOf(body)
    expect(off.sink.requests.some((request) => request.body.includes('needle'))).toBe(false)
    const { tree } = await spansOf(
      body,
      ['gen_ai.input.messages', 'gen_ai.output.messages', 'gen_ai.tool.call.arguments', 'gen_ai.tool.call.result'],
      {
        OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true',
      },
    )
    const part = (role: string, content: string): string =>
      JSON.stringify([{ role, parts: [{ type: 'text', content }] }])
    expect(tree).toBe(
      `INTERNAL invoke_agent support [gen_ai.input.messages=${part('user', 'needle?')} gen_ai.output.messages=${part('assistant', 'needle found')}]
  INTERNAL execute_tool look [gen_ai.tool.call.arguments=["needle",2] gen_ai.tool.call.result={"found":["needle",2]}]
  INTERNAL execute_tool one [gen_ai.tool.call.arguments={"q":"needle"} gen_ai.tool.call.result=needle]
  INTERNAL execute_tool cyclic`,
    )
  })

  test('promise-like objects come back as they are, and their work is not started by us', async () => {
    const { tree, stdout } = await spansOf(
      `class Lazy { started = 0; extra = () => 'extra'; then(ok, bad) { this.started += 1; return sleep(1).then(() => 'value').then(ok, bad) } }
       class Own extends Promise { extra() { return 'extra' } }
       let lazy
       const run = agent('lazy', () => (lazy = new Lazy()))
       const result = run()
       console.log(result === lazy, lazy.started, result.extra(), await result, lazy.started)
       const own = agent('own', () => Own.resolve(5))()
       console.log(own instanceof Own, own.extra(), await own)`,
    )
    expect(stdout).toBe('true 0 extra value 1\ntrue extra 5\n')
    expect(tree).toBe('INTERNAL invoke_agent lazy\nINTERNAL invoke_agent own')
  })

  test('a rejection that nobody handles stays one', async () => {
    await using sink = await startOtlpSink()
    const run = await runAgent({
      endpoint: sink.url,
      script: `${api}agent('bad', async () => { throw new Error('boom') })()`,
    })
    expect(run.code).toBe(1)
    expect(run.stderr.match(/Error: boom/g)).toHaveLength(1)
    expect(traceTree(sink.spans)).toBe('INTERNAL invoke_agent bad ERROR(Error)')
  })

  test('queue depth: declared queues and running root agents, sent when a request begins and at the end', async () => {
    const { sink } = await spansOf(
      `const inbox = [1, 2, 3]
       queue('inbox', () => inbox.length)
      
       const inner = agent('inner', async () => sleep(1))
       const outer = agent('outer', async () => { await inner(); await sleep(5) })
       await Promise.all([outer(), outer()])
       inbox.length = 1`,
    )
    const depth = (name: string): number[] =>
      sink.points.filter(({ attributes }) => attributes['spanwarden.queue.name'] === name).map(({ value }) => value)
    expect(depth('running').at(0)).toBeGreaterThan(0)
    expect(Math.max(...depth('running'))).toBeLessThanOrEqual(2)
    expect([depth('running').at(-1), depth('inbox').at(0), depth('inbox').at(-1)]).toEqual([0, 3, 1])
    expect(sink.points[0]).toMatchObject({ metric: 'agent.queue.depth', unit: '{request}', kind: 'gauge' })
  })

  test('an evaluation is an event on the active span', async () => {
    const { sink } = await spansOf(
      `agent('support', () => evaluation({ name: 'helpful', score: 1, label: 'good', explanation: 'because', responseId: 'r' }))()`,
    )
    expect(sink.logs).toMatchObject([
      {
        eventName: 'gen_ai.evaluation.result',
        spanId: sink.spans[0]?.spanId,
        attributes: {
          'gen_ai.agent.name': 'support',
          'gen_ai.evaluation.name': 'helpful',
          'gen_ai.evaluation.score.value': 1,
          'gen_ai.evaluation.score.label': 'good',
          'gen_ai.evaluation.explanation': 'because',
          'gen_ai.response.id': 'r',
        },
      },
    ])
    // AnyValue.double_value of 1.0 on the wire: a score is a double by convention, also when it is whole.
    const doubleOne = Buffer.from('21000000000000f03f', 'hex')
    expect(sink.requests.find(({ path }) => path === '/v1/logs')?.body.includes(doubleOne)).toBe(true)
  })

  test('spans of the agent’s own OpenTelemetry code nest with ours', async () => {
    const { tree } = await spansOf(
      `import { metrics, trace } from '@opentelemetry/api'
       const look = tool('look', () => 1)
       agent('support', () => trace.getTracer('app').startActiveSpan('app work', (span) => { look(); span.end() }))()
       metrics.getMeter('app').createCounter('app.things').add(2)`,
    )
    expect(tree).toBe('INTERNAL invoke_agent support\n  INTERNAL app work\n    INTERNAL execute_tool look')
  })

  test('OTEL_SDK_DISABLED switches everything off', async () => {
    const { sink } = await spansOf("agent('a', () => 1)()", [], { OTEL_SDK_DISABLED: 'true' })
    expect(sink.requests).toHaveLength(0)
  })

  test('sampling, service name and resource attributes follow the environment', async () => {
    const off = await spansOf("agent('a', () => 1)()", [], { OTEL_TRACES_SAMPLER: 'always_off' })
    expect(off.sink.spans).toHaveLength(0)
    const { sink } = await spansOf("agent('a', () => 1)()", [], {
      OTEL_SERVICE_NAME: 'desk',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=prod,team=a%20b',
    })
    expect(sink.spans[0]?.resource).toMatchObject({
      'service.name': 'desk',
      'deployment.environment.name': 'prod',
      team: 'a b',
    })
  })
})
