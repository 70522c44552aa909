import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { rulesFolder } from '../support/alert-rules.ts'
import { describeWithPrograms } from '../support/debian-program.ts'
import { startAlertmanager, startPrometheus } from '../support/prometheus-server.ts'
import type { ApiServer, PrometheusServer } from '../support/prometheus-server.ts'
import { startScriptedAgent } from '../support/scripted-agent.ts'
import type { ScriptedAgent } from '../support/scripted-agent.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'
import { until } from '../support/until.ts'

/*
 * An incident in a real Prometheus and a real Alertmanager behind a real sidecar: a tool starts failing, latency climbs, the queue grows, spend passes the threshold, it
 * gets well again; the agent dies and comes back; the sidecar goes. Prometheus' clock can't be sped up, so every duration of our rules is replaced by one of some
 * seconds (SHORT): this is the wiring. What happens within the real durations is in rules*.test.yml.
 */

const SHORT: Readonly<Record<string, string>> = {
  '30s': '500ms',
  '1m': '1s',
  '2m': '1s',
  '5m': '4s',
  '10m': '5s',
  '15m': '6s',
  '30m': '7s',
  '1h': '8s',
  '2h': '9s',
  '6h': '10s',
  '1d': '11s',
  '3d': '12s',
  '7d': '40s',
}
const SERVICE = 'support'
const PHASE_MS_MAX = 60_000
const HEALTHY_EVALUATIONS = 16

describeWithPrograms('an incident', ['prometheus', 'prometheus-alertmanager'], () => {
  const stack = new AsyncDisposableStack()
  const notified: Notification[] = []
  let sidecar: SidecarProcess
  let agent: ScriptedAgent
  let prometheus: PrometheusServer
  let alertmanager: ApiServer

  beforeAll(async () => {
    const webhook = createServer((request, response) => {
      void receive(request, notified).finally(() => response.end())
    }).listen(0, '127.0.0.1')
    await once(webhook, 'listening')
    stack.defer(() => void webhook.close())
    alertmanager = stack.use(await startAlertmanager(alertmanagerConfig(webhook.address() as AddressInfo)))
    sidecar = stack.use(await startSidecar(sidecarConfig))
    agent = stack.use(startScriptedAgent(sidecar.listening['otlp_http'] ?? '', SERVICE))
    prometheus = stack.use(
      await startPrometheus(prometheusConfig(sidecar, alertmanager), {
        arguments: ['--query.lookback-delta=5s', '--rules.alert.resend-delay=1s'],
      }),
    )
  }, 60_000)
  afterAll(() => stack.disposeAsync())

  /** Names of what Alertmanager has as raised, what is inhibited included. */
  async function raised(): Promise<string[]> {
    const alerts = alertList.parse(await alertmanager.get('/api/v2/alerts'))
    return alerts.map(({ labels }) => labels.alertname).toSorted()
  }
  const untilRaised = (names: readonly string[]): Promise<void> =>
    until(async () => {
      const now = await raised()
      return names.every((name) => now.includes(name))
    }, PHASE_MS_MAX)
  const untilOnly = (names: readonly string[]): Promise<void> =>
    until(async () => (await raised()).join() === names.join(), PHASE_MS_MAX)
  const wasTold = (name: string, status: string, path: string): boolean =>
    notified.some((one) => one.labels.alertname === name && one.status === status && one.path === path)

  test('a healthy agent raises nothing', async () => {
    await until(async () => {
      const [own] = await prometheus.query(`count_over_time(agent:requests:increase1h[${SHORT['7d']}])`)
      return (own?.value ?? 0) >= HEALTHY_EVALUATIONS && (await raised()).length > 0
    }, PHASE_MS_MAX)
    expect(await prometheus.query('ALERTS{alertname!="Watchdog"}')).toEqual([])
    expect(await raised()).toEqual(['Watchdog'])
  }, 90_000)

  test('trouble is raised and told to whom it concerns', async () => {
    Object.assign(agent.behaviour, { toolFails: true, seconds: 31, inputTokens: 10_000_000, queueDepth: 120 })
    await untilRaised([...pages, ...tickets])
    await until(() => wasTold('AgentDailySpendThreshold', 'firing', '/page'), PHASE_MS_MAX)
    await until(() => wasTold('AgentErrorBudgetBurnFast', 'firing', '/page'), PHASE_MS_MAX)
    await until(() => wasTold('AgentToolFailing', 'firing', '/ticket'), PHASE_MS_MAX)
    const texts = notified.flatMap(({ annotations }) => Object.values(annotations))
    expect(texts).toContain('The tool search of support fails')
    expect(texts.filter((text) => /<no value>|<error|\{\{|NaN/.test(text))).toEqual([])
  }, 90_000)

  test('what the worse alert says already is held back', async () => {
    const alerts = alertList.parse(await alertmanager.get('/api/v2/alerts'))
    const held = alerts.filter(({ status }) => status.inhibitedBy.length > 0).map(({ labels }) => labels.alertname)
    expect(held).toEqual(expect.arrayContaining(['AgentErrorRateLastHour', 'AgentLatencyP99Above30s']))
  })

  test('it is resolved, and told, when all is well again', async () => {
    Object.assign(agent.behaviour, { toolFails: false, seconds: 1, inputTokens: 100, queueDepth: 3 })
    await untilOnly(['Watchdog'])
    expect(await prometheus.query('ALERTS{alertname!="Watchdog"}')).toEqual([])
    await until(() => wasTold('AgentDailySpendThreshold', 'resolved', '/page'), PHASE_MS_MAX)
    await until(() => wasTold('AgentToolFailing', 'resolved', '/ticket'), PHASE_MS_MAX)
  }, 90_000)

  test('an agent that dies is missed, and comes back', async () => {
    agent.behaviour.isDead = true
    await untilRaised(['AgentNotRunning'])
    await until(() => wasTold('AgentNotRunning', 'firing', '/page'), PHASE_MS_MAX)
    agent.behaviour.isDead = false
    await untilOnly(['Watchdog'])
    expect(notified.filter(({ labels: { alertname } }) => alertname === 'SpanwardenDown')).toEqual([])
    await until(() => wasTold('AgentNotRunning', 'resolved', '/page'), PHASE_MS_MAX)
  }, 90_000)

  test('a sidecar that dies is missed', async () => {
    process.kill(sidecar.pid, 'SIGKILL')
    await untilRaised(['SpanwardenDown'])
    await until(() => wasTold('SpanwardenDown', 'firing', '/page'), PHASE_MS_MAX)
    expect(notified.some(({ path }) => path === '/alive')).toBe(true)
  }, 90_000)
})

const pages = [
  'AgentDailySpendThreshold',
  'AgentErrorBudgetBurnFast',
  'AgentErrorRateLastHour',
  'AgentLatencyBudgetBurnFast',
  'AgentLatencyP99Above30s',
  'AgentQueueDepthHigh',
]
const tickets = ['AgentErrorBudgetBurnSlow', 'AgentDailyTokensThreshold', 'AgentToolFailing']

const labels = z.looseObject({ alertname: z.string() })
const webhookBody = z.object({
  alerts: z.array(z.object({ status: z.string(), labels, annotations: z.record(z.string(), z.string()) })),
})
const alertList = z.array(z.object({ labels, status: z.object({ inhibitedBy: z.array(z.string()) }) }))
type Notification = z.output<typeof webhookBody>['alerts'][number] & { readonly path: string }

async function receive(request: IncomingMessage, notified: Notification[]): Promise<void> {
  const { alerts } = webhookBody.parse(await json(request))
  for (const alert of alerts) notified.push({ ...alert, path: request.url ?? '' })
}

/** Our rules with short durations. Throws when one is not in the table. */
function shortRules(): string {
  const short = (duration: string): string => {
    const replacement = SHORT[duration]
    if (replacement === undefined) throw new Error(`SHORT has nothing for ${duration}`)
    return replacement
  }
  const text = readFileSync(`${rulesFolder}rules.yml`, 'utf8')
    .replaceAll(/\[(\d+[smhd])(:?)(\d+[smhd])?\]/g, (_, range: string, colon: string, step?: string) => {
      return `[${short(range)}${colon}${step === undefined ? '' : short(step)}]`
    })
    .replaceAll(/\b(offset|for:|interval:) (\d+[smhd])\b/g, (_, word: string, duration: string) => {
      return `${word} ${short(duration)}`
    })
    .replaceAll('> 120', '> 5')
  const folder = mkdtempSync(join(tmpdir(), 'spanwarden-short-rules-'))
  writeFileSync(join(folder, 'rules.yml'), text)
  return join(folder, 'rules.yml')
}

const parsed = (text: string): object => z.looseObject({}).parse(parse(text))

function prometheusConfig({ listening }: SidecarProcess, alertmanager: ApiServer): object {
  const host = (url: string | undefined): string => new URL(url ?? '').host
  return parsed(
    readFileSync(`${rulesFolder}prometheus.yml`, 'utf8')
      .replace('127.0.0.1:9464', host(listening['prometheus']))
      .replace('127.0.0.1:8888', host(listening['own_metrics']))
      .replace('127.0.0.1:9093', host(alertmanager.url))
      .replace('[rules.yml]', `[${shortRules()}]`)
      .replace('scrape_interval: 15s', 'scrape_interval: 400ms')
      .replace('evaluation_interval: 30s', 'evaluation_interval: 500ms'),
  )
}

const alertmanagerConfig = ({ port }: AddressInfo): object =>
  parsed(
    readFileSync(`${rulesFolder}alertmanager.yml`, 'utf8')
      .replaceAll('127.0.0.1:9095', `127.0.0.1:${port}`)
      .replaceAll(/group_wait: \d+s/g, 'group_wait: 200ms')
      .replaceAll(/group_interval: \d+m/g, 'group_interval: 1s'),
  )

const sidecarConfig = {
  receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
  processors: { redaction: {}, cost: {} },
  connectors: { agent_metrics: { metrics_flush_interval: '200ms' } },
  exporters: { store: {}, prometheus: { endpoint: '127.0.0.1:0' } },
  service: {
    http: { endpoint: '127.0.0.1:0' },
    telemetry: { metrics: { address: '127.0.0.1:0' } },
    pipelines: {
      traces: { receivers: ['otlp'], processors: ['redaction', 'cost'], exporters: ['agent_metrics', 'store'] },
      metrics: { receivers: ['otlp', 'agent_metrics'], processors: ['redaction'], exporters: ['store', 'prometheus'] },
    },
  },
}
