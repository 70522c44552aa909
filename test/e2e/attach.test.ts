import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { API_VERSION } from '../../src/sdk/attach.ts'
import { bundlePreload } from '../support/bundled-preload.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { projectFolder } from '../support/run-agent.ts'
import { runNode } from '../support/run-node.ts'

/**
 * An application that has OpenTelemetry's own SDK and our preload in one process. Theirs keeps what the application records, ours sends the
 * agent's spans, and all of them are one trace. `old`: with a copy of the API that says it is 1.9, as with SDK 2.x.
 */
let folder = ''
let register = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spanwarden-attach-'))
  const built = await bundlePreload(folder)
  register = built.register
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, 'spanwarden'), { recursive: true })
  cpSync(built.api, join(modules, 'spanwarden/index.mjs'))
  writeFileSync(join(modules, 'spanwarden/package.json'), '{"name":"spanwarden","exports":"./index.mjs"}')
  mkdirSync(join(modules, '@opentelemetry'))
  const packages = ['api', 'context-async-hooks', 'core', 'resources', 'sdk-trace', 'sdk-metrics', 'sdk-node']
  for (const name of packages)
    symlinkSync(join(projectFolder, 'node_modules/@opentelemetry', name), join(modules, '@opentelemetry', name))
  const old = join(folder, 'old/node_modules')
  mkdirSync(join(old, '@opentelemetry'), { recursive: true })
  for (const name of ['context-async-hooks', 'core', 'resources', 'sdk-trace', 'sdk-metrics', 'semantic-conventions'])
    cpSync(join(projectFolder, 'node_modules/@opentelemetry', name), join(old, '@opentelemetry', name), {
      recursive: true,
    })
  cpSync(join(projectFolder, 'node_modules/@opentelemetry/api'), join(old, '@opentelemetry/api'), { recursive: true })
  for (const format of ['cjs', 'mjs']) {
    for (const file of ['version', 'internal/global-utils']) {
      const path = join(old, '@opentelemetry/api/dist', `${file}.${format}`)
      writeFileSync(path, readFileSync(path, 'utf8').replaceAll(API_VERSION, '1.9.1'))
    }
  }
  symlinkSync(join(modules, 'spanwarden'), join(old, 'spanwarden'))
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text)
    writeFileSync(join(folder, 'old', name), text)
  }
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const parts = (load: string): string => `
  ${load}
  const exporter = globalThis.theirs = new InMemorySpanExporter()
  globalThis.startTheirs = () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    propagation.setGlobalPropagator(new W3CTraceContextPropagator())
    metrics.setGlobalMeterProvider(new MeterProvider())
    return trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }))
  }`
const names = {
  api: 'context, metrics, propagation, trace',
  'context-async-hooks': 'AsyncLocalStorageContextManager',
  core: 'W3CTraceContextPropagator',
  'sdk-metrics': 'MeterProvider',
  'sdk-trace': 'InMemorySpanExporter, SimpleSpanProcessor, TracerProvider',
}
const esm = parts(
  Object.entries(names)
    .map(([name, what]) => `import { ${what} } from '@opentelemetry/${name}'`)
    .join('\n'),
)
const cjs = parts(
  Object.entries(names)
    .map(([name, what]) => `const { ${what} } = require('@opentelemetry/${name}')`)
    .join('\n'),
)
const nodeSdk = `
  import { NodeSDK } from '@opentelemetry/sdk-node'
  import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace'
  const exporter = globalThis.theirs = new InMemorySpanExporter()
  globalThis.startTheirs = () => {
    new NodeSDK({ spanProcessors: [new SimpleSpanProcessor({ exporter })], metricReaders: [], logRecordProcessors: [] }).start()
    return true
  }`

const work = `
  const early = trace.getTracer('app')
  if (process.env.WHEN === 'code' && !startTheirs()) console.error('registration was refused')
  const look = tool('look', () => trace.getTracer('app').startActiveSpan('inner', (span) => { propagate(); span.end() }))
  const propagate = () => { const carrier = {}; propagation.inject(context.active(), carrier); globalThis.header = carrier.traceparent }
  await early.startActiveSpan('outer', async (span) => { await agent('a', async () => { await null; look() })(); span.end() })
  // The NodeSDK holds spans back until it knows its resource.
  for (let turn = 0; turn < (process.env.SPANWARDEN_ATTACH ? 1 : 5_000) && theirs.getFinishedSpans().length < 2; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1))
  console.log(JSON.stringify({
    spans: theirs.getFinishedSpans().map((span) => ({ name: span.name, traceId: span.spanContext().traceId, spanId: span.spanContext().spanId, parentSpanId: span.parentSpanContext?.spanId ?? '' })),
    header,
    attached: globalThis[Symbol.for('spanwarden.sdk')].state().attached,
  }))`
const imports =
  "import { context, propagation, trace } from '@opentelemetry/api'\nimport { agent, tool } from 'spanwarden'\n"

const files = {
  'theirs.mjs': esm,
  'theirs.cjs': cjs,
  'node-sdk.mjs': nodeSdk,
  'first.mjs': "import './theirs.mjs'\nstartTheirs()",
  'first.cjs': "require('./theirs.cjs')\nstartTheirs()",
  'first-node-sdk.mjs': "import './node-sdk.mjs'\nstartTheirs()",
  'main.mjs': `${imports}if (process.env.LOAD) await import(process.env.LOAD)\n${work}`,
  'main.cjs': `const { context, propagation, trace } = require('@opentelemetry/api')
    const { agent, tool } = require('spanwarden')
    if (process.env.LOAD) require(process.env.LOAD)
    void (async () => { ${work} })()`,
}

interface Theirs {
  readonly spans: readonly { name: string; traceId: string; spanId: string; parentSpanId: string }[]
  readonly header: string
  readonly attached: boolean
}

async function run(place: string, main: string, flags: readonly string[], env: Record<string, string>) {
  await using sink = await startOtlpSink()
  const done = await runNode([...flags, join(folder, place, main)], {
    cwd: folder,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      SPANWARDEN_SPOOL: 'off',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      ...env,
    },
  })
  const theirs: Theirs = done.stdout === '' ? { spans: [], header: '', attached: false } : JSON.parse(done.stdout)
  return { ...done, sink, theirs }
}

/** Both exporters' spans as one tree, by whom they were exported. */
function tree({ theirs, sink }: Awaited<ReturnType<typeof run>>): string {
  const all = [
    ...theirs.spans.map((span) => ({ ...span, by: 'theirs' })),
    ...sink.spans.map((span) => ({ ...span, by: 'ours' })),
  ]
  expect(new Set(all.map(({ traceId }) => traceId)).size).toBe(1)
  const below = (parent: string, depth: number): string[] =>
    all
      .filter(({ parentSpanId }) => parentSpanId === parent)
      .flatMap(({ name, spanId, by }) => [`${'  '.repeat(depth)}${name} (${by})`, ...below(spanId, depth + 1)])
  return below('', 0).join('\n')
}

const ONE_TRACE = `outer (theirs)
  invoke_agent a (ours)
    execute_tool look (ours)
      inner (theirs)`

const LINE = 'works beside the OpenTelemetry SDK of the application, whose own spans go its own way'

describe.each(['', 'old'])('with the API %s', (place) => {
  const at = (file: string): string => join(folder, place, file)
  const withNodeSdk = place === '' ? (['node-sdk.mjs'] as const) : []

  test.each(['theirs.mjs', 'theirs.cjs', ...withNodeSdk])('the application starts %s in its code', async (file) => {
    for (const main of ['main.mjs', 'main.cjs']) {
      if (main === 'main.cjs' && file.endsWith('.mjs')) continue
      const done = await run(place, main, ['--import', register], { WHEN: 'code', LOAD: at(file) })
      expect([done.code, done.stderr]).toEqual([0, `spanwarden: 0.1.0 ${LINE}\n`])
      expect(tree(done)).toBe(ONE_TRACE)
      expect(done.theirs.attached).toBe(true)
      expect(done.theirs.header).toContain(done.theirs.spans.find(({ name }) => name === 'inner')?.spanId)
    }
  })

  test.each([
    ['first.mjs', '--import'],
    ['first.cjs', '--require'],
    ...(place === '' ? [['first-node-sdk.mjs', '--import']] : []),
  ])('%s comes before us by %s', async (file = '', flag = '') => {
    for (const main of ['main.mjs', 'main.cjs']) {
      const done = await run(place, main, [flag, at(file), '--import', register], {})
      expect([done.code, done.stderr]).toEqual([0, `spanwarden: 0.1.0 ${LINE}\n`])
      expect(tree(done)).toBe(ONE_TRACE)
      expect(done.theirs.attached).toBe(true)
    }
  })
})

test('SPANWARDEN_ATTACH=off: whoever is first keeps the globals, as the API has it', async () => {
  const env = { WHEN: 'code', LOAD: join(folder, 'theirs.mjs'), SPANWARDEN_ATTACH: 'off' }
  const done = await run('', 'main.mjs', ['--import', register], env)
  expect(done.stderr).toBe('registration was refused\n')
  expect(tree(done)).toBe(ONE_TRACE.replaceAll('theirs', 'ours'))
})

test('the version that we declare is that of the API in the preload', () => {
  const { version }: { version: string } = JSON.parse(
    readFileSync(join(projectFolder, 'node_modules/@opentelemetry/api/package.json'), 'utf8'),
  )
  expect(version).toBe(API_VERSION)
})
