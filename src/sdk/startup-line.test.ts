import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runAgent } from '../../test/support/run-agent.ts'
import { startOtlpSink } from '../../test/support/otlp-sink.ts'
import { startupLine } from './startup-line.ts'
import type { FoundLibrary } from './library-table.ts'

const found = (library: string, state: FoundLibrary['state'], remark?: string): FoundLibrary => ({
  library,
  folder: `/${library}`,
  version: '1.2.3',
  state,
  files: new Set(),
  ...(remark === undefined ? {} : { remark }),
})

test('one line says who is observed how, who is not, and why', () => {
  const all = [
    found('a', 'patched'),
    found('b', 'untested'),
    found('c', 'by hand'),
    found('d', 'failed'),
    found('e', 'too early'),
    found('f', 'unsupported', 'use g'),
  ]
  expect(startupLine(all, true)).toBe(
    '0.1.0 observes a 1.2.3, b 1.2.3 (major not tested), c 1.2.3 (in a bundle, by instrument()); ' +
      'works beside the OpenTelemetry SDK of the application, whose own spans go its own way; ' +
      'does NOT observe d 1.2.3 (its shape is not the expected one), e 1.2.3 (it was loaded before spanwarden), f 1.2.3 (use g); ' +
      'see spanwarden doctor --instrumentation',
  )
})

async function stderrOf(script: string, env: Record<string, string> = {}, module: 'esm' | 'commonjs' = 'esm') {
  await using sink = await startOtlpSink()
  const { code, stdout, stderr } = await runAgent({
    endpoint: sink.url,
    script,
    env: { OTEL_LOG_LEVEL: 'info', ...env },
    module,
  })
  expect(code).toBe(0)
  return { stdout, lines: stderr.split('\n').filter((line) => line !== '') }
}

const version = /\d+\.\d+\.\d+/g
const plain = (lines: readonly string[]): string[] => lines.map((line) => line.replaceAll(version, 'x'))

describe('in a process', () => {
  test.each(['esm', 'commonjs'] as const)('libraries that load together stand in one line (%s)', async (module) => {
    const script =
      module === 'esm'
        ? "import 'openai'; import '@anthropic-ai/sdk'"
        : "require('openai'); setImmediate(() => require('@anthropic-ai/sdk'))"
    expect(plain((await stderrOf(script, {}, module)).lines)).toEqual([
      'spanwarden: x observes openai x, @anthropic-ai/sdk x',
    ])
  })

  const untilTold = `const { getEnvironmentData, Worker } = process.getBuiltinModule('node:worker_threads')
    while (getEnvironmentData('spanwarden.told') === undefined) await new Promise((resolve) => setTimeout(resolve, 5))`

  test('a library that comes late has a line of its own, at process.exit() too', async () => {
    const script = `await import('openai')
      ${untilTold}
      await import('@anthropic-ai/sdk')
      process.exit(0)`
    expect(plain((await stderrOf(script)).lines)).toEqual([
      'spanwarden: x observes openai x',
      'spanwarden: x observes @anthropic-ai/sdk x',
    ])
  })

  test('worker threads do not repeat what the main thread has told', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spanwarden-told-'))
    const file = join(folder, 'thread.cjs')
    const paths = ['openai', '@anthropic-ai/sdk'].map((name) => createRequire(import.meta.url).resolve(name))
    writeFileSync(file, paths.map((path) => `require(${JSON.stringify(path)})`).join('\n'))
    const script = `await import('openai')
      ${untilTold}
      await new Promise((resolve) => new Worker(${JSON.stringify(file)}, { execArgv: process.execArgv.filter((flag) => !/eval|input-type/.test(flag)) }).on('exit', resolve))`
    const { lines } = await stderrOf(script)
    rmSync(folder, { recursive: true })
    expect(plain(lines)).toEqual(['spanwarden: x observes openai x', 'spanwarden: x observes @anthropic-ai/sdk x'])
  })

  test('nothing is said where no client library is loaded, or where it is switched off', async () => {
    expect((await stderrOf('1')).lines).toEqual([])
    expect((await stderrOf("import 'openai'", { OTEL_LOG_LEVEL: 'warn' })).lines).toEqual([])
    expect((await stderrOf("import 'openai'", { OTEL_SDK_DISABLED: 'true' })).lines).toEqual([])
    const quiet = { OTEL_LOG_LEVEL: 'none', OTEL_CONFIG_FILE: 'x' }
    expect((await stderrOf("import 'openai'", quiet)).lines).toEqual([])
    expect((await stderrOf("import 'openai'", { ...quiet, OTEL_LOG_LEVEL: 'WARN' })).lines).toHaveLength(1)
  })

  test('OTEL_NODE_{EN,DIS}ABLED_INSTRUMENTATIONS choose', async () => {
    const both = "import 'openai'; import '@anthropic-ai/sdk'"
    const enabled = await stderrOf(both, { OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'openai' })
    expect(plain(enabled.lines)).toEqual(['spanwarden: x observes openai x'])
    const disabled = await stderrOf(both, { OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'openai' })
    expect(plain(disabled.lines)).toEqual(['spanwarden: x observes @anthropic-ai/sdk x'])
  })

  test('OTEL_TRACES_EXPORTER=console: spans as lines of JSON on stdout, beside OTLP when both are named', async () => {
    const script = "import { agent } from './src/index.ts'\nagent('a', () => 1)()"
    for (const exporter of ['console', 'otlp,console']) {
      const { stdout, lines } = await stderrOf(script, { OTEL_TRACES_EXPORTER: exporter })
      expect([JSON.parse(stdout).name, lines]).toEqual(['invoke_agent a', []])
    }
  })
})
