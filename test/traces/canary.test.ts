import { describe, expect, it } from 'vitest'
import { instrumentations } from '../../src/sdk/instrumentation/instrumentations.ts'
import { CANARY_SCRIPTS } from '../support/canary-scripts.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { startProviderServer } from '../support/provider-server.ts'
import { runAgent } from '../support/run-agent.ts'
import type { CanaryScript } from '../support/canary-scripts.ts'
import type { OtlpSink } from '../support/otlp-sink.ts'

const CANARY = 'Kanarie7X'

/** So long the calls that hang have time to get the start of their answer, in an agent's process. */
const ABORT_MS = 100

const AROUND = `
  const c = (place) => '${CANARY}' + place + '_'
  let pending
  const quiet = async (work) => {
    const read = async () => {
      const answer = await work()
      if (typeof answer?.[Symbol.asyncIterator] === 'function') for await (const _ of answer);
    }
    const done = read().catch(() => undefined)
    // What hangs is broken off together: not every client looks at a signal that is aborted already.
    if (pending === undefined) await done
    else pending.push(done)
  }
  const each = async (use) => {
    for (const behaviour of ['say', 'tool', 'refuse', 'break', 'cut', 'hang']) {
      if (behaviour !== 'hang') { await use(SERVER + '/' + behaviour, undefined); continue }
      const abort = new AbortController()
      pending = []
      await use(SERVER + '/hang', abort.signal)
      setTimeout(() => abort.abort(new Error(c('reason'))), ${ABORT_MS})
      await Promise.all(pending)
      pending = undefined
    }
  }
  process.on('unhandledRejection', () => undefined)
`

interface Played {
  readonly sink: OtlpSink
  readonly stderr: string
}

type Builds = 'current' | 'previous'

/** One process with the preload, as the agent's author would start it. */
async function play(script: CanaryScript, capture: boolean, build: Builds, sink: OtlpSink): Promise<Played> {
  await using server = await startProviderServer({
    say: (number, path) => ({
      id: `answer-${number}`,
      model: path.includes('claude') ? 'claude-haiku-4-5' : 'gpt-4o-mini',
      text: `${CANARY}answer_`,
      usage: { input: 12, cached: 4, output: 6 },
    }),
    call: { name: 'look', args: { q: `${CANARY}callargs_` } },
    complaint: `${CANARY}complaint_ is bad`,
  })
  const load =
    build === 'current'
      ? 'const load = (name) => import(name)'
      : `const load = async (name) => { try { return require('./test/previous/node_modules/' + name) } catch { return require(name) } }`
  const text = `${load}
    const SERVER = ${JSON.stringify(server.url)}
    ${AROUND}
    void (async () => { ${script.body} })().catch((error) => { console.error('script failed', error); process.exitCode = 3 })`
  const run = await runAgent({
    endpoint: sink.url,
    script: text,
    module: build === 'current' ? 'esm' : 'commonjs',
    env: {
      OTEL_LOG_LEVEL: 'debug',
      OPENAI_AGENTS_DISABLE_TRACING: '1',
      LANGSMITH_TRACING: 'false',
      SPANWARDEN_MODEL_HOSTS: '127.0.0.1',
      ...(capture ? { OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'SPAN_AND_EVENT' } : {}),
    },
  })
  expect({ code: run.code, stderr: run.code === 0 ? '' : run.stderr }).toEqual({ code: 0, stderr: '' })
  return { sink, stderr: run.stderr }
}

/** Places whose canary is in the bytes, in whatever encoding. */
function placesIn(bytes: Buffer): string[] {
  const text = bytes.toString('latin1')
  const found = new Set(
    [...text.matchAll(new RegExp(`${CANARY}(?:([a-z]*)_)?`, 'gi'))].map(([, place = '(part)']) => place),
  )
  for (const [name, needle] of Object.entries(ENCODED)) if (text.includes(needle)) found.add(`(${name})`)
  return [...found].toSorted()
}

/** Base64 of the canary wherever it begins in a group of three bytes, without the characters that its neighbours change. */
const ENCODED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [0, 1, 2].map((offset) => {
      const encoded = Buffer.from(`${'x'.repeat(offset)}${CANARY}`).toString('base64url')
      return [
        `base64 at ${offset}`,
        encoded.slice(Math.ceil((offset * 4) / 3), Math.floor(((CANARY.length + offset) * 4) / 3)),
      ]
    }),
  ),
  hex: Buffer.from(CANARY).toString('hex'),
  utf16: Buffer.from(CANARY, 'utf16le').toString('latin1'),
}

const everything = ({ requests }: OtlpSink): Buffer =>
  Buffer.concat(requests.flatMap(({ body, headers, path }) => [body, Buffer.from(path + JSON.stringify(headers))]))

const runs = CANARY_SCRIPTS.flatMap((script) => [
  { library: script.library, build: 'current' as const, script },
  ...(script.previous === true ? [{ library: script.library, build: 'previous' as const, script }] : []),
])

describe('content that nobody asked for', () => {
  it.each(runs)('leaves no byte: $library, $build', { timeout: 60_000 }, async ({ script, build }) => {
    await using sink = await startOtlpSink()
    const { stderr } = await play(script, false, build, sink)
    expect(sink.spans.length).toBeGreaterThan(0)
    // The conventions want it on every span of a tool; who offers a tool has written it, not who asks.
    expect(placesIn(everything(sink)).filter((place) => place !== 'description')).toEqual([])
    const ours = stderr.split('\n').filter((line) => line.startsWith('spanwarden'))
    expect(ours.filter((line) => line.includes('internal fault'))).toEqual([])
    expect(placesIn(Buffer.from(ours.join('\n')))).toEqual([])
  })
})

describe('content that was asked for', () => {
  it.each(CANARY_SCRIPTS)('leaves: $library', { timeout: 60_000 }, async (script) => {
    await using sink = await startOtlpSink()
    await play(script, true, 'current', sink)
    // An error of JSON.parse quotes the first characters of what it was given.
    const places = placesIn(everything(sink)).filter((place) => place !== '(part)')
    expect(places).toEqual(script.captured)
  })
})

/** Libraries that another one's script plays as well. */
const PLAYED_WITH = ['@langchain/langgraph', '@modelcontextprotocol/server', '@openai/agents-core']

/** No script yet; what they tell goes through the same spans of models, tools and agents as that of the others. */
const NOT_PLAYED = ['@openai/agents-extensions', '@anthropic-ai/claude-agent-sdk']

describe('the search', () => {
  it('is made for every library that is observed', () => {
    const played = [...CANARY_SCRIPTS.map(({ library }) => library), ...PLAYED_WITH, ...NOT_PLAYED]
    expect(instrumentations.map(({ library }) => library).filter((library) => !played.includes(library))).toEqual([])
  })

  it('finds a canary in every encoding, wherever it begins', () => {
    for (let before = 0; before < 6; before += 1) {
      const bytes = Buffer.from(`${'.'.repeat(before)}${CANARY}prompt_`)
      expect(placesIn(bytes)).toContain('prompt')
      for (const encoding of ['base64', 'base64url', 'hex', 'utf16le'] as const)
        expect(
          placesIn(
            encoding === 'utf16le' ? Buffer.from(bytes.toString(), encoding) : Buffer.from(bytes.toString(encoding)),
          ),
        ).not.toEqual([])
      expect(placesIn(Buffer.from(encodeURIComponent(bytes.toString())))).toContain('prompt')
      expect(placesIn(Buffer.from(JSON.stringify(JSON.stringify(bytes.toString()))))).toContain('prompt')
    }
  })
})
