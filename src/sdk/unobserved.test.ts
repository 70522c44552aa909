import { createServer } from 'node:http'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import { startOtlpSink } from '../../test/support/otlp-sink.ts'
import { projectFolder, runAgent } from '../../test/support/run-agent.ts'

const script = `
  import OpenAI from 'openai'
  const client = new OpenAI({ apiKey: 'none', baseURL: process.env.BASE_URL, maxRetries: 0 })
  for (let n = 0; n < 3; n += 1) await client.models.list().catch(() => undefined)
  const state = globalThis[Symbol.for('spanwarden.sdk')].state()
  process.stdout.write(JSON.stringify([state.libraries, state.notices]))`

async function run(file?: string) {
  await using sink = await startOtlpSink()
  const model = createServer((request, response) =>
    request.resume().on('end', () => response.writeHead(404).end()),
  ).listen(0, '127.0.0.1')
  await once(model, 'listening')
  const address = model.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const env = { BASE_URL: `http://127.0.0.1:${port}/v1` }
  const result = await runAgent({ endpoint: sink.url, env, ...(file === undefined ? { script } : { file: [file] }) })
  model.close()
  return result
}

test('a bundled client is told by its first request, once; as a package of its own it is observed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spanwarden-bundle-'))
  try {
    const outfile = join(folder, 'agent.mjs')
    const stdin = { contents: script, resolveDir: projectFolder }
    await build({ stdin, outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' })
    const bundled = await run(outfile)
    expect(bundled.stderr).toMatch(
      /^spanwarden: openai is NOT observed: [^\n]*plain HTTP at most; instrument\(\)[^\n]*\n$/,
    )
    expect(JSON.parse(bundled.stdout)).toEqual([[], { 'unobserved openai': 1 }])
  } finally {
    rmSync(folder, { recursive: true })
  }
  const plain = await run()
  expect(plain.stderr).toBe('')
  expect(JSON.parse(plain.stdout)).toMatchObject([[{ library: 'openai', state: 'patched' }], {}])
})
