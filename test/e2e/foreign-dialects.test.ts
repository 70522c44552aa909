import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { SinkPoint } from '../support/otlp-sink.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { post } from '../support/post.ts'
import { startSidecar } from '../support/sidecar-process.ts'

const recorded = (name: string): Buffer =>
  readFileSync(join(import.meta.dirname, `../golden/normalizer/${name}.in.json`))

// The fifth of the key metrics, agent.queue.depth, is known in the agent only.
const METRICS = [
  'agent.request.latency',
  'agent.requests',
  'agent.error.rate',
  'agent.tool.calls',
  'agent.tokens.used',
  'agent.cost',
]

// Traces as OpenInference and OpenLLMetry made them, through a sidecar with the processors of the default configuration.
test.each([
  {
    name: 'openinference-openai',
    requests: { 'gen_ai.agent.name': 'weather' },
    tokens: { input: 240, output: 120, cache_read: 80, reasoning: 50 },
    // 2 × (80 + 40 cached) × 0.15 and 0.075, 2 × 60 × 0.6 dollars a million.
    cost: (2 * (80 * 0.15 + 40 * 0.075 + 60 * 0.6)) / 1e6,
  },
  {
    name: 'openllmetry-old',
    requests: {},
    tokens: { input: 240, output: 120 },
    cost: (2 * (120 * 0.15 + 60 * 0.6)) / 1e6,
  },
])('a trace of $name is counted, priced and redacted', async ({ name, requests, tokens, cost }) => {
  await using backend = await startOtlpSink()
  const any = '127.0.0.1:0'
  await using sidecar = await startSidecar({
    receivers: { otlp: { protocols: { http: { endpoint: any } } } },
    processors: { gen_ai_normalizer: {}, redaction: {}, cost: {} },
    connectors: { agent_metrics: { metrics_flush_interval: '100ms', root_wait: '100ms' } },
    exporters: { otlp_http: { endpoint: backend.url } },
    service: {
      http: { endpoint: any },
      telemetry: { metrics: { address: any } },
      pipelines: {
        traces: {
          receivers: ['otlp'],
          processors: ['gen_ai_normalizer', 'redaction', 'cost'],
          exporters: ['agent_metrics', 'otlp_http'],
        },
        metrics: { receivers: ['agent_metrics'], exporters: ['otlp_http'] },
      },
    },
  })
  const answer = await post(`${sidecar.listening['otlp_http']}/v1/traces`, recorded(name), {
    headers: { 'content-type': 'application/json' },
  })
  expect(answer.status).toBe(200)
  await backend.until(({ spans, points }) => {
    const metrics = new Set(points.map(({ metric }) => metric))
    return spans.length > 0 && METRICS.every((metric) => metrics.has(metric))
  })

  const last = (metric: string): SinkPoint[] => {
    const bySeries = new Map(
      backend.points
        .filter((point) => point.metric === metric)
        .map((point) => [JSON.stringify(point.attributes), point]),
    )
    return [...bySeries.values()]
  }
  const sum = (metric: string): unknown => last(metric).reduce((total, { value }) => total + Number(value), 0)
  expect(last('agent.request.latency')).toHaveLength(1)
  expect(last('agent.requests').map(({ attributes, value }) => [attributes, value])).toEqual([
    [expect.objectContaining({ ...requests, 'spanwarden.result': 'ok' }), 1],
    [expect.objectContaining({ ...requests, 'spanwarden.result': 'error' }), 0],
  ])
  expect(last('agent.error.rate').map(({ value }) => value)).toEqual([0])
  expect(last('agent.tool.calls').map(({ attributes, value }) => [attributes['gen_ai.tool.name'], value])).toEqual([
    ['weather', 1],
  ])
  const used = last('agent.tokens.used').filter(
    ({ attributes }) => attributes['gen_ai.request.model'] === 'gpt-4o-mini',
  )
  expect(Object.fromEntries(used.map(({ attributes, value }) => [attributes['spanwarden.token.type'], value]))).toEqual(
    tokens,
  )
  expect(sum('agent.cost')).toBeCloseTo(cost, 12)

  const calls = backend.spans.filter(({ attributes }) => attributes['gen_ai.operation.name'] === 'chat')
  expect(calls.map(({ name: span }) => span)).toEqual(['chat gpt-4o-mini', 'chat gpt-4o-mini'])
  for (const { attributes } of calls)
    expect(attributes['gen_ai.input.messages']).toContain('Weather in Oslo? Mail [REDACTED:EMAIL]')
  expect(backend.requests.map(({ body }) => body.toString('latin1')).join('\n')).not.toContain('nora@')
})
