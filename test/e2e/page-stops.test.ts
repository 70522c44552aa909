import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWithChromium } from '../support/chromium.ts'
import { startGuardedPage } from '../support/guarded-page.ts'
import type { GuardedPage } from '../support/guarded-page.ts'
import { until } from '../support/until.ts'

/** SCREENSHOT=<file> keeps a picture. */
describeWithChromium('the kill switch on the page', () => {
  let guarded: GuardedPage

  beforeAll(async () => {
    guarded = await startGuardedPage({ guard: {} })
  }, 60_000)
  afterAll(() => guarded?.[Symbol.asyncDispose]())

  test('stops an agent, says who has confirmed it, and lets it go on, each with a name and a reason', async () => {
    const { page, client, control, complaints } = guarded
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
    const stops = await fetch(`${control}/api/guard/stops`)
    expect(await stops.json()).toMatchObject({ stops: [{ scope: 'agent', value: 'support', person: 'Ada' }] })

    await section.getByRole('button', { name: 'Resume agent support' }).click()
    const resume = section.getByRole('form', { name: 'Resume agent support?' })
    await resume.getByLabel('Why').fill('mended')
    await resume.getByRole('button', { name: 'Yes, resume' }).click()
    await section.getByText('Nothing is stopped.').waitFor()
    expect(complaints).toEqual([])
  })
})
