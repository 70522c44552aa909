import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { startModelServer, json } from '../support/model-server.ts'
import { projectFolder } from '../support/run-agent.ts'
import { runNode } from '../support/run-node.ts'

/*
 * collector-config/guard.yaml as a new user tries it: `spanwarden run --config embedded.yaml --config guard.yaml -- node agent`. Ten posts an hour, five dollars a day, loops
 * stop; the model server says what was really spent.
 */
const AGENT = `
  import OpenAI from 'openai'
  import { agent, tool } from ${JSON.stringify(`${projectFolder}src/index.ts`)}
  const client = new OpenAI({ apiKey: 'k', baseURL: process.env.MODEL_URL + '/v1' })
  const post = tool('post_message', async (text) => text.length)
  const search = tool('search', async () => 'nothing found')
  const times = async (most, work) => {
    for (let done = 0; done < most; done++) {
      try { await work(done) } catch (error) { return { done, name: error.name, rule: error.rule, message: error.message } }
    }
    return { done: most }
  }
  const seen = {}
  await agent('poster', async () => { seen.posts = await times(20, (i) => post('message number ' + i)) })()
  await agent('searcher', async () => { seen.searches = await times(20, () => search('the same')) })()
  await agent('spender', async () => {
    const messages = [{ role: 'user', content: 'a long story' }]
    seen.calls = await times(100, () => client.chat.completions.create({ model: 'gpt-4o', max_tokens: 16_000, messages }))
  })()
  console.log(JSON.stringify(seen))`

/** 0.150025 USD by OpenAI's prices: 2.5 and 10 USD a million. */
const ANSWER = json({
  id: 'c1',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-4o',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Once.' }, finish_reason: 'length' }],
  usage: { prompt_tokens: 10, completion_tokens: 15_000, total_tokens: 15_010 },
})
const CALL_USD = 0.150025

interface Attempts {
  readonly done: number
  readonly name?: string
  readonly rule?: string
  readonly message?: string
}

describe('the three limits of guard.yaml', () => {
  let seen: Readonly<Record<'posts' | 'searches' | 'calls', Attempts>>
  let billed: number
  let last: string

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'spanwarden-mission-'))
    await using model = await startModelServer()
    model.answer(ANSWER)
    const ports = [
      'OTLP_GRPC_ENDPOINT',
      'OTLP_HTTP_ENDPOINT',
      'HTTP_ENDPOINT',
      'PROMETHEUS_ENDPOINT',
      'OWN_METRICS_ADDRESS',
    ]
    const env = {
      ...Object.fromEntries(ports.map((name) => [`SPANWARDEN_${name}`, '127.0.0.1:0'])),
      SPANWARDEN_STATE_DIR: folder,
      MODEL_URL: model.url,
    }
    const cli = join(projectFolder, 'src/cli.ts')
    const configs = ['embedded.yaml', 'guard.yaml'].flatMap((name) => ['--config', `collector-config/${name}`])
    const agent = [process.execPath, '--input-type=module', '--eval', AGENT]
    const options = { cwd: projectFolder, env }
    const run = await runNode([cli, 'run', ...configs, '--', ...agent], options)
    const [line = ''] = run.stdout.split('\n').filter((text) => text.startsWith('{'))
    if (line === '') throw new Error(`the agent said nothing: ${run.stdout}\n${run.stderr}`)
    seen = JSON.parse(line) as typeof seen
    billed = model.requests.length * CALL_USD
    last = (await runNode([cli, 'last', '50'], options)).stdout
    await rm(folder, { recursive: true, force: true })
  }, 120_000)

  test('ten posts an hour: the eleventh is denied', () => {
    expect(seen.posts).toMatchObject({ done: 10, name: 'RateLimitedError', rule: 'posts' })
    expect(seen.posts.message).toMatch(
      /^post_message is limited by posts \(agent .*\): 10 calls in 3600 s; again in \d+ s$/,
    )
  })

  test('five dollars a day: what was billed is below it, and close to it', () => {
    expect(seen.calls).toMatchObject({ name: 'BudgetExhaustedError', rule: 'daily' })
    expect(billed).toBeLessThanOrEqual(5)
    expect(billed).toBeGreaterThan(4.5)
  })

  test('a loop stops', () => {
    expect(seen.searches.name).toBe('LoopStoppedError')
    expect(seen.searches.done).toBeLessThan(8)
  })

  test('spanwarden last shows the posts, and the one that was denied', () => {
    expect(last.match(/post_message/g)?.length).toBeGreaterThanOrEqual(11)
    expect(last).toMatch(/post_message.*posts|posts.*post_message/)
  })
})
