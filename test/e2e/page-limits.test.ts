import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GuardClient } from '../../src/control/guard-client.ts'
import { Collector } from '../../src/sidecar/collector.ts'
import { loadConfig } from '../../src/sidecar/config.ts'
import { systemClock } from '../../src/sidecar/system-clock.ts'
import { components } from '../support/all-components.ts'
import { describeWithChromium, startChromium } from '../support/chromium.ts'
import { testContext } from '../support/component-context.ts'
import { until } from '../support/until.ts'

const config = `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0"}}}}
exporters: {store: {}}
extensions: {page: {}, guard: {budgets: {daily: {limit_usd: 5}}}}
service:
  http: {endpoint: "127.0.0.1:0"}
  telemetry: {metrics: {address: "127.0.0.1:0"}}
  extensions: [page, guard]
  pipelines: {traces: {receivers: [otlp], exporters: [store]}, metrics: {receivers: [otlp], exporters: [store]}}
`

describeWithChromium('limits on the page', () => {
  let browser: Browser
  let collector: Collector
  let client: GuardClient
  const complaints: string[] = []

  beforeAll(async () => {
    const stateFolder = mkdtempSync(join(tmpdir(), 'spanwarden-'))
    const { logger } = testContext('collector')
    collector = new Collector(
      loadConfig([{ name: 'test', text: config }], components, { env: {}, readFile: () => '' }),
      {
        clock: systemClock,
        logger: { ...logger, child: () => logger },
        random: Math.random,
        stateFolder,
        env: {},
        program: { name: 'spanwarden', version: '0.1.0' },
      },
    )
    await collector.start()
    client = new GuardClient({
      address: { path: join(stateFolder, 'control.sock') },
      identity: { process: 'p1', pid: 77, startedAt: 0, agent: 'support', version: '1' },
      inFlight: () => 0,
      welcome() {},
      stop() {},
      resume() {},
    })
    client.start()
    browser = await startChromium()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    client?.close()
    await collector?.stop()
  })

  test('what is spent, held and left, with a bar and the end of the window; processes with their lease', async () => {
    await until(() => client.isConnected)
    const ask = (id: string, usd: number) =>
      client.ask({ type: 'hold', id, amount: usd * 1e9, scopes: { agent: 'support' } }, 5000)
    expect(await ask('h1', 2)).toMatchObject({ isGranted: true })
    client.tell({ type: 'settle', id: 'h1', spent: 1e9 })
    expect(await ask('h2', 0.5)).toMatchObject({ isGranted: true })
    await client.flush(5000)
    const page = await (await browser.newContext()).newPage()
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await page.goto(`${collector.listening()['control']}/`)
    const section = page.getByRole('region', { name: 'Limits' })
    await section.getByText('daily').waitFor()
    expect(await section.textContent()).toMatch(/\$1\.00 spent, \$0\.50 held, \$3\.50 left of \$5\.00 until \d\d:\d\d/)
    expect(await section.locator('.spent').getAttribute('width')).toBe('20')
    expect(await section.locator('.held').getAttribute('width')).toBe('10')
    await section.getByText('1 process of agents').click()
    expect(await section.textContent()).toMatch(/support, pid 77: 0 under way, lease for \d+ s/)
    expect(complaints).toEqual([])
  }, 60_000)
})
