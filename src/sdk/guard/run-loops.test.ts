import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LoopDetector } from '../../limits/loops/loop-detector.ts'
import { LOOP_DENIALS_MAX, LOOP_RUNS_MAX, LOOP_SEATS_MAX } from './guard-limits.ts'
import { RunLoops } from './run-loops.ts'
import type { WatchedAgent } from './run-loops.ts'

/** A call of an agent, which ends when it is told to. */
const callOf = () => {
  const call = { isOpen: true, isRecording: () => call.isOpen }
  return call
}
const agent = (call?: ReturnType<typeof callOf>, run = 'r', name = 'a'): WatchedAgent => ({ run, agent: name, call })
const same = { call: 1, result: 1 }

function times(count: number, work: () => { level: string } | undefined): (string | undefined)[] {
  return Array.from({ length: count }, () => work()?.level)
}

describe('agents of a run', () => {
  test('that run at the same time are watched each by itself, and go on with the history of those that have ended', () => {
    const loops = new RunLoops()
    const parallel = Array.from({ length: 5 }, callOf)
    expect(parallel.flatMap((call) => times(2, () => loops.observe(agent(call), 'list', same)))).not.toContain('warn')
    for (const call of parallel) call.isOpen = false
    // Called again and again by an agent that goes round in circles.
    const again = (): { level: string } | undefined => {
      const call = callOf()
      const mark = loops.observe(agent(call), 'list', same)
      call.isOpen = false
      return mark
    }
    expect(times(2, again)).toEqual(['warn', 'stop'])
    expect(loops.stopOf(agent(callOf()))).toMatchObject({ level: 'stop' })
  })

  test('of different names are watched each by itself; without a name or a span by the run alone', () => {
    const loops = new RunLoops()
    expect(times(2, () => loops.observe(agent(undefined, 'r', 'b'), 'list', same))).not.toContain('warn')
    expect(times(3, () => loops.observe(agent(), 'list', same))).toEqual([undefined, undefined, 'warn'])
  })

  test('are as one detector where they never run at the same time', () => {
    const step = fc.record({ call: fc.nat(2), result: fc.nat(1), isNew: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const [loops, naive] = [new RunLoops(), new LoopDetector()]
        let call = callOf()
        for (const { isNew, ...what } of steps) {
          if (isNew) {
            call.isOpen = false
            call = callOf()
          }
          expect(loops.observe(agent(call), 'tool', what)).toEqual(naive.observe(what))
          expect(loops.stopOf(agent(call))).toEqual(naive.stopped)
        }
      }),
    )
  })

  test('have so many seats; who comes then shares the last one', () => {
    const loops = new RunLoops()
    const open = Array.from({ length: LOOP_SEATS_MAX + 4 }, callOf)
    const marks = open.map((call) => loops.observe(agent(call), 'list', same)?.level)
    expect(marks.slice(0, LOOP_SEATS_MAX)).not.toContain('warn')
    expect(marks.slice(LOOP_SEATS_MAX)).toContain('warn')
  })
})

test('a run that the sidecar has stopped is new when it goes on, in all that is known of it', () => {
  const loops = new RunLoops()
  times(4, () => loops.observe(agent(), 'list', same))
  const mark = loops.stopOf(agent())
  if (mark === undefined) throw new Error('no loop was seen')
  for (let i = 0; i < LOOP_DENIALS_MAX; i++) {
    expect(loops.overBy({ run: 'r' })).toBeUndefined()
    loops.denied(agent(), mark)
  }
  expect([mark.level, loops.overBy({ run: 'r' })]).toEqual(['stop', 'consecutive'])
  loops.forget('r')
  expect([loops.stopOf(agent()), loops.overBy({ run: 'r' })]).toEqual([undefined, undefined])
  expect(times(2, () => loops.observe(agent(), 'list', same))).not.toContain('warn')
})

test('a run that is stopped is forgotten last', () => {
  const loops = new RunLoops()
  times(4, () => loops.observe(agent(), 'list', same))
  for (let i = 0; i <= LOOP_RUNS_MAX; i++) loops.observe(agent(undefined, `r${i}`), 'list', same)
  expect(loops.stopOf(agent())).toBeDefined()
})

describe('a tool that is polled', () => {
  const polling = { tools: ['status'], maxMs: 60_000 }

  test('may give the same answer for as long as a person allows; other tools may not', () => {
    const loops = new RunLoops()
    expect(times(50, () => loops.observe(agent(), 'status', same, polling))).not.toContain('stop')
    expect(times(4, () => loops.observe(agent(), 'list', same, polling))).toContain('stop')
  })

  test('is a loop when the time is over', () => {
    const loops = new RunLoops()
    const over = { ...polling, maxMs: -1 }
    expect(times(4, () => loops.observe(agent(), 'status', same, over))).toEqual([undefined, undefined, 'warn', 'stop'])
  })
})
