import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { claudeAgentSdk } from '../../src/sdk/instrumentation/claude-agent-sdk.ts'
import { describeWithPackage } from '../support/describe-with-package.ts'
import { startHookedSdk } from '../support/hooked.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { projectFolder, runAgent } from '../support/run-agent.ts'
import { propagateAsThePreload, spanTree } from '../support/span-tree.ts'
import { traceTree } from '../support/trace-tree.ts'

/**
 * The SDK with a program that plays Claude Code: it speaks the protocol over its standard streams and says what a test wants. The real one
 * is not needed, nor does the SDK come with this project: `SPANWARDEN_CLAUDE_AGENT_SDK` names a folder with a node_modules that has it.
 */
const folder = process.env['SPANWARDEN_CLAUDE_AGENT_SDK'] ?? projectFolder
const main = join(folder, 'node_modules/@anthropic-ai/claude-agent-sdk/sdk.mjs')

const CLAUDE = `
import { createInterface } from 'node:readline'
const frames = JSON.parse(process.env.FRAMES)
const say = (frame) => process.stdout.write(JSON.stringify(frame) + '\\n')
for await (const line of createInterface({ input: process.stdin })) {
  const { type, request_id, request } = JSON.parse(line)
  if (type === 'control_request') {
    say({ type: 'control_response', response: { subtype: 'success', request_id, response: { commands: [], models: [], account: {} } } })
  }
  if (type !== 'user') continue
  for (const frame of frames) {
    if (frame.exit !== undefined) process.exit(frame.exit)
    if (frame.type === 'environment') say({ ...frame, value: process.env.TRACEPARENT })
    else say(frame)
  }
}
`

const SESSION = 'd0f1c8f2-0000-4000-8000-000000000001'
const about = { session_id: SESSION, uuid: 'd0f1c8f2-0000-4000-8000-000000000002', parent_tool_use_id: null }
const INIT = {
  ...about,
  type: 'system',
  subtype: 'init',
  model: 'claude-sonnet-4-5',
  tools: [],
  mcp_servers: [],
  cwd: '/',
}
const USAGE = { input_tokens: 10, output_tokens: 20, cache_read_input_tokens: 30, cache_creation_input_tokens: 5 }

const answer = (id: string, block: object, reason: string | null, more: object = {}): object => ({
  ...about,
  type: 'assistant',
  message: {
    id,
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-4-5',
    content: [block],
    stop_reason: reason,
    usage: USAGE,
  },
  ...more,
})
const text = { type: 'text', text: 'CANARY hello' }
const asks = (id: string, name = 'Bash'): object => ({ type: 'tool_use', id, name, input: { command: 'CANARY' } })
const gives = (id: string, isError = false, more: object = {}): object => ({
  ...about,
  type: 'user',
  message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'CANARY', is_error: isError }] },
  ...more,
})
const result = (more: object = {}): object => ({
  ...about,
  type: 'result',
  subtype: 'success',
  is_error: false,
  num_turns: 1,
  result: 'CANARY hello',
  stop_reason: 'end_turn',
  total_cost_usd: 1,
  usage: USAGE,
  modelUsage: {},
  permission_denials: [],
  ...more,
})

const COUNTS = 'gen_ai.usage.input_tokens=45 gen_ai.usage.output_tokens=20'
const chat = (reason: string): string =>
  `CLIENT chat claude-sonnet-4-5 [${COUNTS} gen_ai.response.finish_reasons=["${reason}"]]`
const AGENT = 'INTERNAL invoke_agent [gen_ai.response.finish_reasons=["end_turn"]]'
const tool = (id: string, name = 'Bash'): string => `INTERNAL execute_tool ${name} [gen_ai.tool.call.id=${id}]`
const tree = (...lines: string[]): string => lines.join('\n')

const cases: Readonly<Record<string, { readonly frames: readonly object[]; readonly spans: string }>> = {
  'one answer in two messages': {
    frames: [
      INIT,
      answer('msg_1', { type: 'thinking', thinking: 'CANARY' }, null),
      answer('msg_1', text, 'end_turn'),
      result(),
    ],
    spans: tree(AGENT, `  ${chat('end_turn')}`),
  },
  'a tool': {
    frames: [
      INIT,
      answer('msg_1', asks('toolu_1'), 'tool_use'),
      gives('toolu_1'),
      answer('msg_2', text, 'end_turn'),
      result(),
    ],
    spans: tree(AGENT, `  ${chat('tool_use')}`, `  ${tool('toolu_1')}`, `  ${chat('end_turn')}`),
  },
  'a tool that has run before its answer is told to the end': {
    frames: [
      INIT,
      answer('msg_1', asks('toolu_1'), 'tool_use'),
      gives('toolu_1'),
      answer('msg_1', asks('toolu_2'), 'tool_use'),
      gives('toolu_2', true),
      result(),
    ],
    spans: tree(
      AGENT,
      `  ${chat('tool_use')}`,
      `  ${tool('toolu_1')}`,
      `  ${tool('toolu_2').replace(']', ' error.type=tool_error] ERROR(tool_error)')}`,
    ),
  },
  'an agent below': {
    frames: [
      INIT,
      answer('msg_1', asks('toolu_1', 'Task'), 'tool_use'),
      answer('msg_2', asks('toolu_2'), 'tool_use', { parent_tool_use_id: 'toolu_1' }),
      gives('toolu_2', false, { parent_tool_use_id: 'toolu_1' }),
      answer('msg_3', text, 'end_turn', { parent_tool_use_id: 'toolu_1' }),
      gives('toolu_1'),
      answer('msg_4', text, 'end_turn'),
      result(),
    ],
    spans: tree(
      AGENT,
      `  ${chat('tool_use')}`,
      `  ${tool('toolu_1', 'Task')}`,
      `    ${chat('tool_use')}`,
      `    ${tool('toolu_2')}`,
      `    ${chat('end_turn')}`,
      `  ${chat('end_turn')}`,
    ),
  },
  'the counts of a beginning': {
    frames: [INIT, answer('msg_1', text, null), result()],
    spans: tree(AGENT, `  CLIENT chat claude-sonnet-4-5 [${COUNTS} spanwarden.usage.source=partial]`),
  },
  'final counts among partial messages': {
    frames: [
      INIT,
      answer('msg_1', text, null),
      {
        ...about,
        type: 'stream_event',
        event: { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 200 } },
      },
      result(),
    ],
    spans: tree(AGENT, `  ${chat('end_turn').replace('output_tokens=20', 'output_tokens=200')}`),
  },
  'a call that failed': {
    frames: [
      INIT,
      answer('a', text, 'stop_sequence', {
        error: 'rate_limit',
        message: { id: 'a', model: '<synthetic>', content: [text] },
      }),
      result({ is_error: true }),
    ],
    spans: tree(
      'INTERNAL invoke_agent [error.type=api_error] ERROR(api_error)',
      '  CLIENT chat claude-sonnet-4-5 [error.type=rate_limit] ERROR(rate_limit)',
    ),
  },
  'too many turns': {
    frames: [
      INIT,
      answer('msg_1', asks('toolu_1'), 'tool_use'),
      result({ subtype: 'error_max_turns', is_error: true, errors: [] }),
    ],
    spans: tree(
      'INTERNAL invoke_agent [error.type=error_max_turns] ERROR(error_max_turns)',
      `  ${chat('tool_use')}`,
      `  ${tool('toolu_1')}`,
    ),
  },
  'a process that breaks down': {
    frames: [INIT, answer('msg_1', text, 'end_turn'), { exit: 3 }],
    spans: tree('INTERNAL invoke_agent [error.type=Error] ERROR(Error)', `  ${chat('end_turn')}`),
  },
}

const SHOWN = [
  'gen_ai.tool.call.id',
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
  'gen_ai.response.finish_reasons',
  'spanwarden.usage.source',
  'error.type',
]

interface Query extends AsyncGenerator<Record<string, unknown>> {
  close(): void
  interrupt(): Promise<unknown>
}
type QueryFunction = (request: { readonly prompt: string; readonly options: object }) => Query

describeWithPackage('@anthropic-ai/claude-agent-sdk 0 esm', main, 'SPANWARDEN_CLAUDE_AGENT_SDK', () => {
  const test = startHookedSdk([claudeAgentSdk])
  propagateAsThePreload()
  const scripts = mkdtempSync(join(tmpdir(), 'spanwarden-claude-'))
  const program = join(scripts, 'claude.mjs')
  writeFileSync(program, CLAUDE)
  afterAll(() => rmSync(scripts, { recursive: true }))
  let query: QueryFunction

  beforeAll(async () => {
    // oxlint-disable-next-line typescript/consistent-type-assertions
    query = (await import(pathToFileURL(main).href)).query as QueryFunction
  })

  const ask = (frames: readonly object[], env: object = {}): Query => {
    const options = {
      pathToClaudeCodeExecutable: program,
      env: { ...process.env, ...env, FRAMES: JSON.stringify(frames) },
    }
    return query({ prompt: 'CANARY', options })
  }

  const read = async (asked: Query): Promise<unknown[]> => {
    const all: unknown[] = []
    try {
      for await (const message of asked) all.push(message)
    } catch (error) {
      all.push(error instanceof Error ? error.message : error)
    }
    return all
  }

  it.each(Object.entries(cases))('%s', async (_name, { frames, spans }) => {
    const messages = await read(ask(frames))
    const given = frames.filter((frame) => !('exit' in frame))
    expect(messages.slice(0, given.length)).toEqual(given)
    const ended = test.takeSpans()
    expect(spanTree(ended, SHOWN)).toBe(spans)
    expect(JSON.stringify(ended.map((span) => [span.name, span.attributes, span.status]))).not.toContain('CANARY')
    expect(test.faults).toEqual([])
  })

  it('knows the conversation, the cost and the times', async () => {
    const frames = [INIT, answer('msg_1', text, 'end_turn'), answer('msg_2', asks('toolu_1'), 'tool_use'), result()]
    await read(ask(frames))
    const [call, , used, agent] = test.takeSpans()
    expect(used?.attributes['gen_ai.conversation.id']).toBe(SESSION)
    expect(agent?.attributes).toMatchObject({
      'gen_ai.conversation.id': SESSION,
      'gen_ai.request.model': 'claude-sonnet-4-5',
    })
    expect(call?.attributes).toMatchObject({
      'gen_ai.conversation.id': SESSION,
      'gen_ai.response.id': 'msg_1',
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.usage.cache_read.input_tokens': 30,
      'spanwarden.cost.currency': 'USD',
    })
    expect(agent?.attributes['gen_ai.usage.input_tokens']).toBeUndefined()
    const nanoseconds = ([seconds, rest]: readonly [number, number]): bigint =>
      BigInt(seconds) * 10n ** 9n + BigInt(rest)
    if (call === undefined || agent === undefined) throw new Error('no spans')
    expect(nanoseconds(call.endTime) > nanoseconds(call.startTime)).toBe(true)
    expect(nanoseconds(agent.endTime) >= nanoseconds(call.endTime)).toBe(true)
  })

  it('leaves calls and tools to a process that exports its own traces, and hands it the trace', async () => {
    const env = {
      CLAUDE_CODE_ENABLE_TELEMETRY: '1',
      CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: '1',
      OTEL_TRACES_EXPORTER: 'otlp',
    }
    const frames = [INIT, { ...about, type: 'environment' }, answer('msg_1', asks('toolu_1'), 'tool_use'), result()]
    const [, environment] = await read(ask(frames, env))
    const ended = test.takeSpans()
    expect(spanTree(ended, SHOWN)).toBe(AGENT)
    const { traceId, spanId } = ended[0]?.spanContext() ?? {}
    expect(environment).toMatchObject({ value: `00-${traceId}-${spanId}-01` })
  })

  it('ends with the reader', async () => {
    const asked = ask([INIT, answer('msg_1', text, 'end_turn'), result()])
    for await (const message of asked) if (message['type'] === 'assistant') break
    expect(spanTree(test.takeSpans(), SHOWN)).toBe(tree('INTERNAL invoke_agent', `  ${chat('end_turn')}`))
  })

  it('hands over the object of the library', async () => {
    const asked = ask([INIT, result()])
    expect([
      asked.constructor.name === 'Object',
      typeof asked.close,
      typeof asked.interrupt,
      typeof asked.next,
    ]).toEqual([false, 'function', 'function', 'function'])
    expect(Object.keys(asked)).not.toContain('next')
    expect((await asked.next()).value).toEqual(INIT)
    expect((await asked.next()).value).toEqual(result())
    expect(await asked.next()).toEqual({ done: true, value: undefined })
    expect(spanTree(test.takeSpans(), SHOWN)).toBe(AGENT)
    expect(query.length).toBe(1)
  })

  it('records content when it is asked to', async () => {
    test.sdk.captureContent = true
    try {
      await read(ask([INIT, answer('msg_1', asks('toolu_1'), 'tool_use'), gives('toolu_1'), result()]))
      const told = test.takeSpans().map(({ attributes }) => JSON.stringify(attributes).match(/CANARY/g)?.length)
      // The call of the tool in the answer; its arguments and its result; the question and the answer.
      expect(told).toEqual([1, 2, 2])
    } finally {
      test.sdk.captureContent = false
    }
  })

  it('is observed in a process of its own', { timeout: 60_000 }, async () => {
    await using sink = await startOtlpSink()
    const frames = [
      INIT,
      answer('msg_1', asks('toolu_1'), 'tool_use'),
      gives('toolu_1'),
      answer('msg_2', text, 'end_turn'),
      result(),
    ]
    const script = `
      import { query } from '@anthropic-ai/claude-agent-sdk'
      const options = { pathToClaudeCodeExecutable: ${JSON.stringify(program)} }
      for await (const { type } of query({ prompt: 'CANARY', options })) console.log(type)`
    const play = (preload: boolean) =>
      runAgent({ endpoint: sink.url, script, cwd: folder, env: { FRAMES: JSON.stringify(frames) }, preload })
    const bare = await play(false)
    expect(await play(true)).toEqual(bare)
    expect(bare).toMatchObject({ code: 0, stdout: 'system\nassistant\nuser\nassistant\nresult\n' })
    expect(traceTree(sink.spans, SHOWN)).toBe(
      tree(AGENT, `  ${chat('tool_use')}`, `  ${tool('toolu_1')}`, `  ${chat('end_turn')}`),
    )
    expect(sink.requests.some(({ body }) => body.includes('CANARY'))).toBe(false)
  })
})
