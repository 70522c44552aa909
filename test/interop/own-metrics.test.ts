import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { post } from '../support/post.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import { spanBatch } from '../support/span-batch.ts'

/** From the Debian package `prometheus`; without it this is skipped. */
const hasPromtool = spawnSync('promtool', ['--version']).status === 0
const ANY = '127.0.0.1:0'

/** Names of the stock collector with its default reader: no unit, no `_total`. What a dashboard for it asks for. */
const STOCK_NAMES = [
  'otelcol_receiver_accepted_spans{receiver="otlp",transport="http"} 1',
  'otelcol_receiver_refused_spans{receiver="otlp",transport="http"} ',
  'otelcol_receiver_failed_spans{receiver="otlp",transport="http"} ',
  'otelcol_processor_incoming_items{otel_signal="traces",pipeline="traces",processor="redaction"} 1',
  'otelcol_processor_outgoing_items{otel_signal="traces",pipeline="traces",processor="redaction"} 1',
  'otelcol_exporter_sent_spans{exporter="otlp_http"} 1',
  'otelcol_exporter_send_failed_spans{exporter="otlp_http"} 0',
  'otelcol_exporter_enqueue_failed_spans{exporter="otlp_http"} 0',
  'otelcol_exporter_queue_size{data_type="traces",exporter="otlp_http"} 0',
  'otelcol_exporter_queue_capacity{data_type="traces",exporter="otlp_http"} ',
  'otelcol_exporter_in_flight_requests{data_type="traces",exporter="otlp_http"} 0',
  'otelcol_process_cpu_seconds ',
  'otelcol_process_memory_rss ',
  'otelcol_process_uptime ',
  'otelcol_process_runtime_heap_alloc_bytes ',
  'otelcol_process_runtime_total_sys_memory_bytes ',
]

const configFor = (url: string, workers: number): object => ({
  receivers: { otlp: { protocols: { http: { endpoint: ANY } } } },
  processors: { redaction: {} },
  exporters: { otlp_http: { endpoint: url } },
  service: {
    workers,
    http: { endpoint: ANY },
    telemetry: { metrics: { address: ANY } },
    pipelines: { traces: { receivers: ['otlp'], processors: ['redaction'], exporters: ['otlp_http'] } },
  },
})

test.runIf(hasPromtool).each([1, 2])(
  'promtool reads the own metrics of %i workers and only misses the suffix that the stock names lack; all stock names are there',
  { timeout: 240_000 },
  async (workers) => {
    await using sink = await startOtlpSink()
    await using sidecar = await startSidecar(configFor(sink.url, workers))
    const url = `${sidecar.listening['otlp_http']}/v1/traces`
    const body = spanBatch({ spans: [{ spanId: '0102030405060708' }] })
    // One for each worker, which get connections in turn.
    for (let i = 0; i < workers; i++) expect((await post(url, body)).status).toBe(200)
    expect((await post(url, Buffer.from([0x0a, 0xff]))).status).toBe(400)
    await sink.until(({ spans }) => spans.length === workers)
    const text = await (await fetch(sidecar.listening['own_metrics'] ?? '')).text()
    const label = workers === 1 ? '' : 'worker="1",'
    const expected = STOCK_NAMES.map((series) =>
      label === ''
        ? series
        : series.includes('{')
          ? series.replace('{', `{${label}`)
          : series.replace(' ', '{worker="1"} '),
    )
    expect(expected.filter((series) => !text.includes(`\n${series}`))).toEqual([])
    const { stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
    const complaints = `${stdout}${stderr}`
      .split('\n')
      .filter((line) => line !== '' && !line.includes('counter metrics should have "_total" suffix'))
    expect(complaints).toEqual([])
  },
)
