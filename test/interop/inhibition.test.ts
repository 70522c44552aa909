import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { rulesFolder } from '../support/alert-rules.ts'
import { describeWithPrograms } from '../support/debian-program.ts'
import { startAlertmanager } from '../support/prometheus-server.ts'
import type { ApiServer } from '../support/prometheus-server.ts'
import { until } from '../support/until.ts'

/** What alertmanager.yml holds back, and what it must not: in a real Alertmanager, to which alerts are posted as Prometheus does. */
describeWithPrograms('alertmanager.yml', ['prometheus-alertmanager'], () => {
  const stack = new AsyncDisposableStack()
  let alertmanager: ApiServer

  beforeAll(async () => {
    const text = readFileSync(`${rulesFolder}alertmanager.yml`, 'utf8').replaceAll(
      /group_wait: \d+s/g,
      'group_wait: 200ms',
    )
    alertmanager = stack.use(await startAlertmanager(z.looseObject({}).parse(parse(text))))
    await post([
      { alertname: 'AgentGoneFromHost', job: 'fleet', sidecar: 'host-17', severity: 'ticket' },
      { alertname: 'AgentErrorRateLastHour', job: 'fleet', gen_ai_agent_name: 'fleet', severity: 'page' },
      { alertname: 'AgentQueueDepthHigh', job: 'fleet', sidecar: 'host-3', severity: 'page' },
      { alertname: 'AgentNotRunning', job: 'dead', sidecar: 'host-1', severity: 'page' },
      { alertname: 'AgentErrorRateLastHour', job: 'dead', gen_ai_agent_name: 'dead', severity: 'page' },
      { alertname: 'AgentDailySpendThreshold', job: 'dead', severity: 'page' },
      { alertname: 'SpanwardenDown', job: 'spanwarden', sidecar: 'host-2', severity: 'page' },
      { alertname: 'AgentNotRunning', job: 'unseen', sidecar: 'host-2', severity: 'page' },
    ])
  }, 60_000)
  afterAll(() => stack.disposeAsync())

  async function post(labels: readonly Readonly<Record<string, string>>[]): Promise<void> {
    const response = await fetch(`${alertmanager.url}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(labels.map((own) => ({ labels: own }))),
    })
    if (!response.ok) throw new Error(await response.text())
  }

  /** As `job alertname`. */
  async function held(): Promise<string[]> {
    const alerts = alertList.parse(await alertmanager.get('/api/v2/alerts'))
    return alerts
      .filter(({ status }) => status.inhibitedBy.length > 0)
      .map(({ labels }) => `${labels.job} ${labels.alertname}`)
      .toSorted()
  }

  test('holds back the trouble of an agent that runs nowhere, not that of one of which a host is missing', async () => {
    const expected = ['dead AgentErrorRateLastHour', 'unseen AgentNotRunning']
    // Its status is set when the group of an alert is told.
    await until(async () => (await held()).length >= expected.length, 60_000)
    await until(async () => (await told()) === 6, 60_000)
    expect(await held()).toEqual(expected)
  }, 150_000)

  /** How many are neither new nor held back. */
  async function told(): Promise<number> {
    return alertList.parse(await alertmanager.get('/api/v2/alerts')).filter(({ status }) => status.state === 'active')
      .length
  }
})

const alertList = z.array(
  z.object({
    labels: z.object({ alertname: z.string(), job: z.string() }).loose(),
    status: z.object({ state: z.enum(['active', 'suppressed', 'unprocessed']), inhibitedBy: z.array(z.string()) }),
  }),
)
