import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { jsonToProtobuf } from '../otlp/json-to-protobuf.ts'
import { describeWithData, sharedData } from '../../test/support/shared-data.ts'
import { run } from './replay.ts'

const folder = mkdtempSync(join(tmpdir(), 'replay-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function replay(...argv: string[]) {
  let out = ''
  const io = {
    stdout: { write: (text: string | Uint8Array) => (out += String(text)) },
    stderr: { write: () => 0 },
    env: {},
    entry: '',
  }
  const code = await run(['loops', ...argv], io)
  return {
    code,
    out,
    lines: argv.includes('--json')
      ? out
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as unknown)
      : [],
  }
}
function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const call = (tool: string, result: unknown, more = {}) => ({ tool, args: { q: 1 }, result, ...more })
const looping = { id: 'loop', success: false, steps: Array.from({ length: 6 }, () => call('search', 'nothing')) }
const working = { id: 'work', success: true, steps: [1, 2, 3, 4, 5, 6].map((n) => call('search', `page ${n}`)) }
const solved = {
  id: 'solved',
  success: true,
  steps: [call('submit', 'ok', { reward: 1 }), ...Array.from({ length: 6 }, () => call('submit', 'ok'))],
}
const runs = [looping, working, solved].map((one) => JSON.stringify(one)).join('\n')

test.each([
  ['plain', () => file('runs.jsonl', runs)],
  ['gzip', () => file('runs.jsonl.gz', gzipSync(runs))],
])('runs one a line, %s', async (_, make) => {
  const { code, lines } = await replay(make(), '--json')
  expect(code).toBe(0)
  expect(lines).toEqual([
    { id: 'loop', success: false, warnStep: 2, stopStep: 3, rule: 'consecutive', unjudged: 0 },
    { id: 'work', success: true, warnStep: null, stopStep: null, rule: null, unjudged: 0 },
    // What comes behind the reward is not looked at.
    { id: 'solved', success: true, warnStep: null, stopStep: null, rule: null, unjudged: 0 },
    {
      totals: {
        ok: { runs: 2, warned: 0, stopped: 0, unjudgedSteps: 0 },
        failed: { runs: 1, warned: 1, stopped: 1, unjudgedSteps: 0 },
        unknown: { runs: 0, warned: 0, stopped: 0, unjudgedSteps: 0 },
      },
    },
  ])
})

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } })
const toolSpan = (n: number, content: boolean) => ({
  traceId: TRACE,
  spanId: `b7ad6b71692033${10 + n}`,
  parentSpanId: '00f067aa0ba902b7',
  name: 'execute_tool search',
  startTimeUnixNano: String(1_700_000_000_000_000_000n + BigInt(n)),
  endTimeUnixNano: String(1_700_000_000_000_000_001n + BigInt(n)),
  attributes: [
    attribute('gen_ai.tool.name', 'search'),
    ...(content
      ? [attribute('gen_ai.tool.call.arguments', '{"q":1}'), attribute('gen_ai.tool.call.result', '"none"')]
      : []),
  ],
})
const trace = (content: boolean): string =>
  JSON.stringify({
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: [
              ...[3, 1, 2, 0].map((n) => toolSpan(n, content)),
              { traceId: TRACE, spanId: '00f067aa0ba902b7', name: 'invoke_agent', status: { code: 2 } },
            ],
          },
        ],
      },
    ],
  })

test.each([
  ['OTLP/JSON', () => file('trace.json', JSON.stringify(JSON.parse(trace(true)), undefined, 2))],
  ['OTLP/JSON, a request a line', () => file('trace.jsonl', `${trace(true)}\n`)],
  ['OTLP protobuf', () => file('trace.pb', jsonToProtobuf('traces', Buffer.from(trace(true))))],
])('tool calls of traces: %s', async (_, make) => {
  const { lines } = await replay(make(), '--json')
  expect(lines[0]).toEqual({ id: TRACE, success: false, warnStep: 2, stopStep: 3, rule: 'consecutive', unjudged: 0 })
})

test('calls whose content was not captured are never taken for a repetition', async () => {
  const { lines } = await replay(file('bare.json', trace(false)), '--json')
  expect(lines[0]).toMatchObject({ warnStep: null, stopStep: null, unjudged: 4 })
})

test('what is wrong is said with its place', async () => {
  await expect(replay(file('bad.jsonl', `${runs}\n{"x":1}\n`))).rejects.toThrow(
    /bad\.jsonl:4: neither an OTLP request nor a run with steps/,
  )
  await expect(replay(file('bad.txt', 'hello'))).rejects.toThrow(/bad\.txt: /)
  await expect(replay()).rejects.toThrow(/needs a file/)
})

test('the table', async () => {
  const { out } = await replay(file('runs.jsonl', runs))
  expect(out).toMatch(/^failed +1 +1 +100\.00 % +1 +100\.00 % +0$/m)
})

describeWithData('trajectories', () => {
  test('few runs that end well are stopped, many that fail are', async () => {
    const files = ['intercode', 'tau-bench', 'swe-agent-demos'].map((name) =>
      sharedData(`trajectories/${name}.jsonl.gz`),
    )
    const { lines } = await replay(...files, '--json')
    const { totals } = lines.at(-1) as {
      totals: Record<'ok' | 'failed', { runs: number; warned: number; stopped: number }>
    }
    expect(totals.ok.runs).toBe(1681)
    expect(totals.ok.stopped / totals.ok.runs).toBeLessThanOrEqual(0.002)
    expect(totals.ok.warned / totals.ok.runs).toBeLessThanOrEqual(0.005)
    expect(totals.failed.stopped / totals.failed.runs).toBeGreaterThan(0.3)
  })
})
