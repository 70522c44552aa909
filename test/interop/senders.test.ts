import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildGoProgram, goCommand } from '../support/go-program.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import type { OtlpSink } from '../support/otlp-sink.ts'
import { hasPython, pythonWithOpenTelemetry } from '../support/python-venv.ts'
import { runAgent } from '../support/run-agent.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'

/*
 * OpenTelemetry's own SDKs for Node, Python and Go, none of them ours, send a span, a metric and a log record to a sidecar: they arrive at the backend, without the
 * customer's address, and the call is counted. test/interop/build.sh builds what these tests need.
 */
const BUILD_MS_MAX = 15 * 60_000
const CUSTOMER = ['mary', 'example.com'].join('@')
const run = promisify(execFile)

interface Address {
  readonly protocol: 'http/protobuf' | 'http/json' | 'grpc'
  readonly endpoint: string
}
type Send = (address: Address, env: Record<string, string>) => Promise<void>

let backend: OtlpSink
let sidecar: SidecarProcess
beforeAll(async () => {
  const any = '127.0.0.1:0'
  backend = await startOtlpSink()
  sidecar = await startSidecar({
    receivers: { otlp: { protocols: { http: { endpoint: any }, grpc: { endpoint: any } } } },
    processors: { redaction: {}, cost: {} },
    connectors: { agent_metrics: { metrics_flush_interval: '100ms' } },
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
})
afterAll(async () => {
  await sidecar.stop()
  await backend.close()
})

async function arrives(protocol: Address['protocol'], send: Send, service: string): Promise<void> {
  const endpoint = sidecar.listening[protocol === 'grpc' ? 'otlp_grpc' : 'otlp_http'] ?? ''
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_SERVICE_NAME: service,
    CUSTOMER,
  }
  await send({ protocol, endpoint }, env)
  const isOurs = ({ resource }: { readonly resource: Record<string, unknown> }): boolean =>
    resource['service.name'] === service
  const tokens = (): Record<string, unknown> =>
    Object.fromEntries(
      backend.points
        .filter((point) => isOurs(point) && point.metric === 'agent.tokens.used')
        .map(({ attributes, value }) => [attributes['spanwarden.token.type'], value]),
    )
  await backend.until(
    ({ spans, points, logs }) =>
      spans.some(isOurs) &&
      logs.some(isOurs) &&
      points.some((point) => isOurs(point) && point.metric === 'mails') &&
      tokens()['output'] === 100,
  )
  expect(backend.requests.map(({ body }) => body.toString('latin1')).join('\n')).not.toContain('mary')
  const [span] = backend.spans.filter(isOurs)
  expect(span).toMatchObject({
    name: 'chat gpt-5-mini',
    kind: 3,
    status: { code: 2, message: 'no answer to [REDACTED:EMAIL]' },
    attributes: {
      note: ['call', '[REDACTED:EMAIL]'],
      'spanwarden.redaction.count': 3,
      'spanwarden.cost.source': 'sidecar',
    },
  })
  expect(span?.events.map(({ name }) => name)).toEqual(['mail to [REDACTED:EMAIL]'])
  expect(backend.points.find((point) => isOurs(point) && point.metric === 'mails')?.attributes).toEqual({
    to: '[REDACTED:EMAIL]',
  })
  expect(backend.logs.filter(isOurs).map(({ body }) => body)).toEqual(['call [REDACTED:EMAIL]'])
  expect(tokens()).toEqual({ input: 1000, output: 100 })
}

test.each(['http/protobuf', 'http/json', 'grpc'] as const)('Node, %s', async (protocol) => {
  await arrives(protocol, sendFromNode, `node ${protocol}`)
})

describe.skipIf(!hasPython)('Python (needs python3 with venv)', () => {
  let python = ''
  beforeAll(async () => {
    python = await pythonWithOpenTelemetry()
  }, BUILD_MS_MAX)
  // oxlint-disable-next-line vitest/expect-expect -- arrives() expects
  test.each(['http/protobuf', 'grpc'] as const)('%s', async (protocol) => {
    const script = fileURLToPath(new URL('python-agent.py', import.meta.url))
    await arrives(
      protocol,
      async (_address, env) => void (await run(python, [script], { env: programEnv(env) })),
      `python ${protocol}`,
    )
  })
})

describe.skipIf(goCommand === undefined)('Go (needs go)', () => {
  let binary = ''
  beforeAll(async () => {
    binary = await buildGoProgram(fileURLToPath(new URL('go-sdk', import.meta.url)))
  }, BUILD_MS_MAX)
  // oxlint-disable-next-line vitest/expect-expect -- arrives() expects
  test.each(['http/protobuf', 'grpc'] as const)('%s', async (protocol) => {
    await arrives(
      protocol,
      async (_address, env) => void (await run(binary, [], { env: programEnv(env) })),
      `go ${protocol}`,
    )
  })
})

const programEnv = (env: Record<string, string>): Record<string, string> => ({
  ...env,
  PATH: process.env['PATH'] ?? '',
  PROTOCOL: env['OTEL_EXPORTER_OTLP_PROTOCOL'] === 'grpc' ? 'grpc' : 'http',
})

async function sendFromNode({ endpoint }: Address, env: Record<string, string>): Promise<void> {
  const { code, stderr } = await runAgent({
    endpoint,
    preload: false,
    env,
    script: `
      import { logs, metrics, SpanKind, trace } from '@opentelemetry/api'
      import { NodeSDK } from '@opentelemetry/sdk-node'
      const sdk = new NodeSDK()
      sdk.start()
      const customer = process.env.CUSTOMER
      const span = trace.getTracer('mine').startSpan('chat gpt-5-mini', { kind: SpanKind.CLIENT, attributes: {
        'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-5-mini',
        'gen_ai.usage.input_tokens': 1000, 'gen_ai.usage.output_tokens': 100, note: ['call', customer],
      } })
      span.addEvent('mail to ' + customer)
      span.setStatus({ code: 2, message: 'no answer to ' + customer })
      span.end()
      metrics.getMeter('mine').createCounter('mails').add(1, { to: customer })
      logs.getLogger('mine').emit({ body: 'call ' + customer })
      await sdk.shutdown()`,
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
}
