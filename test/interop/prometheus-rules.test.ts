import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import * as z from 'zod'
import { alerts, rulesFolder } from '../support/alert-rules.ts'
import { describeWithPrograms } from '../support/debian-program.ts'

/*
 * The rules of collector-config/prometheus: what raises each alert and what does not (promtool runs rules*.test.yml), and where Alertmanager sends it.
 * That their metrics and labels are real ones is in dashboards.test.ts.
 */

const run = promisify(execFile)
const testFiles = readdirSync(rulesFolder).filter((name) => name.endsWith('.test.yml'))

describeWithPrograms('promtool', ['promtool'], () => {
  test.concurrent.each(testFiles)(
    '%s',
    async (name) => {
      const { stdout } = await run('promtool', ['test', 'rules', name], { cwd: rulesFolder })
      expect(stdout).toContain('SUCCESS')
    },
    300_000,
  )

  test.each(['rules', 'config'])('has nothing against our %s', async (what) => {
    const name = what === 'rules' ? 'rules.yml' : 'prometheus.yml'
    const { stdout } = await run('promtool', ['check', what, name], { cwd: rulesFolder })
    expect(stdout).toContain('SUCCESS')
  })

  // Debian's Prometheus is built without the discovery of pods.
  test('has nothing against the scrapes of kubernetes.yml', async () => {
    const text = readFileSync(`${rulesFolder}kubernetes.yml`, 'utf8')
    const folder = mkdtempSync(join(tmpdir(), 'spanwarden-scrapes-'))
    const known = text.replaceAll('kubernetes_sd_configs: [{ role: pod }]', 'static_configs: []')
    writeFileSync(join(folder, 'prometheus.yml'), known.replace('[rules.yml]', '[]'))
    expect((await run('promtool', ['check', 'config', 'prometheus.yml'], { cwd: folder })).stdout).toContain('SUCCESS')
  })

  test('a rule without its threshold fails its cases', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spanwarden-rules-'))
    const rules = readFileSync(`${rulesFolder}rules.yml`, 'utf8').replace(
      '(agent_queue_depth)) > 100',
      '(agent_queue_depth)) > 10',
    )
    writeFileSync(join(folder, 'rules.yml'), rules)
    const wanted = cases.parse(parse(readFileSync(`${rulesFolder}rules.test.yml`, 'utf8')))
    const tests = wanted.tests.filter((one) => JSON.stringify(one).includes('AgentQueueDepthHigh'))
    writeFileSync(join(folder, 'rules.test.yml'), JSON.stringify({ ...wanted, tests }))
    await expect(run('promtool', ['test', 'rules', 'rules.test.yml'], { cwd: folder })).rejects.toThrow(
      'AgentQueueDepthHigh',
    )
  })
})

const cases = z.looseObject({
  tests: z.array(
    z.looseObject({ promql_expr_test: z.array(z.object({ expr: z.string(), exp_samples: z.array(z.unknown()) })) }),
  ),
})

const expectations = testFiles
  .flatMap((name) => cases.parse(parse(readFileSync(rulesFolder + name, 'utf8'))).tests)
  .flatMap((one) => one.promql_expr_test)

// Watchdog is always raised.
test.each(alerts.map(({ alert }) => alert).filter((name) => name !== 'Watchdog'))(
  '%s has cases that raise it and cases that do not',
  (name) => {
    const own = expectations.filter(({ expr }) => expr.includes(`alertname="${name}"`))
    const raised = own.filter(({ exp_samples: samples }) => samples.length > 0)
    expect(raised.length).toBeGreaterThan(0)
    expect(own.length).toBeGreaterThan(raised.length)
  },
)

test.each(alerts)('$alert says what, why and what to do', ({ alert, labels, annotations }) => {
  const wanted = alert === 'Watchdog' ? ['summary'] : ['summary', 'description', 'action']
  expect(Object.keys(annotations)).toEqual(wanted)
  expect(labels.severity === 'none').toBe(alert === 'Watchdog')
})

test('docs/prometheus.md lists every alert with its severity', () => {
  const docs = readFileSync(new URL('../../docs/prometheus.md', import.meta.url), 'utf8')
  const listed = [...docs.matchAll(/^\| ((?:Agent|Spanwarden|Watchdog)\w*) \| (\w+) \|/gm)].map(([, ...cells]) => cells)
  expect(listed).toEqual(alerts.map(({ alert, labels: { severity } }) => [alert, severity]))
})

describeWithPrograms('amtool', ['amtool'], () => {
  const amtool = (...args: string[]): Promise<{ stdout: string }> => run('amtool', args, { cwd: rulesFolder })

  test('has nothing against alertmanager.yml', async () => {
    expect((await amtool('check-config', 'alertmanager.yml')).stdout).toContain('SUCCESS')
  })

  test.each(alerts)('$alert is routed by its severity', async ({ alert, labels: { severity } }) => {
    const labels = [`alertname=${alert}`, `severity=${severity}`, 'job=support']
    const { stdout } = await amtool('config', 'routes', 'test', '--config.file=alertmanager.yml', ...labels)
    expect(stdout.trim()).toBe(severity === 'none' ? 'dead-mans-switch' : severity)
  })

  test('what an inhibition names is an alert of ours', () => {
    const text = readFileSync(`${rulesFolder}alertmanager.yml`, 'utf8')
    const names = new Set(alerts.map(({ alert }) => alert))
    const patterns = [...text.matchAll(/alertname =~? "?([^"\]']+)/g)].map(([, pattern = '']) => pattern)
    expect(patterns.length).toBeGreaterThan(5)
    for (const pattern of patterns) {
      const parts = pattern.includes('.*') || pattern.includes('(') ? [pattern] : pattern.split('|')
      for (const part of parts) {
        const expression = new RegExp(`^(?:${part})$`)
        expect([part, [...names].filter((name) => expression.test(name))]).not.toEqual([part, []])
      }
    }
  })
})
