import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { bundleCli } from '../support/bundled-cli.ts'
import { bundlePreload } from '../support/bundled-preload.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'
import { until } from '../support/until.ts'

const CANARY = 'q7canary7q'
const supervised = (more: object = {}): object => ({
  receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
  exporters: { debug: {} },
  extensions: { guard: { supervised: {}, ...more } },
  service: {
    http: { endpoint: '127.0.0.1:0' },
    telemetry: { metrics: { address: '127.0.0.1:0' } },
    extensions: ['guard'],
    pipelines: { traces: { receivers: ['otlp'], exporters: ['debug'] } },
  },
})

interface Listed {
  readonly id: string
  readonly tool: string
  readonly connected: boolean
}

describe('supervised mode, with processes', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'spanwarden-approvals-'))
  const stateFolder = join(folder, 'state')
  const posted = join(folder, 'posted')
  const children: ChildProcess[] = []
  let cli: string
  let preload: { readonly register: string; readonly api: string }
  let sidecar: SidecarProcess
  /** All that persons were shown. */
  let shown = ''

  beforeAll(async () => {
    ;[cli, preload] = await Promise.all([bundleCli(join(folder, 'cli')), bundlePreload(join(folder, 'sdk'))])
    sidecar = await startSidecar(supervised(), { stateFolder, cli })
  }, 60_000)
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    rmSync(posted, { force: true })
  })
  afterAll(async () => {
    await sidecar[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  /** Posts once, and prints what became of it. */
  function startAgent(state = stateFolder): { readonly child: ChildProcess; readonly said: Promise<string> } {
    const script = `
      import { appendFileSync } from 'node:fs'
      import { ApprovalDeniedError, tool } from ${JSON.stringify(preload.api)}
      const post = tool('post_message', { class: 'post' }, async () => void appendFileSync(${JSON.stringify(posted)}, 'posted\\n'))
      await post({ to: '${CANARY}@example.com', card: '4111 1111 1111 1111' }).then(
        () => console.log('POSTED'),
        (error) => console.log(error.name, error.code, error.rule, error instanceof ApprovalDeniedError, error.message))`
    const child = spawn(process.execPath, ['--import', preload.register, '--input-type=module', '--eval', script], {
      env: {
        PATH: process.env['PATH'],
        SPANWARDEN_STATE_DIR: state,
        SPANWARDEN_SPOOL: 'off',
        OTEL_SDK_DISABLED: 'false',
        OTEL_TRACES_EXPORTER: 'none',
        OTEL_METRICS_EXPORTER: 'none',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    children.push(child)
    let output = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text))
    return { child, said: once(child, 'close').then(() => output) }
  }

  /** A person at a terminal. */
  function person(...args: string[]): Promise<{ readonly code: number; readonly out: string }> {
    return new Promise((resolve) => {
      const env = { PATH: process.env['PATH'], SPANWARDEN_STATE_DIR: stateFolder }
      execFile(process.execPath, [cli, ...args], { env }, (error, stdout, stderr) => {
        shown += stdout + stderr
        resolve({ code: error === null ? 0 : Number(error.code), out: stdout + stderr })
      })
    })
  }
  async function waiting({ listening }: SidecarProcess = sidecar): Promise<Listed[]> {
    const text = await (await fetch(`${listening['control']}/api/guard/approvals`)).text()
    shown += text
    return JSON.parse(text).waiting
  }
  async function oneWaits(of?: SidecarProcess): Promise<Listed> {
    await until(async () => (await waiting(of)).filter(({ connected }) => connected).length === 1)
    const [call] = await waiting(of)
    if (call === undefined) throw new Error('no call waits')
    return call
  }
  const posts = (): number => (existsSync(posted) ? readFileSync(posted, 'utf8').split('\n').length - 1 : 0)

  test('the tool runs when a person has approved it on the command line, once', async () => {
    const { said } = startAgent()
    const { id, tool } = await oneWaits()
    expect(tool).toBe('post_message')
    const { out } = await person('approvals')
    expect(out).toMatch(
      new RegExp(`^${id.slice(0, 8)} +post_message +post +\\S+ +\\{to:string\\(22\\),card:string\\(19\\)\\}`, 'm'),
    )
    expect(await person('approvals', 'approve', id)).toMatchObject({ code: 2 })
    expect(posts()).toBe(0)
    expect(await person('approvals', 'approve', id.slice(0, 8), '--person', 'Ada')).toEqual({
      code: 0,
      out: 'post_message approved by Ada: the call goes on\n',
    })
    expect(await said).toBe('POSTED\n')
    expect(posts()).toBe(1)
    expect((await person('last', '1')).out).toMatch(/post_message +post .* ok /)
    // Of an answer that comes late the short id is enough, too.
    const late = await person('approvals', 'deny', id.slice(0, 8), '--person', 'Grace')
    expect(late).toMatchObject({ code: 1, out: expect.stringMatching(/already approved by Ada at 2/) })
  })

  test('of two persons at once one decides, and what is denied does not run', async () => {
    const { said } = startAgent()
    const { id } = await oneWaits()
    const answers = await Promise.all([
      person('approvals', 'deny', id, '--person', 'Ada', '--reason', 'wrong channel'),
      person('approvals', 'deny', id, '--person', 'Grace', '--reason', 'wrong channel'),
    ])
    expect(answers.map(({ code }) => code).toSorted()).toEqual([0, 1])
    expect(answers.find(({ code }) => code === 1)?.out).toMatch(/denied by (Ada|Grace) at 2/)
    expect(await said).toMatch(
      /^ApprovalDeniedError APPROVAL_DENIED supervised true (Ada|Grace) has denied this call of post_message: wrong channel/,
    )
    expect(posts()).toBe(0)
  })

  test('a stop ends the wait at once: confirmed, and the call is stopped', async () => {
    const { said } = startAgent()
    await oneWaits()
    expect(await person('stop', 'tool=post_message', '--reason', 'enough')).toMatchObject({ code: 0 })
    expect(await said).toMatch(/^StoppedError STOPPED tool:post_message/)
    await until(async () => (await waiting()).length === 0)
    await person('resume', 'tool=post_message', '--person', 'Ada', '--reason', 'fixed')
    expect(posts()).toBe(0)
  })

  test('a sidecar that is killed meanwhile: the same call waits again, and runs once when it is approved', async () => {
    const { said } = startAgent()
    const { id } = await oneWaits()
    process.kill(sidecar.pid, 'SIGKILL')
    sidecar = await startSidecar(supervised(), { stateFolder, cli })
    expect((await oneWaits()).id).toBe(id)
    expect(posts()).toBe(0)
    expect(await person('approvals', 'approve', id, '--person', 'Ada')).toMatchObject({ code: 0 })
    expect(await said).toBe('POSTED\n')
    expect(posts()).toBe(1)
  })

  test('an agent that is killed withdraws; silence denies', async () => {
    const other = join(folder, 'other')
    await using quick = await startSidecar(supervised({ lease: '2s', supervised: { timeout: '3s' } }), {
      stateFolder: other,
      cli,
    })
    const dead = startAgent(other)
    await oneWaits(quick)
    dead.child.kill('SIGKILL')
    await until(async () => (await waiting(quick)).length === 0)
    const { said } = startAgent(other)
    expect(await said).toMatch(/^ApprovalDeniedError APPROVAL_DENIED supervised:timeout true nobody approved/)
    expect(posts()).toBe(0)
    const log = readFileSync(join(other, 'audit', 'audit.jsonl'), 'utf8')
    expect(log.match(/"rule":"supervised:\w+"/g)).toEqual([
      '"rule":"supervised:withdrawn"',
      '"rule":"supervised:timeout"',
    ])
  })

  test('nothing that a call was given is shown, logged or kept', () => {
    const texts = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile() && !/cli|sdk/.test(file.parentPath))
      .map((file) => readFileSync(join(file.parentPath, file.name), 'latin1'))
    expect(texts.join('').length).toBeGreaterThan(10_000)
    for (const text of [...texts, shown, sidecar.output]) {
      expect(text).not.toContain(CANARY)
      expect(text).not.toContain('4111')
    }
  })
})
