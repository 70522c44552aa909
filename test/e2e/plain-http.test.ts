import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sinkViolations } from '../support/conformance.ts'
import { startModelServer } from '../support/model-server.ts'
import { completion } from '../support/openai-shapes.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { projectFolder, runAgent } from '../support/run-agent.ts'
import { traceTree } from '../support/trace-tree.ts'
import type { ModelServer } from '../support/model-server.ts'

/** Model calls that no known library makes, in an agent of its own. */
let server: ModelServer
let folder = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanwarden-plain-'))
  server = await startModelServer()
  server.answer(completion({ content: 'Hello' }))
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await server.close()
})

const SHOWN = ['gen_ai.usage.input_tokens', 'http.response.status_code']
const PLAIN = 'CLIENT chat gpt-4o-mini [gen_ai.usage.input_tokens=120 http.response.status_code=200]'
const OBSERVED = 'CLIENT chat gpt-4o-mini [gen_ai.usage.input_tokens=120]'
const BODY = `JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'CANARY' }] })`
const URL_OF = `process.env.BASE + '/v1/chat/completions'`
const FETCH = `await (await fetch(${URL_OF}, { method: 'POST', body: ${BODY} })).json()`
const OPENAI = `import OpenAI from 'openai'
  await new OpenAI({ apiKey: 'none', baseURL: process.env.BASE + '/v1' }).chat.completions.create(JSON.parse(${BODY}))`

async function run(
  agent: { readonly script?: string; readonly file?: readonly string[] },
  env: Readonly<Record<string, string>> = {},
) {
  await using sink = await startOtlpSink()
  const SPANWARDEN_MODEL_HOSTS = new URL(server.url).host
  const result = await runAgent({
    endpoint: sink.url,
    ...agent,
    env: { BASE: server.url, SPANWARDEN_MODEL_HOSTS, ...env },
  })
  expect(sinkViolations(sink, false)).toEqual([])
  return { stderr: result.stderr, code: result.code, tree: traceTree(sink.spans, SHOWN) }
}

describe('plain HTTP', () => {
  test('fetch, and process.exit() right after it', async () => {
    expect(await run({ script: `${FETCH}\nprocess.exit(3)` })).toEqual({ stderr: '', code: 3, tree: PLAIN })
  })

  test('node:http', async () => {
    const script = `import { request } from 'node:http'
      request(${URL_OF}, { method: 'POST' }, (response) => response.resume()).end(${BODY})`
    expect(await run({ script })).toEqual({ stderr: '', code: 0, tree: PLAIN })
  })

  test('beside a client that is observed: one span each', async () => {
    expect((await run({ script: `${OPENAI}\n${FETCH}` })).tree).toBe(`${OBSERVED}\n${PLAIN}`)
  })

  test('a bundled client is seen, and told once', async () => {
    const outfile = join(folder, 'agent.mjs')
    const stdin = { contents: OPENAI, resolveDir: projectFolder }
    await build({ stdin, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' })
    const { stderr, tree } = await run({ file: [outfile] })
    expect(tree).toBe(PLAIN)
    expect(stderr).toMatch(/^spanwarden: openai is NOT observed: [^\n]*plain HTTP[^\n]*\n$/)
  })

  test('can be switched off, and leaves hosts alone that nobody named', async () => {
    expect((await run({ script: FETCH }, { OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'plain-http' })).tree).toBe('')
    expect((await run({ script: FETCH }, { SPANWARDEN_MODEL_HOSTS: '' })).tree).toBe('')
  })
})
