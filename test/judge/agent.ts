/**
 * An agent of the judge: `node --import <preload> agent.ts <name> <calls at once> <seed>`, model server in `JUDGE_MODEL_URL`. Calls models with real clients, whole and as
 * streams, breaks streams off, gives up, repeats, posts; goes on whatever is denied, until SIGTERM. Tells the judge its counts every now and then.
 */
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { setTimeout as pause } from 'node:timers/promises'
import { Random } from '../fuzz/random.ts'
import type { tool as Tool } from '../../src/index.ts'

const api = process.env['JUDGE_API'] ?? ''
// The bundle of the preload beside it: both are of one make.
const { tool } = (await import(api)) as { readonly tool: typeof Tool }
const [name = '', atOnce = '1', seed = '0'] = process.argv.slice(2)
const url = process.env['JUDGE_MODEL_URL'] ?? ''
const openai = new OpenAI({ apiKey: 'k', baseURL: `${url}/v1`, maxRetries: 2 })
const anthropic = new Anthropic({ apiKey: 'k', baseURL: url, maxRetries: 2 })
const post = tool('post_message', { class: 'post' }, async (headers: Record<string, string>) => {
  const response = await fetch(`${url}/post`, { method: 'POST', headers, body: '{}' })
  return response.status
})

const counts: Record<string, number> = {}
let next = 0
const end = new AbortController()
process.on('SIGTERM', () => end.abort())
// In a calm window nobody gives up, so that every cost becomes known.
let isCalm = process.env['JUDGE_CALM'] === 'yes'
process.on('message', (message) => {
  if (typeof message === 'object' && message !== null) isCalm = Reflect.get(message, 'isCalm') === true
})
// Whoever starts agents may be killed, too.
process.on('disconnect', () => process.exit(1))
const telling = setInterval(() => process.send?.({ counts }), 500)

await Promise.all(Array.from({ length: Number(atOnce) }, (_, i) => work(new Random(Number(seed), i))))
clearInterval(telling)
process.send?.({ counts })
process.disconnect?.()

async function work(random: Random): Promise<void> {
  while (!end.signal.aborted) {
    const result = await call(random).catch(codeOf)
    counts[result] = (counts[result] ?? 0) + 1
    await pause(result === 'ok' ? random.below(5) : 20 + random.below(100))
  }
}

async function call(random: Random): Promise<string> {
  const headers = {
    'x-judge': `${name}/${seed}/${next++}`,
    'x-begun': String(performance.timeOrigin + performance.now()),
  }
  const roll = random.below(100)
  if (roll < 3) return (await post(headers)) === 200 ? 'posted' : 'post failed'
  const content = 'word '.repeat(random.below(60))
  const options = { headers, ...(!isCalm && random.chance(0.05) ? { timeout: 40 } : {}) }
  const isStream = random.chance(0.5)
  // Broken off behind so many events; most are read to their end.
  const events = !isCalm && random.chance(0.2) ? random.below(5) : Number.POSITIVE_INFINITY
  if (roll < 55) {
    // Without a limit now and then: the guard puts one in.
    const limit = random.chance(0.8) ? { max_tokens: 50 + random.below(200) } : {}
    const body = { model: 'judge-o', messages: [{ role: 'user' as const, content }], ...limit }
    if (isStream) return await read(await openai.chat.completions.create({ ...body, stream: true }, options), events)
    await openai.chat.completions.create(body, options)
    return 'ok'
  }
  const body = {
    model: 'judge-a',
    max_tokens: 50 + random.below(200),
    messages: [{ role: 'user' as const, content: `${content}.` }],
  }
  if (isStream) return await read(await anthropic.messages.create({ ...body, stream: true }, options), events)
  await anthropic.messages.create(body, options)
  return 'ok'
}

async function read(stream: AsyncIterable<unknown>, events: number): Promise<string> {
  let seen = 0
  for await (const _ of stream) if (++seen > events) return 'broken off'
  return 'ok'
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'thrown'
  const [code, status]: unknown[] = [Reflect.get(error, 'code'), Reflect.get(error, 'status')]
  if (typeof code === 'string') return code
  return typeof status === 'number' ? `http ${status}` : error.constructor.name
}
