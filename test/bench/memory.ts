/*
 * By hand: `npm run build && node test/bench/memory.ts [--calls 1000000] [--bare]`. Memory of an agent that makes streamed calls of the openai
 * client, a tenth of which it abandons: half of these without reading, half after two chunks, none closed. The answers come from memory,
 * so that a million of them takes minutes; the receiver of the spans is a process of its own. `--bare`: the same without the preload.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { projectFolder } from '../support/run-agent.ts'

const { values: given } = parseArgs({
  options: { calls: { type: 'string', default: '1000000' }, bare: { type: 'boolean', default: false } },
})
const MB_MAX = 20

const agent = `
import OpenAI from 'openai'
const usage = { prompt_tokens: 120, completion_tokens: 60, total_tokens: 180 }
const chunk = (more) => 'data: ' + JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'gpt-4o-2024-08-06', choices: [], ...more }) + '\\n\\n'
const delta = (delta, finish_reason = null) => chunk({ choices: [{ index: 0, delta, finish_reason }] })
const parts = [delta({ role: 'assistant', content: '' }), delta({ content: 'On ' }), delta({ content: 'its way.' }), delta({}, 'stop'), chunk({ usage }), 'data: [DONE]\\n\\n']
const bytes = new TextEncoder().encode(parts.join(''))
const fetch = async () => new Response(bytes, { headers: { 'content-type': 'text/event-stream' } })
const client = new OpenAI({ apiKey: 'none', baseURL: 'http://127.0.0.1:9/v1', fetch })
const body = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Where is my parcel?' }], stream: true, stream_options: { include_usage: true } }
const call = async (number) => {
  const stream = await client.chat.completions.create(body)
  if (number % 20 === 0) return
  const iterator = stream[Symbol.asyncIterator]()
  for (let chunks = 0; ; chunks += 1) {
    if (number % 20 === 10 && chunks === 2) return
    if ((await iterator.next()).done) return
  }
}
const state = () => globalThis[Symbol.for('spanwarden.sdk')]?.state().traces
const report = async (calls) => {
  for (let turn = 0; turn < 3; turn += 1) {
    gc()
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  console.log(JSON.stringify({ calls, rss, heapUsed, external, ...state() }))
}
const calls = ${given.calls}
const step = Math.ceil(calls / 10)
for (let number = 1; number <= calls; number += 1) {
  await call(number)
  // The event loop turns as in an agent that waits for its model.
  if (number % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
  if (number % step === 0 || number === calls) await report(number)
}
process.exit()`

const sink = spawn(process.execPath, [join(import.meta.dirname, 'peers-sink.mjs')], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
let url = ''
for await (const line of sink.stdout) {
  url = String(line).trim()
  break
}
const flags = given.bare ? [] : ['--import', join(projectFolder, 'dist/register.js')]
const child = spawn(process.execPath, [...flags, '--expose-gc', '--input-type=module', '--eval', agent], {
  cwd: projectFolder,
  env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: url, SPANWARDEN_SPOOL: 'off' },
  stdio: ['ignore', 'pipe', 'inherit'],
})
let first: number | undefined
let last = 0
let text = ''
for await (const chunk of child.stdout) {
  text += String(chunk)
  const lines = text.split('\n')
  text = lines.pop() ?? ''
  for (const line of lines) {
    const seen: { calls: number; rss: number; heapUsed: number; external: number; open?: number; sent?: number } =
      JSON.parse(line)
    first ??= seen.rss
    last = seen.rss
    const mb = [seen.rss, seen.heapUsed, seen.external].map((bytes) => (bytes / 1e6).toFixed(1))
    const spans = seen.sent === undefined ? '' : `, ${seen.sent} spans sent, ${seen.open} open`
    console.log(`${seen.calls} calls: RSS ${mb[0]} MB, heap ${mb[1]}, external ${mb[2]}${spans}`)
  }
}
sink.kill()
console.log(
  `growth of RSS from the first tenth to the end: ${((last - (first ?? 0)) / 1e6).toFixed(1)} MB (bar: ${MB_MAX} MB)`,
)
