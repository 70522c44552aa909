import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ComponentContext, Logger, ServiceName } from '../../src/sidecar/component.ts'
import { Services } from '../../src/sidecar/services.ts'
import { VirtualClock } from './virtual-clock.ts'

/** A context whose clock a test moves by hand, and whose counters, gauges and log it reads. */
export interface TestContext extends ComponentContext {
  readonly clock: VirtualClock
  /** Counter values by name and labels, e.g. `otelcol_x{reason="busy"}`. */
  readonly counters: Map<string, number>
  readonly gauges: Map<string, () => number>
  readonly logged: { level: string; fields: object; message: string }[]
  service<T>(name: ServiceName<T>): T
}

export function testContext(id: string, startMs = Date.UTC(2026, 10, 21, 12)): TestContext {
  const counters = new Map<string, number>()
  const gauges = new Map<string, () => number>()
  const logged: TestContext['logged'] = []
  const log = (level: string) => (fields: object, message: string) => void logged.push({ level, fields, message })
  const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
  const services = new Services(() => context)
  const context: TestContext = {
    id,
    clock: new VirtualClock(startMs),
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
    env: {},
    stateFolder: mkdtempSync(join(tmpdir(), 'spanwarden-')),
    program: { name: 'spanwarden', version: '0.0.0' },
    counters,
    gauges,
    logged,
    service: (name) => services.get(name),
  }
  return context
}

const labelText = (labels: Readonly<Record<string, string>> = {}): string => {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${value}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
