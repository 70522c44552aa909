import { describe, expect, test } from 'vitest'
import type { FromSidecar, GuardMode, StopState } from '../../../control/guard-messages.ts'
import type { RunActivity } from '../../../control/run-messages.ts'
import { testContext } from '../../../../test/support/component-context.ts'
import { Ledger } from '../../../ledger/ledger.ts'
import { PastRuns } from '../../../ledger/past-runs.ts'
import { guardConfig, guardSettings } from './guard-config.ts'
import { LoopWatch } from './loop-watch.ts'
import { Processes } from './processes.ts'

function watch(mode: GuardMode = 'enforce', more: object = {}) {
  const context = testContext('guard')
  const processes = new Processes(() => context.clock.monotonic())
  const past = new PastRuns(new Ledger({ path: ':memory:', now: () => 0 }))
  const settings = guardSettings(
    guardConfig.parse({ mode, loops: { enabled: true }, velocity: { tool_calls: { warn: 2, stop: 4 } }, ...more }),
  )
  const stopped: StopState[] = []
  const stops = {
    isStopped: (scope: string, value: string) => stopped.some((one) => one.scope === scope && one.value === value),
  }
  const loops = new LoopWatch({
    context,
    processes,
    settings: () => settings,
    books: () => ({ stops, past }) as never,
    stop: (stop) => void stopped.push(stop),
  })
  const join = (process: string) => {
    const said: FromSidecar[] = []
    const hello = { type: 'hello', protocol: 1, process, pid: 1, startedAt: 0, agent: 'a', version: '1' } as const
    const peer = {
      hello,
      identity: { unproven: 'a test' },
      send: (message: FromSidecar) => void said.push(message),
      refuse: () => undefined,
    }
    processes.joined(peer)
    const tell = (toolCalls: number, run = 'r', id = process): void => {
      const message: RunActivity = {
        type: 'activity',
        id,
        scopes: { agent: 'a', run },
        ageMs: 0,
        nanoUsd: 0,
        toolCalls,
        depth: 0,
      }
      loops.told(peer, message)
    }
    return { said, tell }
  }
  return { loops, stopped, join }
}

test('a loop of a process in shadow mode stops nothing', () => {
  const { loops, stopped } = watch()
  const report = { type: 'loop', scopes: { agent: 'a', run: 'r' }, level: 'stop', rule: 'cycle', tool: 't' } as const
  loops.reported({ ...report, goesOn: true })
  expect(stopped).toEqual([])
  loops.reported(report)
  expect(stopped).toMatchObject([{ scope: 'run', value: 'r' }])
})

describe('what all processes of a run say', () => {
  test('is added up: they are warned, and only they; then the run is stopped, once', () => {
    const { stopped, join } = watch()
    const [one, two, other] = [join('p1'), join('p2'), join('p3')]
    other.tell(1, 'another')
    one.tell(2)
    two.tell(1)
    const mark = { type: 'mark', run: 'r', level: 'warn', rule: 'tool_calls' }
    expect([one.said, two.said, other.said]).toEqual([[mark], [mark], []])
    two.tell(3)
    const stop = { scope: 'run', value: 'r', reason: 'loop: tool_calls (5 of 4 calls)' }
    expect(stopped).toEqual([stop])
    one.tell(50)
    expect(stopped).toEqual([stop])
    // A person resumes it: what was before does not count, new sums do.
    stopped.length = 0
    one.tell(4, 'r', 'p1 again')
    expect(stopped).toEqual([])
    one.tell(5, 'r', 'p1 again')
    expect(stopped).toHaveLength(1)
  })

  test('in shadow mode it is said, and nothing is stopped', () => {
    const { stopped, join } = watch('shadow')
    const { said, tell } = join('p1')
    tell(9)
    tell(20)
    expect(said).toEqual([{ type: 'mark', run: 'r', level: 'stop', rule: 'tool_calls' }])
    expect(stopped).toEqual([])
  })

  test('nothing is measured where it is turned off', () => {
    const { stopped, join } = watch('enforce', { velocity: { enabled: false } })
    const { said, tell } = join('p1')
    tell(1_000_000)
    expect([said, stopped]).toEqual([[], []])
  })

  test('stops of runs count as loops of their agent', () => {
    const { stopped, join } = watch()
    const { tell } = join('p1')
    for (const run of ['r1', 'r2', 'r3']) tell(9, run, run)
    expect(stopped.map(({ scope, value }) => `${scope} ${value}`)).toEqual(['run r1', 'run r2', 'run r3', 'agent a'])
  })
})

test('without a limit nobody is measured; with loops runs are, unless it is said otherwise', () => {
  const rules = (config: object) => guardSettings(guardConfig.parse(config))
  expect(rules({}).velocity).toBeUndefined()
  expect(rules({ loops: { enabled: true } }).velocity).toMatchObject({ toolCalls: { warn: 200, stop: 400 }, cost: {} })
  expect(rules({ loops: { enabled: true }, velocity: { enabled: false } }).rules.velocity).toBe(false)
  expect(rules({ velocity: { cost_usd: { stop: 2 }, duration: { stop: '30m' }, depth: {} } }).velocity).toMatchObject({
    cost: { stop: 2_000_000_000 },
    wallClock: { stop: 1_800_000 },
    depth: {},
  })
  expect(() => guardConfig.parse({ velocity: { depth: { warn: 3, stop: 2 } } })).toThrow('a run is stopped at more')
})
