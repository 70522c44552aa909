import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startOtlpSink } from '../support/otlp-sink.ts'
import type { OtlpSink } from '../support/otlp-sink.ts'
import { preloadFile, projectFolder } from '../support/run-agent.ts'
import { runNode } from '../support/run-node.ts'

/** Agents of more than one thread or process, and other ways to be preloaded than `--import`: every one of them sends its spans, once. */
let folder = ''
const api = JSON.stringify(pathToFileURL(join(projectFolder, 'src/index.ts')).href)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'spanwarden-workers-'))
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)
  write('child.mjs', `import { agent } from ${api}\nawait agent(process.argv[2] ?? 'child', async () => 1)()`)
  write('child.cjs', `import(${api}).then(({ agent }) => agent('cjs child', () => 1)())`)
  write(
    'thread.mjs',
    `import { workerData } from 'node:worker_threads'\nimport { agent } from ${api}\nawait agent('thread ' + workerData, async () => 1)()`,
  )
  write(
    'threads.mjs',
    `import { once } from 'node:events'
     import { Worker } from 'node:worker_threads'
     import { agent } from ${api}
     await agent('main', async () => {
       await Promise.all([1, 2, 3].map((n) => once(new Worker(new URL('./thread.mjs', import.meta.url), { workerData: n }), 'exit')))
     })()`,
  )
  write(
    'forks.mjs',
    `import { fork, spawn } from 'node:child_process'
     import { once } from 'node:events'
     import { agent } from ${api}
     const file = new URL('./child.mjs', import.meta.url).pathname
     await agent('main', async () => {
       await Promise.all([1, 2].map((n) => once(fork(file, ['fork ' + n]), 'exit')))
       await once(spawn(process.execPath, [file, 'spawned'], { stdio: 'inherit' }), 'exit')
     })()`,
  )
  write(
    'cluster.mjs',
    `import cluster from 'node:cluster'
     import { once } from 'node:events'
     import { agent } from ${api}
     if (cluster.isPrimary) await Promise.all([1, 2, 3].map(() => once(cluster.fork(), 'exit')))
     await agent(cluster.isPrimary ? 'primary' : 'worker', async () => 1)()
     if (!cluster.isPrimary) process.exit(0)`,
  )
  write(
    'suite.test.mjs',
    `import assert from 'node:assert'
     import { test } from 'node:test'
     import { agent } from ${api}
     test('an agent', async () => assert.equal(await agent('tested', async () => 1)(), 1))`,
  )
  write(
    'typed.mts',
    `import { agent } from ${api}\nconst name: string = 'typed'\nawait agent(name, async (): Promise<number> => 1)()`,
  )
  write('preload.cjs', 'globalThis.before = true')
  write(
    'loader.mjs',
    `import module from 'node:module'
     module.register('data:text/javascript,' + encodeURIComponent(
       "export async function load(url, context, next) { const result = await next(url, context); return url.endsWith('.upper') ? { format: 'module', shortCircuit: true, source: 'export default 1' } : result }"))`,
  )
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function run(args: readonly string[], env: Record<string, string> = {}, cwd = folder) {
  await using sink = await startOtlpSink()
  const done = await runNode(args, {
    cwd,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, SPANWARDEN_SPOOL: 'off', OTEL_LOG_LEVEL: 'warn', ...env },
  })
  return { ...done, sink }
}

const names = ({ spans }: OtlpSink): string[] => spans.map(({ name }) => name.replace('invoke_agent ', '')).toSorted()
const instances = ({ spans }: OtlpSink): number =>
  new Set(spans.map(({ resource }) => resource['service.instance.id'])).size
const preload = ['--import', preloadFile]

test.each([
  ['worker threads', 'threads.mjs', preload, {}, ['main', 'thread 1', 'thread 2', 'thread 3'], 4],
  ['fork hands the flag on, spawn does not', 'forks.mjs', preload, {}, ['fork 1', 'fork 2', 'main'], 3],
  [
    'fork and spawn with NODE_OPTIONS',
    'forks.mjs',
    [],
    { NODE_OPTIONS: `--import ${preloadFile}` },
    ['fork 1', 'fork 2', 'main', 'spawned'],
    4,
  ],
  ['both at once observe once', 'child.mjs', preload, { NODE_OPTIONS: `--import ${preloadFile}` }, ['child'], 1],
  ['cluster', 'cluster.mjs', preload, {}, ['primary', 'worker', 'worker', 'worker'], 4],
  ['CommonJS', 'child.cjs', preload, {}, ['cjs child'], 1],
  ['TypeScript by Node itself', 'typed.mts', preload, {}, ['typed'], 1],
] as const)('%s', async (_, file, flags, env, expected, processes) => {
  const { code, stderr, sink } = await run([...flags, join(folder, file)], env)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(names(sink)).toEqual(expected)
  expect(instances(sink)).toBe(processes)
})

test('node --test: the tested agent is observed, and the result of the tests is theirs', async () => {
  const { code, stdout, sink } = await run([...preload, '--test', join(folder, 'suite.test.mjs')])
  expect(code).toBe(0)
  expect(stdout).toContain('pass 1')
  expect(names(sink)).toEqual(['tested'])
})

describe('beside other preloads', () => {
  const client = [
    '--input-type=module',
    '--eval',
    "await import('openai').then((module) => console.log(typeof module.default, JSON.stringify(globalThis[Symbol.for('spanwarden.sdk')].state().libraries.map(({ library, state }) => library + ' ' + state))))",
  ]
  const loader = (): string => join(folder, 'loader.mjs')
  test.each([
    ['--require before', () => ['--require', join(folder, 'preload.cjs'), ...preload]],
    ['a loader in a thread before', () => ['--import', loader(), ...preload]],
    ['a loader in a thread after', () => [...preload, '--import', loader()]],
    ['required instead of imported', () => ['--require', preloadFile]],
  ])('%s', async (_, flags) => {
    const { code, stdout, stderr } = await run([...flags(), ...client], {}, projectFolder)
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'function ["openai patched"]\n', stderr: '' })
  })
})
