import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { preloadFile, projectFolder } from '../support/run-agent.ts'
import { bundleCli } from '../support/bundled-cli.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'
import { until } from '../support/until.ts'

/* An agent that has posted and paid, in a process that lives on, its sidecar, and a person at the command line: three processes. */

const CANARY = 'q7-canary-7q'
const CONFIG = {
  receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
  exporters: { debug: {} },
  extensions: {
    guard: {
      audit: {},
      rates: { all: { class: 'post', limit: 100, window: '1h' } },
      tools: { wire: { class: 'pay', recipe: 'Call the bank and name the call.' } },
    },
  },
  service: {
    http: { endpoint: '127.0.0.1:0' },
    telemetry: { metrics: { address: '127.0.0.1:0' } },
    extensions: ['guard'],
    pipelines: { traces: { receivers: ['otlp'], exporters: ['debug'] } },
  },
}

/** Each tool writes into the world what it did; undos do, too, one of them with another tool. */
const agentScript = (world: string): string => `
  import { appendFileSync } from 'node:fs'
  import { agent, tool } from ${JSON.stringify(`${projectFolder}src/index.ts`)}
  const did = (what) => appendFileSync(${JSON.stringify(world)}, what + '\\n')
  const remove = tool('delete_message', { class: 'write' }, async (id) => did('deleted ' + id))
  const post = tool('post', { class: 'post', undo: (call) => remove(call.result.id + ' ' + call.arguments[0]) },
    async (text) => (did('posted ' + text), { id: text.length }))
  const break_ = tool('break', { class: 'post', undo: () => { throw new RangeError('${CANARY}') } }, async () => did('broke'))
  const wire = tool('wire', { class: 'pay', undo: { recipe: 'as the code says' } }, async () => did('paid'))
  const lost = tool('lost', { class: 'post' }, async () => { throw new TypeError('${CANARY}') })
  await agent('poster', async () => { await post('${CANARY}-1'); await wire(); await post('${CANARY}-2!'); await lost().catch(() => {}) })()
  await agent('breaker', async () => { await post('b'); await break_() })()
  did('ready')
  setInterval(() => {}, 1000)`

let folder: string
let cli: string
let sidecar: SidecarProcess
let world: string
const agents: ChildProcess[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanwarden-rollback-'))
  cli = await bundleCli(folder)
  sidecar = await startSidecar(CONFIG, { stateFolder: join(folder, 'state'), cli })
}, 60_000)
afterEach(() => {
  for (const agent of agents.splice(0)) agent.kill('SIGKILL')
})
afterAll(async () => {
  await sidecar[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

async function startAgent(): Promise<ChildProcess> {
  world = join(folder, `world-${agents.length}-${Math.random()}`)
  writeFileSync(world, '')
  const { PATH, HOME } = process.env
  const child = spawn(
    process.execPath,
    ['--import', preloadFile, '--input-type=module-typescript', '--eval', agentScript(world)],
    {
      cwd: projectFolder,
      env: {
        PATH,
        HOME,
        SPANWARDEN_STATE_DIR: sidecar.stateFolder,
        SPANWARDEN_SPOOL: 'off',
        OTEL_EXPORTER_OTLP_ENDPOINT: sidecar.listening['otlp_http'] ?? '',
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  agents.push(child)
  await until(() => did().includes('ready'))
  return child
}

const did = (): string[] => readFileSync(world, 'utf8').trim().split('\n')

interface Ran {
  readonly code: number | null
  readonly text: string
}

async function run(program: string, args: readonly string[], input = ''): Promise<Ran> {
  const { PATH, HOME } = process.env
  const child = spawn(program, args, {
    env: { PATH, HOME, SPANWARDEN_STATE_DIR: sidecar.stateFolder, SHELL: '/bin/sh' },
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more))
  child.stderr.setEncoding('utf8').on('data', (more: string) => (text += more))
  child.stdin.end(input)
  await once(child, 'close')
  return { code: child.exitCode, text }
}
const rollback = (...args: string[]): Promise<Ran> => run(process.execPath, [cli, 'rollback', ...args])
/** In a terminal, with what a person types. */
const inTerminal = (typed: string, ...args: string[]): Promise<Ran> =>
  run('script', ['-qec', [process.execPath, cli, 'rollback', ...args].join(' '), '/dev/null'], typed)

interface Line {
  readonly event: string
  readonly call: string
  readonly tool: string
  readonly run: string
  readonly agent: string
  readonly action: string
  readonly by: string
  readonly result: string
}
function lines(): Line[] {
  const audit = join(sidecar.stateFolder, 'audit')
  const text = readFileSync(join(audit, 'audit.jsonl'), 'utf8')
  expect(
    readdirSync(audit)
      .map((name) => readFileSync(join(audit, name), 'utf8'))
      .join('\n'),
  ).not.toContain(CANARY)
  return text
    .trim()
    .split('\n')
    .map((line): Line => JSON.parse(line))
}
async function runOf(tool: string): Promise<string> {
  await until(() => lines().some((line) => line.event === 'outcome' && line.tool === tool))
  return lines().findLast((line) => line.event === 'attempt' && line.tool === tool)?.run ?? ''
}

test('a run is taken back newest first, stopped or not; what has no undo is told by its recipe and confirmed by a person', async () => {
  await startAgent()
  const id = await runOf('lost')
  const stopped = await fetch(`${sidecar.listening['control']}/api/guard/stop`, { method: 'POST' })
  expect(stopped.status).toBe(200)

  const planned = await rollback('--run', id, '--dry-run')
  expect(planned.text).toContain('-> function')
  expect(planned.code).toBe(0)
  const first = await rollback('--run', id, '--yes', '--person', 'Ada', '--reason', 'nonsense')
  expect(first.text).toContain('Call the bank and name the call.')
  expect(first.text).toContain('Nobody knows whether it was done')
  expect(first.text).toContain('2 of 4 taken back, 2 not confirmed')
  expect(first.code).toBe(3)
  expect(did().slice(-2)).toEqual([`deleted 15 ${CANARY}-2!`, `deleted 14 ${CANARY}-1`])

  const again = await inTerminal('y\ny\n', '--run', id, '--person', 'Grace')
  expect(again.text).toMatch(/taken back before, \S+Z by Ada; nothing was done now/)
  expect(again.text).toContain('4 of 4 taken back')
  expect(again.code).toBe(0)
  expect(did().filter((what) => what.startsWith('deleted'))).toHaveLength(2)
  expect(again.text).not.toContain(CANARY)
  const actions = lines().filter(({ event, action }) => event === 'action' && action.startsWith('roll'))
  expect(actions.map(({ action, by, result }) => [action, by, result])).toEqual([
    ['rollback', 'Ada', undefined],
    ['rolled_back', 'Ada', 'ok'],
    ['rollback', 'Ada', undefined],
    ['rolled_back', 'Ada', 'ok'],
    ['rolled_back_by_hand', 'Grace', 'ok'],
    ['rolled_back_by_hand', 'Grace', 'ok'],
  ])
  const resume = { person: 'Ada', reason: 'test', confirm: true }
  await fetch(`${sidecar.listening['control']}/api/guard/resume`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(resume),
  })
}, 120_000)

test('an undo that throws ends it and may be tried again; a person may leave a step, or go', async () => {
  await startAgent()
  const id = await runOf('break')
  const failed = await rollback('--run', id, '--yes', '--person', 'Ada', '--json')
  expect(failed.code).toBe(1)
  expect(failed.text).toContain('its undo has thrown (RangeError)')
  expect(failed.text).not.toContain(CANARY)
  expect(lines().at(-1)).toMatchObject({ action: 'rolled_back', by: 'Ada', result: 'error:RangeError' })
  const left = await inTerminal('n\nq\n', '--run', id)
  expect(left.text).toContain('rolled back in vain')
  expect(left.text).toContain('0 of 2 taken back, 2 not confirmed')
  expect(left.code).toBe(3)
  expect(did().at(-1)).toBe('ready')
}, 120_000)

test('when the process is gone its calls have recipes, or none; without a sidecar nothing is put on record', async () => {
  const agent = await startAgent()
  const id = await runOf('lost')
  agent.kill('SIGKILL')
  await once(agent, 'exit')
  const gone = await rollback('--run', id, '--yes', '--person', 'Ada')
  expect(gone.text).toContain('there is no recipe for post')
  expect(gone.text).toContain('0 of 4 taken back, 4 not confirmed')
  expect(gone.code).toBe(3)

  const unknown = await rollback('--run', 'nosuch', '--yes', '--person', 'Ada')
  expect(unknown.text).toMatch(
    /nothing to roll back: no call with a side effect of the run nosuch is in \S+; see spanwarden last/,
  )
  expect(unknown.code).toBe(1)
  expect((await rollback('--run', 'nosuch', '--dry-run')).code).toBe(1)

  await sidecar.stop()
  const alone = await inTerminal('y\nq\n', '--last', '2')
  expect(alone.text).toContain('No sidecar answers')
  expect(alone.text).toContain('your word is not on record')
  expect(alone.code).toBe(3)
}, 120_000)

test('the command line says what is wrong', async () => {
  expect(await rollback()).toMatchObject({ code: 2 })
  expect(await rollback('x', '--last', '1')).toMatchObject({ code: 2 })
  expect((await rollback('--last', '1')).text).toContain('a person confirms each step, on a terminal')
  expect((await rollback('--last', '1', '--yes')).text).toContain('--person')
  const absent = await rollback('no-such-call', '--yes', '--person', 'Ada')
  expect(absent.text).toContain('no-such-call: no such call with a side effect')
  expect(absent.code).toBe(1)
  expect(existsSync(join(sidecar.stateFolder, 'audit'))).toBe(true)
}, 60_000)
