import { expect, test } from 'vitest'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { runAgent } from '../support/run-agent.ts'
import { startSidecar } from '../support/sidecar-process.ts'

// Someone who has OpenTelemetry's own sdk-node in the agent, and not our preload, points it at the sidecar.
test('spans, metrics and logs of a plain sdk-node come through, redacted and counted', async () => {
  await using backend = await startOtlpSink()
  const any = '127.0.0.1:0'
  await using sidecar = await startSidecar({
    receivers: { otlp: { protocols: { http: { endpoint: any } } } },
    processors: { redaction: {}, cost: {} },
    connectors: { agent_metrics: { metrics_flush_interval: '100ms', root_wait: '0s' } },
    exporters: { otlp_http: { endpoint: backend.url } },
    service: {
      http: { endpoint: any },
      telemetry: { metrics: { address: any } },
      pipelines: {
        traces: { receivers: ['otlp'], processors: ['redaction', 'cost'], exporters: ['agent_metrics', 'otlp_http'] },
        metrics: { receivers: ['otlp', 'agent_metrics'], processors: ['redaction'], exporters: ['otlp_http'] },
        logs: { receivers: ['otlp'], processors: ['redaction'], exporters: ['otlp_http'] },
      },
    },
  })
  const { code, stderr } = await runAgent({
    endpoint: sidecar.listening['otlp_http'] ?? '',
    preload: false,
    env: { OTEL_SERVICE_NAME: 'foreign', CUSTOMER: ['mary', 'example.com'].join('@') },
    script: `
      import { logs, metrics, SpanKind, trace } from '@opentelemetry/api'
      import { NodeSDK } from '@opentelemetry/sdk-node'
      const sdk = new NodeSDK()
      sdk.start()
      const customer = process.env.CUSTOMER
      const span = trace.getTracer('mine').startSpan('chat gpt-5-mini', { kind: SpanKind.CLIENT, attributes: {
        'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-5-mini',
        'gen_ai.usage.input_tokens': 1000, 'gen_ai.usage.output_tokens': 100,
        'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'text', content: 'I am ' + customer }] }],
      } })
      span.addEvent('mail to ' + customer)
      span.setStatus({ code: 2, message: 'no answer to ' + customer })
      span.end()
      metrics.getMeter('mine').createCounter('mails').add(1, { to: customer })
      logs.getLogger('mine').emit({ body: { note: ['call', customer] } })
      await sdk.shutdown()`,
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const arrived = (name: string): boolean => backend.points.some(({ metric }) => metric === name)
  await backend.until(
    ({ spans, logs }) => spans.length > 0 && logs.length > 0 && arrived('mails') && arrived('agent.tokens.used'),
  )

  const sent = backend.requests.map(({ body }) => body.toString('latin1')).join('\n')
  expect(sent).not.toContain('mary')
  const [span] = backend.spans
  expect(span?.attributes).toMatchObject({
    'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'text', content: 'I am [REDACTED:EMAIL]' }] }],
    'spanwarden.redaction.count': 3,
    'spanwarden.cost.source': 'sidecar',
  })
  expect(span?.events.map(({ name }) => name)).toEqual(['mail to [REDACTED:EMAIL]'])
  expect(span?.status.message).toBe('no answer to [REDACTED:EMAIL]')
  expect(backend.logs.map(({ body }) => body)).toEqual([{ note: ['call', '[REDACTED:EMAIL]'] }])
  expect(backend.points.find(({ metric }) => metric === 'mails')?.attributes).toEqual({ to: '[REDACTED:EMAIL]' })
  const tokens = backend.points.filter(({ metric }) => metric === 'agent.tokens.used')
  expect(
    Object.fromEntries(tokens.map(({ attributes, value }) => [attributes['spanwarden.token.type'], value])),
  ).toEqual({
    input: 1000,
    output: 100,
  })
})
