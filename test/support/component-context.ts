import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock, ComponentContext, Logger } from '../../src/sidecar/component.ts'

/** A context whose clock a test moves by hand, and whose counters, gauges and log it reads. */
export interface TestContext extends ComponentContext {
  readonly clock: TestClock
  /** Counter values by name and labels, e.g. `otelcol_x{reason="busy"}`. */
  readonly counters: Map<string, number>
  readonly gauges: Map<string, () => number>
  readonly logged: { level: string; fields: object; message: string }[]
}

export interface TestClock extends Clock {
  /** Moves the time on and runs what became due, in order. */
  advance(ms: number): void
}

export function testContext(id: string, startMs = Date.UTC(2026, 10, 21, 12)): TestContext {
  const counters = new Map<string, number>()
  const gauges = new Map<string, () => number>()
  const logged: TestContext['logged'] = []
  const log = (level: string) => (fields: object, message: string) => void logged.push({ level, fields, message })
  const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
  return {
    id,
    clock: testClock(startMs),
    logger,
    metrics: {
      counter(name, _description, labels) {
        const key = name + labelText(labels)
        counters.set(key, counters.get(key) ?? 0)
        return { add: (n) => void counters.set(key, (counters.get(key) ?? 0) + n) }
      },
      gauge: (name, _description, labels, read) => void gauges.set(name + labelText(labels), read),
    },
    random: () => 0.5,
    stateFolder: mkdtempSync(join(tmpdir(), 'spanwarden-')),
    program: { name: 'spanwarden', version: '0.0.0' },
    counters,
    gauges,
    logged,
  }
}

function testClock(startMs: number): TestClock {
  let now = startMs
  const timers = new Set<{ at: number; callback: () => void }>()
  const nextDue = (until: number) =>
    [...timers]
      .filter(({ at }) => at <= until)
      .reduce<{ at: number; callback: () => void } | undefined>(
        (first, timer) => (first === undefined || timer.at < first.at ? timer : first),
        undefined,
      )
  return {
    now: () => now,
    monotonic: () => now - startMs,
    after(ms, callback) {
      const timer = { at: now + ms, callback }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    advance(ms) {
      const until = now + ms
      for (let timer = nextDue(until); timer !== undefined; timer = nextDue(until)) {
        timers.delete(timer)
        now = timer.at
        timer.callback()
      }
      now = until
    },
  }
}

const labelText = (labels: Readonly<Record<string, string>> = {}): string => {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${value}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
