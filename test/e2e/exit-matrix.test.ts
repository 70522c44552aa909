import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startOtlpSink } from '../support/otlp-sink.ts'
import type { OtlpSink } from '../support/otlp-sink.ts'
import { post } from '../support/post.ts'
import { projectFolder, runAgent } from '../support/run-agent.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import type { SidecarProcess } from '../support/sidecar-process.ts'
import { until } from '../support/until.ts'

/*
 * However an agent ends, and whatever its sidecar does meanwhile: every span, log record and counter arrives once, redacted, and the agent ends as it
 * would without us. The sidecar is a real one; away is one that is started afterwards with the same state folder, hanging is one that is stopped by SIGSTOP
 * while agents connect, and goes on later.
 */

interface Way {
  readonly name: string
  /** What comes last in the agent. */
  readonly ends: string
  readonly inWorker?: boolean
  /** How the span that is still open is marked; none is open at a natural end. */
  readonly unfinished?: string
}

const ways: readonly Way[] = [
  { name: 'a natural end', ends: '' },
  { name: 'process.exit', ends: 'process.exit(0)', unfinished: 'process_exit' },
  { name: 'process.exit with a code', ends: 'process.exit(3)', unfinished: 'process_exit' },
  { name: 'an uncaught throw', ends: "throw new Error('boom')", unfinished: 'uncaught_exception' },
  { name: 'SIGTERM', ends: "process.kill(process.pid, 'SIGTERM')", unfinished: 'SIGTERM' },
  { name: 'SIGINT', ends: "process.kill(process.pid, 'SIGINT')", unfinished: 'SIGINT' },
  { name: 'the natural end of a worker', ends: '', inWorker: true },
  { name: 'process.exit in a worker', ends: 'process.exit(0)', inWorker: true, unfinished: 'process_exit' },
]
const modules = ['esm', 'commonjs'] as const
/** When it ends: right after the call, or when a request has been sent that may not be answered yet. */
const moments = ['at once', 'while sending'] as const

interface Case {
  readonly way: Way
  readonly module: (typeof modules)[number]
  readonly moment: (typeof moments)[number]
  readonly service: string
}

const cases: readonly Case[] = ways.flatMap((way) =>
  modules.flatMap((module) =>
    moments.map((moment) => ({ way, module, moment, service: `${way.name}, ${module}, ${moment}` })),
  ),
)

const secret = ['mary.shelley', 'example.com'].join('@')

/** Files, for a worker of CommonJS source text (`eval: true`) is started by Node without the preload. */
let scripts = ''
beforeAll(async () => {
  scripts = await mkdtemp(join(tmpdir(), 'spanwarden-scripts-'))
  for (const each of cases) await writeScripts(each)
})
afterAll(() => rm(scripts, { recursive: true, force: true }))

const fileOf = ({ service, module }: Case, part: 'main' | 'worker'): string =>
  join(scripts, `${service.replaceAll(/\W+/g, '-')}-${part}.${module === 'esm' ? 'mjs' : 'cjs'}`)

async function writeScripts(each: Case): Promise<void> {
  const { way, module, moment } = each
  const load = (names: string, from: string): string =>
    module === 'esm' ? `import { ${names} } from '${from}'` : `const { ${names} } = require('${from}')`
  const open =
    way.unfinished === undefined ? '' : "agent('open', () => new Promise(() => setInterval(() => {}, 60_000)))()"
  const end = moment === 'at once' ? way.ends : `setTimeout(() => { ${way.ends} }, 250)`
  const agent = `${load('createRequire', 'node:module')}
    ${load('agent, evaluation', `${projectFolder}src/index.ts`)}
    const { metrics } = createRequire('${projectFolder}')('@opentelemetry/api')
    agent('finished', () => { evaluation({ name: 'helpful', score: 1, explanation: 'said ${secret}' }) })()
    metrics.getMeter('own').createCounter('questions').add(2)
    ${open}
    ${end}`
  const parent = `${load('Worker', 'node:worker_threads')}
    new Worker('${fileOf(each, 'worker')}').on('exit', (code) => console.log('worker', code))`
  await writeFile(fileOf(each, 'main'), way.inWorker === true ? parent : agent)
  await writeFile(fileOf(each, 'worker'), agent)
}

const run = (each: Case, endpoint: string, stateFolder: string, preload = true) =>
  runAgent({
    endpoint,
    file: [fileOf(each, 'main')],
    preload,
    env: {
      SPANWARDEN_SPOOL: 'on',
      SPANWARDEN_STATE_DIR: stateFolder,
      OTEL_SERVICE_NAME: each.service,
      ...(each.moment === 'at once' ? {} : { OTEL_BSP_SCHEDULE_DELAY: '1' }),
    },
  })

const configTo = (backend: OtlpSink): object => {
  const receivers = ['otlp', 'spool']
  const through = { receivers, processors: ['redaction'], exporters: ['otlp_http'] }
  return {
    receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } }, spool: {} },
    processors: { redaction: {} },
    exporters: { otlp_http: { endpoint: backend.url } },
    service: {
      http: { endpoint: '127.0.0.1:0' },
      telemetry: { metrics: { level: 'none' } },
      pipelines: { traces: through, metrics: through, logs: through },
    },
  }
}

/** What a backend has of one agent. */
function arrived({ spans, logs, points }: OtlpSink, { service }: Case): object {
  const ofAgent = ({ resource }: { resource: Record<string, unknown> }): boolean => resource['service.name'] === service
  const questions = points.filter((point) => ofAgent(point) && point.metric === 'questions').map(({ value }) => value)
  return {
    spans: spans
      .filter(ofAgent)
      .map(({ name, attributes }) => `${name} ${String(attributes['spanwarden.unfinished'] ?? 'ended')}`)
      .toSorted(),
    logs: logs.filter(ofAgent).map(({ eventName }) => eventName),
    questions: questions.at(-1),
  }
}

const expected = ({ way: { unfinished } }: Case): object => ({
  spans: ['invoke_agent finished ended', ...(unfinished === undefined ? [] : [`invoke_agent open ${unfinished}`])],
  logs: ['gen_ai.evaluation.result'],
  questions: 2,
})

type Run = Awaited<ReturnType<typeof run>>
const howItEnded = ({ code, signal, stdout }: Run) => ({ code, signal, stdout })

let without: ReadonlyMap<Case, Run>
beforeAll(async () => {
  without = await runAll((each) => run(each, 'http://127.0.0.1:9', '', false))
}, 240_000)

/** Every agent, a few at a time. */
async function runAll(start: (each: Case) => Promise<Run>): Promise<Map<Case, Run>> {
  const runs = new Map<Case, Run>()
  const waiting = [...cases]
  const next = async (): Promise<void> => {
    for (let each = waiting.shift(); each !== undefined; each = waiting.shift()) runs.set(each, await start(each))
  }
  await Promise.all([next(), next(), next()])
  return runs
}

describe.each(['up', 'away', 'hanging'] as const)('the sidecar is %s', (state) => {
  let backend: OtlpSink
  let sidecar: SidecarProcess
  let stateFolder = ''
  let runs: ReadonlyMap<Case, Run>
  let sidecarExit: number | null

  beforeAll(async () => {
    backend = await startOtlpSink()
    stateFolder = await mkdtemp(join(tmpdir(), 'spanwarden-exit-'))
    const start = () => startSidecar(configTo(backend), { stateFolder })
    if (state === 'away') {
      // Port 9 (discard) of the loopback interface: nobody listens.
      runs = await runAll((each) => run(each, 'http://127.0.0.1:9', stateFolder))
      sidecar = await start()
    } else {
      sidecar = await start()
      if (state === 'hanging') process.kill(sidecar.pid, 'SIGSTOP')
      runs = await runAll((each) => run(each, sidecar.listening['otlp_http'] ?? '', stateFolder))
      if (state === 'hanging') process.kill(sidecar.pid, 'SIGCONT')
    }
    // What agents had sent when they ended lies in the sidecar's sockets: it is read before this is answered.
    await post(`${sidecar.listening['otlp_http']}/v1/traces`, Buffer.alloc(0))
    await until(async () => (await readdir(join(stateFolder, 'spool'))).join() === 'reader')
    // It takes everything in before it ends: what is not there then never comes.
    sidecarExit = await sidecar.stop()
  }, 240_000)
  afterAll(async () => {
    await backend.close()
    await rm(stateFolder, { recursive: true, force: true })
  })

  test.each(cases)('$service: everything arrives once, the end is the same', (each) => {
    const ended = runs.get(each)
    const alone = without.get(each)
    expect(ended && howItEnded(ended)).toEqual(alone && howItEnded(alone))
    expect(arrived(backend, each)).toEqual(expected(each))
  })

  test('nothing is said where the sidecar runs, and where to look where it does not', () => {
    const place = `waits in ${join(stateFolder, 'spool')} until a sidecar`
    const told = new Set([...runs.values()].map(({ stderr }) => stderr.includes(place)))
    const others = new Set([...runs.values()].map(({ stderr }) => stderr.includes('spanwarden:')))
    expect([...told, ...others]).toEqual(Array(2).fill(state === 'away'))
    expect(sidecarExit).toBe(0)
  })

  test('it came redacted, and nothing is left behind', async () => {
    const bytes = Buffer.concat(backend.requests.map(({ body }) => body)).toString('latin1')
    expect(bytes).toContain('[REDACTED:EMAIL]')
    expect(bytes).not.toContain(secret)
    expect(await readdir(join(stateFolder, 'spool'))).toEqual(['reader'])
  })
})
