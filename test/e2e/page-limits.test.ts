import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWithChromium } from '../support/chromium.ts'
import { startGuardedPage } from '../support/guarded-page.ts'
import type { GuardedPage } from '../support/guarded-page.ts'
import { until } from '../support/until.ts'

describeWithChromium('limits on the page', () => {
  let guarded: GuardedPage

  beforeAll(async () => {
    guarded = await startGuardedPage({ guard: { budgets: { daily: { limit_usd: 5 } } } })
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
    await section.getByText('daily').waitFor()
    expect(await section.textContent()).toMatch(/\$1\.00 spent, \$0\.50 held, \$3\.50 left of \$5\.00 until \d\d:\d\d/)
    expect(await section.locator('.spent').getAttribute('width')).toBe('20')
    expect(await section.locator('.held').getAttribute('width')).toBe('10')
    await section.getByText('1 process of agents').click()
    expect(await section.textContent()).toMatch(/support, pid 77: 0 under way, lease for \d+ s/)
    expect(complaints).toEqual([])
  }, 60_000)
})
