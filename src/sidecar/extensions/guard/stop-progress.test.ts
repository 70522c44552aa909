import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { until } from '../../../../test/support/until.ts'
import type { Hello, StopState } from '../../../control/guard-messages.ts'
import { processMark } from '../../../control/process-mark.ts'
import type { ProcessIdentity } from '../../../control/process-proof.ts'
import { systemClock } from '../../system-clock.ts'
import { processHandle } from './process-handle.ts'
import { StopProgress } from './stop-progress.ts'

const children: ChildProcess[] = []
const running: StopProgress[] = []
afterEach(() => {
  for (const progress of running.splice(0)) progress.end()
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** Loops for ever, with a handler of SIGTERM that its event loop never comes to. */
const WEDGED = `process.on('SIGTERM', () => process.exit(0)); process.stdout.write('here'); for (;;);`
/** Takes SIGTERM, and goes on. */
const STUBBORN = `process.on('SIGTERM', () => process.stdout.write('asked')); process.stdout.write('here'); setInterval(() => {}, 1000)`
const POLITE = `process.on('SIGTERM', () => process.exit(0)); process.stdout.write('here'); setInterval(() => {}, 1000)`

async function processOf(source: string): Promise<{ child: ChildProcess; hello: Hello; identity: ProcessIdentity }> {
  const child = spawn(process.execPath, ['--eval', source], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  if (child.stdout !== null) await once(child.stdout, 'data')
  const pid = child.pid ?? 0
  return { child, hello: helloOf(pid), identity: { mark: processMark(pid) ?? '' } }
}

const helloOf = (pid: number): Hello => ({
  type: 'hello',
  protocol: 1,
  process: `p${pid}`,
  pid,
  startedAt: 0,
  agent: 'support',
  version: '1',
})

const GONE = { isAlive: () => true, isConnected: () => false }

function progressOf(stop: Partial<StopState> = {}, graceMs?: number): StopProgress {
  const times = graceMs === undefined ? undefined : { graceMs }
  const whole = { id: 's', scope: 'fleet', value: 'fleet', reason: 'r', ...stop } as const
  const progress = new StopProgress(whole, systemClock, GONE, times)
  running.push(progress)
  return progress
}

describe('a process that does not confirm', () => {
  test('and whose event loop does not turn is killed', async () => {
    const { child, hello, identity } = await processOf(WEDGED)
    const progress = progressOf({}, 50)
    progress.follow(hello, identity)
    progress.start()
    expect(progress.report()).toMatchObject([{ state: 'unconfirmed', why: 'it does not answer' }])
    await progress.settled(30_000)
    expect(progress.report()).toMatchObject([
      { process: processHandle(hello.process), state: 'killed', signal: 'SIGKILL' },
    ])
    await until(() => child.signalCode === 'SIGKILL')
  })

  test('but has heard of the stop can end in order', async () => {
    const { child, hello, identity } = await processOf(POLITE)
    const progress = progressOf({}, 50)
    progress.follow(hello, identity)
    progress.arrived(hello.process, 2)
    progress.start()
    await progress.settled(30_000)
    expect(progress.report()).toMatchObject([{ state: 'killed', signal: 'SIGTERM' }])
    await until(() => child.exitCode === 0)
  })

  test('and does not end at SIGTERM is killed after the same time again', async () => {
    const { child, hello, identity } = await processOf(STUBBORN)
    const asked = child.stdout === null ? undefined : once(child.stdout, 'data')
    const progress = progressOf({}, 300)
    progress.follow(hello, identity)
    progress.arrived(hello.process, 2)
    progress.start()
    expect(progress.report()[0]?.why).toBe("2 calls that can't be aborted were under way")
    await asked
    await progress.settled(30_000)
    expect(progress.report()).toMatchObject([{ state: 'killed', signal: 'SIGKILL' }])
  })

  test('that has ended by itself is sure', async () => {
    const { child, hello, identity } = await processOf(POLITE)
    const progress = progressOf()
    progress.follow(hello, identity)
    progress.start()
    child.kill('SIGKILL')
    await progress.settled(30_000)
    expect(progress.report()).toMatchObject([{ state: 'gone' }])
  })
})

describe('nobody else is signalled', () => {
  const mark = (): string => processMark('self') ?? ''
  const place = (): string => mark().slice(0, mark().lastIndexOf(' '))
  test.each<readonly [string, (pid: number) => Hello, ProcessIdentity, string, RegExp]>([
    ['a pid that was given out again', helloOf, { mark: `${place()} 1` }, 'gone', /^$/],
    ['a process that has not proven which it is', helloOf, { unproven: 'not seen' }, 'unconfirmed', /not seen/],
    ['the sidecar itself', () => helloOf(process.pid), { mark: mark() }, 'unconfirmed', /what the sidecar runs in/],
  ])('%s', async (_what, hello, identity, state, why) => {
    const { child, hello: real, identity: realIdentity } = await processOf(WEDGED)
    const wrong = progressOf({}, 0)
    wrong.follow(hello(child.pid ?? 0), identity)
    wrong.start()
    const [report] = wrong.report()
    expect(report).toMatchObject({ state })
    expect(report?.signal).toBeUndefined()
    expect(report?.why ?? '').toMatch(why)
    // It is still there to be ended by one that is meant for it.
    const right = progressOf({}, 0)
    right.follow(real, realIdentity)
    right.start()
    await right.settled(30_000)
    expect(right.report()).toMatchObject([{ state: 'killed' }])
  })

  test.each(['run', 'tool', 'model'] as const)('others of a process that has calls of a %s', async (scope) => {
    const { hello, identity } = await processOf(WEDGED)
    const progress = progressOf({ scope, value: 'x' }, 0)
    progress.follow(hello, identity)
    progress.start()
    expect(progress.report()).toMatchObject([{ state: 'unconfirmed', why: 'it does not answer' }])
    expect(progress.report()[0]?.signal).toBeUndefined()
  })

  test('processes of other agents and tenants, whose word is not waited for, either', async () => {
    const { hello, identity } = await processOf(WEDGED)
    for (const stop of [
      { scope: 'agent', value: 'other' },
      { scope: 'tenant', value: 'other' },
    ] as const) {
      const progress = progressOf(stop, 0)
      progress.follow({ ...hello, tenant: 'mine' }, identity)
      progress.start()
      await progress.settled(30_000)
      expect(progress.report()).toEqual([])
    }
    const ofAny = progressOf({ scope: 'tenant', value: 'other' }, 0)
    ofAny.follow(hello, identity)
    ofAny.start()
    expect(ofAny.report()[0]?.why).toMatch(/other tenants/)
  })
})
