import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Answer } from '../../src/control/guard-messages.ts'
import { describeWithChromium } from '../support/chromium.ts'
import { startGuardedPage } from '../support/guarded-page.ts'
import type { GuardedPage } from '../support/guarded-page.ts'
import { until } from '../support/until.ts'

/** SCREENSHOT=<file> keeps a picture. */
describeWithChromium('approvals on the page', () => {
  let guarded: GuardedPage

  beforeAll(async () => {
    guarded = await startGuardedPage({ guard: { supervised: {} } })
  }, 60_000)
  afterAll(() => guarded?.[Symbol.asyncDispose]())

  const admit = (id: string, tool: string): Promise<Answer> =>
    guarded.client.ask(
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
    const { page, client, complaints } = guarded
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
    const { page, control } = guarded
    const section = page.getByRole('region', { name: 'Calls that wait for a person' })
    const answer = admit('c3', 'deploy')
    const approve = section.getByRole('button', { name: 'Approve deploy of support' })
    await approve.waitFor()
    await fetch(`${control}/api/guard/approvals/deny`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: 'c3', person: 'Grace' }),
    })
    expect(await answer).toMatchObject({ code: 'APPROVAL_DENIED' })
    await section.getByText('denied by Grace').waitFor()
  })
})
