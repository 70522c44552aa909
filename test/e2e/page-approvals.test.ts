import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GuardClient } from '../../src/control/guard-client.ts'
import type { Answer } from '../../src/control/guard-messages.ts'
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
extensions: {page: {}, guard: {supervised: {}}}
service:
  http: {endpoint: "127.0.0.1:0"}
  telemetry: {metrics: {address: "127.0.0.1:0"}}
  extensions: [page, guard]
  pipelines: {traces: {receivers: [otlp], exporters: [store]}, metrics: {receivers: [otlp], exporters: [store]}}
`

/** SCREENSHOT=<file> keeps a picture. */
describeWithChromium('approvals on the page', () => {
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
      stop() {},
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

  const admit = (id: string, tool: string): Promise<Answer> =>
    client.ask(
      {
        type: 'admit',
        id,
        tool,
        class: 'post',
        scopes: { agent: 'support' },
        trace: 'ab'.repeat(16),
        summary: '{channel:string(7),text:string(140)}',
        argumentsHmac: 'f'.repeat(64),
      },
      60_000,
    )

  test('a call appears, and goes on or is denied with a click and a name', async () => {
    const section = page.getByRole('region', { name: 'Calls that wait for a person' })
    await section.getByText('No call waits, supervised for good').waitFor()
    await until(() => client.isConnected)
    const answers = [admit('c1', 'post_message'), admit('c2', 'send_mail')]
    const approve = section.getByRole('button', { name: 'Approve post_message of support' })
    await approve.waitFor()
    await section.getByText('{channel:string(7),text:string(140)}').first().waitFor()
    await approve.click()
    await section.getByText('Put in your name first').waitFor()
    await section.getByLabel('Your name').fill('Ada')
    if (process.env['SCREENSHOT'] !== undefined) await page.screenshot({ path: process.env['SCREENSHOT'] })
    await approve.click()
    await section.getByText('approved by Ada').waitFor()
    expect(await answers[0]).toMatchObject({ isGranted: true })
    await section.getByLabel('Reason').fill('wrong list')
    await section.getByRole('button', { name: 'Deny send_mail of support' }).click()
    await section.getByText('denied by Ada').waitFor()
    expect((await answers[1])?.message).toContain('Ada has denied this call of send_mail: wrong list')
    await section.getByText('No call waits').waitFor()
    expect(complaints).toEqual([])
  })

  test('what somebody else has answered says so', async () => {
    const section = page.getByRole('region', { name: 'Calls that wait for a person' })
    const answer = admit('c3', 'deploy')
    const approve = section.getByRole('button', { name: 'Approve deploy of support' })
    await approve.waitFor()
    await fetch(`${collector.listening()['control']}/api/guard/approvals/deny`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: 'c3', person: 'Grace' }),
    })
    expect(await answer).toMatchObject({ code: 'APPROVAL_DENIED' })
    await section.getByText('denied by Grace').waitFor()
  })
})
