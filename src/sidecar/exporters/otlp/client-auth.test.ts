import { afterEach, expect, test } from 'vitest'
import { testContext } from '../../../../test/support/component-context.ts'
import { startGrpcSink } from '../../../../test/support/grpc-sink.ts'
import { startOtlpSink } from '../../../../test/support/otlp-sink.ts'
import { spanBatch } from '../../../../test/support/span-batch.ts'
import { authenticators } from '../../authenticators.ts'
import type { Exporter, Payload, ServiceName } from '../../component.ts'
import { otlpGrpc } from '../otlp-grpc.ts'
import { otlpHttp } from '../otlp-http.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const base = testContext('otlp')
const known = authenticators.create(base)
const context = {
  ...base,
  // Made new for every name but this one, which is the only one that is asked for.
  service: <T>(name: ServiceName<T>): T => (name.name === authenticators.name ? Object(known) : name.create(base)),
}

async function started(exporter: Exporter): Promise<Exporter> {
  await exporter.start?.()
  cleanUps.push(() => exporter.stop?.())
  return exporter
}

const bytes = spanBatch({ spans: [{ spanId: '0102030405060708' }] })
const payload: Payload = { signal: 'traces', bytes, items: 1, retain: () => payload, release: () => undefined }
const send = (exporter: Exporter) => exporter.send(payload, new AbortController().signal)
const auth = { authenticator: 'bearertokenauth/backend' }

/** A token that changes while the exporter runs. */
function authenticate(): { token: string } {
  const state = { token: 'one' }
  known.set(auth.authenticator, { requestHeaders: () => ({ authorization: `Bearer ${state.token}` }) })
  cleanUps.push(() => known.delete(auth.authenticator))
  return state
}

test('otlp_http sends what its authenticator says, as it is at each request, before its own headers', async () => {
  await using sink = await startOtlpSink()
  const config = { endpoint: sink.url, auth, headers: { authorization: 'Bearer old' } }
  const exporter = await started(otlpHttp.create(otlpHttp.config.parse(config), context))
  const state = authenticate()
  await send(exporter)
  state.token = 'two'
  await send(exporter)
  expect(sink.requests.map(({ headers }) => headers['authorization'])).toEqual(['Bearer one', 'Bearer two'])
})

test('otlp_grpc does so in its metadata', async () => {
  await using sink = await startGrpcSink()
  const config = { endpoint: `127.0.0.1:${sink.port}`, tls: { insecure: true }, auth }
  const exporter = await started(otlpGrpc.create(otlpGrpc.config.parse(config), context))
  const state = authenticate()
  await send(exporter)
  state.token = 'two'
  await send(exporter)
  expect(sink.calls.map(({ headers }) => headers['authorization'])).toEqual(['Bearer one', 'Bearer two'])
})

test('nothing is sent, and nothing is lost, while the authenticator does not run', async () => {
  await using sink = await startOtlpSink()
  const exporter = await started(otlpHttp.create(otlpHttp.config.parse({ endpoint: sink.url, auth }), context))
  expect(await send(exporter)).toMatchObject({ outcome: 'retry', reason: expect.stringContaining('does not run') })
  expect(sink.requests).toEqual([])
})
