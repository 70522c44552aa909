import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Collector } from '../../src/sidecar/collector.ts'
import { components } from '../support/all-components.ts'
import { loadConfig } from '../../src/sidecar/config.ts'
import { systemClock } from '../../src/sidecar/system-clock.ts'
import { testContext } from '../support/component-context.ts'
import { post } from '../support/post.ts'
import { spanBatch } from '../support/span-batch.ts'
import type { TestSpan } from '../support/span-batch.ts'
import { until } from '../support/until.ts'

const place = (): string => mkdtempSync(join(tmpdir(), 'processors-'))

/** A running sidecar: receiver, the processors in their order, the file exporter. */
async function start(path: string, processors: object, exporter: object = {}) {
  const { logger } = testContext('collector')
  const text = JSON.stringify({
    receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
    processors,
    exporters: { file: { path, retry_on_failure: { initial_interval: '10ms', max_interval: '20ms' }, ...exporter } },
    service: {
      http: { endpoint: '127.0.0.1:0' },
      telemetry: { metrics: { address: '127.0.0.1:0' } },
      pipelines: { traces: { receivers: ['otlp'], processors: Object.keys(processors), exporters: ['file'] } },
    },
  })
  const config = loadConfig([{ name: 'test', text }], components, { env: {}, readFile: () => '' })
  const collector = new Collector(config, {
    clock: systemClock,
    logger: { ...logger, child: () => logger },
    random: Math.random,
    stateFolder: join(place(), 'state'),
    env: {},
    program: { name: 'spanwarden', version: '0.0.0' },
  })
  await collector.start()
  const url = `${collector.listening()['otlp_http']}/v1/traces`
  return { collector, send: async (spans: TestSpan[]) => (await post(url, spanBatch({ spans }))).status }
}
const lines = (path: string): string[] => readFileSync(path, 'utf8').trim().split('\n')
const span = (name: string, attributes: TestSpan['attributes'] = {}): TestSpan => ({
  spanId: '0102030405060708',
  name,
  attributes,
})

test('what a processor inserts or copies is redacted by the one behind it; what a filter drops is not written', async () => {
  const path = join(place(), 'out.jsonl')
  const { collector, send } = await start(path, {
    memory_limiter: { limit_mib: 100_000 },
    filter: { traces: { span: ['name == "health"'] } },
    attributes: {
      actions: [
        { key: 'copy', from_attribute: 'note', action: 'insert' },
        { key: 'fixed', value: 'write to ada.lovelace@gmail.com', action: 'upsert' },
        { key: 'note', action: 'extract', pattern: 'from (?P<sender>[^ ]+)' },
        { key: 'user', action: 'hash' },
      ],
    },
    redaction: {},
  })
  expect(
    await send([span('health'), span('chat', { note: 'mail from grace.hopper@gmail.com today', user: 'u1' })]),
  ).toBe(200)
  expect(await send([span('health')])).toBe(200)
  expect(await collector.stop()).toBe(0)
  const written = lines(path)
  expect(written).toHaveLength(1)
  expect(written[0]).not.toMatch(/gmail|health|"u1"/)
  for (const key of ['copy', 'fixed', 'note', 'sender'])
    expect(written[0]).toMatch(new RegExp(`"key":"${key}","value":\\{"stringValue":"[^"]*\\[REDACTED:EMAIL\\]`))
})

test('a full disk: the queue takes what it may hold, then senders are told to retry, and all that was taken is written in the end', async () => {
  const path = join(place(), 'out.jsonl')
  symlinkSync('/dev/full', path)
  const { collector, send } = await start(path, {}, { sending_queue: { queue_size: 3 } })
  const answers = []
  for (let i = 0; i < 5; i++) answers.push(await send([span(`n${i}`)]))
  expect(answers).toEqual([200, 200, 200, 503, 503])
  rmSync(path)
  await until(() => collector.metrics.read('otelcol_exporter_sent_spans', { exporter: 'file' }) === 3)
  expect(await send([span('n5')])).toBe(200)
  expect(await collector.stop()).toBe(0)
  const names = lines(path).map((line) => /"name":"(n\d)"/.exec(line)?.[1])
  expect(names.sort()).toEqual(['n0', 'n1', 'n2', 'n5'])
})
