import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { projectFolder } from '../support/run-agent.ts'
import { runNode } from '../support/run-node.ts'
import { startAgentProcess } from '../support/scripted-agent-process.ts'
import type { AgentProcess } from '../support/scripted-agent-process.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'
import { until } from '../support/until.ts'

/*
 * An incident without Prometheus: a real sidecar, an agent in a process of its own, a webhook server and a command. The agent's tool starts failing, its spend passes the
 * threshold, it is killed; the sidecar is restarted meanwhile. Every window is of some seconds.
 */

const ERRORS = 'AgentErrorRateLastHour'
const SPEND = 'AgentDailySpendThreshold'
const GONE = 'AgentNotRunning'
const HEARTBEAT_AGE_MS = 2000
const WINDOW_MS = 4000
const INTERVAL_MS = 200
const PHASE_MS_MAX = 30_000
const TOKEN = 'Bearer of-the-webhook'

describe('an incident of a small deployment', () => {
  const stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'spanwarden-alerts-'))
  const stateFolder = join(folder, 'state')
  const commandFile = join(folder, 'told.jsonl')
  const posted: Posted[] = []
  /** The webhook is out of order. */
  let refuses = false
  let config: object
  let sidecar: SidecarProcess
  let agent: AgentProcess

  const toldByCommand = (): Told[] =>
    read(commandFile)
      .split('\n')
      .flatMap((line) => (line === '' ? [] : messageOf(JSON.parse(line)).alerts))
  const count = (told: readonly Told[], name: string, status: string): number =>
    told.filter((one) => one.labels['alertname'] === name && one.status === status).length
  const counts = (name: string, status: string): number[] => [
    count(posted, name, status),
    count(toldByCommand(), name, status),
  ]
  const untilTold = (name: string, status: string): Promise<void> =>
    until(() => counts(name, status).join() === '1,1', PHASE_MS_MAX)

  beforeAll(async () => {
    const webhook = createServer((request, response) => {
      void receive(request, refuses ? undefined : posted).finally(() => response.writeHead(refuses ? 503 : 200).end())
    }).listen(0, '127.0.0.1')
    await once(webhook, 'listening')
    stack.defer(() => void webhook.close())
    const program = join(folder, 'tell.mjs')
    writeFileSync(
      program,
      `import { appendFileSync, readFileSync } from 'node:fs'\nappendFileSync(process.argv[2], readFileSync(0))\n`,
    )
    const { port } = webhook.address() as AddressInfo
    config = configOf(`http://127.0.0.1:${port}/hook`, [process.execPath, program, commandFile])
    sidecar = await startSidecar(config, { stateFolder })
    stack.defer(() => sidecar[Symbol.asyncDispose]())
    agent = startAgentProcess(sidecar.listening['otlp_http'] ?? '', 'support')
    stack.defer(() => agent[Symbol.asyncDispose]())
  }, 60_000)
  afterAll(() => stack.disposeAsync())

  const alertsOf = async (): Promise<z.output<typeof listed>> =>
    listed.parse(await (await fetch(`${sidecar.listening['control']}/api/alerts`)).json())
  const agentsSeen = async (): Promise<number> => {
    const response = await fetch(`${sidecar.listening['control']}/api/agents`)
    return (
      z.object({ agents: z.array(z.object({ finished: z.number() })) }).parse(await response.json()).agents[0]
        ?.finished ?? 0
    )
  }

  test('a healthy run raises none', async () => {
    await until(async () => (await agentsSeen()) >= 15, PHASE_MS_MAX)
    expect(await alertsOf()).toMatchObject({ alerts: [] })
    expect([...posted, ...toldByCommand()]).toEqual([])
  }, 60_000)

  const command = (...argv: string[]): ReturnType<typeof runNode> =>
    runNode([`${projectFolder}src/cli.ts`, ...argv], { cwd: folder, env: { SPANWARDEN_STATE_DIR: stateFolder } })

  test('status and top show a healthy agent', async () => {
    const status = await command('status')
    expect(status).toMatchObject({ code: 0 })
    expect(status.stdout).toMatch(/^support +running /m)
    const top = await command('top', '--count', '2')
    expect([top.code, top.stdout.match(/^support +running /gm)?.length]).toEqual([0, 2])
    // No terminal: not a single escape.
    expect(status.stdout + top.stdout).not.toContain('\u001B')
    expect((await command('alerts')).stdout).toMatch(/^No alert is raised/)
  }, 60_000)

  test('a tool that fails, and spend, are told once to each, and told to be over', async () => {
    agent.behave({ toolFails: true, inputTokens: 100_000_000 })
    await untilTold(ERRORS, 'firing')
    await untilTold(SPEND, 'firing')
    agent.behave({ toolFails: false, inputTokens: 1 })
    await untilTold(ERRORS, 'resolved')
    await untilTold(SPEND, 'resolved')
    expect([...counts(ERRORS, 'firing'), ...counts(SPEND, 'firing')]).toEqual([1, 1, 1, 1])
  }, 90_000)

  test('an agent that was killed is told within its time, and told once over a restart of the sidecar', async () => {
    await agent.kill()
    const killedMs = Date.now()
    await untilTold(GONE, 'firing')
    const [told] = posted.filter(({ labels }) => labels['alertname'] === GONE)
    expect(Date.parse(told?.startsAt ?? '') - killedMs).toBeLessThan(HEARTBEAT_AGE_MS + 10 * INTERVAL_MS)
    const status = await command('status')
    expect(status).toMatchObject({ code: 1 })
    expect(status.stdout).toContain('ALERT AgentNotRunning: Agent support is not running')
    const listing = await command('alerts', '--json')
    const states = listed.parse(JSON.parse(listing.stdout)).alerts.map(({ state }) => state)
    expect([listing.code, states.toSorted()]).toEqual([1, ['firing', 'resolved', 'resolved']])
    await sidecar.stop()
    sidecar = await startSidecar(config, { stateFolder })
    await until(async () => (await alertsOf()).alerts.some(({ alert }) => alert === GONE), PHASE_MS_MAX)
    // Beyond the time in which a sidecar that has just started can't know.
    await until(() => Date.now() - killedMs > 3 * HEARTBEAT_AGE_MS, PHASE_MS_MAX)
    await until(async () => (await alertsOf()).alerts.filter(({ state }) => state === 'firing').length === 1)
    expect(counts(GONE, 'firing')).toEqual([1, 1])
    agent = startAgentProcess(sidecar.listening['otlp_http'] ?? '', 'support')
    await untilTold(GONE, 'resolved')
  }, 90_000)

  test('what a webhook did not take is told when it is back', async () => {
    refuses = true
    const before = counts(ERRORS, 'firing')[0] ?? 0
    agent.behave({ toolFails: true })
    await until(async () => (await alertsOf()).notifiers.some(({ failed }) => failed > 0), PHASE_MS_MAX)
    expect(await (await fetch(`${sidecar.listening['control']}/readyz`)).json()).toMatchObject({ status: 'degraded' })
    refuses = false
    await until(() => (counts(ERRORS, 'firing')[0] ?? 0) === before + 1, PHASE_MS_MAX)
    agent.behave({ toolFails: false })
    await until(() => counts(ERRORS, 'resolved').join() === '2,2', PHASE_MS_MAX)
  }, 90_000)

  test('a test is told to everybody, and each that does not take it is named', async () => {
    const before = counts(SPEND, 'resolved')
    const tested = await command('alerts', 'test', '--rule', SPEND)
    expect([tested.code, tested.stdout]).toEqual([
      0,
      `pager: took a test of ${SPEND}, raised and over\ncommand-1: took a test of ${SPEND}, raised and over\n`,
    ])
    expect(counts(SPEND, 'resolved')).toEqual(before.map((one) => one + 1))
    refuses = true
    const refused = await command('alerts', 'test')
    refuses = false
    expect([refused.code, refused.stdout.split('\n')[0]]).toEqual([1, 'pager: NOT told, it answered 503'])
    expect(await command('alerts', 'test', '--rule', 'Nope')).toMatchObject({ code: 2 })
  }, 60_000)

  test('messages are Alertmanager’s, name the agent, and hold no payload', () => {
    const [one] = posted.filter(({ labels }) => labels['alertname'] === ERRORS)
    expect(one).toMatchObject({
      status: 'firing',
      labels: { alertname: ERRORS, job: 'support', severity: 'page' },
      endsAt: '0001-01-01T00:00:00Z',
      authorization: TOKEN,
    })
    expect(one?.annotations['summary']).toMatch(/^\d+(\.\d+)? % of the requests of support failed in the last hour$/)
    expect(JSON.stringify(posted)).not.toContain('timeout')
  })
})

const configOf = (url: string, argv: readonly string[]): object => ({
  receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
  processors: { redaction: {}, cost: {} },
  connectors: { agent_metrics: { metrics_flush_interval: '200ms' } },
  exporters: { prometheus: { endpoint: '127.0.0.1:0' } },
  extensions: {
    alerts: {
      interval: `${INTERVAL_MS}ms`,
      agent_not_running: { heartbeat_age_max: `${HEARTBEAT_AGE_MS}ms` },
      error_rate: { window: `${WINDOW_MS}ms` },
      daily_spend: { spend_usd: 5, window: `${WINDOW_MS}ms` },
      webhooks: [{ name: 'pager', url, headers: { authorization: TOKEN } }],
      commands: [{ argv }],
    },
  },
  service: {
    http: { endpoint: '127.0.0.1:0' },
    telemetry: { metrics: { address: '127.0.0.1:0' } },
    extensions: ['alerts'],
    pipelines: {
      traces: { receivers: ['otlp'], processors: ['redaction', 'cost'], exporters: ['agent_metrics'] },
      metrics: { receivers: ['otlp', 'agent_metrics'], processors: ['redaction'], exporters: ['prometheus'] },
    },
  },
})

test('configurations that are ready for use let the metrics of an idle agent move its heartbeat', () => {
  const pipelines = z.object({
    service: z.object({
      pipelines: z.record(z.string(), z.object({ receivers: z.array(z.string()), exporters: z.array(z.string()) })),
    }),
  })
  for (const name of ['embedded', 'to-stock']) {
    const config = pipelines.parse(parse(readFileSync(`${projectFolder}collector-config/${name}.yaml`, 'utf8')))
    const fed = Object.entries(config.service.pipelines).filter(
      ([id, { receivers, exporters }]) =>
        id.startsWith('metrics') && receivers.includes('otlp') && exporters.includes('agent_metrics'),
    )
    expect([name, fed.length]).toEqual([name, 1])
  }
})

const texts = z.record(z.string(), z.string())
const message = z.strictObject({
  version: z.literal('4'),
  groupKey: z.string(),
  truncatedAlerts: z.literal(0),
  status: z.enum(['firing', 'resolved']),
  receiver: z.string(),
  groupLabels: texts,
  commonLabels: texts,
  commonAnnotations: texts,
  externalURL: z.string(),
  alerts: z.array(
    z.strictObject({
      status: z.enum(['firing', 'resolved']),
      labels: texts,
      annotations: texts,
      startsAt: z.iso.datetime(),
      endsAt: z.iso.datetime(),
      generatorURL: z.string(),
      fingerprint: z.string().regex(/^[0-9a-f]{16}$/),
    }),
  ),
})
const messageOf = (body: unknown): z.output<typeof message> => message.parse(body)
type Told = z.output<typeof message>['alerts'][number]
type Posted = Told & { readonly authorization: string | undefined }

const listed = z.object({
  alerts: z.array(z.object({ alert: z.string(), state: z.string() })),
  notifiers: z.array(z.object({ name: z.string(), failed: z.number() })),
})

async function receive(request: IncomingMessage, posted: Posted[] | undefined): Promise<void> {
  const { alerts } = messageOf(await json(request))
  for (const alert of alerts) posted?.push({ ...alert, authorization: request.headers.authorization })
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
