/*
 * By hand: `node test/bench/call.ts`. CPU of the agent's process for one `chat.completions.create` of the openai client, with and without the
 * bundled preload, export to a local receiver included. Server and receiver are processes of their own.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { projectFolder } from '../support/run-agent.ts'
import { median } from './median.ts'

const ROUNDS = 5
const WARM_UP = 1_000
const CALLS = 3_000
const US_MAX = 200

const folder = mkdtempSync(join(tmpdir(), 'spanwarden-bench-'))
const preload = join(folder, 'register.mjs')
await build({
  entryPoints: [join(projectFolder, 'src/register.ts')],
  outfile: preload,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  logLevel: 'error',
})

const answer = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  model: 'gpt-4o-2024-08-06',
  choices: [
    {
      index: 0,
      finish_reason: 'stop',
      message: { role: 'assistant', content: 'Your parcel is on its way. '.repeat(8) },
    },
  ],
  usage: { prompt_tokens: 120, completion_tokens: 60, total_tokens: 180, prompt_tokens_details: { cached_tokens: 40 } },
})
const server = `
  import { createServer } from 'node:http'
  const server = createServer((request, response) => request.resume().on('end', () => response.setHeader('content-type', 'application/json').end(${JSON.stringify(answer)})))
  server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
const client = (port: string, concurrency: number): string => `
  import OpenAI from 'openai'
  const client = new OpenAI({ apiKey: 'none', baseURL: 'http://127.0.0.1:${port}/v1' })
  const call = () => client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Where is my parcel?' }] })
  const calls = (count) => Promise.all(Array.from({ length: ${concurrency} }, async () => { for (let n = 0; n < count / ${concurrency}; n += 1) await call() }))
  await calls(${WARM_UP})
  const before = process.cpuUsage()
  await calls(${CALLS})
  await new Promise((resolve) => setTimeout(resolve, 1500)) // the export of the last batch counts
  const { user, system } = process.cpuUsage(before)
  console.log((user + system) / ${CALLS})`

const [model, sink] = await Promise.all([start(server), start(server)])
const env = {
  ...process.env,
  OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${sink.line}`,
  SPANWARDEN_SPOOL: 'off',
}
const cases = { bare: [], spanwarden: ['--import', preload] }
for (const concurrency of [1, 50]) {
  const us = { bare: [0].slice(1), spanwarden: [0].slice(1) }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of ['bare', 'spanwarden'] as const) {
      const run = await start(client(model.line, concurrency), cases[name], env)
      us[name].push(Number(run.line))
      if (run.child.exitCode === null) await once(run.child, 'exit')
    }
  }
  const added = median(us.spanwarden) - median(us.bare)
  console.log(
    `${concurrency} at a time: bare ${median(us.bare).toFixed(0)} µs, with the preload +${added.toFixed(0)} µs CPU a call (${(median(us.spanwarden) / median(us.bare)).toFixed(2)} ×); ratio to the bar of ${US_MAX} µs: ${(added / US_MAX).toFixed(2)}`,
  )
}
model.child.kill()
sink.child.kill()
rmSync(folder, { recursive: true })

/** Starts a script and waits for its first line. */
async function start(
  script: string,
  flags: readonly string[] = [],
  environment = process.env,
): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, [...flags, '--input-type=module', '--eval', script], {
    cwd: projectFolder,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  for await (const chunk of child.stdout) {
    text += String(chunk)
    if (text.includes('\n')) break
  }
  return { child, line: text.trim() }
}
