import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
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
extensions: {page: {}, guard: {}}
service:
  http: {endpoint: "127.0.0.1:0"}
  telemetry: {metrics: {address: "127.0.0.1:0"}}
  extensions: [page, guard]
  pipelines: {traces: {receivers: [otlp], exporters: [store]}, metrics: {receivers: [otlp], exporters: [store]}}
`

/** SCREENSHOT=<file> keeps a picture. */
describeWithChromium('the kill switch on the page', () => {
  let browser: Browser
  let collector: Collector
  let client: GuardClient
  let page: Page
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
      identity: { process: 'p1', pid: 1, startedAt: 0, agent: 'support', version: '1' },
      inFlight: () => 0,
      welcome() {},
      stop: ({ id }) => client.tell({ type: 'stopped', id, aborted: 0 }),
      resume() {},
    })
    client.start()
    browser = await startChromium()
    page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage()
    page.setDefaultTimeout(8000)
    page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
    page.on('pageerror', (error) => void complaints.push(error.message))
    await page.goto(collector.listening()['control'] ?? '')
  }, 60_000)
  afterAll(async () => {
    client?.close()
    await browser?.close()
    await collector?.stop()
  })

  test('stops an agent, says who has confirmed it, and lets it go on, each with a name and a reason', async () => {
    await until(() => client.isConnected)
    const section = page.getByRole('region', { name: 'Kill switch' })
    await section.getByText('Nothing is stopped.').waitFor()
    await section.getByLabel('What to stop').locator('option', { hasText: 'support' }).waitFor({ state: 'attached' })
    await section.getByLabel('What to stop').selectOption('support')
    await section.getByRole('button', { name: 'Stop', exact: true }).click()
    const order = section.getByRole('form', { name: 'Stop agent support?' })
    await order.getByRole('button', { name: 'Yes, stop' }).click()
    await order.getByText('Put in your name and why').waitFor()
    await order.getByLabel('Your name').fill('Ada')
    await order.getByLabel('Why').fill('it posts nonsense')
    if (process.env['SCREENSHOT'] !== undefined) await page.screenshot({ path: process.env['SCREENSHOT'] })
    await order.getByRole('button', { name: 'Yes, stop' }).click()
    await section.getByText('it posts nonsense').waitFor()
    await section.getByText('1 of 1 process has confirmed it').waitFor()
    const stops = await fetch(`${collector.listening()['control']}/api/guard/stops`)
    expect(await stops.json()).toMatchObject({ stops: [{ scope: 'agent', value: 'support', person: 'Ada' }] })

    await section.getByRole('button', { name: 'Resume agent support' }).click()
    const resume = section.getByRole('form', { name: 'Resume agent support?' })
    await resume.getByLabel('Why').fill('mended')
    await resume.getByRole('button', { name: 'Yes, resume' }).click()
    await section.getByText('Nothing is stopped.').waitFor()
    expect(complaints).toEqual([])
  })
})
