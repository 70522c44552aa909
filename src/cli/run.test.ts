import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startOtlpSink } from '../../test/support/otlp-sink.ts'
import type { OtlpSink } from '../../test/support/otlp-sink.ts'
import { projectFolder } from '../../test/support/run-agent.ts'
import { runNode } from '../../test/support/run-node.ts'
import { startSidecar } from '../../test/support/sidecar-process.ts'
import { until } from '../../test/support/until.ts'

let sink: OtlpSink
beforeAll(async () => {
  sink = await startOtlpSink()
})
afterAll(() => sink.close())
beforeEach(() => {
  sink.spans.length = 0
})

const cli = `${projectFolder}src/cli.ts`
const stateFolder = mkdtempSync(join(tmpdir(), 'spanwarden-run-'))
const env = (): Record<string, string> => ({ SPANWARDEN_STATE_DIR: stateFolder, SINK: sink.url })

const config = {
  receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
  exporters: { otlp_http: { endpoint: '${env:SINK}' } },
  service: {
    http: { endpoint: '127.0.0.1:0' },
    telemetry: { metrics: { level: 'none' } },
    pipelines: { traces: { receivers: ['otlp'], exporters: ['otlp_http'] } },
  },
}
const flags = ['--config', `yaml:${JSON.stringify(config)}`]

/** `spanwarden run` with an agent given as a script. */
const runAgentScript = (script: string, more: readonly string[] = []) =>
  runNode([cli, 'run', ...flags, ...more, '--', process.execPath, '--input-type=module', '--eval', script], {
    cwd: projectFolder,
    env: env(),
  })

const SPAN = `const { trace } = await import('@opentelemetry/api'); trace.getTracer('t').startSpan('from the agent').end();`

test('an unchanged agent: its spans are with the backend when the command ends, and the exit code is its own', async () => {
  const { code, stdout, stderr } = await runAgentScript(`${SPAN} console.log('hello'); process.exitCode = 7`)
  expect(stderr).toContain('spanwarden: page http://127.0.0.1:')
  expect(stderr).toContain('spanwarden collect shows the page again')
  expect([code, stdout]).toEqual([7, 'hello\n'])
  expect(sink.spans.map(({ name }) => name)).toEqual(['from the agent'])
})

test('an agent that a signal ends is 128 and its number; one that is not there is 127', async () => {
  expect((await runAgentScript(`process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)`)).code).toBe(137)
  const missing = await runNode([cli, 'run', ...flags, '--', '/not/there'], { cwd: projectFolder, env: env() })
  expect([missing.code, missing.stderr.includes("can't run /not/there (ENOENT)")]).toEqual([127, true])
})

test('a wrong configuration is 78 and a port that is taken 1, before the agent starts', async () => {
  const script = `console.log('started')`
  expect(await runAgentScript(script, ['--set', 'service.x=1'])).toMatchObject({ code: 78, stdout: '' })
  const taken = await runAgentScript(script, [
    '--set',
    `receivers.otlp.protocols.http.endpoint=${new URL(sink.url).host}`,
  ])
  expect(taken).toMatchObject({ code: 1, stdout: '' })
  expect(taken.stderr).toContain('EADDRINUSE')
})

test('a sidecar that answers already is used and left alone; what the user set in the environment stays', async () => {
  const { service, ...rest } = config
  await using sidecar = await startSidecar({ ...rest, exporters: { otlp_http: { endpoint: sink.url } }, service })
  const { host } = new URL(sidecar.listening['control'] ?? '')
  const more = ['--set', `service.http.endpoint=${host}`]
  const { code, stderr } = await runAgentScript(SPAN, more)
  expect([code, stderr.includes('a sidecar answers already')]).toEqual([0, true])
  const limits = ['--set', 'extensions.guard={mode: enforce}', '--set', 'service.extensions=[guard]']
  const unguarded = await runAgentScript(`console.log('started')`, [...more, ...limits])
  expect(unguarded).toMatchObject({ code: 78, stdout: '' })
  expect(unguarded.stderr).toContain('has no limits')
  await sink.until(({ spans }) => spans.length === 1)
  expect((await fetch(`${sidecar.listening['control']}/readyz`)).status).toBe(200)
  const own = await runNode(
    [cli, 'run', ...flags, ...more, '--', process.execPath, '-p', 'process.env.OTEL_EXPORTER_OTLP_ENDPOINT'],
    {
      cwd: projectFolder,
      env: { ...env(), OTEL_EXPORTER_OTLP_ENDPOINT: sink.url },
    },
  )
  expect(own.stdout.trim()).toBe(sink.url)
})

interface RunningCommand {
  readonly child: ReturnType<typeof spawn>
  readonly control: string
  output(): string
}

async function startRun(script: string): Promise<RunningCommand> {
  const { PATH, HOME, TMPDIR } = process.env
  const child = spawn(
    process.execPath,
    [cli, 'run', ...flags, '--', process.execPath, '--input-type=module', '--eval', script],
    { cwd: projectFolder, env: { PATH, HOME, TMPDIR, ...env() }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  await until(() => output.includes('agent is up'))
  const control = /page (http:\S+?),?\s/.exec(output)?.[1] ?? ''
  return { child, control, output: () => output }
}

const answers = async (control: string): Promise<boolean> => {
  try {
    return (await fetch(`${control}/livez`)).ok
  } catch {
    return false
  }
}

test('SIGTERM goes to the agent, which may end in its own time; the sidecar ends after it', async () => {
  const { child, control, output } = await startRun(
    `${SPAN} process.on('SIGTERM', () => { console.log('agent cleans up'); process.exit(3) }); console.log('agent is up'); setInterval(() => {}, 1000)`,
  )
  expect(await answers(control)).toBe(true)
  child.kill('SIGTERM')
  const [code]: unknown[] = await once(child, 'close')
  expect([code, output().includes('agent cleans up')]).toEqual([3, true])
  expect(await answers(control)).toBe(false)
  expect(sink.spans.map(({ name }) => name)).toEqual(['from the agent'])
})

test('when the command is killed, its sidecar sends what it has and ends', async () => {
  const { child, control, output } = await startRun(
    `console.log('agent is up ' + process.pid); setInterval(() => {}, 1000)`,
  )
  expect(await answers(control)).toBe(true)
  child.kill('SIGKILL')
  await until(async () => !(await answers(control)))
  // The agent itself is nobody's child now; it goes on, as agents do when their supervisor dies.
  process.kill(Number(/agent is up (\d+)/.exec(output())?.[1]), 'SIGKILL')
})
