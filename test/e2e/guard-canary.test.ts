import { readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { json, sse, startModelServer } from '../support/model-server.ts'
import type { ModelAnswer } from '../support/model-server.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { startRecordingSocket } from '../support/recording-socket.ts'
import { projectFolder, runAgent } from '../support/run-agent.ts'
import { startSidecar } from '../support/sidecar-process.ts'
import { found } from './secret-search.ts'
import type { Seen } from './secret-search.ts'

/*
 * An agent with real clients, whose every text is a secret, against a real sidecar: it is admitted, denied for each reason there is, and killed in the middle of a call. All that
 * the guard keeps, sends and says is searched for the secrets.
 */
const CANARIES = {
  prompt: 'Zq7promptXk93mfLw2',
  system: 'Rt4systemVb81ncQz6',
  header: 'Hd2headerPw57sxKj9',
  apiKey: 'sk-kEy9secretJm46vtBn3',
  answer: 'An8answerGd62yfCr5',
  argument: 'Ag5argumentTs39zhDp7',
  argumentKey: 'Ky3argkeyNv84rbFm1',
  result: 'Rs6resultLc27wkHq8',
  toolError: 'Er9toolerrorMx15jgYt4',
  modelError: 'Me1modelerrorUf73dpSa6',
  description: 'Ds4describedWj48qnZb2',
} as const
const secrets = Object.values(CANARIES)

interface Run {
  /** What the guard's parts keep, send and say. */
  readonly seen: readonly Seen[]
  /** What the agent wrote: its denials, in every form that an error has. */
  readonly denials: string
  /** What the model server got: there the secrets belong. */
  readonly requests: string
}

describe('no prompt, argument, result or secret is in what the guard keeps, sends or says', () => {
  let run: Run
  beforeAll(async () => {
    run = await canaryRun({ service: 'support', tool: 'look_up' })
  }, 120_000)

  test('the agent has met every kind of denial, and the model server every secret of a request', () => {
    for (const code of [
      'BUDGET_EXHAUSTED',
      'RATE_LIMITED',
      'UNKNOWN_PRICE',
      'LOOP_STOPPED',
      'APPROVAL_DENIED',
      'STOPPED',
      'GUARD_UNAVAILABLE',
    ])
      expect(run.denials).toContain(code)
    const { prompt, system, header, apiKey, description } = CANARIES
    for (const secret of [prompt, system, header, apiKey, description]) expect(run.requests).toContain(secret)
  })

  test('nowhere is a secret, in any form', () => {
    const places = run.seen.map(({ where }) => where).join('\n')
    for (const place of [
      'ledger.db',
      'audit.jsonl',
      'guard.json',
      '.journal',
      'control socket',
      'log',
      'GET /api/guard',
    ])
      expect(places).toContain(place)
    expect(found(secrets, run.seen)).toEqual([])
  })
})

test('control: a secret in a place that is kept, the name of a tool and of an agent, is found wherever it is', async () => {
  const { seen } = await canaryRun({ service: CANARIES.prompt, tool: CANARIES.argument })
  const where = new Set(found(secrets, seen).map((match) => match.where.split('/').at(-1)))
  expect([...where]).toEqual(expect.arrayContaining(['control socket', 'audit.jsonl', 'GET guard']))
  expect([...where].some((place) => place?.startsWith('ledger.db'))).toBe(true)
}, 120_000)

const ANSWER = json({
  id: 'c1',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-4o-mini',
  choices: [{ index: 0, message: { role: 'assistant', content: CANARIES.answer }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 },
})
const CUT: ModelAnswer = sse(
  [
    {
      id: 'c2',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'gpt-4o-mini',
      choices: [{ index: 0, delta: { content: CANARIES.answer } }],
    },
  ],
  'wait',
)
const FAILED = json({ error: { message: CANARIES.modelError, type: 'server_error' } }, 500)

const PRELUDE = `
  import OpenAI from 'openai'
  import { inspect } from 'node:util'
  import { agent, tool, session, DenialError } from ${JSON.stringify(`${projectFolder}src/index.ts`)}
  const C = ${JSON.stringify(CANARIES)}
  const client = new OpenAI({ apiKey: C.apiKey, baseURL: process.env.MODEL_URL + '/v1', maxRetries: 0, defaultHeaders: { 'x-note': C.header } })
  const messages = [{ role: 'system', content: C.system }, { role: 'user', content: C.prompt }]
  const tools = [{ type: 'function', function: { name: 'f', description: C.description, parameters: {} } }]
  const ask = (more = {}) => client.chat.completions.create({ model: 'gpt-4o-mini', max_tokens: 100, messages, tools, ...more })
  const denied = (error) => {
    if (error instanceof DenialError)
      console.log(error.code, error.stack, inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), String(error.cause))
    return error
  }
  const attempt = (work) => Promise.resolve().then(work).catch(denied)
`
const AGENT = (toolName: string) => `${PRELUDE}
  const input = { to: C.argument, [C.argumentKey]: [C.argument], nested: { text: C.argument + ' ' + C.prompt } }
  const lookUp = tool({ name: ${JSON.stringify(toolName)}, class: 'read', description: C.description }, async () => C.result)
  const again = tool('again', { class: 'read' }, async () => C.result)
  const post = tool('post_message', { class: 'post' }, async () => C.result)
  const exec = tool('run_shell', { class: 'exec' }, async () => C.result)
  const fails = tool('fails', { class: 'write' }, async () => { throw new TypeError(C.toolError) })
  const main = agent('support', async () => {
    await attempt(() => ask())
    await attempt(async () => { for await (const _ of await ask({ stream: true })) throw new Error(C.toolError) })
    await attempt(() => ask())
    await attempt(() => lookUp(input))
    await attempt(() => fails(input))
    for (let i = 0; i < 4; i++) await attempt(() => post(input))
    await attempt(() => exec(input))
    await attempt(() => ask({ model: 'no-such-model' }))
    await attempt(() => ask({ max_tokens: 10_000_000 }))
  })
  // An id is kept as it is: of agents, sessions, tools, models.
  await session({ conversationId: 'conversation-1' }, main)
  await agent('looping', async () => { for (let i = 0; i < 8; i++) await attempt(() => again(input)) })()
  await fetch(process.env.CONTROL + '/api/guard/stop', { method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ scope: 'model', value: 'gpt-4o', person: 'Ada', reason: 'test' }) })
  await attempt(() => ask({ model: 'gpt-4o' }))`
/** Killed while a call is under way. */
const KILLED = `${PRELUDE}
  await ask()
  void ask({ stream: true }).then(() => process.kill(process.pid, 'SIGKILL'), denied)
  await new Promise((resolve) => setTimeout(resolve, 10_000))`
const LEFT_ALONE = `${PRELUDE} await attempt(() => ask())`

async function canaryRun(named: { readonly service: string; readonly tool: string }): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'spanwarden-canary-'))
  const stateFolder = join(folder, 'state')
  await using model = await startModelServer()
  await using sink = await startOtlpSink()
  await using sidecar = await startSidecar(configOf(join(folder, 'guard.sock')), { stateFolder })
  await using socket = await startRecordingSocket(join(stateFolder, 'control.sock'), join(folder, 'guard.sock'))
  const control = sidecar.listening['control'] ?? ''
  const said: string[] = []
  const start = async (script: string, answers: readonly ModelAnswer[]): Promise<void> => {
    model.answer(...answers)
    const { stdout, stderr } = await runAgent({
      endpoint: sink.url,
      script,
      env: {
        SPANWARDEN_STATE_DIR: stateFolder,
        OTEL_SERVICE_NAME: named.service,
        MODEL_URL: model.url,
        CONTROL: control,
      },
    })
    said.push(stdout, stderr)
  }
  await start(AGENT(named.tool), [ANSWER, CUT, FAILED, ANSWER])
  await start(KILLED, [ANSWER, CUT])
  const pages: Seen[] = []
  for (const path of ['guard', 'guard/approvals']) {
    const response = await fetch(`${control}/api/${path}`)
    pages.push({ where: `${control}/api/GET ${path}`, bytes: Buffer.from(await response.text()) })
  }
  // Before it has merged its WAL, and behind its end.
  const files = filesUnder(stateFolder)
  process.kill(sidecar.pid, 'SIGKILL')
  await start(LEFT_ALONE, [ANSWER])
  const seen = [
    ...files,
    ...filesUnder(stateFolder),
    ...pages.map(({ where, bytes }) => ({
      where: where.replace('/api/GET guard', ' GET /api/guard/GET guard'),
      bytes,
    })),
    { where: 'control socket', bytes: socket.bytes },
    { where: 'log of the sidecar', bytes: Buffer.from(sidecar.output) },
    { where: 'denials and stderr of the agent', bytes: Buffer.from(said.join('\n')) },
  ]
  await rm(folder, { recursive: true, force: true })
  return { seen, denials: said.join('\n'), requests: JSON.stringify(model.requests) }
}

function filesUnder(folder: string): Seen[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => ({ where: path, bytes: readFileSync(path) }))
}

const configOf = (socket: string): object => ({
  receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } },
  exporters: { debug: {} },
  extensions: {
    guard: {
      socket,
      lease: '15s',
      budgets: {
        daily: { limit_usd: 1 },
        talk: { scope: 'session', window: 'run', limit_usd: 1 },
        runs: { scope: 'run', window: 'run', limit_usd: 1 },
      },
      rates: { posts: { class: 'post', limit: 2, window: '1h' } },
      loops: { enabled: true },
      audit: { classes: ['read', 'write', 'post', 'pay', 'exec'] },
      supervised: { classes: ['exec'], timeout: '1s' },
    },
  },
  service: {
    extensions: ['guard'],
    http: { endpoint: '127.0.0.1:0' },
    telemetry: { logs: { level: 'debug' }, metrics: { level: 'none' } },
    pipelines: { traces: { receivers: ['otlp'], exporters: ['debug'] } },
  },
})
