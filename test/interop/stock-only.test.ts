import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { goCommand } from '../support/go-program.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { post } from '../support/post.ts'
import { readyConfigsFolder } from '../support/ready-config.ts'
import { spanBatch } from '../support/span-batch.ts'
import { freePort, startStockCollector } from '../support/stock-collector.ts'

/** collector-config/stock-only.yaml in the collector itself: it starts, does what it says, and loses what its comments say. */
const BUILD_MS_MAX = 15 * 60_000
const mail = ['mary', 'example.com'].join('@')

interface StockOnly {
  receivers: { otlp: { protocols: { grpc: { endpoint: string }; http: { endpoint: string } } } }
  exporters: { otlp_http: { endpoint: string } }
  connectors: { span_metrics: { metrics_flush_interval?: string } }
  extensions: { file_storage: { directory: string } }
  service: { telemetry?: object }
}

describe.skipIf(goCommand === undefined)('stock-only.yaml (needs go)', () => {
  test('what it does, and what it does not', { timeout: BUILD_MS_MAX }, async () => {
    await using sink = await startOtlpSink()
    const config = parse(readFileSync(join(readyConfigsFolder, 'stock-only.yaml'), 'utf8')) as StockOnly
    const http = `127.0.0.1:${await freePort()}`
    config.receivers.otlp.protocols = { grpc: { endpoint: `127.0.0.1:${await freePort()}` }, http: { endpoint: http } }
    config.exporters.otlp_http.endpoint = sink.url
    config.extensions.file_storage.directory = mkdtempSync(join(tmpdir(), 'stock-only-'))
    config.service.telemetry = { metrics: { level: 'none' } }
    // Its default, a minute, is long for a test.
    config.connectors.span_metrics.metrics_flush_interval = '200ms'
    await using collector = await startStockCollector(config)
    const inside = Buffer.from(`write to ${mail}`).toString('base64')
    const attributes = { 'gen_ai.operation.name': 'chat', prompt: `write to ${mail}`, encoded: inside }
    expect(
      (
        await post(
          `http://${http}/v1/traces`,
          spanBatch({
            attributes: { 'service.name': 'support' },
            spans: [{ spanId: '0000000000000001', name: 'chat', attributes }],
          }),
        )
      ).status,
    ).toBe(200)
    await sink.until(({ spans, points }) => spans.length > 0 && points.length > 0)
    const [span] = sink.spans
    expect(span?.attributes['prompt']).toBe('write to ****')
    // What it loses: encoded text, cost, the five metrics.
    expect(span?.attributes['encoded']).toBe(inside)
    expect(Object.keys(span?.attributes ?? {}).filter((key) => key.startsWith('spanwarden.'))).toEqual([])
    const metrics = new Set(sink.points.map(({ metric }) => metric))
    expect([...metrics].toSorted()).toEqual(['traces.span.metrics.calls', 'traces.span.metrics.duration'])
    expect(collector.log).not.toMatch(/\terror\t/)
  })
})
