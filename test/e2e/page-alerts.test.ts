import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWithChromium } from '../support/chromium.ts'
import { startGuardedPage } from '../support/guarded-page.ts'
import type { GuardedPage } from '../support/guarded-page.ts'
import { post } from '../support/post.ts'
import { spanBatch } from '../support/span-batch.ts'

describeWithChromium('alerts on the page', () => {
  let shown: GuardedPage

  beforeAll(async () => {
    shown = await startGuardedPage({ alerts: { interval: '100ms', error_rate: { errors_min: 1, window: '6s' } } })
  }, 60_000)
  afterAll(() => shown?.[Symbol.asyncDispose]())

  test('an alert appears while it is raised, and stands below when it is over', async () => {
    const { page, otlp, complaints } = shown
    const section = page.getByRole('region', { name: 'Alerts' })
    await section.getByText('None is raised. They are told here and in the log only.').waitFor()
    const failed = { name: 'invoke_agent support', spanId: '00000000000000a1', status: 2, endMs: Date.now() }
    const attributes = { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'support' }
    const spans = [{ ...failed, startMs: failed.endMs - 5, attributes }]
    await post(`${otlp}/v1/traces`, spanBatch({ attributes: { 'service.name': 'support' }, spans }))
    const alert = section.getByRole('alert')
    await alert.getByText('of the requests of support failed').waitFor({ timeout: 20_000 })
    expect(await alert.textContent()).toContain('AgentErrorRateLastHour, since')
    await section.getByText('None is raised.').waitFor({ timeout: 20_000 })
    await section.getByText('Over in the last hours: 1').click()
    expect(await section.getByRole('listitem').textContent()).toContain('of the requests of support failed')
    expect(complaints).toEqual([])
  }, 60_000)
})
