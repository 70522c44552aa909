import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { json, startModelServer } from '../support/model-server.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { runAgent } from '../support/run-agent.ts'

const SCRIPT = `
  import OpenAI from 'openai'
  const client = new OpenAI({ apiKey: 'key', baseURL: process.env.MODEL + '/v1', maxRetries: 0 })
  for (const model of ['our-model', 'gpt-4o-mini'])
    await client.chat.completions.create({ model, messages: [{ role: 'user', content: 'CANARY' }] })
`

/** The cost of a call of a model of ours and of one that everybody knows, and what the agent's process said. */
async function costs(prices: string) {
  const path = join(mkdtempSync(join(tmpdir(), 'spanwarden-prices-')), 'prices.json')
  writeFileSync(path, prices)
  await using sink = await startOtlpSink()
  await using server = await startModelServer()
  const usage = { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 }
  const choices = [{ index: 0, message: { role: 'assistant', content: 'CANARY' }, finish_reason: 'stop' }]
  server.answer(json({ id: 'chatcmpl-1', object: 'chat.completion', created: 1, choices, usage }))
  const env = { MODEL: server.url, SPANWARDEN_PRICES_FILE: path }
  const { code, stderr } = await runAgent({ endpoint: sink.url, script: SCRIPT, env })
  const told = sink.spans.map(({ attributes }) =>
    ['cost.amount', 'cost.source', 'price_table.version']
      .map((key) => attributes[`spanwarden.${key}`] ?? '-')
      .join(' '),
  )
  return { code, told, stderr: stderr.replaceAll(path, 'FILE') }
}

const listed = '0.00021 local genai-prices-0.1.8'

test('an agent’s calls are priced by the user’s file, else by the table', async () => {
  const entry = { model: 'our-*', usd_per_million: { input: 1, output: 2 } }
  const { code, told, stderr } = await costs(JSON.stringify({ version: '7', prices: [entry] }))
  expect([code, told]).toEqual([0, ['0.0012 local file-7', listed]])
  expect(stderr).not.toContain('SPANWARDEN_PRICES_FILE')
})

test('a file with faults is told of once, the agent runs on with the table, and an unknown model has no amount', async () => {
  const { code, told, stderr } = await costs('{ "prices": [{ "model": 7 }] }')
  expect([code, told]).toEqual([0, ['- unknown -', listed]])
  expect(stderr.split('\n').filter((line) => line.includes('SPANWARDEN_PRICES_FILE'))).toEqual([
    'spanwarden: SPANWARDEN_PRICES_FILE FILE: prices[0].model is to be a text of 1 to 256 characters (and 1 more: spanwarden prices --check shows them); the built-in prices are used',
  ])
})
