import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { stringify } from 'yaml'
import { GuardClient } from '../../src/control/guard-client.ts'
import type { Stop } from '../../src/control/guard-messages.ts'
import { Collector } from '../../src/sidecar/collector.ts'
import { loadConfig } from '../../src/sidecar/config.ts'
import { systemClock } from '../../src/sidecar/system-clock.ts'
import { EmbeddedStore } from '../../src/store/embedded-store.ts'
import { components } from './all-components.ts'
import { startChromium } from './chromium.ts'
import { testContext } from './component-context.ts'
import { fillStore } from './store-scenario.ts'

/** The page of a sidecar in a browser, and the guard's client of one process of an agent `support`. */
export interface GuardedPage extends AsyncDisposable {
  readonly page: Page
  /** What the browser complained about. */
  readonly complaints: readonly string[]
  readonly client: GuardClient
  /** URL of the page's server. */
  readonly control: string
  /** URL of the receiver. */
  readonly otlp: string
}

/** `extensions` beside the page, with their configuration; `isFilled`: with an hour of runs. A stop is confirmed at once. */
export async function startGuardedPage(
  extensions: Readonly<Record<string, object>>,
  isFilled = false,
): Promise<GuardedPage> {
  const stack = new AsyncDisposableStack()
  const stateFolder = mkdtempSync(join(tmpdir(), 'spanwarden-'))
  if (isFilled) fill(stateFolder)
  const { logger } = testContext('collector')
  const text = stringify(configWith(extensions))
  const collector = new Collector(loadConfig([{ name: 'test', text }], components, { env: {}, readFile: () => '' }), {
    clock: systemClock,
    logger: { ...logger, child: () => logger },
    random: Math.random,
    stateFolder,
    env: {},
    program: { name: 'spanwarden', version: '0.1.0' },
  })
  await collector.start()
  stack.defer(async () => void (await collector.stop()))
  const client = new GuardClient({
    address: { path: join(stateFolder, 'control.sock') },
    identity: { process: 'p1', pid: 77, startedAt: 0, agent: 'support', version: '1' },
    inFlight: () => 0,
    welcome() {},
    stop: ({ id }: Stop) => client.tell({ type: 'stopped', id, aborted: 0 }),
    resume() {},
  })
  client.start()
  stack.defer(() => client.close())
  const browser = await startChromium()
  stack.defer(() => browser.close())
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage()
  page.setDefaultTimeout(8000)
  const complaints: string[] = []
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
  page.on('pageerror', (error) => void complaints.push(error.message))
  const { control = '', otlp_http: otlp = '' } = collector.listening()
  await page.goto(control)
  return { page, complaints, client, control, otlp, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

function fill(stateFolder: string): void {
  const store = new EmbeddedStore({ ...testContext('store'), clock: systemClock, stateFolder })
  fillStore(store, Date.now())
  store.close()
}

const LOCAL = { endpoint: '127.0.0.1:0' }

const configWith = (extensions: Readonly<Record<string, object>>): object => ({
  receivers: { otlp: { protocols: { http: LOCAL } } },
  connectors: { agent_metrics: {} },
  exporters: { store: {} },
  extensions: { page: {}, ...extensions },
  service: {
    http: LOCAL,
    telemetry: { metrics: { address: LOCAL.endpoint } },
    extensions: ['page', ...Object.keys(extensions)],
    pipelines: {
      traces: { receivers: ['otlp'], exporters: ['store', 'agent_metrics'] },
      metrics: { receivers: ['otlp', 'agent_metrics'], exporters: ['store'] },
    },
  },
})
