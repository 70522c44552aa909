import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { startModelServer } from '../../examples/support-agent/model-server.ts'
import { alerts, records, rulesFolder } from '../support/alert-rules.ts'
import { describeWithPrograms } from '../support/debian-program.ts'
import { startPrometheus } from '../support/prometheus-server.ts'
import type { PrometheusServer } from '../support/prometheus-server.ts'
import { askedBy } from '../support/promql.ts'
import { runAgent } from '../support/run-agent.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'
import { until } from '../support/until.ts'

/*
 * The main job, scraped by a real Prometheus with our scrape configuration and our rules: every query of every dashboard has an answer with numbers in it, and every
 * metric, label and value that a rule or a dashboard names is there.
 */

const SERVICE = 'support-agent'
const RUNS = 2
const TICKETS = 8

const dashboardsFolder = fileURLToPath(new URL('../../collector-config/grafana/dashboards/', import.meta.url))
const dashboard = z.looseObject({
  uid: z.string(),
  templating: z.object({ list: z.array(z.looseObject({ name: z.string(), type: z.string() })) }),
  panels: z.array(
    z.looseObject({
      title: z.string(),
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      targets: z.array(z.looseObject({ expr: z.string(), exemplar: z.boolean().optional() })).default([]),
    }),
  ),
})
const dashboards = readdirSync(dashboardsFolder).map((name) =>
  dashboard.parse(JSON.parse(readFileSync(dashboardsFolder + name, 'utf8'))),
)
const queries = dashboards.flatMap(({ uid, panels }) =>
  panels.flatMap(({ title, targets }) =>
    targets.map(({ expr, exemplar = false }) => ({ where: `${uid}: ${title}`, query: filledIn(expr), exemplar })),
  ),
)

const rules = [...records, ...alerts].map(({ expr }) => expr)

/** What an agent without trouble does not have: a model that fails or tells no usage, calls that are denied, loops, wrong prices. */
const NEEDS_TROUBLE = [
  'gen_ai_client_inference_duration_seconds_count{job="support-agent", error_type!=""}',
  'agent_usage_unknown_total{job=~".*"}',
  'agent_tool_calls_total{job=~".*", spanwarden_result="denied"}',
  'agent_guard_denied_total',
  'agent_loop_stops_total',
  'agent_budget_bound_violations_total',
]

test('the provisioned data sources are those that exemplars and dashboards go to', () => {
  const text = readFileSync(new URL('../provisioning/datasources/spanwarden.yml', `file://${dashboardsFolder}`), 'utf8')
  const { datasources } = z
    .object({ datasources: z.array(z.looseObject({ uid: z.string(), jsonData: z.looseObject({}) })) })
    .parse(parse(text))
  expect(datasources.map(({ uid }) => uid)).toEqual(['prometheus', 'tempo'])
  expect(datasources[0]?.jsonData).toMatchObject({
    exemplarTraceIdDestinations: [{ name: 'trace_id', datasourceUid: 'tempo' }],
  })
})

test('panels lie beside each other, on a grid of 24 columns', () => {
  for (const { uid, panels } of dashboards) {
    const cells = new Set<string>()
    for (const { gridPos: at } of panels) {
      expect(at.x + at.w).toBeLessThanOrEqual(24)
      for (let x = at.x; x < at.x + at.w; x += 1)
        for (let y = at.y; y < at.y + at.h; y += 1) {
          expect(cells).not.toContain(`${uid} ${x} ${y}`)
          cells.add(`${uid} ${x} ${y}`)
        }
    }
  }
})

function needsTrouble(query: string): boolean {
  return askedBy(query).selectors.every((selector) => NEEDS_TROUBLE.includes(selector))
}

describeWithPrograms('a Prometheus that scraped the main job', ['prometheus'], () => {
  const stack = new AsyncDisposableStack()
  let prometheus: PrometheusServer

  beforeAll(async () => {
    const modelServer = await startModelServer({ latencyMs: 5, chunkMs: 1 })
    stack.defer(() => modelServer.close())
    const sidecar = stack.use(await startSidecar(sidecarConfig))
    prometheus = stack.use(
      await startPrometheus(scrapeConfig(sidecar), { arguments: ['--enable-feature=exemplar-storage'] }),
    )
    for (let run = 1; run <= RUNS; run += 1) {
      const { code, stderr } = await runAgent({
        endpoint: sidecar.listening['otlp_http'] ?? '',
        file: ['examples/support-agent/agent.ts', '--once'],
        env: {
          OPENAI_BASE_URL: modelServer.openaiUrl,
          ANTHROPIC_BASE_URL: modelServer.anthropicUrl,
          OTEL_SERVICE_NAME: SERVICE,
          OTEL_METRIC_EXPORT_INTERVAL: '100',
          OTEL_BSP_SCHEDULE_DELAY: '100',
        },
      })
      if (code !== 0 || stderr !== '') throw new Error(`the agent ended with ${code}:\n${stderr}`)
      await until(async () => (await prometheus.query('sum(agent_requests_total)'))[0]?.value === run * TICKETS, 20_000)
    }
    // Rules that read what other rules record.
    await until(async () => (await prometheus.query('agent:latency:p99_5m')).length > 0, 120_000)
  }, 300_000)
  afterAll(() => stack.disposeAsync())

  test.each(queries.filter(({ query }) => !needsTrouble(query)))('$where: $query', async ({ query }) => {
    const samples = await prometheus.query(query)
    expect(samples.filter(({ value }) => Number.isFinite(value))).not.toEqual([])
  })

  test('what dashboards let one choose has values', async () => {
    const values = await prometheus.get('/api/v1/label/job/values?match[]=agent_heartbeat_timestamp_seconds')
    expect(values).toMatchObject({ data: [SERVICE] })
    const names = new Set(dashboards.flatMap(({ templating }) => templating.list.map(({ name }) => name)))
    expect([...names]).toEqual(['datasource', 'job'])
  })

  test.each(queries.filter(({ exemplar }) => exemplar))('$where links to traces', async ({ query }) => {
    const now = Date.now() / 1000
    const range = `start=${now - 600}&end=${now + 60}`
    const found = JSON.stringify(
      await prometheus.get(`/api/v1/query_exemplars?query=${encodeURIComponent(query)}&${range}`),
    )
    expect(found).toMatch(/"trace_id":"[0-9a-f]{32}"/)
  })

  test('every rule, and every query that needs trouble, can be evaluated', async () => {
    const rest = queries.map(({ query }) => query).filter(needsTrouble)
    expect(rest.length).toBeGreaterThan(0)
    for (const expression of [...rules, ...rest]) await prometheus.query(expression)
  })

  test('no alert but Watchdog and those of the example’s own failures', async () => {
    const raised = await prometheus.query('ALERTS{alertstate="firing"}')
    const failing = ['AgentErrorRateLastHour', 'AgentErrorBudgetBurnFast', 'AgentToolFailing']
    expect(raised.map(({ metric }) => metric['alertname']).filter((name) => !failing.includes(name ?? ''))).toEqual([
      'Watchdog',
    ])
  })

  test('every series that a rule or a dashboard asks for is there', async () => {
    const expressions = [...rules, ...queries.map(({ query }) => query)]
    const selectors = new Set(expressions.flatMap((expression) => askedBy(expression).selectors))
    const missing: string[] = []
    for (const selector of selectors) {
      const { data } = series.parse(await prometheus.get(`/api/v1/series?match[]=${encodeURIComponent(selector)}`))
      if (data.length === 0) missing.push(selector)
    }
    // Recordings that look at days, and alerts that are not raised, have none yet.
    expect(selectors.size).toBeGreaterThan(60)
    expect(missing.filter((selector) => !selector.startsWith('agent:')).toSorted()).toEqual(NEEDS_TROUBLE.toSorted())
  })

  test('every label that a rule or a dashboard groups by is there', async () => {
    const { data } = z.object({ data: z.array(z.string()) }).parse(await prometheus.get('/api/v1/labels'))
    const expressions = [...rules, ...queries.map(({ query }) => query)]
    const labels = new Set(expressions.flatMap((expression) => askedBy(expression).labels))
    // Those of the guard's counters among NEEDS_TROUBLE.
    expect([...labels].filter((label) => !data.includes(label)).toSorted()).toEqual(['agent', 'model'])
  })
})

const series = z.object({ data: z.array(z.unknown()) })

/** As Grafana does before it asks. */
function filledIn(expression: string): string {
  return expression
    .replaceAll('=~"$job"', '=~".*"')
    .replaceAll('"$job"', `"${SERVICE}"`)
    .replaceAll('$__rate_interval', '1m')
}

/** Our own prometheus.yml, but for the ports, the pace, and an Alertmanager that is not there. */
function scrapeConfig({ listening }: SidecarProcess): object {
  const target = (url: string | undefined): string => new URL(url ?? '').host
  const text = readFileSync(`${rulesFolder}prometheus.yml`, 'utf8')
    .replace('127.0.0.1:9464', target(listening['prometheus']))
    .replace('127.0.0.1:8888', target(listening['own_metrics']))
    .replace('[rules.yml]', `[${rulesFolder}rules.yml]`)
    .replace('scrape_interval: 15s', 'scrape_interval: 500ms')
    .replace('evaluation_interval: 30s', 'evaluation_interval: 1s')
  const { alerting: _, ...config } = z.looseObject({ alerting: z.unknown() }).parse(parse(text))
  return config
}

const sidecarConfig = {
  receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
  processors: { redaction: {}, cost: {} },
  connectors: { agent_metrics: { metrics_flush_interval: '200ms' } },
  exporters: {
    store: {},
    prometheus: { endpoint: '127.0.0.1:0' },
    // One with a queue.
    file: { path: join(mkdtempSync(join(tmpdir(), 'spanwarden-dashboards-')), 'traces.json') },
  },
  extensions: { guard: { budgets: { daily: { limit_usd: 5 } } } },
  service: {
    extensions: ['guard'],
    http: { endpoint: '127.0.0.1:0' },
    telemetry: { metrics: { address: '127.0.0.1:0' } },
    pipelines: {
      traces: { receivers: ['otlp'], processors: ['redaction', 'cost'], exporters: ['agent_metrics', 'store', 'file'] },
      logs: { receivers: ['otlp'], processors: ['redaction'], exporters: ['store'] },
      metrics: { receivers: ['otlp', 'agent_metrics'], processors: ['redaction'], exporters: ['store', 'prometheus'] },
    },
  },
}
