import { expect, test } from 'vitest'
import { startOtlpSink } from '../../test/support/otlp-sink.ts'
import { post } from '../../test/support/post.ts'
import { startSidecar } from '../../test/support/sidecar-process.ts'
import { spanBatch } from '../../test/support/span-batch.ts'

const configFor = (url: string, service: object = {}): object => ({
  receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' }, grpc: { endpoint: '127.0.0.1:0' } } } },
  exporters: { otlp_http: { endpoint: url } },
  service: {
    http: { endpoint: '127.0.0.1:0' },
    telemetry: { metrics: { address: '127.0.0.1:0' }, logs: { encoding: 'json' } },
    pipelines: { traces: { receivers: ['otlp'], exporters: ['otlp_http'] } },
    ...service,
  },
})
const batch = spanBatch({ spans: [{ spanId: '0102030405060708' }] })

test('SIGTERM: what was answered 200 is with the backend, exit code 0', async () => {
  await using sink = await startOtlpSink()
  await using sidecar = await startSidecar(configFor(sink.url))
  const url = `${sidecar.listening['otlp_http']}/v1/traces`
  const answers = await Promise.all(Array.from({ length: 50 }, () => post(url, batch)))
  expect(answers.every(({ status }) => status === 200)).toBe(true)
  expect(await sidecar.stop()).toBe(0)
  expect(sink.spans).toHaveLength(50)
  const lines: { level: string; msg: string }[] = sidecar.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines.map(({ msg }) => msg)).toEqual(['the sidecar is ready', 'the sidecar stops', 'the sidecar has stopped'])
})

test('a backend that takes nothing: exit code 1 and an error in the log', async () => {
  await using sink = await startOtlpSink({ refuse: () => true })
  await using sidecar = await startSidecar(configFor(sink.url, { shutdown_timeout: '100ms' }))
  await post(`${sidecar.listening['otlp_http']}/v1/traces`, batch)
  expect(await sidecar.stop()).toBe(1)
  expect(sidecar.output).toContain('"lost_items":1')
})

test('a port that is taken: exit code 1, with the address', async () => {
  await using sink = await startOtlpSink()
  const { host } = new URL(sink.url)
  await expect(startSidecar(configFor(sink.url, { http: { endpoint: host } }))).rejects.toThrow(host)
})
