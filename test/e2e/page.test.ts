import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Collector } from '../../src/sidecar/collector.ts'
import { components } from '../support/all-components.ts'
import { loadConfig } from '../../src/sidecar/config.ts'
import { systemClock } from '../../src/sidecar/system-clock.ts'
import { EmbeddedStore } from '../../src/store/embedded-store.ts'
import { describeWithChromium, startChromium } from '../support/chromium.ts'
import { testContext } from '../support/component-context.ts'
import { post } from '../support/post.ts'
import { spanBatch } from '../support/span-batch.ts'
import type { TestSpan } from '../support/span-batch.ts'
import { fillStore } from '../support/store-scenario.ts'

/*
 * The page of a real sidecar in a real browser: the store holds an hour of a support agent, one more run comes in over OTLP while the page is open.
 * Every answer that the browser gets is searched for what redaction had to take out. SCREENSHOT=<file> keeps a picture of the page.
 */

const config = `
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0"}}}}
processors: {redaction: {}}
exporters: {store: {}}
extensions: {page: {}}
service:
  http: {endpoint: "127.0.0.1:0"}
  telemetry: {metrics: {address: "127.0.0.1:0"}}
  extensions: [page]
  pipelines:
    traces: {receivers: [otlp], processors: [redaction], exporters: [store]}
    metrics: {receivers: [otlp], processors: [redaction], exporters: [store]}
`

// Put together here, so that no scanner takes this file for a leak.
const email = ['anna.schmidt', 'example.org'].join('@')
const card = ['4111', '1111', '1111', '1111'].join(' ')
const key = `sk-proj-${'a1B2c3D4'.repeat(6)}`
const secrets = [email, card, key]

/** What the browser complained about, asked for and got. */
interface Visit {
  readonly page: Page
  readonly complaints: string[]
  readonly foreign: string[]
  readonly received: string[]
}

describeWithChromium('the page in Chromium', () => {
  let browser: Browser
  let collector: Collector
  let control = ''
  let receiver = ''
  let failedTraceId = ''
  const visits: Visit[] = []

  beforeAll(async () => {
    const stateFolder = join(mkdtempSync(join(tmpdir(), 'spanwarden-')))
    const filled = new EmbeddedStore({ ...testContext('store'), clock: systemClock, stateFolder })
    ;({ failedTraceId } = fillStore(filled, Date.now()))
    filled.write('traces', hugeRun())
    filled.close()

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
    ;({ control = '', otlp_http: receiver = '' } = collector.listening())
    browser = await startChromium()
  })
  afterAll(async () => {
    await browser?.close()
    await collector?.stop()
  })
  afterEach(async () => {
    for (const found of visits.splice(0)) await leave(found)
  })

  async function visit(hash = '', options: BrowserContextOptions = {}): Promise<Visit> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
    const page = await context.newPage()
    const found: Visit = { page, complaints: [], foreign: [], received: [] }
    visits.push(found)
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') found.complaints.push(message.text())
    })
    page.on('pageerror', (error) => found.complaints.push(error.message))
    page.on('request', (request) => {
      const url = request.url()
      if (!url.startsWith(control) && !url.startsWith('data:')) found.foreign.push(url)
    })
    page.on('response', (response) => {
      if (response.headers()['content-type']?.startsWith('text/event-stream') === true) return
      response.text().then(
        (text) => found.received.push(text),
        () => undefined,
      )
    })
    await page.addInitScript(
      "globalThis.violations = []; addEventListener('securitypolicyviolation', (event) => globalThis.violations.push(event.violatedDirective))",
    )
    await page.goto(`${control}/${hash}`)
    return found
  }

  test('shows the five metrics with values, and the spend', async () => {
    const { page } = await visit()
    await page.getByText('Live').waitFor()
    for (const metric of [
      'agent.request.latency',
      'agent.error.rate',
      'agent.tool.calls',
      'agent.tokens.used',
      'agent.queue.depth',
      'agent.cost',
    ]) {
      const tile = page.locator(`.tile[data-metric="${metric}"]`)
      await tile.locator('canvas').waitFor()
      expect(await tile.locator('.tile-value').textContent()).toMatch(/[1-9]/)
    }
    await page.getByRole('button', { name: 'Tool calls' }).click()
    await page.locator('.large-panel canvas').waitFor()
    expect(await page.locator('.parts li').count()).toBe(4)
    await page.getByRole('button', { name: 'Close Tool calls' }).click()
    const file = process.env['SCREENSHOT']
    if (file !== undefined) {
      await page.locator('tr', { hasText: 'Failed' }).first().waitFor()
      await page.mouse.move(0, 0)
      await page.screenshot({ path: file })
    }
  })

  test('a run that comes in appears by itself, redacted', async () => {
    const { page } = await visit()
    await page.getByText('Live').waitFor()
    const { status } = await post(
      `${receiver}/v1/traces`,
      spanBatch({ attributes: { 'service.name': 'billing' }, spans: leakyRun() }),
    )
    expect(status).toBe(200)
    const row = page.locator('tr', { hasText: 'billing-agent' })
    await row.waitFor()
    expect(await row.textContent()).toContain('OK')
    await row.click()
    await page.getByRole('treeitem').nth(1).click()
    await page.locator('.message').first().waitFor()
    const drawer = (await page.locator('.drawer').textContent()) ?? ''
    expect(drawer).toContain('places redacted')
    expect(await page.locator('mark.redacted').allTextContents()).toEqual(
      expect.arrayContaining(['[REDACTED:EMAIL]', expect.stringMatching(/CARD/)]),
    )
  })

  test('a failed run: found by the filter, opened, walked by keyboard', async () => {
    const { page } = await visit('#/?status=error')
    const rows = page.locator('.runs tbody tr')
    await rows.first().waitFor()
    expect(await rows.count()).toBe(1)
    await rows.first().getByRole('link').focus()
    await page.keyboard.press('Enter')
    const tree = page.getByRole('tree')
    await tree.waitFor()
    expect(page.url()).toContain(failedTraceId)
    expect(await page.getByRole('treeitem').count()).toBe(9)
    await tree.focus()
    for (const pressed of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowLeft']) await page.keyboard.press(pressed)
    expect(await page.getByRole('treeitem').count()).toBe(8)
    await page.keyboard.press('Enter')
    await page.locator('.drawer', { hasText: 'A-1042' }).waitFor()
    await page.keyboard.press('Escape')
    await page.locator('.drawer').waitFor({ state: 'detached' })
    expect(await tree.evaluate('document.activeElement.id')).toBe('waterfall')
    await page.goBack()
    await rows.first().waitFor()
  })

  test('ten thousand spans: only rows in sight are in the document, the last one is reached', async () => {
    const { page } = await visit(`#/runs/${HUGE}`)
    await page.getByRole('treeitem').first().waitFor()
    await page.getByRole('tree').focus()
    await page.keyboard.press('End')
    await page.locator('.row', { hasText: 'chat 9999' }).waitFor()
    expect(await page.getByRole('treeitem').count()).toBeLessThan(100)
  })

  test('a text to try redaction on: marked, explained, and as it would leave', async () => {
    const { page } = await visit('#/')
    await page.getByRole('link', { name: 'Redaction' }).click()
    await page.locator('.trial mark').first().waitFor()
    await page.getByLabel('Text').fill('My phone is +49 30 901820 and my parcel has not come.')
    await page.locator('.trial mark', { hasText: '+49 30 901820' }).waitFor()
    expect(await page.locator('.trial-text').last().textContent()).toBe(
      'My phone is [REDACTED:PHONE] and my parcel has not come.',
    )
    expect(await page.locator('.findings tbody tr').count()).toBe(1)
    expect(await page.locator('.findings tbody tr').textContent()).toContain('PHONE')
  })

  test('fits a telephone, in the dark', async () => {
    const { page } = await visit('', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
    await page.locator('.runs tbody tr').first().waitFor()
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(13, 17, 23)')
  })

  test('a run of which nothing is there is said so, and shown as soon as its first step has ended', async () => {
    const traceId = 'e'.repeat(32)
    const { page, complaints } = await visit(`#/runs/${traceId}`)
    await page.getByText('Nothing of this run is here yet').waitFor()
    // The browser itself reports every answer of 404.
    expect(complaints.splice(0)).toEqual([expect.stringContaining('404')])
    const nowMs = Date.now()
    const step = { traceId, spanId: '00000000000000e2', parentSpanId: '00000000000000e1', name: 'chat first step' }
    const spans = [{ ...step, startMs: nowMs - 9, endMs: nowMs }]
    await post(`${receiver}/v1/traces`, spanBatch({ attributes: { 'service.name': 'begun' }, spans }))
    await page.getByRole('treeitem', { name: 'chat first step' }).waitFor()
    await page.getByText('Still running.').waitFor()
  })
})

/** Nothing to complain of, nothing from elsewhere, nothing that had to be redacted. */
async function leave({ page, complaints, foreign, received }: Visit): Promise<void> {
  expect(await page.evaluate('globalThis.violations')).toEqual([])
  expect(complaints).toEqual([])
  expect(foreign).toEqual([])
  const text = [...received, await page.content()].join('\n')
  expect(text).toContain('spanwarden')
  for (const secret of secrets) expect(text.includes(secret)).toBe(false)
  await page.context().close()
}

const HUGE = 'a'.repeat(32)

function hugeRun(): Buffer {
  const startMs = Date.now() - 50 * 60_000
  const spans: TestSpan[] = Array.from({ length: 10_000 }, (_, i) => ({
    traceId: HUGE,
    spanId: (i + 1).toString(16).padStart(16, '0'),
    ...(i === 0 ? {} : { parentSpanId: '0000000000000001' }),
    name: `chat ${i}`,
    startMs: startMs + i,
    endMs: startMs + 20_000,
  }))
  return spanBatch({ attributes: { 'service.name': 'batch' }, spans })
}

function leakyRun(): TestSpan[] {
  const nowMs = Date.now()
  const message = [
    { role: 'user', parts: [{ type: 'text', content: `I am ${email}, my card is ${card} and my key ${key}` }] },
  ]
  const agent = { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'billing-agent' }
  const model = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'gpt-5.2',
    'gen_ai.input.messages': JSON.stringify(message),
  }
  const traceId = 'b'.repeat(32)
  const root = '00000000000000b1'
  return [
    {
      traceId,
      spanId: root,
      name: 'invoke_agent billing-agent',
      startMs: nowMs - 900,
      endMs: nowMs,
      attributes: agent,
    },
    {
      traceId,
      spanId: '00000000000000b2',
      parentSpanId: root,
      name: `chat for ${email}`,
      startMs: nowMs - 800,
      endMs: nowMs - 100,
      attributes: model,
    },
  ]
}
