import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ReadyMessage } from '../../src/cli/ready-message.ts'
import { startModelServer } from '../../examples/support-agent/model-server.ts'
import { startOtlpSink } from '../support/otlp-sink.ts'
import { commandsIn, docsCommands } from '../support/docs-commands.ts'
import { docsPlace } from '../support/docs-place.ts'
import { runNode } from '../support/run-node.ts'

/** What is published, as a user gets it: packed, installed in an empty folder, run from there. */
const root = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanwarden-package-'))
  await run('npm', ['pack', '--pack-destination', folder], { cwd: root })
  const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
  await writeFile(join(folder, 'package.json'), '{ "name": "clean", "private": true, "type": "module" }')
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, tarball)], { cwd: folder })
  // The agent's own dependency, which is not ours to install.
  await symlink(join(root, 'node_modules/openai'), join(folder, 'node_modules/openai'))
}, 180_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

describe('the published package', () => {
  test('brings no dependency along, the notices of what is bundled, and types', async () => {
    const installed = (await readdir(join(folder, 'node_modules'))).filter((name) => !name.startsWith('.'))
    expect(installed.toSorted()).toEqual(['openai', 'spanwarden'])
    const notices = await readFile(join(folder, 'node_modules/spanwarden/dist/THIRD_PARTY_NOTICES'), 'utf8')
    for (const name of ['fastify', '@opentelemetry/sdk-trace', 'preact']) expect(notices).toContain(name)
    const types = await readFile(join(folder, 'node_modules/spanwarden/dist/index.d.ts'), 'utf8')
    expect(types).toContain('agent')
  })

  test('spanwarden/register sees the calls of an ESM and a CommonJS agent', async () => {
    await using sink = await startOtlpSink()
    const models = await startModelServer({ latencyMs: 0 })
    const call = `const client = new OpenAI({ apiKey: 'none' })
agent('packed', () => client.chat.completions.create({ model: 'gpt-5-mini', messages: [{ role: 'user', content: 'hi' }] }))()`
    await writeFile(join(folder, 'esm.js'), `import OpenAI from 'openai'\nimport { agent } from 'spanwarden'\n${call}`)
    await writeFile(
      join(folder, 'cjs.cjs'),
      `const OpenAI = require('openai')\nconst { agent } = require('spanwarden')\n${call}`,
    )
    for (const file of ['esm.js', 'cjs.cjs']) {
      const { code, stderr } = await runNode(['--import', 'spanwarden/register', file], {
        cwd: folder,
        env: { OPENAI_BASE_URL: models.openaiUrl, OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, SPANWARDEN_SPOOL: 'off' },
      })
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringMatching(/^spanwarden: [\d.]+ observes openai [\d.]+\n$/),
      })
    }
    await models.close()
    expect(sink.spans.map(({ name }) => name).toSorted()).toEqual([
      'chat gpt-5-mini',
      'chat gpt-5-mini',
      'invoke_agent packed',
      'invoke_agent packed',
    ])
  })

  test('spanwarden/redact for logs, in ESM and CommonJS, with types', async () => {
    const use = `console.log(JSON.stringify(redact({ user: { email: ['ada', 'example.com'].join('@') } })))`
    await writeFile(join(folder, 'redact.js'), `import { redact } from 'spanwarden/redact'\n${use}`)
    await writeFile(join(folder, 'redact.cjs'), `const { redact } = require('spanwarden/redact')\n${use}`)
    for (const file of ['redact.js', 'redact.cjs']) {
      const { stdout, stderr } = await runNode([file], { cwd: folder, env: {} })
      expect([stdout, stderr]).toEqual(['{"user":{"email":"[REDACTED:EMAIL]"}}\n', ''])
    }
    const types = await readFile(join(folder, 'node_modules/spanwarden/dist/redact.d.ts'), 'utf8')
    expect(types).toContain('createRedaction')
  })

  test('what npm start runs ends well, and shows all five metrics', { timeout: 120_000 }, async () => {
    const { code, stdout } = await runNode([join(root, 'examples/support-agent/start.ts'), '--once'], {
      cwd: root,
      env: {},
    })
    expect(code).toBe(0)
    for (const metric of ['request_latency', 'error_rate', 'tool_calls', 'tokens_used', 'queue_depth'])
      expect(stdout).toContain(`agent_${metric}`)
  })

  test('the command starts the sidecar with its page and stops on SIGTERM', async () => {
    const cli = join(folder, 'node_modules/.bin/spanwarden')
    const any = '127.0.0.1:0'
    const child = spawn(process.execPath, [cli, 'collect'], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        SPANWARDEN_STATE_DIR: join(folder, 'state'),
        SPANWARDEN_OTLP_GRPC_ENDPOINT: any,
        SPANWARDEN_OTLP_HTTP_ENDPOINT: any,
        SPANWARDEN_HTTP_ENDPOINT: any,
        SPANWARDEN_PROMETHEUS_ENDPOINT: any,
        SPANWARDEN_OWN_METRICS_ADDRESS: any,
      },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    try {
      const [{ listening }] = (await once(child, 'message')) as [ReadyMessage]
      const page = listening['control'] ?? ''
      const html = await (await fetch(page)).text()
      const script = /src="([^"]+\.js)"/.exec(html)?.[1] ?? ''
      expect((await fetch(new URL(script, page))).status).toBe(200)
    } finally {
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
    }
    expect(child.exitCode).toBe(0)
  })
})

/*
 * The commands of README.md and docs/, as they stand there: each block in a folder of its own that has the package and an agent. What runs until Ctrl-C runs
 * until the block is over, and gets one then. Only ports and the place of the package are others.
 */
describe('commands of the documentation', () => {
  const blocks = docsCommands()
  test('are found', () => {
    expect(blocks.filter(({ notRun }) => notRun === undefined).length).toBeGreaterThan(5)
    const text = '<!-- not run: why -->\n```sh\na \\\n  b\n```\n\n```bash\n# no\nc # d\n```\n```ts\ne\n```\n'
    expect(commandsIn('x', text)).toEqual([
      { where: 'x:2', lines: ['a  b'], notRun: 'why', beside: [] },
      { where: 'x:7', lines: ['c # d'], notRun: undefined, beside: [] },
    ])
  })

  test.each(blocks.filter(({ notRun }) => notRun === undefined))('$where', { timeout: 90_000 }, async (block) => {
    await using place = await docsPlace({ folder, root })
    const beside = block.beside.map((name) => `--config ${name}`).join(' ')
    const lines = beside === '' ? block.lines : [`npx spanwarden collect ${beside}`, ...block.lines]
    for (const line of lines) await expect(place.run(line)).resolves.toBeUndefined()
    await place.end()
  })

  test(
    'with the three commands of a new user the first trace is on the page, redacted',
    { timeout: 90_000 },
    async () => {
      await using place = await docsPlace({ folder, root })
      const [first] = blocks
        .map(({ lines }) => lines)
        .filter(([line = '']) => line.startsWith('npm install spanwarden'))
      expect(first).toHaveLength(3)
      for (const line of first ?? []) await place.run(line)
      const get = async (path: string): Promise<string> => (await fetch(`${place.page}/api/runs${path}`)).text()
      const [, run = ''] = /"traceId":"([0-9a-f]+)"/.exec(await get('')) ?? []
      const [, span = ''] = /"spanId":"([0-9a-f]+)"/.exec(await get(`/${run}`)) ?? []
      const shown = await get(`/${run}/spans/${span}`)
      expect(shown).toContain('My address is [REDACTED:EMAIL]')
      expect(shown).not.toContain('ada@')
      await place.end()
    },
  )

  test('a command that fails is told', async () => {
    await using place = await docsPlace({ folder, root })
    await expect(place.run('npx spanwarden validate --config nothing.yaml')).rejects.toThrow('ENOENT')
    await expect(place.run('npx spanwarden collect --config nothing.yaml')).rejects.toThrow('ENOENT')
  })
})
