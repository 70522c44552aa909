import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { bundleCli } from '../support/bundled-cli.ts'
import { post } from '../support/post.ts'
import { projectFolder } from '../support/run-agent.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import { spanBatch } from '../support/span-batch.ts'
import { until } from '../support/until.ts'

const ANY = { endpoint: '127.0.0.1:0' }

/** As it is, but where it listens, with two workers and a shorter interval. */
function embedded(): object {
  const config = parse(readFileSync(join(projectFolder, 'collector-config/embedded.yaml'), 'utf8'))
  return {
    ...config,
    receivers: { otlp: { protocols: { http: ANY } }, spool: null },
    processors: { gen_ai_normalizer: null, redaction: null, cost: null },
    connectors: { agent_metrics: { metrics_flush_interval: '1s' } },
    exporters: { store: null, prometheus: ANY },
    extensions: { ...config.extensions, alerts: { interval: '200ms' } },
    service: { ...config.service, http: ANY, telemetry: { metrics: { address: ANY.endpoint } }, workers: 2 },
  }
}

test('the embedded configuration raises alerts as published and with workers: in the log, for the page, nobody has to be named', async () => {
  const cli = await bundleCli(mkdtempSync(join(tmpdir(), 'spanwarden-')))
  await using sidecar = await startSidecar(embedded(), { cli })
  const attributes = { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'support' }
  for (let run = 1; run <= 6; run++) {
    const [startMs, endMs] = [Date.now() - 5, Date.now()]
    const spans = [
      { traceId: `0${run}`.repeat(16), spanId: `0${run}`.repeat(8), status: 2, startMs, endMs, attributes },
    ]
    await post(
      `${sidecar.listening['otlp_http']}/v1/traces`,
      spanBatch({ attributes: { 'service.name': 'support' }, spans }),
    )
  }
  const alerts = async (): Promise<string> => (await fetch(`${sidecar.listening['control']}/api/alerts`)).text()
  await until(async () => /"AgentErrorRateLastHour","state":"firing"/.test(await alerts()), 20_000)
  await until(() => /warn.*an alert is raised.*AgentErrorRateLastHour/i.test(sidecar.output))
  const health = await (await fetch(`${sidecar.listening['control']}/readyz`)).json()
  expect(health).toMatchObject({ status: 'ok' })
}, 90_000)
