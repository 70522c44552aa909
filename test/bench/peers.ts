/*
 * By hand: `npm run build && node test/bench/peers.ts [--folder <folder>] [--rounds 5] [--only spanwarden,langfuse]`. The bundled preload
 * beside other SDKs, each installed with its own client library in a temporary folder (`--folder` keeps and reuses it), in turns: what they
 * add to the start of a process, CPU and memory of a call, and how much of it arrives. A reference peer is one that gives tokens.
 */
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { projectFolder } from '../support/run-agent.ts'
import { median } from './median.ts'
import { peers } from './peers-table.ts'
import type { Peer } from './peers-table.ts'

const { values: given } = parseArgs({
  options: { folder: { type: 'string' }, rounds: { type: 'string', default: '5' }, only: { type: 'string' } },
})
const ROUNDS = Number(given.rounds)
const WARM_UP = 500
const CALLS = 2_000
const modes = {
  plain: { AT_ONCE: '1', STREAM: '', CALLS: String(CALLS) },
  together: { AT_ONCE: '50', STREAM: '', CALLS: String(CALLS) },
  stream: { AT_ONCE: '1', STREAM: '1', CALLS: String(CALLS / 2) },
} as const

/** So that a bench need not wait for the last batch. */
const BATCHING = { OTEL_BSP_SCHEDULE_DELAY: '1000', LANGFUSE_FLUSH_INTERVAL: '1' }

const TELL_START = `process.stdout.write('\\n' + JSON.stringify({ rss: process.memoryUsage.rss(), cpu: process.cpuUsage() }) + '\\n')
process.kill(process.pid, 'SIGKILL')`

const folder = given.folder ?? mkdtempSync(join(tmpdir(), 'spanwarden-peers-'))
const chosen = peers.filter(({ name, isBare }) => isBare === true || given.only?.split(',').includes(name) !== false)
const installed = chosen.filter(install)
const [model, sink] = await Promise.all([serve('peers-model.mjs'), serve('peers-sink.mjs')])
const rows = new Map(installed.map(({ name }) => [name, new Map<string, number[]>()]))
try {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const peer of installed) measureStart(peer, 'empty')
    for (const peer of installed) measureStart(peer, 'openai')
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const mode of ['plain', 'together', 'stream'] as const) {
      for (const peer of installed) await measureCalls(peer, mode)
    }
  }
  print()
} finally {
  model.child.kill()
  sink.child.kill()
  if (given.folder === undefined) rmSync(folder, { recursive: true })
}

/** False, with a line that says so, when it does not install here. */
function install(peer: Peer): boolean {
  const own = join(folder, peer.name)
  if (!existsSync(join(own, 'node_modules'))) {
    mkdirSync(own, { recursive: true })
    writeFileSync(join(own, 'package.json'), '{"name":"peer","private":true,"type":"module"}')
    const flags = ['install', '--no-audit', '--no-fund', '--loglevel=error', '--legacy-peer-deps']
    const { status } = spawnSync('npm', [...flags, ...peer.packages], {
      cwd: own,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    if (status !== 0) {
      console.log(`${peer.name} does not install here and is left out`)
      rmSync(own, { recursive: true })
      return false
    }
  }
  writeFileSync(join(own, 'setup.mjs'), peer.setup ?? '')
  writeFileSync(join(own, 'empty.mjs'), TELL_START)
  writeFileSync(join(own, 'openai.mjs'), `import OpenAI from 'openai'\nvoid OpenAI\n${TELL_START}`)
  writeFileSync(join(own, 'client.mjs'), clientOf(peer))
  return true
}

function measureStart(peer: Peer, script: 'empty' | 'openai'): void {
  const begin = performance.now()
  const { stdout, stderr } = spawnSync(process.execPath, [...flagsOf(peer), `${script}.mjs`], {
    cwd: join(folder, peer.name),
    env: environmentOf(peer),
    encoding: 'utf8',
  })
  const wallMs = performance.now() - begin
  const line = stdout.split('\n').findLast((each) => each.startsWith('{"rss"'))
  if (line === undefined) throw new Error(`${peer.name} does not start: ${stderr}`)
  const { rss, cpu }: { rss: number; cpu: { user: number; system: number } } = JSON.parse(line)
  note(peer, `${script} ms`, wallMs)
  note(peer, `${script} cpu`, (cpu.user + cpu.system) / 1e3)
  note(peer, `${script} mb`, rss / 1e6)
}

async function measureCalls(peer: Peer, mode: keyof typeof modes): Promise<void> {
  await fetch(`${sink.line}/reset`, { method: 'POST' })
  const env = { ...environmentOf(peer), MODEL: model.line, WARM_UP: String(WARM_UP), ...modes[mode] }
  const child = spawn(process.execPath, [...flagsOf(peer), 'client.mjs'], {
    cwd: join(folder, peer.name),
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let text = ''
  for await (const chunk of child.stdout) text += String(chunk)
  const line = text.split('\n').findLast((each) => each.startsWith('{"us"'))
  if (line === undefined) throw new Error(`${peer.name} makes no calls`)
  const { us, rss }: { us: number; rss: number } = JSON.parse(line)
  const seen: { calls: number; bytes: number } = JSON.parse(await (await fetch(`${sink.line}/seen`)).text())
  const made = WARM_UP + Number(modes[mode].CALLS)
  note(peer, `${mode} us`, us)
  note(peer, `${mode} mb`, rss / 1e6)
  note(peer, `${mode} bytes`, seen.bytes / made)
  note(peer, `${mode} calls`, (seen.calls / made) * 100)
}

function environmentOf(peer: Peer): NodeJS.ProcessEnv {
  const own = peer.environment?.(sink.line) ?? {}
  return {
    PATH: process.env['PATH'],
    HOME: folder,
    SINK: sink.line,
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.line,
    ...BATCHING,
    ...own,
  }
}

function flagsOf({ name, flags }: Peer): readonly string[] {
  return (
    flags ??
    (name === 'spanwarden' ? ['--import', join(projectFolder, 'dist/register.js')] : ['--import', './setup.mjs'])
  )
}

function note({ name }: Peer, what: string, value: number): void {
  const row = rows.get(name)
  row?.set(what, [...(row.get(what) ?? []), value])
}

function print(): void {
  const value = (name: string, what: string): number => median(rows.get(name)?.get(what))
  const columns = [
    'empty ms',
    'empty cpu',
    'empty mb',
    'openai ms',
    'openai mb',
    'plain us',
    'together us',
    'stream us',
    'plain mb',
    'plain bytes',
    'together calls',
  ]
  console.log(
    `medians of ${ROUNDS} rounds in turns; what each adds to the bare process, whose absolute values are given`,
  )
  console.log(['', ...columns].join(' | '))
  for (const { name, bare, isBare } of installed) {
    const cells = columns.map((what) => {
      const isAbsolute = isBare === true || what.endsWith('bytes') || what.endsWith('calls')
      const shown = value(name, what) - (isAbsolute ? 0 : value(bare, what))
      return `${isAbsolute ? '' : shown < 0 ? '' : '+'}${shown.toFixed(what.endsWith('mb') ? 1 : 0)}`
    })
    console.log([name, ...cells].join(' | '))
  }
}

/** What a peer is asked to observe. The calls are numbered, so that what arrives can be counted. */
function clientOf({ wrap, call }: Peer): string {
  return `
import OpenAI from 'openai'
${wrap?.import ?? ''}
const { MODEL, AT_ONCE, STREAM, WARM_UP, CALLS } = process.env
const plain = new OpenAI({ apiKey: 'none', baseURL: MODEL + '/v1' })
const client = ${wrap?.client ?? 'plain'}
let number = 0
const make = async () => {
  const body = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Where is parcel-' + (number += 1) + '-?' }] }
  if (STREAM === '') return await client.chat.completions.create(body)
  const stream = await client.chat.completions.create({ ...body, stream: true, stream_options: { include_usage: true } })
  for await (const chunk of stream) void chunk
}
const call = ${call ?? 'make'}
const calls = (count) => Promise.all(Array.from({ length: AT_ONCE }, async () => { for (let n = 0; n < count / AT_ONCE; n += 1) await call() }))
await calls(Number(WARM_UP))
const before = process.cpuUsage()
await calls(Number(CALLS))
const rss = process.memoryUsage.rss()
await new Promise((resolve) => setTimeout(resolve, 3_000)) // the export of the last batch counts
const { user, system } = process.cpuUsage(before)
console.log(JSON.stringify({ us: (user + system) / CALLS, rss }))
process.exit()
`
}

/** Starts one of the servers beside this file and waits for its address. */
async function serve(file: string): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, file)], { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const chunk of child.stdout) return { child, line: String(chunk).trim() }
  throw new Error(`${file} does not start`)
}
