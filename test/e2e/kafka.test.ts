import { expect, test } from 'vitest'
import { goCommand } from '../support/go-program.ts'
import { startKafkaBroker } from '../support/kafka-broker.ts'
import { decodeOtlpProtobuf } from '../support/otlp-proto.ts'
import { spansOf } from '../support/otlp-sink.ts'
import { post } from '../support/post.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import { spanBatch } from '../support/span-batch.ts'
import { until } from '../support/until.ts'

const ROUNDS = 3
const SENDERS = 4

test.skipIf(goCommand === undefined)(
  'brokers are killed and come back under load: every span that was acknowledged is in the topic',
  { timeout: 120_000 },
  async () => {
    await using broker = await startKafkaBroker()
    await using sidecar = await startSidecar({
      receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
      processors: { redaction: {} },
      exporters: {
        kafka: {
          brokers: [`127.0.0.1:${broker.port}`],
          timeout: '1s',
          retry_on_failure: { initial_interval: '50ms', max_interval: '200ms' },
        },
      },
      service: {
        http: { endpoint: '127.0.0.1:0' },
        telemetry: { metrics: { address: '127.0.0.1:0' } },
        pipelines: { traces: { receivers: ['otlp'], processors: ['redaction'], exporters: ['kafka'] } },
      },
    })
    const acknowledged: string[] = []
    let next = 0
    const load = { isOver: false }
    const sender = async (): Promise<void> => {
      while (!load.isOver) {
        const spanIds = Array.from({ length: 6 }, () => (++next).toString(16).padStart(16, '0'))
        const spans = spanIds.map((spanId, n) => ({
          spanId,
          traceId: `${n % 3}`.padStart(32, '1'),
          attributes: { text: 'write to ada@example.com' },
        }))
        const { status } = await post(`${sidecar.listening['otlp_http']}/v1/traces`, spanBatch({ spans }))
        if (status === 200) acknowledged.push(...spanIds)
      }
    }
    const senders = Array.from({ length: SENDERS }, sender)
    for (let round = 0; round < ROUNDS; round++) {
      const before = broker.records.length
      await until(() => broker.records.length > before + 50, 30_000)
      await broker.kill()
      const sent = acknowledged.length
      await until(() => acknowledged.length > sent + 300, 30_000)
      await broker.restart()
    }
    load.isOver = true
    await Promise.all(senders)
    const arrived = (): Set<string> =>
      new Set(
        broker.records.flatMap(({ value }) => spansOf(decodeOtlpProtobuf('traces', value)).map(({ spanId }) => spanId)),
      )
    await until(() => {
      const ids = arrived()
      return acknowledged.every((id) => ids.has(id))
    }, 60_000)
    expect(acknowledged.length).toBeGreaterThan(ROUNDS * 300)
    expect(broker.records.some(({ value }) => value.includes('ada@example.com'))).toBe(false)
    expect(broker.records.every(({ key }) => key?.startsWith('1'.repeat(31)))).toBe(true)
    expect(sidecar.output).not.toContain('items were dropped')
  },
)
