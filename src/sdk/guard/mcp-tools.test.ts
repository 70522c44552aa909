import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { rejectionOf, startGuardedSdk } from '../../../test/support/guarded-sdk.ts'
import type { GuardedSdk } from '../../../test/support/guarded-sdk.ts'
import { GENERATIONS } from '../../../test/support/mcp-desk.ts'
import type { Desk } from '../../../test/support/mcp-desk.ts'
import { until } from '../../../test/support/until.ts'
import { mcpClient, mcpSdk, mcpServer } from '../instrumentation/mcp.ts'
import { runTool } from '../tool.ts'
import { LoopStoppedError, RateLimitedError, StoppedError } from './denial-error.ts'

const CANARY = 'q7-canary-7q'
const CALL = { name: 'look', arguments: { id: CANARY } }
const denied = { code: 'RATE_LIMITED', rule: 'posts', message: 'enough for this hour', retryAfterMs: 7 } as const

let guarded: GuardedSdk
beforeAll(async () => {
  guarded = await startGuardedSdk([mcpSdk, mcpClient, mcpServer])
})
afterEach(() => guarded.reset(CANARY))
afterAll(() => guarded[Symbol.asyncDispose]())

describe.each(GENERATIONS.filter(({ format }) => format === 'esm'))('$name', ({ open }) => {
  let desk: Desk
  let works = 0
  beforeAll(async () => {
    desk = await open(guarded.hooked, { transport: 'memory', work: () => (works += 1) })
  })
  afterEach(() => (works = 0))
  afterAll(() => desk[Symbol.asyncDispose]())

  test('a tool call is asked for once, by its configured class, and its outcome told', async () => {
    await guarded.rules({ hasBudgets: false, tools: { look: 'post' }, askClasses: ['post'] })
    await desk.callTool(CALL)
    expect(guarded.sidecar.saidOf('admit')).toMatchObject([
      { tool: 'look', class: 'post', scopes: { agent: 'tester' } },
    ])
    await until(() => guarded.sidecar.saidOf('outcome').length === 1)
    await desk.callTool({ name: 'look', arguments: { id: 'none' } })
    await until(() => guarded.sidecar.saidOf('outcome').length === 2)
    expect(guarded.sidecar.saidOf('outcome')).toMatchObject([{ result: 'ok' }, { result: 'tool_error' }])
    expect(works).toBe(2)
  })

  test.each([
    ['callTool', () => desk.callTool(CALL)],
    ['a request past it', () => desk.request({ method: 'tools/call', params: CALL })],
  ])('%s that is denied: its caller gets the typed error, the server nothing', async (_, call) => {
    await guarded.rules({ hasBudgets: false, askTools: ['look'] })
    guarded.sidecar.state.answer = () => denied
    guarded.decisions()
    const error = await rejectionOf(call)
    expect(error).toBeInstanceOf(RateLimitedError)
    expect(error).toMatchObject({ code: 'RATE_LIMITED', rule: 'posts', retryAfterMs: 7, message: denied.message })
    expect(works).toBe(0)
    expect(guarded.sidecar.saidOf('admit')).toHaveLength(1)
    expect(guarded.decisions()).toEqual([['deny', 'RATE_LIMITED posts']])
  })

  test('a stopped agent calls no tools; other messages go on', async () => {
    guarded.stop('s1')
    expect(await guarded.stopped('s1')).toBe(0)
    expect(await rejectionOf(() => desk.callTool(CALL))).toBeInstanceOf(StoppedError)
    expect(works).toBe(0)
    expect(await desk.client.listTools()).toMatchObject({ tools: [{ name: 'look' }, {}] })
    await guarded.resume()
    await desk.callTool(CALL)
    expect(works).toBe(1)
  })

  test('below a tool of a framework it is asked for once; by its own name where the configuration has that', async () => {
    const { sdk } = guarded.hooked
    const below = (name: string): unknown => runTool(sdk, name, {}, () => desk.callTool(CALL), [], 'async')
    const asked = (): string[] => guarded.sidecar.saidOf('admit').map(({ tool }) => tool)
    await guarded.rules({ hasBudgets: false, askTools: ['*'] })
    await below('look')
    await below('desk__look')
    expect(asked()).toEqual(['look', 'desk__look'])
    await guarded.rules({ hasBudgets: false, askTools: ['look'] })
    await below('desk__look')
    expect(asked().slice(2)).toEqual(['look'])
    await below('another')
    expect(asked().slice(3)).toEqual(['look'])
    expect(works).toBe(4)
  })

  test('a loop is stopped', async () => {
    await guarded.rules({ hasBudgets: false, loops: true, tools: { look: 'read' } })
    const run = (): unknown =>
      runTool(
        guarded.hooked.sdk,
        'outer',
        {},
        async () => {
          for (let i = 0; i < 6; i++) await desk.callTool(CALL)
        },
        [],
        'async',
      )
    expect(await rejectionOf(run)).toBeInstanceOf(LoopStoppedError)
    expect(works).toBeLessThan(6)
  })
})
