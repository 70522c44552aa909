import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { startModelServer } from '../support/model-server.ts'
import type { ModelServer } from '../support/model-server.ts'
import { sse } from '../support/model-server.ts'
import { CHUNKS } from '../support/openai-shapes.ts'
import { preloadFile, projectFolder } from '../support/run-agent.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'
import { until } from '../support/until.ts'

/** Reads a stream until it is cut, and asks once more. */
const STREAMING = `
  import OpenAI from 'openai'
  const client = new OpenAI({ apiKey: 'k', baseURL: MODEL + '/v1' })
  const ask = (stream) => client.chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }], stream })
  try {
    for await (const chunk of await ask(true)) console.log('CHUNK')
  } catch (error) { console.log('CUT', error.name) }
  await ask(false).catch((error) => console.log('DENIED', error.code))
  setInterval(() => {}, 1000)`
/** Is let in, and then never comes to its event loop again. */
const WEDGED = `
  import { tool } from ${JSON.stringify(`${projectFolder}src/index.ts`)}
  await tool('think', async () => {})()
  console.log('HERE')
  setTimeout(() => { for (;;); }, 10)`
/** Asks again and again, until it is denied. */
const ASKING = `
  import OpenAI from 'openai'
  const client = new OpenAI({ apiKey: 'k', baseURL: MODEL + '/v1' })
  const ask = () => client.chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }], stream: true })
  for (let code; code !== 'STOPPED';) {
    await ask().then((stream) => { console.log('ASKED'); stream.controller.abort() }, (error) => console.log((code = error.code)))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  setInterval(() => {}, 1000)`
/** A tool that nothing can abort. */
const SLOW_TOOL = `
  import { tool } from ${JSON.stringify(`${projectFolder}src/index.ts`)}
  await tool('work', async () => { console.log('HERE'); await new Promise((resolve) => setTimeout(resolve, 120_000)) })()`

let folder: string
let server: ModelServer
const agents: Agent[] = []
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanwarden-stop-'))
  server = await startModelServer()
  server.answer(sse(CHUNKS.slice(0, 2), 'wait'))
})
afterEach(() => {
  for (const { child } of agents.splice(0)) child.kill('SIGKILL')
  server.requests.length = 0
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

interface Agent {
  readonly child: ChildProcess
  readonly output: () => string
}

const sidecarOf = (stateFolder: string, guard: object = {}): Promise<SidecarProcess> =>
  startSidecar(
    {
      receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
      exporters: { debug: {} },
      extensions: { guard: { audit: {}, ...guard } },
      service: {
        extensions: ['guard'],
        http: { endpoint: '127.0.0.1:0' },
        telemetry: { metrics: { level: 'none' } },
        pipelines: { traces: { receivers: ['otlp'], exporters: ['debug'] } },
      },
    },
    { stateFolder },
  )

type Place = Pick<SidecarProcess, 'stateFolder' | 'listening'>

async function agent(sidecar: Place, script: string, sign: string, name = 'support'): Promise<Agent> {
  const { PATH, HOME, TMPDIR } = process.env
  const source = script.replaceAll('MODEL', JSON.stringify(server.url))
  const child = spawn(process.execPath, ['--import', preloadFile, '--input-type=module', '--eval', source], {
    cwd: projectFolder,
    env: {
      PATH,
      HOME,
      TMPDIR,
      SPANWARDEN_STATE_DIR: sidecar.stateFolder,
      SPANWARDEN_SPOOL: 'off',
      OTEL_SERVICE_NAME: name,
      OTEL_EXPORTER_OTLP_ENDPOINT: sidecar.listening['otlp_http'],
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text))
  const started = { child, output: () => output }
  agents.push(started)
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the agent has ended: ${output}`)
    return output.includes(sign)
  }, 40_000)
  return started
}

async function spanwarden(stateFolder: string, ...args: string[]) {
  let [stdout, stderr] = ['', '']
  const status = await main(args, {
    stdout: { write: (text) => (stdout += text.toString()) },
    stderr: { write: (text) => (stderr += text) },
    env: { SPANWARDEN_STATE_DIR: stateFolder },
    entry: `${projectFolder}src/cli.ts`,
  })
  return { status, stdout, stderr }
}
const RESUME = ['--person', 'Ada', '--reason', 'mended', '--json']
const audited = (stateFolder: string): object[] =>
  readFileSync(join(stateFolder, 'audit', 'audit.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter((line) => line.event === 'action')

describe('spanwarden stop', () => {
  test('cuts streams, is confirmed by every process, outlives the sidecar, and resume lets go on', async () => {
    const stateFolder = join(folder, 'streams')
    let sidecar = await sidecarOf(stateFolder)
    const two = [await agent(sidecar, STREAMING, 'CHUNK'), await agent(sidecar, STREAMING, 'CHUNK')]
    await agent(sidecar, STREAMING, 'CHUNK', 'other')
    const stopped = await spanwarden(stateFolder, 'stop', 'agent=support', '--reason', 'posts nonsense')
    expect(stopped).toMatchObject({ status: 0, stderr: '' })
    const lines = stopped.stdout.split('\n').filter((line) => line.startsWith('confirmed'))
    expect(
      lines
        .map((line) => line.replace(/pid \d+/, 'pid').replace(/\d+\.\d s/, 's'))
        .map((line) => line.replaceAll(/ +/g, ' ')),
    ).toEqual(['confirmed support pid after s, 1 call aborted', 'confirmed support pid after s, 1 call aborted'])
    const sent = server.requests.length
    for (const { output } of two) await until(() => output().includes('DENIED STOPPED'))
    expect(two[0]?.output()).toContain('CUT StoppedError')
    expect(agents[2]?.output()).not.toContain('CUT')
    expect(server.requests).toHaveLength(sent)

    await sidecar.stop()
    expect((await spanwarden(stateFolder, 'resume', 'agent=support', ...RESUME)).status).toBe(1)
    sidecar = await sidecarOf(stateFolder)
    const late = await agent(sidecar, STREAMING, 'DENIED')
    expect(late.output()).not.toContain('CHUNK')
    expect(await spanwarden(stateFolder, 'resume', 'agent=other', ...RESUME)).toMatchObject({ status: 0 })
    const resumed = await spanwarden(stateFolder, 'resume', 'agent=support', ...RESUME)
    expect(JSON.parse(resumed.stdout)).toEqual({ scope: 'agent', value: 'support', resumed: true, stopped: [] })
    await agent(sidecar, STREAMING, 'CHUNK')
    await sidecar.stop()
    expect(audited(stateFolder)).toMatchObject([
      { action: 'stop', scope: 'agent:support', reason: 'posts nonsense' },
      { action: 'resume', scope: 'agent:support', by: 'Ada', reason: 'mended' },
    ])
  }, 120_000)

  test('reaches an agent that was there before the first sidecar; where nobody is, nobody has confirmed', async () => {
    const stateFolder = join(folder, 'early')
    const early = await agent({ stateFolder, listening: { otlp_http: 'http://127.0.0.1:9' } }, ASKING, 'ASKED')
    await using _sidecar = await sidecarOf(stateFolder)
    const stopped = await spanwarden(stateFolder, 'stop', 'agent=support', '--json')
    expect(stopped.status).toBe(0)
    expect(JSON.parse(stopped.stdout)).toMatchObject({ processes: [{ pid: early.child.pid, state: 'confirmed' }] })
    const sent = server.requests.length
    await until(() => early.output().includes('STOPPED'))
    expect(server.requests).toHaveLength(sent)
    const nobody = await spanwarden(stateFolder, 'stop', 'agent=suport')
    expect(nobody).toMatchObject({ status: 3, stdout: expect.stringContaining('unconfirmed: no process') })
  }, 120_000)

  test('a process in a busy loop is killed; one that others have nothing to do with is left alone', async () => {
    const stateFolder = join(folder, 'wedged')
    await using sidecar = await sidecarOf(stateFolder)
    const wedged = await agent(sidecar, WEDGED, 'HERE')
    const other = await agent(sidecar, WEDGED, 'HERE', 'other')
    const ofRun = await spanwarden(stateFolder, 'stop', 'tool=think', '--grace', '0', '--wait', '1s', '--json')
    expect(ofRun.status).toBe(3)
    expect(JSON.parse(ofRun.stdout).processes.map((one: object) => ({ ...one, process: '' }))).toMatchObject([
      { state: 'unconfirmed', why: 'it does not answer' },
      { state: 'unconfirmed', why: 'it does not answer' },
    ])
    const stopped = await spanwarden(stateFolder, 'stop', 'agent=support', '--grace', '1s', '--json')
    expect(stopped.status).toBe(0)
    expect(JSON.parse(stopped.stdout)).toMatchObject({
      isConfirmed: true,
      processes: [{ pid: wedged.child.pid, state: 'killed', signal: 'SIGKILL' }],
    })
    await until(() => wedged.child.signalCode === 'SIGKILL')
    expect(other.child.signalCode).toBeNull()
  }, 120_000)

  test('a call that nothing can abort: unconfirmed, until its process gets SIGTERM', async () => {
    const stateFolder = join(folder, 'slow')
    await using sidecar = await sidecarOf(stateFolder, { stop: { signals: false } })
    const slow = await agent(sidecar, SLOW_TOOL, 'HERE')
    const patient = await spanwarden(stateFolder, 'stop', '--wait', '300ms')
    expect(patient.status).toBe(3)
    expect(patient.stdout).toMatch(/unconfirmed {2}support {2}pid \d+ {2}1 calls that can't be aborted/)
    slow.child.kill('SIGTERM')
    expect(await spanwarden(stateFolder, 'stop', '--json')).toMatchObject({ status: 0 })
  }, 60_000)
})

describe('without a sidecar', () => {
  test('everything can be stopped by a file, which the next sidecar obeys and resume takes away', async () => {
    const stateFolder = join(folder, 'file')
    const nobody = await spanwarden(stateFolder, 'stop', 'agent=support')
    expect(nobody).toMatchObject({ status: 1, stderr: expect.stringContaining('agent=support goes on') })
    expect(existsSync(join(stateFolder, 'STOP'))).toBe(false)
    const stopped = await spanwarden(stateFolder, 'stop', '--reason', 'fire', '--person', 'Ada')
    expect(stopped).toMatchObject({ status: 3, stderr: expect.stringContaining('Nothing was confirmed') })
    await using sidecar = await sidecarOf(stateFolder)
    const late = await agent(sidecar, STREAMING, 'DENIED')
    expect(late.output()).not.toContain('CHUNK')
    expect((await spanwarden(stateFolder, 'resume', ...RESUME)).status).toBe(2)
    const resumed = await spanwarden(stateFolder, 'resume', '--confirm', ...RESUME)
    expect(JSON.parse(resumed.stdout)).toMatchObject({ resumed: true })
    expect(existsSync(join(stateFolder, 'STOP'))).toBe(false)
    writeFileSync(join(stateFolder, 'STOP'), 'by another hand')
    const refused = await spanwarden(stateFolder, 'resume', '--confirm', ...RESUME)
    expect(refused).toMatchObject({ status: 1, stdout: expect.stringContaining('remove it first') })
    await sidecar.stop()
    // On a busy machine the other file was obeyed, too, by then.
    expect(audited(stateFolder).slice(0, 2)).toMatchObject([
      { action: 'stop', by: 'spanwarden', reason: expect.stringContaining('(Ada): fire') },
      { action: 'resume', scope: 'fleet', by: 'Ada' },
    ])
  }, 60_000)
})

test.each([
  [['agent'], 'which agent?'],
  [['robot=x'], 'the scope is fleet, agent'],
  [['agent=a', 'agent=b'], 'one scope at a time'],
  [['--grace', 'soon'], 'write it like 5s'],
])('spanwarden stop %j is wrong usage', async (args, message) => {
  const { status, stderr } = await spanwarden(folder, 'stop', ...args)
  expect([status, stderr]).toEqual([2, expect.stringContaining(message)])
})
