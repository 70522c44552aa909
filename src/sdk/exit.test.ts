import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startOtlpSink } from '../../test/support/otlp-sink.ts'
import { runAgent } from '../../test/support/run-agent.ts'
import { traceTree } from '../../test/support/trace-tree.ts'

/** An agent with one finished and one open span, which then ends in the given way. */
const agentThat = (ends: string): string => `
  import { agent, tool } from './src/index.ts'
  const look = tool('look', async () => new Promise((resolve) => setTimeout(resolve, 60_000)))
  const support = agent('support', async () => await look())
  agent('finished', () => 1)()
  support()
  ${ends}
`

const finished = 'INTERNAL invoke_agent finished'
const open = (reason: string, failed: boolean): string => {
  const mark = `[spanwarden.unfinished=${reason}]${failed ? ` ERROR(${reason})` : ''}`
  return `INTERNAL invoke_agent support ${mark}\n  INTERNAL execute_tool look ${mark}`
}

describe('the last span arrives, and the process ends as it would without us', () => {
  const cases = [
    { name: 'process.exit(0)', ends: 'process.exit(0)', code: 0, reason: 'process_exit', failed: false },
    { name: 'process.exit(3)', ends: 'process.exit(3)', code: 3, reason: 'process_exit', failed: true },
    {
      name: 'an uncaught exception',
      ends: "throw new Error('boom')",
      code: 1,
      reason: 'uncaught_exception',
      failed: true,
    },
    {
      name: 'an unhandled rejection',
      ends: "void Promise.reject(new Error('boom'))",
      code: 1,
      reason: 'uncaught_exception',
      failed: true,
    },
    {
      name: 'SIGTERM',
      ends: "process.kill(process.pid, 'SIGTERM')",
      signal: 'SIGTERM',
      reason: 'SIGTERM',
      failed: true,
    },
    { name: 'SIGINT', ends: "process.kill(process.pid, 'SIGINT')", signal: 'SIGINT', reason: 'SIGINT', failed: true },
    { name: 'SIGHUP', ends: "process.kill(process.pid, 'SIGHUP')", signal: 'SIGHUP', reason: 'SIGHUP', failed: true },
    {
      name: 'a handler of its own that exits',
      ends: "process.once('SIGTERM', () => process.exit(5)); process.kill(process.pid, 'SIGTERM')",
      code: 5,
      reason: 'process_exit',
      failed: true,
    },
    {
      name: 'a library that counts listeners and raises the signal again',
      ends: `const again = () => {
        if (process.listeners('SIGTERM').length === 1 && process.listenerCount('SIGTERM') === 1) {
          process.removeListener('SIGTERM', again)
          process.kill(process.pid, 'SIGTERM')
        }
      }
      process.on('SIGTERM', again); process.kill(process.pid, 'SIGTERM')`,
      signal: 'SIGTERM',
      reason: 'SIGTERM',
      failed: true,
    },
  ]
  test.each(cases)('$name', async ({ ends, code = null, signal = null, reason, failed }) => {
    await using sink = await startOtlpSink()
    const run = await runAgent({ endpoint: sink.url, script: agentThat(ends) })
    expect({ code: run.code, signal: run.signal }).toEqual({ code, signal })
    expect(traceTree(sink.spans, ['spanwarden.unfinished'])).toBe(`${finished}\n${open(reason, failed)}`)
    expect(run.stderr).not.toContain('spanwarden:')
  })

  test('nothing left to do', async () => {
    await using sink = await startOtlpSink()
    const run = await runAgent({
      endpoint: sink.url,
      script: "import { agent } from './src/index.ts'; agent('finished', () => 1)()",
    })
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' })
    expect(traceTree(sink.spans)).toBe(finished)
    expect(sink.points.at(-1)).toMatchObject({ metric: 'agent.queue.depth', value: 0 })
  })

  test('an agent that listens to beforeExit is told once, as without us', async () => {
    await using sink = await startOtlpSink()
    const script =
      "import { agent } from './src/index.ts'; process.on('beforeExit', () => console.log('told')); agent('finished', () => 1)()"
    const run = await runAgent({ endpoint: sink.url, script })
    expect(run.stdout).toBe('told\n')
    expect(traceTree(sink.spans)).toBe(finished)
  })

  test('a handled uncaught exception ends nothing', async () => {
    await using sink = await startOtlpSink()
    const script = `import { agent } from './src/index.ts'
      process.on('uncaughtException', () => undefined)
      agent('support', async () => { setImmediate(() => { throw new Error('boom') }); await new Promise((resolve) => setTimeout(resolve, 50)) })()`
    const run = await runAgent({ endpoint: sink.url, script })
    expect(run.code).toBe(0)
    expect(traceTree(sink.spans, ['spanwarden.unfinished'])).toBe('INTERNAL invoke_agent support')
  })
})

describe('the receiver is away', () => {
  const ways = [
    ['naturally', '', 0],
    ['by process.exit(0)', 'process.exit(0)', 0],
    ['by process.exit(2)', 'process.exit(2)', 2],
  ] as const

  test.each(ways)('the agent ends %s, with one line on stderr', async (_, ends, code) => {
    const script = `import { agent } from './src/index.ts'; agent('a', () => 1)(); ${ends}`
    // Port 9 (discard) of the loopback interface: nobody listens, and no test server is given it.
    const run = await runAgent({ endpoint: 'http://127.0.0.1:9', script })
    expect(run.code).toBe(code)
    expect(run.stdout).toBe('')
    expect(run.stderr).not.toContain('fault')
    expect(run.stderr).toContain('spanwarden: ')
  })

  test('a receiver that accepts and never answers does not keep the agent', async () => {
    const sockets = new Set<{ destroy(): void }>()
    const hole = createServer((socket) => void sockets.add(socket.on('error', () => undefined)))
    hole.listen(0, '127.0.0.1')
    await once(hole, 'listening')
    const address = hole.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const script = "import { agent } from './src/index.ts'; agent('a', () => 1)()"
    const run = await runAgent({ endpoint: `http://127.0.0.1:${port}`, script })
    expect(run.code).toBe(0)
    expect(run.stderr).toContain('traces are dropped')
    for (const socket of sockets) socket.destroy()
    hole.close()
  })
})

describe('with a spool', () => {
  const signals = (folder: string): string[] => {
    const names = existsSync(join(folder, 'spool')) ? readdirSync(join(folder, 'spool')) : []
    return names.map((name) => name.split('.').slice(1).join('.')).toSorted()
  }
  const newFolder = (): string => mkdtempSync(join(tmpdir(), 'spanwarden-exit-'))
  const script = "import { agent } from './src/index.ts'; agent('a', () => 1)();"
  const withSpool = (endpoint: string, stateFolder: string, ends = '') =>
    runAgent({
      endpoint,
      script: script + ends,
      env: { SPANWARDEN_SPOOL: 'on', SPANWARDEN_STATE_DIR: stateFolder },
    })

  /** Until the receiver has answered once. */
  const answered = `const sent = () => Reflect.get(globalThis, Symbol.for('spanwarden.sdk')).state().traces.sent
    while (sent() === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    agent('b', () => 1)();`

  test.each([
    ['at a natural end', ''],
    ['at process.exit()', 'process.exit(0)'],
  ])('what another collector on this host takes is not left in it: %s', async (_, ends) => {
    await using sink = await startOtlpSink()
    const stateFolder = newFolder()
    const run = await withSpool(sink.url, stateFolder, `${answered} ${ends}`)
    expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' })
    expect([sink.spans.length, signals(stateFolder)]).toEqual([2, []])
  })

  test('a folder that cannot be used is told; what can be sent is sent', async () => {
    await using sink = await startOtlpSink()
    const stateFolder = newFolder()
    writeFileSync(join(stateFolder, 'spool'), 'not a folder')
    const run = await withSpool(sink.url, stateFolder, 'process.exit(0)')
    expect(run.stderr).toBe('spanwarden: the spool cannot be used (EEXIST)\n')
    expect(traceTree(sink.spans)).toBe('INTERNAL invoke_agent a')
  })

  test('a full one is told and counted', async () => {
    const stateFolder = newFolder()
    mkdirSync(join(stateFolder, 'spool'))
    for (let n = 0; n < 512; n += 1) writeFileSync(join(stateFolder, 'spool', `0123456789abcdef-${n}.logs.json`), '{}')
    const run = await withSpool('http://127.0.0.1:9', stateFolder, 'process.exit(0)')
    expect(run.stderr).toContain('traces are dropped: the spool is full')
    expect(signals(stateFolder)).toHaveLength(512)
  })

  test('nothing is left to a receiver on another host', async () => {
    const stateFolder = newFolder()
    // TEST-NET-1 of RFC 5737: no host has this address.
    const run = await withSpool('http://192.0.2.1:4318', stateFolder, 'process.exit(0)')
    expect(run.stderr).toContain('traces are dropped: the process ended before they could be sent')
    expect(signals(stateFolder)).toEqual([])
  })

  test('an agent that has done nothing leaves nothing and makes no folder', async () => {
    const stateFolder = join(newFolder(), 'state')
    const run = await runAgent({
      endpoint: 'http://127.0.0.1:9',
      script: 'process.exit(0)',
      env: { SPANWARDEN_SPOOL: 'on', SPANWARDEN_STATE_DIR: stateFolder },
    })
    expect([run.code, run.stderr, existsSync(stateFolder)]).toEqual([0, '', false])
  })
})

test('a warning of ours does not end an agent whose stderr is closed', async () => {
  const script = `import { spawn } from 'node:child_process'
    const code = "import { agent } from './src/index.ts'; agent('a', () => 1)(); setTimeout(() => console.log('still here'), 300)"
    const child = spawn(process.execPath, ['--import', './src/register.ts', '--input-type=module', '--eval', code], { stdio: ['ignore', 'inherit', 'pipe'],
      env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_BSP_SCHEDULE_DELAY: '1' } })
    child.stderr.destroy()
    child.on('exit', (code) => console.log('exit', code))`
  const run = await runAgent({ endpoint: 'http://127.0.0.1:9', preload: false, script })
  expect(run.stdout).toBe('still here\nexit 0\n')
})

test('worker threads send their own spans', async () => {
  await using sink = await startOtlpSink()
  const script = `
    import { Worker } from 'node:worker_threads'
    import { agent } from './src/index.ts'
    agent('parent', () => 1)()
    new Worker("import('./src/index.ts').then(({ agent }) => { agent('worker', () => 1)(); process.exit(0) })", { eval: true })`
  const run = await runAgent({ endpoint: sink.url, script })
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' })
  expect(sink.spans.map(({ name }) => name).sort()).toEqual(['invoke_agent parent', 'invoke_agent worker'])
})
