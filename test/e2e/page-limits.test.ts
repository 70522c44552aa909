import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWithChromium } from '../support/chromium.ts'
import { startGuardedPage } from '../support/guarded-page.ts'
import type { GuardedPage } from '../support/guarded-page.ts'
import { post as send } from '../support/post.ts'
import { spanBatch } from '../support/span-batch.ts'
import { until } from '../support/until.ts'

/** SCREENSHOT=<file> keeps a picture: docs/page.png. */
describeWithChromium('limits on the page', () => {
  let guarded: GuardedPage

  beforeAll(async () => {
    guarded = await startGuardedPage(
      {
        alerts: {},
        guard: {
          budgets: { daily: { limit_usd: 5 } },
          rates: {
            posts: { class: 'post', limit: 2, window: '1h' },
            mails: { tool: 'send_mail', limit: 9, window: 'day' },
          },
        },
      },
      true,
    )
  }, 60_000)
  afterAll(() => guarded?.[Symbol.asyncDispose]())

  test('what is spent, held and left, with a bar and the end of the window; processes with their lease', async () => {
    const { page, client, complaints } = guarded
    await until(() => client.isConnected)
    const ask = (id: string, usd: number) =>
      client.ask({ type: 'hold', id, amount: usd * 1e9, scopes: { agent: 'support' } }, 5000)
    expect(await ask('h1', 2)).toMatchObject({ isGranted: true })
    client.tell({ type: 'settle', id: 'h1', spent: 1e9 })
    expect(await ask('h2', 0.5)).toMatchObject({ isGranted: true })
    await client.flush(5000)
    const section = page.getByRole('region', { name: 'Limits' })
    await section.getByText('$0.50 held').waitFor()
    expect(await section.textContent()).toMatch(/\$1\.00 spent, \$0\.50 held, \$3\.50 left of \$5\.00 until \d\d:\d\d/)
    expect(await section.locator('.spent').getAttribute('width')).toBe('20')
    expect(await section.locator('.held').getAttribute('width')).toBe('10')
    await section.getByText('1 process of agents').click()
    expect(await section.textContent()).toMatch(/support, pid 77: 0 under way, lease for \d+ s/)
    expect(complaints).toEqual([])
  }, 60_000)

  test('what of rates is used, and what was denied: when, whom, which tool or model, by which rule', async () => {
    const { page, client, complaints } = guarded
    await until(() => client.isConnected)
    const scopes = { agent: 'support' }
    const post = async (id: string): Promise<string> => {
      const [summary, argumentsHmac] = ['{}', 'f'.repeat(64)]
      const call = { type: 'admit', id, tool: 'post_message', class: 'post', scopes, summary, argumentsHmac } as const
      return (await client.ask(call, 5000)).code ?? 'granted'
    }
    const codes = [await post('p1'), await post('p2'), await post('p3'), await post('p4')]
    expect(codes).toEqual(['granted', 'granted', 'RATE_LIMITED', 'RATE_LIMITED'])
    await client.ask({ type: 'hold', id: 'big', amount: 6e9, model: 'gpt-5.5', scopes }, 5000)
    const section = page.getByRole('region', { name: 'Limits' })
    await section.getByText('posts agent support: 2 of 2 post calls in the last hour').waitFor()
    await section.getByText('mails each agent: 0 of 9 calls of send_mail today (UTC)').waitFor()
    const rows = section.getByRole('row')
    await rows.nth(2).waitFor()
    expect((await rows.allTextContents()).map((row) => row.replace(/^\d\d:\d\d:\d\d/, 'at'))).toEqual([
      'WhenAgentTool or modelRuleCode',
      'atsupportgpt-5.5dailyBUDGET_EXHAUSTED',
      'atsupportpost_messagepostsRATE_LIMITED × 2',
    ])
    const file = process.env['SCREENSHOT']
    if (file !== undefined) {
      await page.setViewportSize({ width: 1280, height: 1100 })
      await page.locator('.tile canvas').nth(5).waitFor()
      await page.screenshot({ path: file })
    }
    expect(complaints).toEqual([])
  }, 60_000)

  test('a run in which something looped and was denied says so', async () => {
    const { page, otlp, complaints } = guarded
    const run = { traceId: 'c'.repeat(32), startMs: Date.now() - 9, endMs: Date.now() }
    const agent = { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'looping' }
    const looped = { 'gen_ai.operation.name': 'execute_tool', 'spanwarden.loop.level': 'stop' }
    const root = { ...run, spanId: '00000000000000c1', attributes: agent }
    const parentSpanId = root.spanId
    const spans = [
      root,
      { ...run, spanId: '00000000000000c2', parentSpanId, attributes: looped },
      { ...run, spanId: '00000000000000c3', parentSpanId, attributes: { 'spanwarden.guard.decision': 'deny' } },
    ]
    await send(`${otlp}/v1/traces`, spanBatch({ attributes: { 'service.name': 'looping' }, spans }))
    const row = page.getByRole('region', { name: 'Runs' }).getByRole('row', { name: 'looping' })
    await row.getByTitle('It repeated itself and was stopped').waitFor()
    await row.getByText('1 denied').waitFor()
    await row.getByRole('link').click()
    await page.getByTitle('It repeated itself and was stopped').waitFor()
    expect(complaints).toEqual([])
  }, 60_000)
})
