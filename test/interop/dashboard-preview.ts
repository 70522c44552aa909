import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { startModelServer } from '../../examples/support-agent/model-server.ts'
import { startChromium } from '../support/chromium.ts'
import { startPrometheus } from '../support/prometheus-server.ts'
import type { PrometheusServer } from '../support/prometheus-server.ts'
import { startSidecar } from '../support/sidecar-process.ts'

/*
 * By hand, for docs/grafana.png where no Grafana is at hand: `node test/interop/dashboard-preview.ts docs/grafana.png`. Some minutes of the example agent, scraped by a real
 * Prometheus; the panels of the overview with what their queries answer, drawn by uPlot in Chromium. Places and numbers are Grafana's, looks are not, and the picture says so.
 */
const MINUTES = 3
const STEP_SECONDS = 3
const COLUMN_PX = 56
const ROW_PX = 30

const root = fileURLToPath(new URL('../../', import.meta.url))
const dashboard = z
  .object({
    title: z.string(),
    panels: z.array(
      z.looseObject({
        title: z.string(),
        type: z.string(),
        gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
        targets: z.array(z.looseObject({ expr: z.string(), legendFormat: z.string().default('') })).default([]),
        fieldConfig: z.object({ defaults: z.looseObject({ unit: z.string().default('short') }) }).optional(),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(`${root}collector-config/grafana/dashboards/overview.json`, 'utf8')))

const matrix = z.object({
  data: z.object({
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), values: z.array(z.tuple([z.number(), z.string()])) }),
    ),
  }),
})
type Matrix = z.output<typeof matrix>['data']['result']

const [, , output = 'grafana.png'] = process.argv
const modelServer = await startModelServer()
const sidecar = await startSidecar(sidecarConfig())
const prometheus = await startPrometheus(scrapeConfig())
const agent = spawn(process.execPath, ['--import', './src/register.ts', 'examples/support-agent/agent.ts'], {
  cwd: root,
  env: {
    ...process.env,
    OPENAI_BASE_URL: modelServer.openaiUrl,
    ANTHROPIC_BASE_URL: modelServer.anthropicUrl,
    OTEL_SERVICE_NAME: 'support-agent',
    OTEL_EXPORTER_OTLP_ENDPOINT: sidecar.listening['otlp_http'],
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
  },
  stdio: ['ignore', 'ignore', 'inherit'],
})
await pause(MINUTES * 60_000)
const panels = await Promise.all(dashboard.panels.map(async (panel) => ({ ...panel, lines: await linesOf(panel) })))
const browser = await startChromium()
const height = (Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) + 2) * ROW_PX
const page = await browser.newPage({ viewport: { width: 24 * COLUMN_PX, height } })
const packages = createRequire(import.meta.url)
await page.setContent('<!doctype html><body></body>')
await page.addStyleTag({ path: packages.resolve('uplot/dist/uPlot.min.css') })
await page.addScriptTag({ path: packages.resolve('uplot/dist/uPlot.iife.min.js') })
await page.addScriptTag({ path: `${root}test/interop/dashboard-preview.page.js` })
await page.evaluate(`draw(${JSON.stringify({ title: dashboard.title, panels, COLUMN_PX, ROW_PX })})`)
await page.screenshot({ path: output })
await browser.close()
const ended = once(agent, 'exit')
agent.kill('SIGTERM')
await ended
await prometheus[Symbol.asyncDispose]()
await sidecar.stop()
await modelServer.close()
console.log(`wrote ${output}`)

/** What each query answers over the time of the run, with its legend. */
async function linesOf({ targets }: (typeof dashboard.panels)[number]): Promise<unknown[]> {
  const end = Date.now() / 1000
  const range = `start=${end - (MINUTES - 0.5) * 60}&end=${end}&step=${STEP_SECONDS}`
  const answers = await Promise.all(targets.map((target) => rangeOf(prometheus, target.expr, range)))
  return answers.flatMap((series, index) =>
    series.map(({ metric, values }) => ({
      name: (targets[index]?.legendFormat ?? '').replaceAll(
        /\{\{(\w+)\}\}/g,
        (_, label: string) => metric[label] ?? '',
      ),
      values: values.map(([at, value]) => [at, Number(value)]),
    })),
  )
}

async function rangeOf({ get }: PrometheusServer, expression: string, range: string): Promise<Matrix> {
  const query = expression.replaceAll('$job', '.*').replaceAll('$__rate_interval', '20s')
  return matrix.parse(await get(`/api/v1/query_range?query=${encodeURIComponent(query)}&${range}`)).data.result
}

function scrapeConfig(): object {
  const target = new URL(sidecar.listening['prometheus'] ?? '').host
  return {
    global: { scrape_interval: '2s' },
    scrape_configs: [{ job_name: 'spanwarden-agents', honor_labels: true, static_configs: [{ targets: [target] }] }],
  }
}

function sidecarConfig(): object {
  return {
    receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
    processors: { redaction: {}, cost: {} },
    connectors: { agent_metrics: { metrics_flush_interval: '1s' } },
    exporters: { store: {}, prometheus: { endpoint: '127.0.0.1:0' } },
    service: {
      http: { endpoint: '127.0.0.1:0' },
      telemetry: { metrics: { address: '127.0.0.1:0' } },
      pipelines: {
        traces: { receivers: ['otlp'], processors: ['redaction', 'cost'], exporters: ['agent_metrics', 'store'] },
        metrics: {
          receivers: ['otlp', 'agent_metrics'],
          processors: ['redaction'],
          exporters: ['store', 'prometheus'],
        },
      },
    },
  }
}
